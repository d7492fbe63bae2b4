"""Which keys came a second time with another body?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing_core.queries.asking import ask
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class UsageConflict:
    """What counts and what was refused for one key; None as cost means unpriced."""

    source: str | None
    key: str
    customer_name: str
    provider: str | None
    model: str | None
    counted_at: datetime
    counted_pico_usd: int | None
    refused_at: datetime
    refused_pico_usd: int | None
    refused_tokens: Any
    recorded_at: datetime


def usage_conflicts(workspace: Workspace, *, count_max: int = 500) -> list[UsageConflict]:
    """Return the newest conflicts, each with both sides."""
    return ask(workspace, UsageConflict, count_max=count_max)
