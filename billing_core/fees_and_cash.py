"""Fees and cash: what Stripe's balance says each payment cost, and the money that moved, on the day it moved."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from billing_core.bookings import Booking, Kind
from billing_core.stripe_facts import BalanceTransaction, Payment, Refund

REFUNDS_VOID = ("failed", "canceled")
"""Statuses of refunds that gave nothing back; every other one is on its way, or there."""

_OF_PAYMENTS = (
    "charge", "payment", "payment_failure_refund", "payment_refund", "payment_reversal", "payment_unreconciled",
    "refund", "refund_failure",
)  # fmt: skip
_OF_STRIPE = ("fee", "network_cost")
"""Reporting categories of rows that are themselves a fee: Billing, Radar, conversion, tax on fees."""


def fee_bookings(
    transactions: Sequence[BalanceTransaction], *, stripe_customer_id: str | None, dispute_ids: frozenset[str]
) -> Iterator[Booking]:
    """Yield the fee of each row of the balance, as a cost; a fee that came back reduces it."""
    for row in transactions:
        kind, fee_minor = _fee(row, dispute_ids)
        payer = None if kind is Kind.STRIPE_FEE else stripe_customer_id
        yield from on_its_day(
            row.balance_transaction_id, payer, kind, amount_minor=fee_minor, currency=row.currency, at=row.created_at
        )


def cash_bookings(
    payments: Sequence[Payment],
    refunds: Sequence[Refund],
    transactions: Sequence[BalanceTransaction],
    *,
    stripe_customer_id: str | None,
    dispute_ids: frozenset[str],
) -> Iterator[Booking]:
    """Yield the money that moved, tax included: payments in, refunds out, disputes out and, if won, in again."""
    payer = stripe_customer_id
    for payment in payments:
        if payment.status == "succeeded":
            amount, currency, at = payment.amount_minor, payment.currency, payment.created_at
            yield from on_its_day(
                payment.payment_id, payer, Kind.CASH_PAYMENT, amount_minor=amount, currency=currency, at=at
            )
    for refund in refunds:
        if refund.status not in REFUNDS_VOID:
            amount, currency, at = -refund.amount_minor, refund.currency, refund.created_at
            yield from on_its_day(
                refund.refund_id, payer, Kind.CASH_REFUND, amount_minor=amount, currency=currency, at=at
            )
    for row in transactions:
        if _is_of_dispute(row, dispute_ids):
            amount, currency, at = row.amount_minor, row.currency, row.created_at
            yield from on_its_day(
                row.balance_transaction_id, payer, Kind.CASH_DISPUTE, amount_minor=amount, currency=currency, at=at
            )


def on_its_day(
    document_id: str, stripe_customer_id: str | None, kind: Kind, *, amount_minor: int, currency: str, at: datetime
) -> Iterator[Booking]:
    """Yield an amount that falls on one day and on no product; nothing for 0."""
    if amount_minor:
        day = at.astimezone(UTC).date()
        yield Booking(stripe_customer_id, day, None, None, kind, currency, amount_minor, document_id, document_id)


def _fee(row: BalanceTransaction, dispute_ids: frozenset[str]) -> tuple[Kind, int]:
    if _is_of_dispute(row, dispute_ids):
        return Kind.DISPUTE_FEE, row.fee_minor
    if row.kind in _OF_PAYMENTS:
        return Kind.PAYMENT_FEE, row.fee_minor
    if row.kind == "stripe_fee" or row.reporting_category in _OF_STRIPE:
        return Kind.STRIPE_FEE, -row.net_minor
    return Kind.STRIPE_FEE, row.fee_minor


def _is_of_dispute(row: BalanceTransaction, dispute_ids: frozenset[str]) -> bool:
    return row.source_id in dispute_ids or row.reporting_category.startswith("dispute")
