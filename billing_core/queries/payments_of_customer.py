"""What did a customer pay, what failed, what was given back?"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from billing_core.queries.asking import ask
from billing_core.workspace import Workspace

COUNT_MAX = 1_000


class PaymentKey(NamedTuple):
    """Where a page of payments ends; the next one starts after it."""

    created_at: datetime
    payment_id: str


@dataclass(frozen=True, slots=True)
class CustomerPayment:
    """One attempt to move money; amounts in whole minor units of `currency`, the fee in those of `fee_currency`."""

    connection_id: int
    payment_id: str
    invoice_id: str | None
    invoice_number: str | None
    amount_minor: int
    refunded_minor: int
    currency: str
    status: str
    failure_code: str | None
    decline_code: str | None
    advice_code: str | None
    card_brand: str | None
    card_last4: str | None
    dispute_status: str | None
    """Of its newest dispute; None without one."""
    fee_minor: int | None
    fee_currency: str | None
    created_at: datetime

    @property
    def key(self) -> PaymentKey:
        """Return what the next page starts after."""
        return PaymentKey(self.created_at, self.payment_id)


def payments_of_customer(
    workspace: Workspace, *, customer_id: int, before: PaymentKey | None = None, count_max: int = 100
) -> list[CustomerPayment]:
    """Return the newest payments of a customer, older than `before`."""
    return ask(
        workspace,
        CustomerPayment,
        customer_id=customer_id,
        before_at=before.created_at if before else None,
        before_id=before.payment_id if before else None,
        count_max=min(count_max, COUNT_MAX),
    )
