"""The windows of a backfill: calendar months, newest first, open at both ends so that nothing falls outside."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from billing_core.periods import Period, months

STRIPE_BEGAN_AT = datetime(2011, 9, 1, tzinfo=UTC)
"""Before this no account of Stripe has objects; used where an account does not say when it was made."""


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of creation, named by whole instants; the newest has no end, the oldest may have no start."""

    starts_at: datetime
    ends_at: datetime
    has_start: bool
    has_end: bool

    def created(self) -> Mapping[str, int]:
        """Return the filter that Stripe's lists take."""
        span = {}
        if self.has_start:
            span["gte"] = int(self.starts_at.timestamp())
        if self.has_end:
            span["lt"] = int(self.ends_at.timestamp())
        return span

    def holds(self, created_at: datetime) -> bool:
        """Tell whether something created then belongs to this window."""
        is_late_enough = not self.has_start or created_at >= self.starts_at
        return is_late_enough and (not self.has_end or created_at < self.ends_at)


def windows(*, account_created_at: datetime | None, since: datetime | None, started_at: datetime) -> list[Window]:
    """Return the windows of a backfill that began at `started_at`, newest first.

    Without `since` the oldest has no start, and never has the newest an end: a test clock makes objects of any time.
    """
    first_at = since or account_created_at or STRIPE_BEGAN_AT
    last_at = max(started_at, first_at + timedelta(seconds=1))
    starts = [first_at, *(each.start for each in months(Period(first_at, last_at)) if each.start > first_at)]
    bounds = list(pairwise([*starts, last_at]))
    return [
        Window(
            starts_at=start,
            ends_at=end,
            has_start=since is not None or index > 0,
            has_end=index < len(bounds) - 1,
        )
        for index, (start, end) in reversed(list(enumerate(bounds)))
    ]
