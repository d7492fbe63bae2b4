"""Who may add to the books: matches by owner, finance and support; costs and rates by owner and finance alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text

from billing_core.books import check_books
from billing_core.commands.add_shared_cost import add_shared_cost
from billing_core.commands.match_customer import match_customer
from billing_core.commands.set_fx_rate import set_fx_rate
from billing_core.errors import UnknownStripeCustomerError
from billing_core.shared_costs import Rule
from billing_core.store.bookings import book_customers
from billing_core.store.embedded import ClusterUrls
from billing_core.workspace import Workspace
from tests.builders import NOW, asking, books
from tests.stripe_rows import StripeBooks, a_customer, a_paid_month

pytestmark = [pytest.mark.security, pytest.mark.postgres]

FACTS = ("stripe_customer_match", "shared_cost", "fx_rate", "books_check", "audit")


@dataclass(frozen=True)
class Place:
    """A tenant with a booked Stripe customer and another customer to match it to."""

    urls: ClusterUrls
    tenant_id: int
    connection_id: int
    customer_id: int

    def facts(self) -> dict[str, int]:
        """Count the facts."""
        with asking(self.urls.app_url, self.tenant_id) as workspace:
            return {
                table: int(workspace.connection.scalar(text(f"select count(*) from {table}")) or 0) for table in FACTS
            }


@pytest.fixture
def place(database: ClusterUrls) -> Iterator[Place]:
    with books(database.superuser_url) as tenant:
        stripe = StripeBooks(tenant)
        stripe.put(a_customer(), *a_paid_month())
        birch = tenant.customer("Birch")
    with asking(database.app_url, tenant.tenant_id, role="service") as workspace:
        book_customers(workspace.connection, workspace.tenant_id, stripe.connection_id, None, now=NOW)
    return Place(database, tenant.tenant_id, stripe.connection_id, birch)


def match(workspace: Workspace, place: Place) -> None:
    match_customer(workspace, place.connection_id, "cus_acme", customer_id=place.customer_id, reason="mail")


def add_cost(workspace: Workspace, _place: Place) -> None:
    add_shared_cost(
        workspace, "Hosting", amount_minor=1, from_month=date(2026, 11, 1), rule=Rule.EVENLY, reason="invoice"
    )


def set_rate(workspace: Workspace, _place: Place) -> None:
    set_fx_rate(workspace, "eur", rate=Decimal("1.1"), rate_on=date(2026, 11, 1), reason="ECB")


def check(workspace: Workspace, _place: Place) -> None:
    check_books(workspace)


MAY: dict[Callable[[Workspace, Place], None], set[str]] = {
    match: {"owner", "finance", "support", "service"},
    add_cost: {"owner", "finance"},
    set_rate: {"owner", "finance", "service"},
    check: {"owner", "finance", "support", "service"},
}


@pytest.mark.parametrize("role", ["owner", "finance", "support", "viewer", "service"])
@pytest.mark.parametrize("act", MAY, ids=lambda act: act.__name__)
def test_each_role_may_add_exactly_what_is_written_here(place, act, role):
    before = place.facts()
    if role in MAY[act]:
        with asking(place.urls.app_url, place.tenant_id, role=role) as workspace:
            act(workspace, place)
        assert place.facts() != before
    else:
        with pytest.raises(Exception, match="row-level security"):
            attempt(place, act, role)
        assert place.facts() == before


def attempt(place: Place, act: Callable[[Workspace, Place], None], role: str) -> None:
    with asking(place.urls.app_url, place.tenant_id, role=role) as workspace:
        act(workspace, place)


def test_nobody_matches_another_tenants_stripe_customer(place, database):
    with books(database.superuser_url, slug="south", name="South") as south:
        theirs = south.customer("Theirs")
    south_place = Place(database, south.tenant_id, place.connection_id, theirs)
    before = place.facts()

    with pytest.raises(UnknownStripeCustomerError):
        attempt(south_place, match, "owner")
    assert place.facts() == before
