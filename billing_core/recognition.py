"""Recognition: how much of an amount is earned until when, straight-line over the period of its service.

Rounding is cumulative: what is earned until an instant is settled, and a day or month is the difference of two such
totals. So parts add up to the amount exactly, whatever the parts are, and -x is recognised as the mirror of x. Parts
are settled as amounts are: to the currency's step, or to one minor unit where the amount itself is off the step.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from billing_core.money import settled_share
from billing_core.periods import DateCycle, DatePeriod, Interval, Period, month_period

_MICROSECOND = timedelta(microseconds=1)
_SECONDS_PER_DAY = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_month_of = lru_cache(maxsize=4096)(month_period)
"""Thousands of amounts have the same months."""


@dataclass(frozen=True, slots=True)
class MonthPart:
    """What one calendar month earns of an amount, and what is still unearned at its end."""

    month: date
    """Its first day."""
    recognised_minor: int
    deferred_minor: int


def recognised_until(amount_minor: int, period: Period, instant: datetime, *, unit: int = 1) -> int:
    """Return what is earned before the instant: nothing before the period, everything from its end on."""
    elapsed = min(max(instant, period.start), period.end) - period.start
    return settled_share(amount_minor, elapsed // _MICROSECOND, (period.end - period.start) // _MICROSECOND, unit=unit)


def by_day(
    amount_minor: int, starts_at: datetime, ends_at: datetime, *, unit: int = 1, not_before: date | None = None
) -> list[tuple[date, int]]:
    """Return what each UTC day earns, by the second, without the days that earn nothing.

    What would fall before `not_before` is caught up on that day: so an act of today takes back what was earned before
    without touching an earlier day. A period without length is earned on its first day.
    """
    start, end = (starts_at - _EPOCH) // timedelta(seconds=1), (ends_at - _EPOCH) // timedelta(seconds=1)
    first = start // _SECONDS_PER_DAY
    earliest = first if not_before is None else max(first, not_before.toordinal() - _EPOCH_DAY)
    if end <= start or earliest >= (last := (end - 1) // _SECONDS_PER_DAY):
        return [(date.fromordinal(_EPOCH_DAY + earliest), amount_minor)] if amount_minor else []
    whole = end - start
    days: list[tuple[date, int]] = []
    before = 0
    for day in range(earliest, last):
        until = settled_share(amount_minor, (day + 1) * _SECONDS_PER_DAY - start, whole, unit=unit)
        if until != before:
            days.append((date.fromordinal(_EPOCH_DAY + day), until - before))
            before = until
    if amount_minor != before:
        days.append((date.fromordinal(_EPOCH_DAY + last), amount_minor - before))
    return days


def by_month(amount_minor: int, period: Period, time_zone: tzinfo = UTC, *, unit: int = 1) -> Iterator[MonthPart]:
    """Yield what each month of a time zone's calendar earns, by the second."""
    month = _month_of(period.start.astimezone(time_zone).date(), time_zone)
    before = 0
    while month.start < period.end:
        until = recognised_until(amount_minor, period, month.end, unit=unit)
        first_on = month.start.astimezone(time_zone).date()
        yield MonthPart(first_on, until - before, amount_minor - until)
        before = until
        month = _month_of(month.end.astimezone(time_zone).date(), time_zone)


def by_month_of_days(amount_minor: int, period: DatePeriod, *, unit: int = 1) -> Iterator[MonthPart]:
    """Yield what each month earns where whole calendar days count: the first day is in, the end's date is out."""
    calendar = DateCycle(period.start.replace(day=1), Interval.MONTH)
    whole = (period.end - period.start).days
    index, before = 0, 0
    while (first_on := calendar.start_on(index)) < period.end:
        index += 1
        elapsed = (min(calendar.start_on(index), period.end) - period.start).days
        until = settled_share(amount_minor, elapsed, whole, unit=unit)
        yield MonthPart(first_on, until - before, amount_minor - until)
        before = until
