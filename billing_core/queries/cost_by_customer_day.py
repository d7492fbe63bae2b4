"""What did given customers cost on each day?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_core.queries.asking import ask
from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CustomerDay:
    """One customer's priced cost on one UTC day."""

    customer_id: int
    day: date
    cost_pico_usd: Decimal


def cost_by_customer_day(workspace: Workspace, asked: UsageFilter, *, customer_ids: Sequence[int]) -> list[CustomerDay]:
    """Return the days with usage of these customers, oldest first within each."""
    return ask(workspace, CustomerDay, **asked.parameters(), customer_ids=list(customer_ids))
