"""Until when is usage known?"""

from dataclasses import dataclass
from datetime import datetime

from billing_core.queries.asking import ask
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class UsageFreshness:
    """When the newest call happened, and when we wrote it down."""

    occurred_at: datetime
    recorded_at: datetime


def usage_freshness(workspace: Workspace) -> UsageFreshness | None:
    """Return the newest call's two times; None for a tenant without usage."""
    found = ask(workspace, UsageFreshness)
    return found[0] if found else None
