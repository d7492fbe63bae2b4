"""Which shared costs are there, and what falls on whom?"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class MarginShared:
    """A shared cost in the tenant's own words: an amount a month from a month on, and by what it is split."""

    shared_cost_id: int
    name: str
    amount_minor: int
    from_month: date
    rule: str


def margin_shared(workspace: Workspace) -> list[MarginShared]:
    """Return every shared cost, by name and month."""
    raise NotImplementedError


def shared_by_customer(workspace: Workspace, asked: UsageFilter) -> dict[tuple[date, int], Decimal]:
    """Return what falls on each customer in each month of the period, in pico."""
    raise NotImplementedError
