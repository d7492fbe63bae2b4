"""Who is this customer?"""

from dataclasses import dataclass
from datetime import datetime

from billing_core.queries.asking import ask
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer by the name that usage came with, known since `recorded_at`."""

    customer_id: int
    name: str
    recorded_at: datetime


def customer(workspace: Workspace, *, customer_id: int) -> Customer | None:
    """Return a customer; None when the tenant has none of this number."""
    found = ask(workspace, Customer, customer_id=customer_id)
    return found[0] if found else None
