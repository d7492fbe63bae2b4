"""How does this customer stand with us now?"""

from dataclasses import dataclass
from datetime import date

from billing_core.queries.asking import ask
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CustomerStanding:
    """What is true of a customer now; `email` is None where it is not asked for, `plan_name` without a plan."""

    segment: str | None
    plan_name: str | None
    email: str | None
    first_paid_on: date | None
    status: str
    is_in_stripe: bool


def customer_standing(workspace: Workspace, *, customer_id: int, with_email: bool) -> CustomerStanding | None:
    """Return the standing of a customer; None of one that nothing is booked for."""
    found = ask(workspace, CustomerStanding, customer_id=customer_id, with_email=with_email)
    return found[0] if found else None
