"""Which invoices did a customer get?"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from billing_core.queries.asking import ask
from billing_core.workspace import Workspace

COUNT_MAX = 1_000


class InvoiceKey(NamedTuple):
    """Where a page of invoices ends; the next one starts after it."""

    created_at: datetime
    invoice_id: str


@dataclass(frozen=True, slots=True)
class CustomerInvoice:
    """One invoice of one of the customer's Stripe customers; amounts in whole minor units of `currency`."""

    connection_id: int
    invoice_id: str
    stripe_customer_id: str
    number: str | None
    status: str
    currency: str
    subtotal_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    credited_minor: int
    """What credit notes took off it afterwards, tax included."""
    amount_paid_minor: int
    amount_remaining_minor: int
    billing_reason: str | None
    attempt_count: int
    created_at: datetime
    finalized_at: datetime | None
    paid_at: datetime | None
    due_at: datetime | None
    starts_at: datetime | None
    """The first instant of any of its lines' service periods."""
    ends_at: datetime | None

    @property
    def key(self) -> InvoiceKey:
        """Return what the next page starts after."""
        return InvoiceKey(self.created_at, self.invoice_id)


def invoices_of_customer(
    workspace: Workspace, *, customer_id: int, before: InvoiceKey | None = None, count_max: int = 100
) -> list[CustomerInvoice]:
    """Return the newest invoices of a customer, older than `before`."""
    return ask(
        workspace,
        CustomerInvoice,
        customer_id=customer_id,
        before_at=before.created_at if before else None,
        before_id=before.invoice_id if before else None,
        count_max=min(count_max, COUNT_MAX),
    )
