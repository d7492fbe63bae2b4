"""Do the books hold?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing_core.queries.asking import ask
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class BooksCheck:
    """The newest result of one check; `outcome` is holds, broken or unknown, `rows` what broke it."""

    name: str
    checked_at: datetime
    outcome: str
    expected: str
    found: str
    rows: Any


def books_checks(workspace: Workspace) -> list[BooksCheck]:
    """Return the newest result of every check, broken ones first."""
    return ask(workspace, BooksCheck)
