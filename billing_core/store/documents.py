"""Reading the mirror: every document of some Stripe customers, gathered per customer as the rules take them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, TypeVar

from psycopg import sql
from sqlalchemy import Connection

from billing_core.revenue import CustomerDocuments
from billing_core.store.stripe_mirror import table_of
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
    StripeCustomer,
    StripePrice,
    Subscription,
    SubscriptionItem,
)

Row = TypeVar("Row")

_SELECT = sql.SQL("select {columns} from {table} where tenant_id = %(tenant_id)s and connection_id = %(connection_id)s")

_WITHOUT_PAYER = sql.SQL(
    """
    {select} and not exists (
        select from payment
        where payment.tenant_id = {table}.tenant_id and payment.connection_id = {table}.connection_id
          and payment.payment_id = {table}.payment_id and payment.stripe_customer_id is not null
    )
    order by {key}
    """
)
"""Refunds and disputes of payments that name no customer, or that the mirror does not have."""

_NOBODYS_TRANSACTIONS = sql.SQL(
    """
    {select} and not exists (
        select from (
            select tenant_id, connection_id, payment_id as source_id from payment where stripe_customer_id is not null
            union all
            select tenant_id, connection_id, refund_id
            from refund join payment using (tenant_id, connection_id, payment_id) where stripe_customer_id is not null
            union all
            select tenant_id, connection_id, dispute_id
            from dispute join payment using (tenant_id, connection_id, payment_id) where stripe_customer_id is not null
        ) as customers
        where customers.tenant_id = balance_transaction.tenant_id
          and customers.connection_id = balance_transaction.connection_id
          and customers.source_id = balance_transaction.source_id
    )
    order by balance_transaction_id
    """
)
"""What moved the balance and belongs to no customer's payment: Stripe's own fees above all."""

_QUESTIONS = {
    "all": sql.SQL("{select} order by {key}"),
    "some": sql.SQL("{select} and {column} = any(%(ids)s) order by {key}"),
    "payments of nobody": sql.SQL("{select} and stripe_customer_id is null order by {key}"),
    "without a payer": _WITHOUT_PAYER,
    "transactions of nobody": _NOBODYS_TRANSACTIONS,
}


@dataclass(frozen=True, slots=True)
class CustomerRecords:
    """A Stripe customer's documents, and what else is known of it; `customer` None: the mirror has no row of it."""

    documents: CustomerDocuments
    customer: StripeCustomer | None
    subscriptions: tuple[Subscription, ...]
    items: tuple[SubscriptionItem, ...]


class Mirror:
    """One connection's part of the mirror."""

    def __init__(self, connection: Connection, tenant_id: int, connection_id: int) -> None:
        self._connection = connection
        self._place = {"tenant_id": tenant_id, "connection_id": connection_id}

    def prices(self) -> list[StripePrice]:
        """Return every price of the connection."""
        return self._ask(StripePrice, "all")

    def records_of(self, stripe_customer_ids: Sequence[str]) -> list[CustomerRecords]:
        """Return what is known of each of these Stripe customers, in the order asked."""
        customers = {
            row.stripe_customer_id: row for row in self._by(StripeCustomer, "stripe_customer_id", stripe_customer_ids)
        }
        subscriptions = self._by(Subscription, "stripe_customer_id", stripe_customer_ids)
        items = self._by(SubscriptionItem, "subscription_id", [row.subscription_id for row in subscriptions])
        owner = {row.subscription_id: row.stripe_customer_id for row in subscriptions}
        subscriptions_of = _grouped((row.stripe_customer_id, row) for row in subscriptions)
        items_of = _grouped((owner[row.subscription_id], row) for row in items)
        documents = self._documents_of(stripe_customer_ids)
        return [
            CustomerRecords(documents[each], customers.get(each), tuple(subscriptions_of[each]), tuple(items_of[each]))
            for each in stripe_customer_ids
        ]

    def documents_of_nobody(self) -> CustomerDocuments:
        """Return payments that name no customer, what became of them, and movements of no payment."""
        return CustomerDocuments(
            None,
            payments=tuple(self._ask(Payment, "payments of nobody")),
            refunds=tuple(self._ask(Refund, "without a payer")),
            disputes=tuple(self._ask(Dispute, "without a payer")),
            balance_transactions=tuple(self._ask(BalanceTransaction, "transactions of nobody")),
        )

    def _documents_of(self, stripe_customer_ids: Sequence[str]) -> dict[str, CustomerDocuments]:
        invoices = self._by(Invoice, "stripe_customer_id", stripe_customer_ids)
        payments = [
            row
            for row in self._by(Payment, "stripe_customer_id", stripe_customer_ids)
            if row.stripe_customer_id is not None
        ]
        # Whose a document is, by its own id or by that of the document it belongs to.
        owner = {row.invoice_id: row.stripe_customer_id for row in invoices}
        owner |= {row.payment_id: row.stripe_customer_id for row in payments if row.stripe_customer_id is not None}
        invoice_ids, payment_ids = [row.invoice_id for row in invoices], [row.payment_id for row in payments]
        credit_notes = self._by(CreditNote, "invoice_id", invoice_ids)
        refunds = [row for row in self._by(Refund, "payment_id", payment_ids) if row.payment_id is not None]
        disputes = self._by(Dispute, "payment_id", payment_ids)
        owner |= {row.credit_note_id: owner[row.invoice_id] for row in credit_notes}
        owner |= {row.refund_id: owner[row.payment_id] for row in refunds if row.payment_id is not None}
        owner |= {row.dispute_id: owner[row.payment_id] for row in disputes}
        sources = [*payment_ids, *(row.refund_id for row in refunds), *(row.dispute_id for row in disputes)]
        transactions = [row for row in self._by(BalanceTransaction, "source_id", sources) if row.source_id is not None]
        found: dict[str, dict[str, Any]] = {
            "invoices": _grouped((row.stripe_customer_id, row) for row in invoices),
            "lines": self._owned(InvoiceLine, "invoice_id", invoice_ids, owner),
            "invoice_payments": self._owned(InvoicePayment, "invoice_id", invoice_ids, owner),
            "payments": _grouped((owner[row.payment_id], row) for row in payments),
            "refunds": _grouped((owner[row.refund_id], row) for row in refunds),
            "disputes": _grouped((owner[row.dispute_id], row) for row in disputes),
            "credit_notes": _grouped((owner[row.credit_note_id], row) for row in credit_notes),
            "credit_note_lines": self._owned(
                CreditNoteLine, "credit_note_id", [row.credit_note_id for row in credit_notes], owner
            ),
            "balance_transactions": _grouped((owner[row.source_id or ""], row) for row in transactions),
        }
        return {
            each: CustomerDocuments(each, **{name: tuple(rows.get(each, ())) for name, rows in found.items()})
            for each in stripe_customer_ids
        }

    def _owned(self, row: type[Row], column: str, ids: Sequence[str], owner: dict[str, str]) -> dict[str, list[Row]]:
        return _grouped((owner[getattr(each, column)], each) for each in self._by(row, column, ids))

    def _by(self, row: type[Row], column: str, ids: Collection[str]) -> list[Row]:
        """Return the rows whose column is one of the ids, in the order of their own ids."""
        return self._ask(row, "some", ids=list(ids), column=column) if ids else []

    def _ask(self, row: type[Row], question: str, *, ids: list[str] | None = None, column: str = "") -> list[Row]:
        driver: Any = self._connection.connection.driver_connection
        kind: Any = row
        with driver.cursor() as cursor:
            cursor.execute(_composed(kind, question, column), {**self._place, "ids": ids})
            if row is CreditNote:  # The only one with a list, which a fact holds as a tuple.
                return [row(*(tuple(each) if isinstance(each, list) else each for each in values)) for values in cursor]
            return [row(*values) for values in cursor.fetchall()]


@cache
def _composed(row: Any, question: str, column: str) -> sql.Composed:
    names = [field.name for field in fields(row)]
    table = table_of(row)
    key = [name for name in names if name.endswith("_id")][:2]
    select = _SELECT.format(
        columns=sql.SQL(", ").join(sql.Identifier(table, name) for name in names), table=sql.Identifier(table)
    )
    return _QUESTIONS[question].format(
        select=select,
        table=sql.Identifier(table),
        column=sql.Identifier(table, column or key[0]),
        key=sql.SQL(", ").join(sql.Identifier(table, name) for name in key),
    )


def _grouped(pairs: Iterable[tuple[str, Row]]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for owner, row in pairs:
        groups[owner].append(row)
    return groups
