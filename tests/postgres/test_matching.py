"""Whose Stripe customer is whose: metadata, an own row, a person; appended, audited, and no total moves."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from billing_core.commands.match_customer import connection_of, customer_named, match_customer
from billing_core.errors import (
    OwnRowMissingError,
    ReasonMissingError,
    UnknownCustomerError,
    UnknownStripeCustomerError,
)
from billing_core.store.bookings import book_customers, check_bookings
from billing_core.store.embedded import ClusterUrls
from cli import app
from tests.builders import NOW, TenantBooks, asking, books, pico
from tests.stripe_rows import StripeBooks, a_customer, a_paid_month, a_price, a_product, a_subscription, an_item

pytestmark = pytest.mark.postgres


@dataclass
class Shop:
    """A tenant whose usage knows Acme as "acme" and Birch as "birch", and whose Stripe account is booked."""

    urls: ClusterUrls
    tenant: TenantBooks
    stripe: StripeBooks

    def put(self, *rows: Any) -> None:
        """Write rows of the mirror and book everything."""
        self.stripe.put(*rows)
        self.book()

    def knows(self, name: str) -> int:
        """Let usage know a customer by its id, and return its number."""
        number = self.tenant.customer(name)
        self.tenant.row("customer_alias", source="own", external_id=name.lower(), customer_id=number)
        return number

    def book(self) -> None:
        """Book all Stripe customers."""
        self.tenant.connection.commit()
        with asking(self.urls.app_url, self.tenant.tenant_id, role="service") as workspace:
            book_customers(workspace.connection, workspace.tenant_id, self.stripe.connection_id, None, now=NOW)

    def match(self, customer_id: int | None, *, stripe: str = "cus_acme", role: str = "support") -> None:
        """Match as a person."""
        with asking(self.urls.app_url, self.tenant.tenant_id, role=role) as workspace:
            match_customer(workspace, self.stripe.connection_id, stripe, customer_id=customer_id, reason="mail of Ann")

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """Ask behind the wall."""
        with asking(self.urls.app_url, self.tenant.tenant_id) as workspace:
            return [tuple(row) for row in workspace.connection.execute(text(question))]

    def matches(self, stripe: str = "cus_acme") -> list[tuple[Any, ...]]:
        """Return a Stripe customer's matches in the order of time: customer, how, actor."""
        return self.rows(
            "select customer.name, how, actor from stripe_customer_match join customer using (tenant_id, customer_id) "
            f"where stripe_customer_id = '{stripe}' order by match_number"
        )

    def revenue(self) -> dict[int, int]:
        """Return each customer's recognised pico."""
        rows = self.rows(
            "select customer_id, sum(reporting_pico) from booked_month where kind = 'subscription' group by 1"
        )
        return {customer_id: int(amount) for customer_id, amount in rows}

    def totals(self) -> list[tuple[Any, ...]]:
        """Return every total over all customers."""
        return self.rows(
            "select kind, currency, sum(amount_minor), sum(unconverted_minor), trim_scale(sum(reporting_pico)) "
            "from booked_month group by 1, 2 order by 1, 2"
        )

    def agrees(self) -> bool:
        """Whether what stands is what mirror and facts make."""
        with asking(self.urls.app_url, self.tenant.tenant_id, role="service") as workspace:
            return all(check.agrees for check in check_bookings(workspace.connection, workspace.tenant_id))


@pytest.fixture
def shop(database: ClusterUrls) -> Iterator[Shop]:
    with books(database.superuser_url) as tenant:
        shop = Shop(database, tenant, StripeBooks(tenant))
        shop.stripe.put(a_product(), a_price(), a_subscription(), an_item(), *a_paid_month())
        yield shop


def test_metadata_that_names_an_id_of_usage_is_an_answer(shop):
    acme = shop.knows("Acme")
    shop.put(a_customer(own_id="acme"))

    assert shop.matches() == [("Acme", "metadata", "matching")]
    assert shop.revenue() == {acme: pico("100")}


@pytest.mark.parametrize("own_id", [None, "nobody", "ACME", ""])
def test_a_customer_without_an_answer_is_a_row_of_its_own(shop, own_id):
    shop.knows("Acme")
    shop.put(a_customer(name="Acme Ltd", own_id=own_id))

    assert shop.matches() == [("Acme Ltd", "own row", "matching")]


@pytest.mark.parametrize(
    ("known", "named"),
    [
        ({"name": None}, "billing@acme.example"),
        ({"name": " ", "email": None}, "cus_acme"),
    ],
)
def test_a_row_of_its_own_is_named_by_what_there_is(shop, known, named):
    shop.put(a_customer(**known))

    assert shop.matches() == [(named, "own row", "matching")]


def test_a_customer_that_only_documents_name_has_a_row_of_its_own(shop):
    shop.book()

    assert shop.matches() == [("cus_acme", "own row", "matching")]


def test_usage_that_comes_later_is_matched_at_the_next_booking(shop):
    shop.put(a_customer(own_id="acme"))
    before = shop.totals()
    acme = shop.knows("Acme")
    shop.book()

    assert [how for _, how, _ in shop.matches()] == ["own row", "metadata"]
    assert shop.revenue() == {acme: pico("100")}
    assert shop.totals() == before
    assert shop.agrees()


def test_metadata_that_goes_away_leads_back_to_the_same_own_row(shop):
    shop.put(a_customer(own_id="acme"))
    shop.knows("Acme")
    shop.book()
    shop.tenant.connection.execute("update marginbook.stripe_customer set own_id = null")
    shop.book()

    assert [(name, how) for name, how, _ in shop.matches()] == [
        ("Acme", "own row"),
        ("Acme", "metadata"),
        ("Acme", "own row"),
    ]
    assert shop.rows("select count(*) from customer") == [(2,)]


def test_a_second_booking_appends_no_second_answer(shop):
    shop.put(a_customer())
    shop.book()

    assert len(shop.matches()) == 1


@pytest.mark.parametrize("role", ["owner", "finance", "support"])
def test_a_person_moves_the_revenue_and_no_total(shop, role):
    birch = shop.knows("Birch")
    shop.put(a_customer())
    before = shop.totals()
    shop.match(birch, role=role)

    assert shop.matches()[-1] == ("Birch", "person", "test")
    assert shop.revenue() == {birch: pico("100")}
    assert shop.totals() == before
    assert shop.rows("select distinct customer_id from plan_span") == [(birch,)]
    assert shop.rows("select customer_id from customer_standing") == [(birch,)]
    assert shop.agrees()


def test_unmatching_leads_back_to_its_own_row_and_every_number_with_it(shop):
    birch = shop.knows("Birch")
    shop.put(a_customer())
    projections = ("booked_day", "booked_month", "plan_span", "customer_standing")
    before = {table: shop.rows(f"select t::text from {table} t order by 1") for table in projections}
    shop.match(birch)
    shop.match(None)

    assert {table: shop.rows(f"select t::text from {table} t order by 1") for table in projections} == before
    assert [how for _, how, _ in shop.matches()] == ["own row", "person", "person"]


def test_a_persons_answer_outranks_metadata_for_ever(shop):
    shop.knows("Acme")
    birch = shop.knows("Birch")
    shop.put(a_customer(own_id="acme"))
    shop.match(birch)
    shop.book()

    assert shop.matches()[-1] == ("Birch", "person", "test")
    assert shop.revenue() == {birch: pico("100")}


def test_two_stripe_customers_of_one_customer_are_moved_one_by_one(shop):
    birch = shop.knows("Birch")
    shop.put(a_customer(), a_customer("cus_solo"), *a_paid_month(2, customer="cus_solo", amount_minor=700))
    before = shop.totals()
    shop.match(birch)
    shop.match(birch, stripe="cus_solo")
    assert shop.revenue() == {birch: pico("107")}

    shop.match(None)
    assert sorted(shop.revenue().values()) == [pico("7"), pico("100")]
    assert shop.totals() == before


def test_a_match_is_audited_with_what_it_was_and_what_it_is(shop):
    birch = shop.knows("Birch")
    shop.put(a_customer())
    (own,) = shop.rows("select customer_id from stripe_customer_match")[0]
    shop.match(birch)

    assert shop.rows("select act, target, actor, role, reason, before, after from audit") == [
        (
            "match customer",
            "cus_acme",
            "test",
            "support",
            "mail of Ann",
            {"customer_id": own, "how": "own row"},
            {"customer_id": birch, "how": "person"},
        )
    ]


def test_what_cannot_be_matched_is_refused_and_leaves_nothing(shop):
    birch = shop.knows("Birch")
    shop.put(a_customer())
    with pytest.raises(UnknownStripeCustomerError, match="no Stripe customer 'cus_none'"):
        shop.match(birch, stripe="cus_none")
    with pytest.raises(UnknownCustomerError, match="no customer '999'"):
        shop.match(999)
    with (
        pytest.raises(ReasonMissingError, match="a match"),
        asking(shop.urls.app_url, shop.tenant.tenant_id) as workspace,
    ):
        match_customer(workspace, shop.stripe.connection_id, "cus_acme", customer_id=birch, reason=" ")

    assert len(shop.matches()) == 1
    assert shop.rows("select count(*) from audit") == [(0,)]


def test_another_tenants_customer_cannot_be_named(shop, database):
    with books(database.superuser_url, slug="south", name="South") as south:
        theirs = south.customer("Theirs")
    shop.put(a_customer())

    with pytest.raises(UnknownCustomerError):
        shop.match(theirs)


def test_support_makes_no_new_customer_and_is_told_who_does(shop):
    shop.knows("Acme")
    shop.put(a_customer(own_id="acme"))
    with pytest.raises(OwnRowMissingError, match="ask an owner or someone of finance"):
        shop.match(None, role="support")
    shop.match(None, role="finance")

    assert [how for _, how, _ in shop.matches()] == ["metadata", "person"]


def test_a_customer_is_named_by_usages_id_or_by_its_number(shop):
    birch = shop.knows("Birch")
    shop.put(a_customer())
    with asking(shop.urls.app_url, shop.tenant.tenant_id) as workspace:
        assert customer_named(workspace, "birch") == birch
        assert customer_named(workspace, str(birch)) == birch
        assert connection_of(workspace, "cus_acme") == shop.stripe.connection_id
        for unknown in ("nobody", "999", "9" * 30, "²", "-1"):
            with pytest.raises(UnknownCustomerError):
                customer_named(workspace, unknown)
        with pytest.raises(UnknownStripeCustomerError):
            connection_of(workspace, "cus_none")


@pytest.mark.usefixtures("settled")
def test_a_person_matches_at_the_command_line(shop):
    birch = shop.knows("Birch")
    shop.put(a_customer())
    matched = CliRunner().invoke(app, ["match", "cus_acme", "--customer", "birch", "--reason", "mail"])

    assert (matched.exit_code, matched.stdout) == (0, "cus_acme is birch from now on.\n")
    assert shop.revenue() == {birch: pico("100")}
    alone = CliRunner().invoke(app, ["match", "cus_acme", "--reason", "mail"])
    assert alone.stdout == "cus_acme is a customer of its own from now on.\n"
    assert shop.revenue().keys() != {birch}
