"""Which customers does only Stripe know, and which only usage?"""

from dataclasses import dataclass
from decimal import Decimal

from billing_core.queries.asking import ask
from billing_core.queries.margin_kinds import KINDS
from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class UnmatchedCustomer:
    """A customer of one side with what it earns or costs in the period; `stripe_customer_id` is None of usage's."""

    customer_id: int
    """Its own row in the books."""
    name: str
    connection_id: int | None
    stripe_customer_id: str | None
    email: str | None
    own_id: str | None
    """What Stripe's metadata names, and usage does not know."""
    calls: int
    cost_pico: Decimal
    revenue_pico: Decimal

    @property
    def is_in_stripe(self) -> bool:
        """Tell whether Stripe is the side that knows it."""
        return self.stripe_customer_id is not None


def unmatched_customers(workspace: Workspace, asked: UsageFilter) -> list[UnmatchedCustomer]:
    """Return both sides, those with most money first; none of usage's while no Stripe account is connected."""
    booked = asked.booked_parameters(workspace.now.date())
    return ask(workspace, UnmatchedCustomer, **asked.parameters(), **booked, **KINDS)
