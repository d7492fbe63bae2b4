"""Which ways in are there, and what did they leave aside?"""

from dataclasses import dataclass
from datetime import datetime

from billing_core.queries.asking import ask
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source of usage with the rows of it that were not counted."""

    source: str
    since: datetime
    quarantined: int
    conflicts: int


def source_health(workspace: Workspace) -> list[SourceHealth]:
    """Return every source, by name."""
    return ask(workspace, SourceHealth)
