"""Shared costs and exchange rates that people add: kept with who and why, in force from their day on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from billing_core.commands.add_shared_cost import add_shared_cost
from billing_core.commands.set_fx_rate import set_fx_rate
from billing_core.errors import ExchangeRateInvalidError, InvalidCurrencyError, SharedCostInvalidError
from billing_core.periods import DatePeriod
from billing_core.queries.margin_shared import shared_by_customer, sums_by_customer
from billing_core.queries.usage_filter import UsageFilter
from billing_core.shared_costs import Rule
from billing_core.store.bookings import book_customers, check_bookings
from billing_core.store.embedded import ClusterUrls
from billing_core.workspace import Workspace
from cli import app
from tests.builders import NOW, TenantBooks, asking, books, pico, two_months
from tests.stripe_rows import StripeBooks, a_customer, a_line, an_invoice

pytestmark = pytest.mark.postgres

AFTERWARDS = datetime(2026, 12, 2, tzinfo=UTC)
OCTOBER, NOVEMBER, DECEMBER = (date(2026, month, 1) for month in (10, 11, 12))


@dataclass
class Office:
    """A tenant in a test database, seen as its people see it."""

    urls: ClusterUrls
    tenant: TenantBooks

    def workspace(self, role: str = "finance") -> Any:
        """Open a workspace in a role."""
        return asking(self.urls.app_url, self.tenant.tenant_id, role=role)

    def add(
        self, amount_minor: int, *, name: str = "Hosting", from_month: date = NOVEMBER, rule: Rule = Rule.USAGE
    ) -> None:
        """Add a shared cost."""
        with self.workspace() as workspace:
            add_shared_cost(
                workspace, name, amount_minor=amount_minor, from_month=from_month, rule=rule, reason="invoice 7"
            )

    def shared(self, start: date, end: date) -> dict[int, Decimal]:
        """Return what falls on each customer, as the pages ask when November is over."""
        with asking(self.urls.app_url, self.tenant.tenant_id, role="viewer", now=AFTERWARDS) as workspace:
            return sums_by_customer(shared_by_customer(workspace, UsageFilter(DatePeriod(start, end))))

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """Ask behind the wall."""
        with self.workspace() as workspace:
            return [tuple(row) for row in workspace.connection.execute(text(question))]


@pytest.fixture
def office(database: ClusterUrls) -> Iterator[Office]:
    with books(database.superuser_url) as tenant:
        two_months(tenant)
        tenant.connection.commit()
        yield Office(database, tenant)


def test_a_shared_cost_falls_on_customers_by_their_usage_to_the_last_cent(office):
    office.add(10_000)
    acme, birch, cedar = (office.tenant.customer(name) for name in ("Acme", "Birch", "Cedar"))

    # November costs 100 dollars: Acme 41, Birch 30, Cedar 9, nobody 20; of 100 dollars each bears the same part.
    assert office.shared(NOVEMBER, DECEMBER) == {
        acme: pico("41"),
        birch: pico("30"),
        cedar: pico("9"),
        0: pico("20"),
    }


def test_the_newest_row_of_a_name_holds_from_its_month_on(office):
    office.add(10_000, from_month=OCTOBER)
    office.add(5_000, from_month=NOVEMBER)

    assert sum(office.shared(OCTOBER, NOVEMBER).values()) == pico("100")
    assert sum(office.shared(NOVEMBER, DECEMBER).values()) == pico("50")


def test_of_two_rows_for_one_month_the_later_added_holds(office):
    office.add(10_000)
    office.add(7_000)

    assert sum(office.shared(NOVEMBER, DECEMBER).values()) == pico("70")


def test_an_amount_of_0_ends_a_cost_and_leaves_the_others(office):
    office.add(10_000, from_month=OCTOBER)
    office.add(300, name="Support tool", from_month=OCTOBER)
    office.add(0, from_month=NOVEMBER)

    assert sum(office.shared(OCTOBER, NOVEMBER).values()) == pico("103")
    assert sum(office.shared(NOVEMBER, DECEMBER).values()) == pico("3")


def test_a_month_before_the_first_row_bears_nothing(office):
    office.add(10_000)

    assert sum(office.shared(OCTOBER, NOVEMBER).values()) == 0


def test_a_shared_cost_is_kept_with_who_and_why(office):
    office.add(10_000)

    assert office.rows("select name, amount_minor, from_month, rule, actor, reason from shared_cost") == [
        ("Hosting", 10_000, NOVEMBER, "usage", "test", "invoice 7")
    ]
    assert office.rows("select act, target, actor, role, reason, after from audit") == [
        (
            "add shared cost",
            "Hosting",
            "test",
            "finance",
            "invoice 7",
            {"amount_minor": 10_000, "from_month": "2026-11-01", "rule": "usage"},
        )
    ]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": "  "}, "it has no name"),
        ({"amount_minor": -1}, "below 0"),
        ({"amount_minor": 10**15 + 1}, "beyond any cost"),
        ({"from_month": date(2026, 11, 2)}, "begins within a month"),
        ({"reason": " "}, "nobody says why"),
    ],
)
def test_a_cost_that_cannot_be_meant_is_refused_and_leaves_nothing(office, changed, sentence):
    meant = {"name": "Hosting", "amount_minor": 1, "from_month": NOVEMBER, "rule": Rule.EVENLY, "reason": "mail"}
    given = meant | changed
    with pytest.raises(SharedCostInvalidError, match=sentence), office.workspace() as workspace:
        add_shared_cost(workspace, given.pop("name"), **given)

    assert office.rows("select count(*) from shared_cost") == [(0,)]


def a_euro_invoice(office: Office) -> int:
    """Book an invoice of 100 euros for which no rate is known; return its connection."""
    stripe = StripeBooks(office.tenant)
    stripe.put(
        a_customer("cus_euro"), an_invoice(stripe_customer_id="cus_euro", currency="eur"), a_line(currency="eur")
    )
    office.tenant.connection.commit()
    with office.workspace("service") as workspace:
        book_customers(workspace.connection, workspace.tenant_id, stripe.connection_id, None, now=NOW)
    return stripe.connection_id


def set_rate(workspace: Workspace, rate: str = "1.0832", **changed: Any) -> int:
    given = {"currency": "eur", "rate_on": date(2026, 11, 2), "reason": "ECB", **changed}
    return set_fx_rate(workspace, given.pop("currency"), rate=Decimal(rate), **given)


def test_a_rate_books_the_documents_that_waited_for_one(office):
    a_euro_invoice(office)
    booked = "select sum(unconverted_minor), trim_scale(sum(reporting_pico)) from booked_month"
    assert office.rows(booked) == [(10_000, 0)]
    with office.workspace() as workspace:
        assert set_rate(workspace) == 1

    assert office.rows(booked) == [(0, pico("108.32"))]
    assert office.rows("select rate from plan_span") in ([], [(Decimal("1.0832"),)])
    with office.workspace("service") as workspace:
        assert all(check.agrees for check in check_bookings(workspace.connection, workspace.tenant_id))


def test_a_second_rate_changes_no_document_that_has_one(office):
    a_euro_invoice(office)
    with office.workspace() as workspace:
        set_rate(workspace)
    with office.workspace() as workspace:
        assert set_rate(workspace, "2", rate_on=date(2026, 11, 1)) == 0

    assert office.rows("select trim_scale(sum(reporting_pico)) from booked_month") == [(pico("108.32"),)]


def test_a_rate_is_audited(office):
    with office.workspace() as workspace:
        set_rate(workspace)

    assert office.rows("select act, target, reason, after from audit") == [
        ("set exchange rate", "eur 2026-11-02", "ECB", {"rate": "1.0832", "customers": 0})
    ]
    assert office.rows("select currency, rate_on, source, rate from fx_rate") == [
        ("eur", date(2026, 11, 2), "set by test", Decimal("1.0832"))
    ]


@pytest.mark.parametrize(
    ("rate", "changed", "sentence"),
    [
        ("0", {}, "is no rate"),
        ("-1", {}, "is no rate"),
        ("NaN", {}, "is no rate"),
        ("Infinity", {}, "is no rate"),
        ("1e10", {}, "is no rate"),
        ("1." + "1" * 40, {}, "is no rate"),
        ("1", {"currency": "usd"}, "totals are read in it"),
        ("1", {"reason": ""}, "nobody says why"),
    ],
)
def test_a_rate_that_cannot_be_meant_is_refused(office, rate, changed, sentence):
    with pytest.raises(ExchangeRateInvalidError, match=sentence), office.workspace() as workspace:
        set_rate(workspace, rate, **changed)


def test_a_rate_of_no_currency_and_a_second_one_of_the_day_are_refused(office):
    with pytest.raises(InvalidCurrencyError), office.workspace() as workspace:
        set_rate(workspace, currency="xyz")
    with office.workspace() as workspace:
        set_rate(workspace)
    with pytest.raises(ExchangeRateInvalidError, match="already"), office.workspace() as workspace:
        set_rate(workspace, "1.09")


@pytest.mark.usefixtures("settled")
def test_costs_and_rates_are_added_and_the_books_checked_at_the_command_line(office):
    a_euro_invoice(office)
    run = CliRunner()
    cost = run.invoke(
        app, ["cost", "add", "Hosting", "1200.50", "--from", "2026-11", "--rule", "usage", "--reason", "invoice"]
    )
    rate = run.invoke(app, ["fx", "set", "EUR", "1.0832", "--on", "2026-11-02", "--reason", "ECB"])
    checked = run.invoke(app, ["books"])

    assert cost.stdout == "Hosting: 1200.50 a month from 2026-11 on, shared by usage; it is on the pages now.\n"
    assert rate.stdout == "1 EUR = 1.0832 on 2026-11-02; 1 customers were booked again with it.\n"
    # The invoice says that it is paid, and there is no payment.
    assert (checked.exit_code, checked.stdout.count("HOLDS"), checked.stdout.count("BROKEN")) == (1, 11, 1)
    assert "in_1: expected 10000, found 0" in checked.stdout
    assert isinstance(
        run.invoke(app, ["cost", "add", "X", "1", "--from", "2026-11", "--rule", "x", "--reason", "y"]).exception,
        SharedCostInvalidError,
    )
    assert isinstance(
        run.invoke(app, ["fx", "set", "eur", "x", "--on", "2026-11-02", "--reason", "y"]).exception,
        ExchangeRateInvalidError,
    )
