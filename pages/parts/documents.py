"""The tables of a customer's documents: invoices and payments, each amount in its own currency."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import pandas as pd
import streamlit as st

from billing_core.queries.invoices_of_customer import CustomerInvoice
from billing_core.queries.payments_of_customer import CustomerPayment
from pages.parts import figures
from pages.parts.stripe_words import INVOICE_COLOURS, PAYMENT_COLOURS, payment_word, reason


def invoice_table(invoices: Sequence[CustomerInvoice]) -> None:
    """Draw invoices, newest first."""
    _table(
        {
            "Number": [invoice.number or "draft" for invoice in invoices],
            "Status": [[invoice.status] for invoice in invoices],
            "Issued": [
                figures.day((invoice.finalized_at or invoice.created_at).astimezone(UTC).date()) for invoice in invoices
            ],
            "For": [_period(invoice) for invoice in invoices],
            "Total": [figures.minor_money(invoice.total_minor, invoice.currency) for invoice in invoices],
            "of it tax": [_or_none(invoice.tax_minor, invoice.currency) for invoice in invoices],
            "Credited": [_or_none(invoice.credited_minor, invoice.currency) for invoice in invoices],
            "Still open": [_or_none(_still_open(invoice), invoice.currency) for invoice in invoices],
            "Attempts": [invoice.attempt_count or None for invoice in invoices],
        },
        colours=INVOICE_COLOURS,
        alt="Invoices, newest first",
    )


def payment_table(payments: Sequence[CustomerPayment]) -> None:
    """Draw attempts to collect, newest first; a failed one says why in plain words."""
    _table(
        {
            "Time": [figures.minute(payment.created_at) for payment in payments],
            "Status": [[payment_word(payment)] for payment in payments],
            "Amount": [figures.minor_money(payment.amount_minor, payment.currency) for payment in payments],
            "Why not": [reason(payment) for payment in payments],
            "Given back": [_or_none(payment.refunded_minor, payment.currency) for payment in payments],
            "Fee": [_fee(payment) for payment in payments],
            "Card": [_card(payment) for payment in payments],
            "Invoice": [payment.invoice_number for payment in payments],
        },
        colours=PAYMENT_COLOURS,
        alt="Payments, newest first",
    )


def _table(columns: dict[str, list[object]], *, colours: dict[str, str], alt: str) -> None:
    right: dict[str, Any] = {
        name: st.column_config.TextColumn(name, alignment="right")
        for name in ("Total", "of it tax", "Credited", "Still open", "Amount", "Given back", "Fee")
        if name in columns
    }
    filled = {name: values for name, values in columns.items() if any(value is not None for value in values)}
    status = st.column_config.MultiselectColumn("Status", options=list(colours), color=list(colours.values()))
    st.dataframe(
        pd.DataFrame(filled),
        hide_index=True,
        column_config={**right, "Status": status},
        placeholder=figures.DASH,
        alt=alt,
    )


def _period(invoice: CustomerInvoice) -> str | None:
    if invoice.starts_at is None or invoice.ends_at is None:
        return None
    start, end = invoice.starts_at.astimezone(UTC).date(), invoice.ends_at.astimezone(UTC).date()
    return figures.span(start, end) if start < end else figures.day(start)


def _still_open(invoice: CustomerInvoice) -> int:
    return invoice.amount_remaining_minor if invoice.status in {"open", "uncollectible"} else 0


def _or_none(amount_minor: int, code: str) -> str | None:
    return figures.minor_money(amount_minor, code) if amount_minor else None


def _fee(payment: CustomerPayment) -> str | None:
    if payment.fee_minor is None or payment.fee_currency is None:
        return None
    return figures.minor_money(payment.fee_minor, payment.fee_currency)


def _card(payment: CustomerPayment) -> str | None:
    if payment.card_last4 is None:
        return None
    return f"{(payment.card_brand or 'card').capitalize()} {figures.HIDDEN}{payment.card_last4}"
