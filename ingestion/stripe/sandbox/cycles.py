"""Billing periods in Unix seconds: they keep the anchor's day and are clamped to the end of shorter months."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from billing_core.periods import BillingCycle, Interval

HOUR = 3_600
DAY = 86_400


class Span(NamedTuple):
    """A half-open span of seconds: the start is in, the end is out."""

    start: int
    end: int


def period_at(anchor: int, recurring: dict[str, Any], at: int) -> Span:
    """Return the billing period that an instant lies in, for a price's `recurring` and a subscription's anchor."""
    cycle = BillingCycle(instant(anchor), Interval(recurring["interval"]), recurring["interval_count"])
    period = cycle.containing(instant(at))
    return Span(int(period.start.timestamp()), int(period.end.timestamp()))


def instant(seconds: int) -> datetime:
    """Return Unix seconds as an aware instant."""
    return datetime.fromtimestamp(seconds, UTC)


def month_of(seconds: int) -> str:
    """Return the UTC month of an instant, as "2026-03"."""
    return instant(seconds).strftime("%Y-%m")


def next_month(seconds: int) -> int:
    """Return the first second of the UTC month after an instant."""
    moment = instant(seconds)
    year, month = divmod(moment.year * 12 + moment.month, 12)
    return int(datetime(year, month + 1, 1, tzinfo=UTC).timestamp())
