"""What did every customer earn and cost in each month?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from billing_core.queries.asking import ask
from billing_core.queries.margin_by_customer import NOTHING
from billing_core.queries.margin_kinds import KINDS
from billing_core.queries.margin_shared import shared_by_customer
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
    shared_pico: Decimal = NOTHING

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
    if asked.grain_of(asked.period) != "month":
        raise ValueError("Months of customers are asked for whole months and without model or feature.")
    rows = ask(
        workspace,
        CustomerMarginMonth,
        **asked.parameters(),
        **asked.booked_parameters(workspace.now.date()),
        **KINDS,
        customer_ids=None if customer_ids is None else list(customer_ids),
    )
    shared = shared_by_customer(workspace, asked)
    wanted = {place: amount for place, amount in shared.items() if customer_ids is None or place[1] in customer_ids}
    return _with_shared(rows, wanted) if wanted else rows


def _with_shared(
    rows: Sequence[CustomerMarginMonth], shared: Mapping[tuple[date, int], Decimal]
) -> list[CustomerMarginMonth]:
    """Return the rows with what falls on each, and rows of those on whom NOTHING else is booked."""
    found = {(row.month, row.customer_id): row for row in rows}
    for month, customer_id in shared.keys() - found.keys():
        found[month, customer_id] = CustomerMarginMonth(customer_id, month, 0, 0, NOTHING, NOTHING, NOTHING, NOTHING)
    charged = [replace(row, shared_pico=shared.get(place, NOTHING)) for place, row in found.items()]
    return sorted(charged, key=lambda row: (row.customer_id, row.month))
