"""Which Stripe customers did a person match, and to whom?"""

from dataclasses import dataclass
from datetime import datetime

from billing_core.queries.asking import ask
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class PersonMatch:
    """A match that holds because a person said so."""

    connection_id: int
    stripe_customer_id: str
    stripe_name: str
    customer_id: int
    customer_name: str
    actor: str
    reason: str | None
    recorded_at: datetime


def person_matches(workspace: Workspace, *, count_max: int = 200) -> list[PersonMatch]:
    """Return the newest matches that persons made and that hold; one taken back is none."""
    return ask(workspace, PersonMatch, count_max=count_max)
