"""Which events stand behind a number?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from billing_core.queries.asking import ask
from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace

EVENTS_MAX = 1_000
"""The most of one page: more rows than a person reads, and less than a browser notices."""


@dataclass(frozen=True, slots=True)
class EventKey:
    """Where a page of events ends; the next one starts before it."""

    occurred_at: datetime
    event_id: int


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """One call, or one bucket of calls that a provider reported."""

    event_id: int
    occurred_at: datetime
    recorded_at: datetime
    customer_id: int
    customer_name: str
    product_name: str
    feature: str
    provider: str
    model: str
    calls: int
    tokens: int
    cost_pico_usd: int | None
    unpriced_reason: str | None

    @property
    def key(self) -> EventKey:
        """Return what the next page starts before."""
        return EventKey(self.occurred_at, self.event_id)


def usage_events(
    workspace: Workspace,
    asked: UsageFilter,
    *,
    unpriced_only: bool = False,
    before: EventKey | None = None,
    count_max: int = 100,
) -> list[UsageEvent]:
    """Return the newest events that the filter lets through, older than `before`."""
    end = EventKey(datetime.combine(asked.period.end, time(), UTC), 0)
    start = before if before is not None and before.occurred_at < end.occurred_at else end
    return ask(
        workspace,
        UsageEvent,
        **asked.parameters(),
        unpriced_only=unpriced_only,
        before_at=start.occurred_at,
        before_event_id=start.event_id,
        count_max=min(count_max, EVENTS_MAX),
    )


def cost_of(events: Sequence[UsageEvent]) -> int:
    """Return what the priced ones of these events cost together."""
    return sum(event.cost_pico_usd or 0 for event in events)
