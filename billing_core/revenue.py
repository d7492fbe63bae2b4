"""Recognised revenue, fees and cash of one customer's Stripe documents, as bookings."""

from dataclasses import dataclass

from billing_core.bookings import Booking
from billing_core.stripe_facts import (
    BalanceTransaction,
    CreditNote,
    CreditNoteLine,
    Dispute,
    Invoice,
    InvoiceLine,
    InvoicePayment,
    Payment,
    Refund,
)


@dataclass(frozen=True, slots=True)
class CustomerDocuments:
    """Everything Stripe says about one customer's money; None: what belongs to no customer (Stripe's own fees)."""

    stripe_customer_id: str | None
    invoices: tuple[Invoice, ...] = ()
    lines: tuple[InvoiceLine, ...] = ()
    invoice_payments: tuple[InvoicePayment, ...] = ()
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    credit_notes: tuple[CreditNote, ...] = ()
    credit_note_lines: tuple[CreditNoteLine, ...] = ()
    balance_transactions: tuple[BalanceTransaction, ...] = ()
    """Those whose source is one of the payments, refunds or disputes here."""


def book(documents: CustomerDocuments) -> list[Booking]:
    """Return every booking of a customer's documents; the same for any order of them."""
    raise NotImplementedError(documents)
