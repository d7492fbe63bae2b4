"""What a customer was billed and paid, whom only one side knows, and what is known of an account and of the books."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from billing_core.periods import DatePeriod
from billing_core.queries.books_checks import books_checks
from billing_core.queries.invoices_of_customer import invoices_of_customer
from billing_core.queries.margin_totals import margin_totals
from billing_core.queries.payments_of_customer import payments_of_customer
from billing_core.queries.stripe_connections import stripe_connections
from billing_core.queries.unmatched_customers import unmatched_customers
from billing_core.queries.usage_filter import UsageFilter
from tests.builders import NOW, asking, books, pico
from tests.margin_books import MarginBooks, invoice, match, payment, stripe_side

pytestmark = pytest.mark.postgres

NOVEMBER = UsageFilter(DatePeriod(date(2026, 11, 1), date(2026, 12, 1)))


def test_an_invoice_shows_the_service_it_is_for(database):
    with books(database.superuser_url) as tenant:
        stripe_side(MarginBooks(tenant))
        acme = tenant.customer("Acme")
    with asking(database.app_url, tenant.tenant_id) as workspace:
        (found,) = invoices_of_customer(workspace, customer_id=acme)
        others = invoices_of_customer(workspace, customer_id=tenant.customer("Only in Stripe"))

    assert (found.number, found.status, found.total_minor, found.amount_paid_minor) == ("N-in_1", "paid", 1000, 1000)
    starts_at = datetime(2026, 11, 1, tzinfo=UTC)
    assert (found.starts_at, found.ends_at) == (starts_at, starts_at + timedelta(days=30))
    assert others == []


def test_a_payment_shows_its_invoice_its_fee_and_its_dispute(database):
    with books(database.superuser_url) as tenant:
        margin = MarginBooks(tenant)
        stripe_side(margin)
        payment(margin, "ch_2", "2026-11-05", status="failed", failure_code="card_declined", decline_code="lost_card")
        acme = tenant.customer("Acme")
    with asking(database.app_url, tenant.tenant_id) as workspace:
        failed, paid = payments_of_customer(workspace, customer_id=acme)

    assert (failed.payment_id, failed.status, failed.decline_code) == ("ch_2", "failed", "lost_card")
    assert (failed.invoice_number, failed.fee_minor, failed.dispute_status) == (None, None, None)
    assert (paid.invoice_number, paid.fee_minor, paid.fee_currency) == ("N-in_1", 59, "usd")
    assert paid.dispute_status == "under_review"


def test_an_invoice_shows_what_credit_notes_took_off_it(database):
    with books(database.superuser_url) as tenant:
        margin = MarginBooks(tenant)
        stripe_side(margin)
        for note, total, status in (("cn_1", 300, "issued"), ("cn_2", 50, "issued"), ("cn_3", 400, "void")):
            margin.row(
                "credit_note",
                credit_note_id=note,
                invoice_id="in_1",
                stripe_customer_id="cus_1",
                status=status,
                currency="usd",
                total_minor=total,
                excluding_tax_minor=total,
                refund_ids=[],
                created_at=NOW,
                effective_at=NOW,
            )
        acme = tenant.customer("Acme")
    with asking(database.app_url, tenant.tenant_id) as workspace:
        (found,) = invoices_of_customer(workspace, customer_id=acme)

    assert (found.total_minor, found.credited_minor) == (1000, 300 + 50)


def test_pages_of_invoices_and_payments_follow_each_other(database):
    with books(database.superuser_url) as tenant:
        margin = MarginBooks(tenant)
        match(margin, "cus_1", "Acme")
        match(margin, "cus_other", "Acme")  # Two Stripe customers of one customer.
        for number in range(7):
            customer = "cus_1" if number % 2 else "cus_other"
            day = f"2026-11-{1 + number // 2:02}"  # Two at each instant.
            invoice(margin, f"in_{number}", day, total_minor=100, customer=customer)
            payment(margin, f"ch_{number}", day, customer=customer)
        acme = tenant.customer("Acme")
    invoices, payments = [], []
    with asking(database.app_url, tenant.tenant_id) as workspace:
        for _ in range(4):  # 3 pages of 2 and the last of 1
            last = invoices[-1].key if invoices else None
            invoices += invoices_of_customer(workspace, customer_id=acme, before=last, count_max=2)
            last = payments[-1].key if payments else None
            payments += payments_of_customer(workspace, customer_id=acme, before=last, count_max=2)

    assert [found.invoice_id for found in invoices] == [f"in_{number}" for number in range(6, -1, -1)]
    assert [found.payment_id for found in payments] == [f"ch_{number}" for number in range(6, -1, -1)]


def test_the_newest_match_holds(database):
    with books(database.superuser_url) as tenant:
        margin = MarginBooks(tenant)
        stripe_side(margin)
        match(margin, "cus_1", "Birch", how="person", number=2)
        match(margin, "cus_2", "Birch", how="person", number=2)
        acme, birch = tenant.customer("Acme"), tenant.customer("Birch")
    with asking(database.app_url, tenant.tenant_id) as workspace:
        of_acme = invoices_of_customer(workspace, customer_id=acme)
        of_birch = invoices_of_customer(workspace, customer_id=birch)
        unmatched = unmatched_customers(workspace, NOVEMBER)

    assert (of_acme, [found.invoice_id for found in of_birch]) == ([], ["in_1"])
    assert unmatched == []


def test_customers_of_one_side_only_show_their_money(database):
    with books(database.superuser_url) as tenant:
        margin = MarginBooks(tenant)
        stripe_side(margin)
        margin.use("2026-11-03 10:00", "Acme", "1")
        margin.use("2026-11-03 10:00", "Only in usage", "4")
        margin.use("2026-10-03 10:00", "Quiet now", "4")
    with asking(database.app_url, tenant.tenant_id) as workspace:
        unmatched = unmatched_customers(workspace, NOVEMBER)
        totals = margin_totals(workspace, NOVEMBER)

    assert [(each.name, each.is_in_stripe, each.revenue_pico, each.cost_pico) for each in unmatched] == [
        ("Only in Stripe", True, pico("7"), 0),
        ("Only in usage", False, 0, pico("4")),
    ]
    assert unmatched[0].stripe_customer_id == "cus_2"
    assert (totals.unmatched_customers, totals.unmatched_revenue_pico) == (1, pico("7"))
    assert totals.matched_share == Decimal(10) / 17


def test_a_tenant_without_stripe_has_nobody_unmatched(database):
    with books(database.superuser_url) as tenant:
        tenant.usage("2026-11-03 10:00", customer="Acme")
    with asking(database.app_url, tenant.tenant_id) as workspace:
        assert unmatched_customers(workspace, NOVEMBER) == []


def test_an_account_says_what_is_known_of_it(database):
    with books(database.superuser_url) as tenant:
        margin = MarginBooks(tenant)
        stripe_side(margin)
        later = NOW + timedelta(hours=1)
        margin.row(
            "stripe_backfill", started_at=later, missing=[], objects=1, new_versions=0
        )  # Killed: it did not finish.
    with asking(database.app_url, tenant.tenant_id) as workspace:
        (account,) = stripe_connections(workspace)

    assert (account.account_id, account.livemode, account.customer_key) == ("acct_1", False, "customer_id")
    assert (account.customers, account.unmatched_customers, account.invoices, account.payments) == (2, 1, 1, 1)
    assert (account.started_at, account.finished_at) == (later, NOW)
    assert (account.objects, account.new_versions) == (1, 0)


def test_the_newest_result_of_each_check_is_shown_broken_ones_first(database):
    with books(database.superuser_url) as tenant:
        for hour, name, outcome in ((1, "a", "broken"), (2, "a", "holds"), (1, "b", "broken"), (1, "c", "unknown")):
            tenant.connection.execute(
                "insert into marginbook.books_check (tenant_id, checked_at, name, outcome, expected, found, rows) "
                "values (%s, %s, %s, %s, '1', '2', '[]')",
                [tenant.tenant_id, NOW + timedelta(hours=hour), name, outcome],
            )
    with asking(database.app_url, tenant.tenant_id) as workspace:
        found = books_checks(workspace)

    assert [(check.name, check.outcome) for check in found] == [("b", "broken"), ("c", "unknown"), ("a", "holds")]
