"""The books hold, and each check breaks when what it watches is damaged: it and no other."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from billing_core.books import CHECKS, CheckResult, Outcome, check_books, sums
from billing_core.queries.books_checks import books_checks
from billing_core.store.bookings import book_customers
from billing_core.store.embedded import ClusterUrls
from tests.builders import NOW, asking, libpq, two_months
from tests.builders import books as tenant_books
from tests.stripe_rows import (
    StripeBooks,
    a_credit_note,
    a_credit_note_line,
    a_customer,
    a_dispute,
    a_paid_month,
    a_price,
    a_product,
    a_refund,
    a_subscription,
    a_transaction,
    an_item,
    at,
)

pytestmark = pytest.mark.postgres

STRIPE_CHECKS = {check.name for check in CHECKS if check.needs_stripe}


@dataclass(frozen=True)
class Company:
    """A tenant with usage and a Stripe account, booked."""

    urls: ClusterUrls
    tenant_id: int
    connection_id: int

    def results(self) -> dict[str, CheckResult]:
        """Check the books."""
        with asking(self.urls.app_url, self.tenant_id, role="service") as workspace:
            return {result.name: result for result in check_books(workspace)}

    def broken(self) -> set[str]:
        """Return which checks are broken."""
        return {name for name, result in self.results().items() if result.outcome is Outcome.BROKEN}

    def damage(self, *statements: str) -> None:
        """Change something behind the program's back."""
        with psycopg.connect(libpq(self.urls.superuser_url)) as connection:
            connection.execute("set search_path = marginbook")
            for statement in statements:
                connection.execute(statement.encode())


def a_company(database: ClusterUrls, *more: Any) -> Company:
    """Acme (known to usage) and Solo pay by the month, Euro in another currency; Acme is refunded, Solo disputes."""
    with tenant_books(database.superuser_url) as tenant:
        two_months(tenant)
        tenant.row("customer_alias", source="own", external_id="acme", customer_id=tenant.customer("Acme"))
        stripe = StripeBooks(tenant)
        stripe.put(a_customer(own_id="acme", segment="small"), a_customer("cus_solo"), a_customer("cus_euro"))
        stripe.put(a_product(), a_price(), a_price("price_old"))
        for name in ("acme", "solo", "euro"):
            stripe.put(a_subscription(f"sub_{name}", stripe_customer_id=f"cus_{name}"))
            stripe.put(an_item(f"si_{name}", subscription_id=f"sub_{name}"))
        stripe.put(*a_paid_month(1), *a_paid_month(2, customer="cus_solo", amount_minor=5_000))
        stripe.put(*a_paid_month(3, customer="cus_euro", currency="eur", rate=Decimal("1.0832")))
        october = {"starts_at": at("2026-10-01"), "ends_at": at("2026-11-01"), "created_at": at("2026-10-01")}
        stripe.put(*a_paid_month(4, **october))
        stripe.put(a_refund(amount_minor=3_000), a_dispute(payment_id="ch_2", amount_minor=5_000))
        stripe.put(a_transaction("txn_re", -3_000, 0, kind="refund", reporting_category="refund", source_id="re_1"))
        stripe.put(
            a_credit_note(invoice_id="in_4", total_minor=2_000), a_credit_note_line(amount_minor=2_000, line_id="il_4")
        )
        stripe.put(a_transaction("txn_fee", -500, 0, kind="stripe_fee", reporting_category="fee", source_id=None))
        stripe.put(*more)
    with asking(database.app_url, tenant.tenant_id, role="service") as workspace:
        book_customers(workspace.connection, workspace.tenant_id, stripe.connection_id, None, now=NOW)
    return Company(database, tenant.tenant_id, stripe.connection_id)


@pytest.fixture
def company(database: ClusterUrls) -> Iterator[Company]:
    return a_company(database)


def test_every_check_holds_over_usage_payments_refunds_disputes_and_a_second_currency(company):
    results = company.results()

    assert {name: result.outcome for name, result in results.items()} == dict.fromkeys(
        (check.name for check in CHECKS), Outcome.HOLDS
    ), [str(result) + str(result.rows) for result in results.values() if result.outcome is not Outcome.HOLDS]
    assert all(result.rows == () for result in results.values())
    # October and November, each with cost, revenue, fees, shared costs and margin.
    assert results["customers_add_up"].found == "10 monthly sums"
    assert results["invoices_add_up"].found == "4 invoices"


# What is damaged, and every check that must see it; each check is named at least once alone or with its derivation.
DAMAGE = {
    "a booked month that its days do not make": (
        ["update booked_month set reporting_pico = reporting_pico + 1 where kind = 'cash_payment' and customer_id = 1"],
        {"days_make_months", "bookings_derive"},
    ),
    "a booking lost from day and month alike": (
        [
            "delete from booked_day where kind = 'subscription' and customer_id = 1",
            "delete from booked_month where kind = 'subscription' and customer_id = 1",
        ],
        {"booked_in_full", "bookings_derive"},
    ),
    "a standing that the mirror does not make": (
        ["update customer_standing set segment = 'large'"],
        {"bookings_derive"},
    ),
    "an hour of usage that no day has": (
        ["update usage_hour set cost_pico_usd = cost_pico_usd + 1"],
        {"usage_rollups_agree"},
    ),
    "a cost of a model that no month has": (
        ["update usage_day set cost_pico_usd = cost_pico_usd + 1 where customer_id = 1"],
        {"usage_rollups_agree", "cuts_add_up"},
    ),
    "an invoice whose total its lines do not make": (
        ["update invoice set total_minor = total_minor + 1 where invoice_id = 'in_4'"],
        {"invoices_add_up"},
    ),
    "a paid invoice whose payments paid less": (
        ["update invoice_payment set amount_paid_minor = 9999 where invoice_id = 'in_1'"],
        {"paid_invoices_are_paid"},
    ),
    "a payment that moved the balance by another amount": (
        ["update balance_transaction set amount_minor = amount_minor - 1 where balance_transaction_id = 'txn_1'"],
        {"payments_tie_out"},
    ),
    "a converted payment that is two cents off": (
        ["update balance_transaction set amount_minor = amount_minor - 2 where balance_transaction_id = 'txn_3'"],
        {"payments_tie_out"},
    ),
    "a payment that gave back more than it took": (
        ["update payment set refunded_minor = amount_minor + 1 where payment_id = 'ch_1'"],
        {"refunds_within_payments"},
    ),
    "a row of the mirror without an object": (
        ["delete from stripe_object where kind = 'product'"],
        {"mirror_has_versions"},
    ),
    "an object held that is not its newest version": (
        ["update stripe_object set hash = 'other' where kind = 'price'"],
        {"mirror_has_versions"},
    ),
    "a match that is gone": (
        ["delete from stripe_customer_match where stripe_customer_id = 'cus_solo'"],
        {"customers_are_matched", "booked_in_full", "bookings_derive"},
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_seen_by_exactly_the_checks_that_watch_it(company, damage):
    statements, seen_by = DAMAGE[damage]
    company.damage(*statements)

    assert company.broken() == seen_by


def test_every_check_is_proved_to_break():
    proved = {name for _, seen_by in DAMAGE.values() for name in seen_by}

    assert proved | {"customers_add_up"} == {check.name for check in CHECKS}


def test_a_total_that_its_customers_do_not_make_is_seen(company, monkeypatch):
    """The parts and the total are two statements over the same tables: only a statement that is wrong can part them."""
    right = sums.margin_totals
    monkeypatch.setattr(
        sums, "margin_totals", lambda *asked: replace(right(*asked), gross_pico=right(*asked).gross_pico + 1)
    )
    result = company.results()["customers_add_up"]

    assert result.outcome is Outcome.BROKEN
    assert {row.what for row in result.rows} == {
        f"{month}, {amount}" for month in ("2026-10", "2026-11") for amount in ("revenue", "margin")
    }


def test_a_broken_check_shows_what_was_expected_and_what_was_found(company):
    company.damage("update balance_transaction set amount_minor = 9990 where balance_transaction_id = 'txn_1'")
    result = company.results()["payments_tie_out"]

    assert (result.expected, result.found) == ("4 payments", "3 payments")
    assert [(row.what, row.expected, row.found) for row in result.rows] == [
        ("ch_1", "10000 usd", "9990 usd, residual -10")
    ]


def test_a_converted_payment_may_be_one_cent_off_because_stripe_rounds_it(company):
    company.damage(
        "update balance_transaction set amount_minor = amount_minor - 1 where balance_transaction_id = 'txn_3'"
    )

    assert "payments_tie_out" not in company.broken()


def test_at_most_twenty_rows_are_shown(database):
    company = a_company(database, *(a_product(f"prod_{number}", f"P{number}") for number in range(30)))
    company.damage("delete from stripe_object where kind = 'product'", "update stripe_object_version set hash = 'x'")
    result = company.results()["mirror_has_versions"]

    assert len(result.rows) == 20


def test_without_a_stripe_account_its_checks_are_unknown_and_never_hold(database):
    with tenant_books(database.superuser_url) as tenant:
        two_months(tenant)
    results = Company(database, tenant.tenant_id, 0).results()

    assert {name for name, result in results.items() if result.outcome is Outcome.UNKNOWN} == STRIPE_CHECKS
    assert {results[name].found for name in STRIPE_CHECKS} == {"no Stripe account is connected"}
    assert {result.outcome for name, result in results.items() if name not in STRIPE_CHECKS} == {Outcome.HOLDS}


def test_while_the_first_reading_of_an_account_goes_on_nothing_is_said_about_it(company):
    company.damage("update stripe_backfill set finished_at = null")
    results = company.results()

    assert {results[name].outcome for name in STRIPE_CHECKS} == {Outcome.UNKNOWN}
    assert results["invoices_add_up"].found == "the first reading of acct_north has not ended"


def test_what_a_key_could_not_read_is_unknown_and_not_broken(company):
    company.damage("update stripe_backfill set missing = '{charge,refund}'")
    results = company.results()

    assert {results[name].outcome for name in STRIPE_CHECKS} == {Outcome.UNKNOWN}
    assert results["payments_tie_out"].found == "not everything could be read: of acct_north charge, refund is missing"


def test_results_are_kept_and_the_page_reads_the_newest(company):
    company.results()
    company.damage("update invoice set total_minor = 1 where invoice_id = 'in_1'")
    with asking(company.urls.app_url, company.tenant_id, role="service", now=NOW.replace(hour=13)) as workspace:
        check_books(workspace)
    with asking(company.urls.app_url, company.tenant_id, role="viewer") as workspace:
        newest = books_checks(workspace)
        kept = workspace.connection.scalar(text("select count(*) from books_check"))

    assert kept == 2 * len(CHECKS)
    assert (newest[0].name, newest[0].outcome) == ("invoices_add_up", "broken")
    assert newest[0].checked_at == NOW.replace(hour=13)
    assert newest[0].rows == [{"what": "in_1", "expected": "1", "found": "10000"}]


def test_another_tenants_damage_is_not_ours(company, database):
    with tenant_books(database.superuser_url, slug="south", name="South") as south:
        stripe = StripeBooks(south, account_id="acct_south")
        stripe.put(a_customer(), *a_paid_month(1))

    assert company.broken() == set()
    south_books = Company(database, south.tenant_id, stripe.connection_id)
    assert south_books.broken() == {"booked_in_full", "customers_are_matched"}
