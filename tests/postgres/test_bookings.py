"""Booking Stripe's documents: matched, numbered, converted at kept rates, summed exactly, twice as once."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from billing_core.store import bookings
from billing_core.store.bookings import BOOKED, book_customers, check_bookings, rebuild_bookings
from billing_core.store.embedded import ClusterUrls
from tests.builders import NOW, TenantBooks, asking, books, libpq, pico
from tests.stripe_rows import (
    StripeBooks,
    a_customer,
    a_line,
    a_paid_month,
    a_payment,
    a_price,
    a_product,
    a_refund,
    a_subscription,
    a_transaction,
    an_invoice,
    an_item,
    at,
)

pytestmark = pytest.mark.postgres

LATER = NOW + timedelta(days=1)


@dataclass
class Account:
    """A tenant's Stripe account in a test database: filled past the wall, booked and read behind it."""

    urls: ClusterUrls
    tenant: TenantBooks
    stripe: StripeBooks

    def put(self, *rows: Any) -> None:
        """Write rows of the mirror."""
        self.stripe.put(*rows)
        self.tenant.connection.commit()

    def book(self, stripe_customer_ids: list[str] | None = None, *, now: datetime = NOW) -> None:
        """Book these Stripe customers, or all."""
        with asking(self.urls.app_url, self.tenant.tenant_id, role="service", now=now) as workspace:
            book_customers(
                workspace.connection, workspace.tenant_id, self.stripe.connection_id, stripe_customer_ids, now=now
            )

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """Ask behind the wall."""
        with asking(self.urls.app_url, self.tenant.tenant_id) as workspace:
            return [tuple(row) for row in workspace.connection.execute(text(question))]

    def months(self, kind: str = "subscription") -> list[tuple[Any, ...]]:
        """Return what is booked of a kind: customer, month, minor units, unconverted, pico."""
        return self.rows(
            "select customer.name, month, sum(amount_minor), sum(unconverted_minor), sum(reporting_pico) "
            f"from booked_month left join customer using (tenant_id, customer_id) where kind = '{kind}' "
            "group by 1, 2 order by 1, 2"
        )

    def dump(self) -> dict[str, list[Any]]:
        """Return every row of the booked projections and of the facts that a booking appends, as text."""
        tables = (*BOOKED, "stripe_customer_match", "fx_rate", "document_rate", "plan", "product", "customer")
        return {table: self.rows(f"select t::text from {table} t order by 1") for table in tables}

    def agrees(self) -> bool:
        """Whether what stands is what mirror and facts make."""
        with asking(self.urls.app_url, self.tenant.tenant_id, role="service") as workspace:
            return all(check.agrees for check in check_bookings(workspace.connection, workspace.tenant_id))


@pytest.fixture
def account(database: ClusterUrls) -> Iterator[Account]:
    with books(database.superuser_url) as tenant:
        yield Account(database, tenant, StripeBooks(tenant))


NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


def test_a_month_that_is_paid_is_booked_on_its_days_and_in_its_month(account):
    account.put(a_customer(), a_product(), a_price(), a_subscription(), an_item(), *a_paid_month())
    account.book()

    days = account.rows("select day, amount_minor from booked_day where kind = 'subscription' order by day")
    assert len(days) == 30
    assert sum(amount for _, amount in days) == 10_000
    assert account.months() == [("Acme", NOVEMBER, 10_000, 0, pico("100"))]
    assert account.months("payment_fee") == [("Acme", NOVEMBER, 10_000 * 29 // 1000 + 30, 0, pico("3.20"))]
    assert account.months("cash_payment") == [("Acme", NOVEMBER, 10_000, 0, pico("100"))]
    assert account.agrees()


def test_a_period_over_two_months_is_split_by_the_second(account):
    period = {"starts_at": at("2026-11-16"), "ends_at": at("2026-12-16"), "created_at": at("2026-11-16")}
    account.put(a_customer(), *a_paid_month(amount_minor=3_000, **period))
    account.book()

    assert account.months() == [("Acme", NOVEMBER, 1_500, 0, pico("15")), ("Acme", DECEMBER, 1_500, 0, pico("15"))]


def test_booking_twice_is_booking_once_to_the_byte(account):
    account.put(a_customer(), a_customer("cus_euro"), a_product(), a_price(), a_subscription(), an_item())
    account.put(*a_paid_month(), *a_paid_month(2, customer="cus_euro", currency="eur", rate=Decimal("1.0832")))
    account.book()
    first = account.dump()
    account.book(now=LATER)
    account.book(["cus_euro"], now=LATER)
    account.book([], now=LATER)

    assert account.dump() == first
    assert account.agrees()


def test_a_customer_booked_alone_leaves_the_others_as_they_are(account):
    account.put(a_customer(), a_customer("cus_solo"), *a_paid_month(), *a_paid_month(2, customer="cus_solo"))
    account.book()
    account.put(*a_paid_month(3), *a_paid_month(4, customer="cus_solo"))
    account.book(["cus_solo"])

    assert account.months() == [
        ("Acme", NOVEMBER, 10_000, 0, pico("100")),
        ("Solo", NOVEMBER, 20_000, 0, pico("200")),
    ]


def test_what_stripe_no_longer_says_is_no_longer_booked(account):
    account.put(a_customer(), *a_paid_month())
    account.book()
    account.tenant.connection.execute("update marginbook.invoice set status = 'void'")
    account.tenant.connection.commit()
    account.book(["cus_acme"])

    assert account.months() == []


def test_stripe_products_and_usage_products_of_one_name_are_one_product(account):
    writer = account.tenant.product("Writer")
    account.put(a_customer(), a_product(), a_product("prod_new", "New"), a_price(), *a_paid_month())
    account.book()

    assert account.rows("select distinct product_id from booked_month where kind = 'subscription'") == [(writer,)]
    assert account.rows("select name from product order by name") == [("New",), ("Writer",)]


def test_a_price_keeps_its_plan_number(account):
    account.put(a_customer(), a_price("price_pro"), *a_paid_month())
    account.book()
    account.put(a_price("price_a"), *a_paid_month(2, price_id="price_a"))
    account.book()

    assert account.rows("select plan_id, price_id from plan order by 1") == [(1, "price_pro"), (2, "price_a")]
    assert account.rows("select plan_id from booked_month where kind = 'subscription' order by 1") == [(1,), (2,)]


def test_a_foreign_document_is_converted_exactly_at_the_rate_of_its_payment(account):
    account.put(a_customer(), *a_paid_month(currency="eur", amount_minor=3_333, rate=Decimal("1.083217")))
    account.book()

    # 33.33 euros at 1.083217 dollars: no digit is lost.
    assert account.months() == [("Acme", NOVEMBER, 3_333, 0, pico("36.10362261"))]
    assert account.rows("select source, rate_on, rate from fx_rate") == [
        ("stripe txn_1", NOVEMBER, Decimal("1.083217"))
    ]


def test_minor_units_of_a_currency_without_cents_are_whole_units(account):
    account.put(a_customer(), *a_paid_month(currency="jpy", amount_minor=5_000, rate=Decimal("0.0065")))
    account.book()

    assert account.months() == [("Acme", NOVEMBER, 5_000, 0, pico("32.5"))]


def test_a_document_keeps_its_rate_when_nearer_ones_are_learned(account):
    account.put(a_customer(), a_customer("cus_late"))
    account.put(an_invoice(currency="eur"), a_line(currency="eur"))
    account.put(
        *a_paid_month(2, customer="cus_late", currency="eur", rate=Decimal("1.10"), created_at=at("2026-11-05"))
    )
    account.book()
    account.put(*a_paid_month(3, customer="cus_late", currency="eur", rate=Decimal("1.20")))
    account.book(now=LATER)

    assert account.months() == [
        ("Acme", NOVEMBER, 10_000, 0, pico("110")),
        ("Late", NOVEMBER, 20_000, 0, pico("110") + pico("120")),
    ]
    assert account.agrees()


def test_a_document_without_any_rate_is_unconverted_until_a_booking_finds_one(account):
    account.put(a_customer(), an_invoice(currency="eur"), a_line(currency="eur"))
    account.book()
    assert account.months() == [("Acme", NOVEMBER, 10_000, 10_000, 0)]
    assert account.agrees()

    account.tenant.row("fx_rate", currency="eur", rate_on=date(2026, 11, 3), source="set by fay", rate=Decimal("1.5"))
    account.tenant.connection.commit()
    assert account.agrees()  # A check learns nothing.
    account.book(["cus_acme"])

    assert account.months() == [("Acme", NOVEMBER, 10_000, 0, pico("150"))]


def test_of_two_rates_equally_near_the_earlier_is_taken_and_a_persons_before_stripes(account):
    account.put(a_customer(), an_invoice(currency="eur", created_at=at("2026-11-10")), a_line(currency="eur"))
    for day, source, rate in [(8, "a", "1.1"), (12, "b", "1.2"), (8, "stripe txn_0", "1.3"), (13, "c", "1.4")]:
        account.tenant.row("fx_rate", currency="eur", rate_on=date(2026, 11, day), source=source, rate=Decimal(rate))
    account.tenant.connection.commit()
    account.book()

    assert account.rows("select document_id, rate, rate_on from document_rate") == [
        ("in_1", Decimal("1.1"), date(2026, 11, 8))
    ]


def test_what_names_no_customer_is_booked_on_customer_0(account):
    account.put(a_customer(), *a_paid_month())
    account.put(a_transaction("txn_fee", -500, 0, kind="stripe_fee", reporting_category="fee", source_id=None))
    account.put(a_payment("ch_9", 700, stripe_customer_id=None, payment_intent_id="pi_9"))
    account.put(a_transaction("txn_9", 700, 50, source_id="ch_9"))
    account.put(a_refund("re_lost", 300, payment_id="ch_unknown"))
    account.book()
    of_nobody = "select kind, sum(amount_minor) from booked_month where customer_id = 0 group by kind order by kind"

    assert account.rows(of_nobody) == [
        ("cash_payment", 700),
        ("cash_refund", -300),
        ("one_off", 700),
        ("payment_fee", 50),
        ("refund", -300),
        ("stripe_fee", 500),
    ]


def test_several_stripe_customers_of_one_customer_are_one_row(account):
    acme = account.tenant.customer("Acme")
    account.tenant.row("customer_alias", source="own", external_id="acme", customer_id=acme)
    account.put(a_customer("cus_1", own_id="acme", segment="old", email="old@acme.example"))
    account.put(a_customer("cus_2", own_id="acme", segment="new", created_at=at("2026-06-01")))
    account.put(a_price(), a_subscription("sub_1", stripe_customer_id="cus_1", status="canceled"))
    account.put(a_subscription("sub_2", stripe_customer_id="cus_2", status="past_due"))
    account.put(*a_paid_month(1, customer="cus_1"), *a_paid_month(2, customer="cus_2"))
    account.book()

    assert account.months() == [("Acme", NOVEMBER, 20_000, 0, pico("200"))]
    assert account.rows(
        "select customer_id, segment, plan_id, email, first_paid_on, status from customer_standing"
    ) == [(acme, "new", 1, "billing@2.example", NOVEMBER, "past_due")]


def test_a_plan_span_has_its_number_its_value_and_its_rate(account):
    account.put(a_customer(), a_product(), a_price(currency="eur"), a_subscription(currency="eur"), an_item())
    account.put(*a_paid_month(currency="eur", rate=Decimal("1.25")))
    account.book()

    assert account.rows(
        "select subscription_id, plan_id, customer_id, product_id, quantity, currency, mrr_minor, rate from plan_span"
    ) == [("sub_acme", 1, 1, 1, 1, "eur", 10_000, Decimal("1.25"))]


def test_reads_are_of_bounded_size_and_make_the_same_books(account, monkeypatch):
    for number in range(1, 8):
        account.put(a_customer(f"cus_{number}"), *a_paid_month(number, customer=f"cus_{number}"))
    account.book()
    whole = account.dump()
    monkeypatch.setattr(bookings, "CUSTOMERS_PER_READ", 2)
    account.book()

    assert account.dump() == whole


def test_two_bookings_at_once_follow_each_other(account):
    for number in range(1, 30):
        account.put(a_customer(f"cus_{number}"), *a_paid_month(number, customer=f"cus_{number}"))
    failures: list[BaseException] = []

    def book() -> None:
        try:
            account.book()
        except BaseException as failure:  # noqa: BLE001 - a thread's failure is shown by the test, whatever it is.
            failures.append(failure)

    threads = [threading.Thread(target=book) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert account.rows("select count(*) from customer") == [(29,)]
    assert account.rows("select count(*) from stripe_customer_match") == [(29,)]
    assert account.agrees()


def test_a_booking_that_is_rolled_back_leaves_nothing(account):
    account.put(a_customer(), *a_paid_month())

    def book_and_fail() -> None:
        with asking(account.urls.app_url, account.tenant.tenant_id, role="service") as workspace:
            book_customers(workspace.connection, workspace.tenant_id, account.stripe.connection_id, None, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        book_and_fail()

    assert {table: rows for table, rows in account.dump().items() if rows} == {}


@pytest.mark.parametrize("table", BOOKED)
def test_a_row_changed_behind_our_back_is_found_and_mended(account, table):
    account.put(a_customer(), a_product(), a_price(), a_subscription(), an_item(), *a_paid_month())
    account.book()
    before = account.dump()
    with psycopg.connect(libpq(account.urls.superuser_url)) as connection:
        connection.execute(f"delete from marginbook.{table}".encode())
    with asking(account.urls.app_url, account.tenant.tenant_id, role="service") as workspace:
        checks = rebuild_bookings(workspace.connection, workspace.tenant_id)

    assert [check.projection for check in checks if not check.agrees] == [table]
    assert account.dump() == before


def test_two_tenants_with_the_same_stripe_ids_have_books_of_their_own(account, database):
    with books(database.superuser_url, slug="south", name="South") as south:
        other = Account(database, south, StripeBooks(south, account_id="acct_south"))
        other.put(a_customer(), *a_paid_month(amount_minor=700))
        account.put(a_customer(), *a_paid_month())
        account.book()
        other.book()

        assert account.months() == [("Acme", NOVEMBER, 10_000, 0, pico("100"))]
        assert other.months() == [("Acme", NOVEMBER, 700, 0, pico("7"))]


def test_a_fee_of_a_past_december_is_booked_in_utc(account):
    account.put(a_customer(), *a_paid_month(created_at=datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)))
    account.book()

    assert account.months("payment_fee")[0][1] == NOVEMBER


def test_a_tenant_reports_in_dollars_because_no_cost_has_a_daily_rate(database):
    with (
        psycopg.connect(libpq(database.superuser_url)) as connection,
        pytest.raises(psycopg.errors.CheckViolation, match="tenant_reports_in_dollars"),
    ):
        connection.execute(
            "insert into marginbook.tenant (slug, name, reporting_currency, is_demo, recorded_at) "
            "values ('euro', 'Euro', 'eur', false, now())"
        )
