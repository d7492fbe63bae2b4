"""What did every customer cost in each month?"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_core.queries.asking import ask
from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CustomerMonth:
    """One customer's priced cost in one calendar month."""

    customer_id: int
    month: date
    calls: int
    unpriced_calls: int
    cost_pico_usd: Decimal


def cost_by_customer_month(workspace: Workspace, asked: UsageFilter) -> list[CustomerMonth]:
    """Return one row per customer and month with usage; the filter may name a customer or a product, not a model."""
    if asked.grain_of(asked.period) != "month":
        raise ValueError("Months of customers are asked for whole months and without model or feature.")
    return ask(workspace, CustomerMonth, **asked.parameters())
