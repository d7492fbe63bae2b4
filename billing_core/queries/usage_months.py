"""Which months have usage or bookings?"""

from dataclasses import dataclass
from datetime import date

from billing_core.queries.asking import ask
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class UsageMonth:
    """The first day of a month that has usage or bookings."""

    month: date


def usage_months(workspace: Workspace) -> list[UsageMonth]:
    """Return the months with usage or with bookings up to now, newest first."""
    return ask(workspace, UsageMonth, now=workspace.now)
