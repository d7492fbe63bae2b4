"""Which Stripe accounts are connected, and how far is what we know of them?"""

from dataclasses import dataclass
from datetime import datetime

from billing_core.queries.asking import ask
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class StripeConnection:
    """One account with what was fetched from it; the last backfill is None where none was begun."""

    connection_id: int
    account_id: str
    livemode: bool
    name: str
    customer_key: str
    segment_key: str
    recorded_at: datetime
    customers: int
    unmatched_customers: int
    invoices: int
    payments: int
    started_at: datetime | None
    """Of the last backfill."""
    finished_at: datetime | None
    """Of the last backfill that finished."""
    objects: int | None
    new_versions: int | None
    missing: list[str] | None
    """Kinds of objects that the last backfill could not read, or not all of them; empty when it is complete."""
    since: datetime | None
    """Where the last backfill began to look, when it was told to leave out what is older."""


def stripe_connections(workspace: Workspace) -> list[StripeConnection]:
    """Return the accounts, in the order in which they were connected."""
    return ask(workspace, StripeConnection)
