"""Which rows could not be read as usage?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing_core.queries.asking import ask
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """One row that waits for a correction; `fields` holds the mapped columns, never a text of the call."""

    row_id: str
    source: str | None
    origin: str
    line_number: int
    reason: str
    sentence: str
    fields: Any
    recorded_at: datetime


def quarantined_rows(workspace: Workspace, *, count_max: int = 500) -> list[QuarantinedRow]:
    """Return the newest rows of the quarantine."""
    return ask(workspace, QuarantinedRow, count_max=count_max)
