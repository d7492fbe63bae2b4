"""By what are shared costs split?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_core.queries.asking import ask
from billing_core.queries.margin_kinds import KINDS
from billing_core.queries.usage_filter import UsageFilter
from billing_core.shared_costs import MonthWeights
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class MarginWeight:
    """One customer's LLM cost and revenue in the period's days of one month; None without rows."""

    month: date
    customer_id: int
    usage_pico: Decimal | None
    revenue_pico: Decimal | None
    is_asked: bool
    """Whether the filter lets this customer through: all have a weight, whoever is asked about."""


def margin_weights(workspace: Workspace, asked: UsageFilter) -> list[MarginWeight]:
    """Return all customers of each month of the period, by the days that are in it, and customer 0 at least."""
    booked = asked.booked_parameters(workspace.now.date())
    return ask(workspace, MarginWeight, **asked.parameters(), **booked, **KINDS)


def weights_by_month(rows: Sequence[MarginWeight]) -> dict[date, MonthWeights]:
    """Return the weights as the rule takes them."""
    months: dict[date, tuple[dict[int, Decimal], dict[int, Decimal]]] = {}
    for row in rows:
        usage, revenue = months.setdefault(row.month, ({}, {}))
        if row.usage_pico is not None:
            usage[row.customer_id] = row.usage_pico
        if row.revenue_pico is not None:
            revenue[row.customer_id] = row.revenue_pico
    return {month: MonthWeights(usage, revenue) for month, (usage, revenue) in months.items()}
