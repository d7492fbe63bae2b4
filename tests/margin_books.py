"""Books with revenue for tests: bookings, plans and standings written row by row, and kept in memory to recount."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from psycopg import sql

from tests.builders import NOW, TenantBooks, pico

CONNECTION_ID = 1


@dataclass(frozen=True)
class Used:
    """One call as it was written down."""

    day: date
    customer_id: int
    product: str | None
    model: str
    feature: str | None
    calls: int
    cost_pico: int | None


@dataclass(frozen=True)
class Booked:
    """One booking as it was written down."""

    day: date
    customer_id: int
    product: str | None
    plan_id: int
    kind: str
    amount_pico: int


@dataclass(frozen=True)
class Spanned:
    """One plan of a customer, from one day to before another."""

    customer_id: int
    product: str | None
    plan_id: int
    starts_at: datetime
    ends_at: datetime


@dataclass
class MarginBooks:
    """One tenant's books with what was written into them."""

    tenant: TenantBooks
    used: list[Used] = field(default_factory=list)
    booked: list[Booked] = field(default_factory=list)
    spans: list[Spanned] = field(default_factory=list)
    segments: dict[int, str | None] = field(default_factory=dict)
    newest_plans: dict[int, int] = field(default_factory=dict)
    plans: dict[str, int] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: count(1))

    def use(self, at: str, customer: str | None, cost: str | None, **more: Any) -> None:
        """Write one call; `at` is "2026-11-03 10:00"."""
        usage = {"model": "gpt-4o", "product": None, "feature": None, "calls": 1, **more}
        self.tenant.usage(at, customer=customer, cost=cost, **usage)
        day = date.fromisoformat(at[:10])
        self.used.append(
            Used(
                day,
                self.tenant.customer(customer),
                usage["product"],
                usage["model"],
                usage["feature"],
                usage["calls"],
                None if cost is None else pico(cost),
            )
        )

    def book(
        self,
        day: str,
        customer: str | None,
        dollars: str,
        *,
        kind: str = "subscription",
        product: str | None = None,
        plan: str | None = None,
        currency: str = "usd",
        is_converted: bool = True,
    ) -> None:
        """Write one booking; what is not converted has an amount and no worth."""
        amount = pico(dollars)
        row = {
            "customer_id": self.tenant.customer(customer),
            "product_id": self.tenant.product(product) or 0,
            "plan_id": self.plan(plan) if plan else 0,
            "kind": kind,
            "currency": currency,
        }
        amounts = {
            "amount_minor": Decimal(dollars) * 100,
            "unconverted_minor": 0 if is_converted else Decimal(dollars) * 100,
            "reporting_pico": amount if is_converted else 0,
        }
        on = date.fromisoformat(day)
        self._add("booked_day", {"day": on, **row}, amounts)
        self._add("booked_month", {"month": on.replace(day=1), **row}, amounts)
        if is_converted:
            self.booked.append(Booked(on, row["customer_id"], product, row["plan_id"], kind, amount))

    def plan(self, name: str) -> int:
        """Return a plan's number, made at first mention with a price of that name."""
        if name not in self.plans:
            place = {"connection_id": CONNECTION_ID, "price_id": f"price_{name}"}
            self._insert("stripe_price", **place, name=name, currency="usd", is_metered=False)
            self._insert("plan", **place, recorded_at=NOW)
            found = self.tenant.connection.execute(
                "select plan_id from marginbook.plan where tenant_id = %s and price_id = %s",
                [self.tenant.tenant_id, place["price_id"]],
            ).fetchone()
            assert found is not None
            self.plans[name] = int(found[0])
        return self.plans[name]

    def span(
        self, customer: str, plan: str, start: str, end: str, *, product: str | None = None, mrr: str = "0", **more: Any
    ) -> None:
        """Write that a customer had a plan from a day until another."""
        starts_at, ends_at = (datetime.fromisoformat(at).replace(tzinfo=UTC) for at in (start, end))
        row = {
            "connection_id": CONNECTION_ID,
            "subscription_id": f"sub_{next(self.numbers)}",
            "plan_id": self.plan(plan),
            "starts_at": starts_at,
            "ends_at": ends_at,
            "customer_id": self.tenant.customer(customer),
            "product_id": self.tenant.product(product) or 0,
            "quantity": 1,
            "currency": "usd",
            "mrr_minor": Decimal(mrr) * 100,
            "rate": 1,
        }
        self._insert("plan_span", **{**row, **more})
        self.spans.append(Spanned(row["customer_id"], product, row["plan_id"], starts_at, ends_at))

    def stand(self, customer: str, *, segment: str | None = None, plan: str | None = None) -> None:
        """Write what is true of a customer now."""
        customer_id = self.tenant.customer(customer)
        plan_id = self.plan(plan) if plan else 0
        self._insert(
            "customer_standing",
            customer_id=customer_id,
            segment=segment,
            plan_id=plan_id,
            status="active",
            is_in_stripe=True,
        )
        self.segments[customer_id] = segment
        self.newest_plans[customer_id] = plan_id

    def share(self, name: str, dollars: str, from_month: str, rule: str) -> None:
        """Write a shared cost."""
        self._insert(
            "shared_cost",
            name=name,
            amount_minor=int(Decimal(dollars) * 100),
            from_month=date.fromisoformat(from_month),
            rule=rule,
            actor="test",
            reason="a test",
            recorded_at=NOW,
        )

    def connect(self) -> None:
        """Write the Stripe account that everything else comes from."""
        self.tenant.connection.execute(
            "insert into marginbook.stripe_connection "
            "(tenant_id, connection_id, account_id, livemode, name, customer_key, segment_key, recorded_at) "
            "overriding system value values (%s, %s, 'acct_1', false, 'North', 'customer_id', 'segment', %s)",
            [self.tenant.tenant_id, CONNECTION_ID, NOW],
        )

    def row(self, table: str, **values: Any) -> None:
        """Write one row into any table of this account."""
        self._insert(table, connection_id=CONNECTION_ID, **values)

    def _insert(self, table: str, **values: Any) -> None:
        row = {"tenant_id": self.tenant.tenant_id, **values}
        self.tenant.connection.execute(_insert_into(table, row), row)

    def _add(self, table: str, place: dict[str, Any], amounts: dict[str, Any]) -> None:
        row = {"tenant_id": self.tenant.tenant_id, **place, **amounts}
        added = [
            sql.SQL("{0} = {1}.{0} + excluded.{0}").format(sql.Identifier(name), sql.Identifier(table))
            for name in amounts
        ]
        statement = sql.SQL("{} on conflict ({}) do update set {}").format(
            _insert_into(table, row),
            sql.SQL(", ").join(map(sql.Identifier, ["tenant_id", *place])),
            sql.SQL(", ").join(added),
        )
        self.tenant.connection.execute(statement, row)


def stripe_side(margin: MarginBooks, customer: str = "Acme") -> None:
    """Write a Stripe account with one customer who has a paid invoice, and one whom usage does not know."""
    margin.connect()
    margin.row("stripe_backfill", started_at=NOW, finished_at=NOW, missing=[], objects=5, new_versions=5)
    for stripe_id, name, how in (("cus_1", customer, "metadata"), ("cus_2", "Only in Stripe", "own row")):
        margin.row("stripe_customer", stripe_customer_id=stripe_id, name=name, created_at=NOW, is_deleted=False)
        match(margin, stripe_id, name, how=how)
    invoice(margin, "in_1", "2026-11-01", total_minor=1000)
    margin.row(
        "invoice_payment",
        invoice_payment_id="inpay_1",
        invoice_id="in_1",
        payment_intent_id="pi_1",
        currency="usd",
        status="paid",
        created_at=NOW,
    )
    payment(margin, "ch_1", "2026-11-01", payment_intent_id="pi_1", balance_transaction_id="txn_1")
    margin.row(
        "balance_transaction",
        balance_transaction_id="txn_1",
        kind="charge",
        reporting_category="charge",
        source_id="ch_1",
        amount_minor=1000,
        fee_minor=59,
        net_minor=941,
        currency="usd",
        status="available",
        created_at=NOW,
        available_at=NOW,
    )
    margin.row(
        "dispute",
        dispute_id="dp_1",
        payment_id="ch_1",
        amount_minor=1000,
        currency="usd",
        status="under_review",
        reason="fraudulent",
        created_at=NOW,
    )
    margin.book("2026-11-01", customer, "10")
    margin.book("2026-11-01", "Only in Stripe", "7")


def match(margin: MarginBooks, stripe_id: str, customer: str, *, how: str = "metadata", number: int = 1) -> None:
    """Write whose Stripe customer this is."""
    margin.row(
        "stripe_customer_match",
        stripe_customer_id=stripe_id,
        match_number=number,
        customer_id=margin.tenant.customer(customer),
        how=how,
        actor="test",
        recorded_at=NOW,
    )


def invoice(margin: MarginBooks, invoice_id: str, day: str, *, total_minor: int, customer: str = "cus_1") -> None:
    """Write a paid invoice of one line for thirty days."""
    at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    margin.row(
        "invoice",
        invoice_id=invoice_id,
        stripe_customer_id=customer,
        number=f"N-{invoice_id}",
        status="paid",
        currency="usd",
        subtotal_minor=total_minor,
        discount_minor=0,
        tax_minor=0,
        total_minor=total_minor,
        amount_due_minor=total_minor,
        amount_paid_minor=total_minor,
        amount_remaining_minor=0,
        attempt_count=1,
        created_at=at,
    )
    margin.row(
        "invoice_line",
        invoice_id=invoice_id,
        line_id=f"il_{invoice_id}",
        amount_minor=total_minor,
        discount_minor=0,
        tax_minor=0,
        currency="usd",
        starts_at=at,
        ends_at=at + timedelta(days=30),
        is_proration=False,
        is_metered=False,
    )


def payment(margin: MarginBooks, payment_id: str, day: str, *, customer: str = "cus_1", **more: Any) -> None:
    """Write a payment of ten dollars."""
    row = {
        "stripe_customer_id": customer,
        "amount_minor": 1000,
        "refunded_minor": 0,
        "currency": "usd",
        "status": "succeeded",
        "is_disputed": False,
        "created_at": datetime.fromisoformat(day).replace(tzinfo=UTC),
    }
    margin.row("payment", payment_id=payment_id, **{**row, **more})


def _insert_into(table: str, values: dict[str, Any]) -> sql.Composed:
    return sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier("marginbook", table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(map(sql.Placeholder, values)),
    )
