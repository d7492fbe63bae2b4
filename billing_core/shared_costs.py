"""Shared costs: monthly amounts that are no call and no fee, split over customers by a rule the tenant chose."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing_core.money import Money, allocate, settled_share, settling_unit
from billing_core.periods import DateCycle, DatePeriod, Interval

UNATTRIBUTED = 0
"""The customer_id of what belongs to nobody."""


class Rule(StrEnum):
    """By what a shared cost is split."""

    USAGE = "usage"
    """By LLM cost; what is unattributed there takes its part too."""
    REVENUE = "revenue"
    EVENLY = "evenly"
    """The same for every customer with usage or revenue in the month."""


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
    """Return minor units per (month's first day, customer_id); what has no weight stays with customer 0.

    A month that the period covers in part bears its days' part of each amount, so that neighbouring periods add up to
    the whole month. `weights` are those of the period's days in each month.
    """
    totals: dict[tuple[date, int], int] = {}
    for month, days in _months(period):
        for cost in costs_in(costs, month.start):
            part_minor = _part(cost.amount_minor, month, days, currency)
            for customer_id, amount_minor in _split(part_minor, cost.rule, weights.get(month.start), currency):
                key = month.start, customer_id
                totals[key] = totals.get(key, 0) + amount_minor
    return totals


def costs_in(costs: Sequence[SharedCost], month: date) -> list[SharedCost]:
    """Return the costs that run in a month, by name: of each name the row that began last, unless it ends the cost."""
    newest: dict[str, SharedCost] = {}
    for cost in sorted(costs, key=lambda cost: (cost.name, cost.from_month, cost.shared_cost_id)):
        if cost.from_month <= month:
            newest[cost.name] = cost
    return [cost for cost in newest.values() if cost.amount_minor]


def _months(period: DatePeriod) -> Iterator[tuple[DatePeriod, DatePeriod]]:
    """Yield each calendar month that the period touches, with those of its days that are in the period."""
    calendar = DateCycle(period.start.replace(day=1), Interval.MONTH)
    month = calendar.containing(period.start)
    while month.start < period.end:
        yield month, DatePeriod(max(month.start, period.start), min(month.end, period.end))
        month = calendar.containing(month.end)


def _part(amount_minor: int, month: DatePeriod, days: DatePeriod, currency: str) -> int:
    """Return the days' part of a month's amount: the difference of two settled totals."""
    length, unit = (month.end - month.start).days, settling_unit(amount_minor, currency)
    until, before = (
        settled_share(amount_minor, (day - month.start).days, length, unit=unit) for day in (days.end, days.start)
    )
    return until - before


def _split(amount_minor: int, rule: Rule, weights: MonthWeights | None, currency: str) -> list[tuple[int, int]]:
    """Split by the weights above 0, in the order of the customers' numbers; without any, all is nobody's."""
    positive = {customer: weight for customer, weight in _weights(rule, weights).items() if weight > 0}
    if not positive:
        return [(UNATTRIBUTED, amount_minor)]
    customers = sorted(positive)
    parts = allocate(Money(amount_minor, currency), [_plain(positive[customer]) for customer in customers])
    return [(customer, part.amount_minor) for customer, part in zip(customers, parts, strict=True)]


def _plain(weight: Decimal | int) -> Decimal | int:
    """Return a weight without decimals as a whole number, which is split many times faster."""
    whole = int(weight)
    return whole if whole == weight else weight


def _weights(rule: Rule, weights: MonthWeights | None) -> Mapping[int, Decimal | int]:
    if weights is None:
        return {}
    by_rule: dict[Rule, Mapping[int, Decimal | int]] = {
        Rule.USAGE: weights.usage,
        Rule.REVENUE: weights.revenue,
        Rule.EVENLY: dict.fromkeys((weights.usage.keys() | weights.revenue.keys()) - {UNATTRIBUTED}, 1),
    }
    return by_rule[rule]
