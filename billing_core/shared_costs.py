"""Shared costs: monthly amounts that are no call and no fee, split over customers by a rule the tenant chose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing_core.periods import DatePeriod


class Rule(StrEnum):
    """By what a shared cost is split."""

    USAGE = "usage"
    REVENUE = "revenue"
    EVENLY = "evenly"


@dataclass(frozen=True, slots=True)
class SharedCost:
    """An amount a month, in the reporting currency, until a row of the same name begins; 0 ends it."""

    shared_cost_id: int
    name: str
    amount_minor: int
    from_month: date
    rule: Rule


@dataclass(frozen=True, slots=True)
class MonthWeights:
    """What one month's costs are split by, per customer: LLM cost (0 = unattributed may be among it) and revenue."""

    usage: Mapping[int, Decimal | int]
    revenue: Mapping[int, Decimal | int]


def allocate_shared(
    costs: Sequence[SharedCost], period: DatePeriod, weights: Mapping[date, MonthWeights], *, currency: str
) -> dict[tuple[date, int], int]:
    """Return minor units per (month's first day, customer_id); what has no weight stays with customer 0."""
    raise NotImplementedError((costs, period, weights, currency))
