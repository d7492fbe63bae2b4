"""What did every customer earn and cost in each month?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CustomerMarginMonth:
    """One customer's revenue and costs of one calendar month, exact pico of the reporting currency."""

    customer_id: int
    month: date
    calls: int
    unpriced_calls: int
    cost_pico: Decimal
    revenue_pico: Decimal
    fees_pico: Decimal
    shared_pico: Decimal

    @property
    def margin_pico(self) -> Decimal:
        """Return revenue less all costs."""
        return self.revenue_pico - self.cost_pico - self.fees_pico - self.shared_pico


def margin_by_customer_month(
    workspace: Workspace, asked: UsageFilter, *, customer_ids: Sequence[int] | None = None
) -> list[CustomerMarginMonth]:
    """Return one row per customer and month with usage or bookings; the filter names whole months and no model.

    `customer_ids` narrows to some customers, None asks for all; 0 is what names no customer.
    """
    raise NotImplementedError
