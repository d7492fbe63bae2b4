"""Stripe's objects for tests, as rows of the mirror: each builder gives what the test is not about."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from psycopg.types.json import Jsonb

from billing_core.store.stripe_mirror import TABLES, table_of
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
    StripeProduct,
    Subscription,
    SubscriptionItem,
)
from tests.builders import NOW, TenantBooks

API_VERSION = "2026-10-28.endive"
NOVEMBER = ("2026-11-01", "2026-12-01")


def at(text: str) -> datetime:
    """Return an instant from "2026-11-03 10:00" in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_customer(stripe_customer_id: str = "cus_acme", **changed: Any) -> StripeCustomer:
    """A customer of Stripe's that names no id of ours."""
    usual = {
        "name": stripe_customer_id.removeprefix("cus_").title(),
        "email": f"billing@{stripe_customer_id.removeprefix('cus_')}.example",
        "currency": "usd",
        "own_id": None,
        "segment": None,
        "created_at": at("2026-01-01"),
        "is_deleted": False,
    }
    return StripeCustomer(stripe_customer_id, **{**usual, **changed})


def a_product(stripe_product_id: str = "prod_writer", name: str = "Writer") -> StripeProduct:
    """A product."""
    return StripeProduct(stripe_product_id, name)


def a_price(price_id: str = "price_pro", **changed: Any) -> StripePrice:
    """A price of 100 dollars a month for Writer."""
    usual = {
        "stripe_product_id": "prod_writer",
        "name": "Pro",
        "currency": "usd",
        "unit_amount_minor": Decimal(10_000),
        "recurring_interval": "month",
        "interval_count": 1,
        "is_metered": False,
    }
    return StripePrice(price_id, **{**usual, **changed})


def a_subscription(subscription_id: str = "sub_acme", **changed: Any) -> Subscription:
    """A running subscription of cus_acme."""
    usual = {
        "stripe_customer_id": "cus_acme",
        "status": "active",
        "currency": "usd",
        "created_at": at("2026-11-01"),
        "started_at": at("2026-11-01"),
        "trial_ends_at": None,
        "cancels_at": None,
        "canceled_at": None,
        "ended_at": None,
    }
    return Subscription(subscription_id, **{**usual, **changed})


def an_item(subscription_item_id: str = "si_acme", **changed: Any) -> SubscriptionItem:
    """One seat of price_pro in sub_acme, this November."""
    usual = {
        "subscription_id": "sub_acme",
        "price_id": "price_pro",
        "quantity": 1,
        "period_starts_at": at(NOVEMBER[0]),
        "period_ends_at": at(NOVEMBER[1]),
    }
    return SubscriptionItem(subscription_item_id, **{**usual, **changed})


def an_invoice(invoice_id: str = "in_1", total_minor: int = 10_000, **changed: Any) -> Invoice:
    """A paid invoice to cus_acme of 1 November over 100 dollars without tax."""
    created_at = changed.get("created_at", at("2026-11-01"))
    usual = {
        "stripe_customer_id": "cus_acme",
        "subscription_id": "sub_acme",
        "number": None,
        "status": "paid",
        "currency": "usd",
        "subtotal_minor": total_minor,
        "discount_minor": 0,
        "tax_minor": 0,
        "amount_due_minor": total_minor,
        "amount_paid_minor": total_minor,
        "amount_remaining_minor": 0,
        "billing_reason": "subscription_cycle",
        "attempt_count": 1,
        "next_attempt_at": None,
        "created_at": created_at,
        "finalized_at": created_at,
        "paid_at": created_at,
        "voided_at": None,
        "due_at": None,
    }
    return Invoice(invoice_id, total_minor=total_minor, **{**usual, **changed})


def a_line(line_id: str = "il_1", amount_minor: int = 10_000, **changed: Any) -> InvoiceLine:
    """A line of in_1: price_pro for November."""
    usual = {
        "invoice_id": "in_1",
        "description": "Pro",
        "discount_minor": 0,
        "tax_minor": 0,
        "currency": "usd",
        "starts_at": at(NOVEMBER[0]),
        "ends_at": at(NOVEMBER[1]),
        "price_id": "price_pro",
        "stripe_product_id": "prod_writer",
        "subscription_id": "sub_acme",
        "quantity": Decimal(1),
        "is_proration": False,
        "is_metered": False,
    }
    return InvoiceLine(line_id=line_id, amount_minor=amount_minor, **{**usual, **changed})


def an_invoice_payment(invoice_payment_id: str = "inpay_1", **changed: Any) -> InvoicePayment:
    """The payment of in_1 by ch_1."""
    usual = {
        "invoice_id": "in_1",
        "payment_intent_id": "pi_1",
        "payment_id": None,
        "amount_paid_minor": 10_000,
        "currency": "usd",
        "status": "paid",
        "created_at": at("2026-11-01"),
    }
    return InvoicePayment(invoice_payment_id, **{**usual, **changed})


def a_payment(payment_id: str = "ch_1", amount_minor: int = 10_000, **changed: Any) -> Payment:
    """A charge of cus_acme's card that succeeded."""
    usual = {
        "stripe_customer_id": "cus_acme",
        "payment_intent_id": "pi_1",
        "refunded_minor": 0,
        "currency": "usd",
        "status": "succeeded",
        "failure_code": None,
        "decline_code": None,
        "advice_code": None,
        "card_brand": "visa",
        "card_last4": "4242",
        "is_disputed": False,
        "balance_transaction_id": "txn_1",
        "created_at": at("2026-11-01"),
    }
    return Payment(payment_id, amount_minor=amount_minor, **{**usual, **changed})


def a_refund(refund_id: str = "re_1", amount_minor: int = 10_000, **changed: Any) -> Refund:
    """A refund of ch_1."""
    usual = {
        "payment_id": "ch_1",
        "currency": "usd",
        "status": "succeeded",
        "reason": None,
        "balance_transaction_id": None,
        "created_at": at("2026-11-16"),
    }
    return Refund(refund_id, amount_minor=amount_minor, **{**usual, **changed})


def a_dispute(dispute_id: str = "dp_1", amount_minor: int = 10_000, **changed: Any) -> Dispute:
    """A lost dispute of ch_1."""
    usual = {
        "payment_id": "ch_1",
        "currency": "usd",
        "status": "lost",
        "reason": "fraudulent",
        "due_at": None,
        "created_at": at("2026-11-16"),
    }
    return Dispute(dispute_id, amount_minor=amount_minor, **{**usual, **changed})


def a_credit_note(credit_note_id: str = "cn_1", total_minor: int = 10_000, **changed: Any) -> CreditNote:
    """A credit note of 16 November over all of in_1."""
    usual = {
        "invoice_id": "in_1",
        "stripe_customer_id": "cus_acme",
        "status": "issued",
        "currency": "usd",
        "excluding_tax_minor": total_minor,
        "refund_ids": (),
        "created_at": at("2026-11-16"),
        "effective_at": at("2026-11-16"),
    }
    return CreditNote(credit_note_id, total_minor=total_minor, **{**usual, **changed})


def a_credit_note_line(credit_note_line_id: str = "cnli_1", amount_minor: int = 10_000, **changed: Any) -> Any:
    """The line of cn_1 that credits il_1."""
    usual = {"credit_note_id": "cn_1", "line_id": "il_1"}
    return CreditNoteLine(credit_note_line_id=credit_note_line_id, amount_minor=amount_minor, **{**usual, **changed})


def a_transaction(
    balance_transaction_id: str = "txn_1", amount_minor: int = 10_000, fee_minor: int = 320, **changed: Any
) -> BalanceTransaction:
    """The balance transaction of ch_1: 3.20 dollars are kept of 100."""
    created_at = changed.get("created_at", at("2026-11-01"))
    usual = {
        "kind": "charge",
        "reporting_category": "charge",
        "source_id": "ch_1",
        "net_minor": amount_minor - fee_minor,
        "currency": "usd",
        "exchange_rate": None,
        "status": "available",
        "created_at": created_at,
        "available_at": created_at,
    }
    return BalanceTransaction(
        balance_transaction_id, amount_minor=amount_minor, fee_minor=fee_minor, **{**usual, **changed}
    )


def a_paid_month(
    number: int = 1, *, customer: str = "cus_acme", amount_minor: int = 10_000, **changed: Any
) -> tuple[Any, ...]:
    """An invoice of one line for a month, its charge, and the balance transaction with a fee of 2.9 % and 30 cents.

    `changed` goes to the line, `created_at` to all; `rate` and `currency` make it one that settles in dollars.
    """
    currency = changed.pop("currency", "usd")
    rate = changed.pop("rate", None)
    created_at = changed.pop("created_at", at(NOVEMBER[0]))
    settled_minor = amount_minor if rate is None else round(amount_minor * rate)
    subscription = changed.setdefault("subscription_id", customer.replace("cus_", "sub_"))
    own = {"currency": currency, "created_at": created_at}
    return (
        an_invoice(f"in_{number}", amount_minor, stripe_customer_id=customer, subscription_id=subscription, **own),
        a_line(f"il_{number}", amount_minor, invoice_id=f"in_{number}", currency=currency, **changed),
        an_invoice_payment(
            f"inpay_{number}",
            invoice_id=f"in_{number}",
            payment_intent_id=f"pi_{number}",
            amount_paid_minor=amount_minor,
            **own,
        ),
        a_payment(
            f"ch_{number}",
            amount_minor,
            stripe_customer_id=customer,
            payment_intent_id=f"pi_{number}",
            balance_transaction_id=f"txn_{number}",
            **own,
        ),
        a_transaction(
            f"txn_{number}",
            settled_minor,
            settled_minor * 29 // 1000 + 30,
            source_id=f"ch_{number}",
            exchange_rate=rate,
            created_at=created_at,
        ),
    )


@dataclass
class StripeBooks:
    """One Stripe account of a tenant, whose mirror is filled row by row, past every wall, with versions as they are."""

    tenant: TenantBooks
    account_id: str = "acct_north"
    connection_id: int = 0
    numbers: Any = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.connection_id = int(
            self.tenant.connection.execute(
                "insert into marginbook.stripe_connection (tenant_id, account_id, livemode, name, customer_key, "
                "segment_key, recorded_at) values (%s, %s, false, 'North', 'customer_id', 'segment', %s) "
                "returning connection_id",
                [self.tenant.tenant_id, self.account_id, NOW],
            ).fetchone()[0]  # type: ignore[index] - `returning` returns the row.
        )
        self.tenant._insert(
            "stripe_backfill",
            connection_id=self.connection_id,
            started_at=NOW,
            finished_at=NOW,
            missing=[],
            objects=0,
            new_versions=0,
        )

    def put(self, *rows: Any) -> None:
        """Write rows into the mirror, each object with its first version."""
        heads = {row_types[0]: kind for kind, row_types in TABLES.items()}
        for row in rows:
            values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(row).items()}
            self.tenant._insert(table_of(type(row)), connection_id=self.connection_id, **values)
            if (kind := heads.get(type(row))) is not None:
                self._version(kind, next(iter(values.values())))

    def _version(self, kind: str, object_id: str) -> None:
        place = {
            "connection_id": self.connection_id,
            "kind": kind,
            "object_id": object_id,
            "version_number": 1,
            "hash": b"1",
            "is_deleted": False,
        }
        self.tenant._insert("stripe_object", **place)
        self.tenant._insert(
            "stripe_object_version",
            **place,
            api_version=API_VERSION,
            created_at=None,
            fetched_at=NOW,
            raw=Jsonb({"id": object_id}),
        )


def flat(*rows: Any) -> list[Any]:
    """Return rows and groups of rows as one list."""
    return [each for row in rows for each in (row if isinstance(row, Iterable) else (row,))]
