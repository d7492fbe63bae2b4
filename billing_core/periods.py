"""Periods: half-open spans of time, the calendar's days and months, and billing cycles that keep their anchor's day.

A local wall time may not exist, or exist twice, where clocks change. Both are decided as RFC 5545 (3.3.5) decides them:
one that does not exist is read with the offset before the change (02:30 becomes 03:30); of one that exists twice the
first is meant, unless the cycle's anchor is itself the second: then the cycle stays with the second.
"""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, tzinfo
from enum import StrEnum
from functools import cache
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

from billing_core.errors import (
    EmptyPeriodError,
    InvalidIntervalError,
    PeriodOutOfRangeError,
    UnknownTimeZoneError,
)

YEAR_MIN = 2
YEAR_MAX = 9998
"""One year inside what Python's calendar holds, so that no time zone's offset can leave it."""

_ORDINAL_MIN = date(YEAR_MIN, 1, 1).toordinal()
_ORDINAL_MAX = date(YEAR_MAX, 12, 31).toordinal()


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open span of instants, in UTC: the start is in, the end is out."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        # In UTC, because Python compares two instants of one zone by their wall clocks, which DST turns back.
        object.__setattr__(self, "start", _utc(self.start))
        object.__setattr__(self, "end", _utc(self.end))
        if self.end <= self.start:
            raise EmptyPeriodError(self.start.isoformat(), self.end.isoformat())

    def contains(self, instant: datetime) -> bool:
        """Tell whether the instant lies in the period: its first instant does, its end does not."""
        return self.start <= _utc(instant) < self.end


@dataclass(frozen=True, slots=True)
class DatePeriod:
    """A half-open span of calendar dates: the start is in, the end is out."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise EmptyPeriodError(self.start.isoformat(), self.end.isoformat())

    def contains(self, day: date) -> bool:
        """Tell whether the date lies in the period: its first date does, its end does not."""
        return self.start <= day < self.end


class Interval(StrEnum):
    """The calendar's units by which a plan bills."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


_DAYS = {Interval.DAY: 1, Interval.WEEK: 7}
_MONTHS = {Interval.MONTH: 1, Interval.YEAR: 12}

_Moment = TypeVar("_Moment", date, datetime)


@dataclass(frozen=True, slots=True)
class DateCycle:
    """Periods of whole dates, counted from an anchor date both forwards and backwards; period 0 starts at the anchor.

    The anchor's day is kept and clamped to the end of a shorter month, each time from the anchor, so it never drifts:
    January 31, February 28, March 31. A yearly February 29 is February 28 in common years.
    """

    anchor: date
    interval: Interval
    interval_count: int = 1

    def __post_init__(self) -> None:
        _require_interval_count(self.interval_count)
        _require_year(self.anchor.year)

    def start_on(self, index: int) -> date:
        """Return the first date of period `index`, which is also the end of the one before."""
        steps = index * self.interval_count
        if self.interval in _DAYS:
            return _days_after(self.anchor, steps * _DAYS[self.interval])
        return _months_after(self.anchor, steps * _MONTHS[self.interval])

    def containing(self, day: date) -> DatePeriod:
        """Return the period that the date lies in."""
        return self.periods(1, from_on=day)[0]

    def periods(self, count: int, *, from_on: date | None = None) -> list[DatePeriod]:
        """Return `count` periods, from the one that contains `from_on` (by default the anchor)."""
        day = self.anchor if from_on is None else from_on
        first = _index_containing(self.start_on, day, guess=self.index_near(day))
        return [DatePeriod(start, end) for start, end in _spans(self.start_on, first, count)]

    def index_near(self, day: date) -> int:
        """Return the index of the period that contains the date, or of the one after it (clamped days)."""
        _require_year(day.year)
        if self.interval in _DAYS:
            return (day - self.anchor).days // (_DAYS[self.interval] * self.interval_count)
        months = (day.year - self.anchor.year) * 12 + day.month - self.anchor.month
        return months // (_MONTHS[self.interval] * self.interval_count)


@dataclass(frozen=True, slots=True)
class BillingCycle:
    """Periods of instants, counted from an anchor both forwards and backwards; period 0 starts at the anchor.

    The local date moves as in `DateCycle`, the local time of day stays: a period may have 23 or 25 hours more or less
    where clocks change, but there is never a gap or an overlap. A date that a zone left out altogether (Apia,
    2011-12-30) has no period of its own.
    """

    anchor: datetime
    interval: Interval
    interval_count: int = 1
    time_zone: tzinfo = UTC
    _dates: DateCycle = field(init=False, repr=False, compare=False)
    """The local dates on which the periods start."""
    _clock: time = field(init=False, repr=False, compare=False)
    """The local time of day at which they start."""

    def __post_init__(self) -> None:
        local = _utc(self.anchor).astimezone(self.time_zone)
        object.__setattr__(self, "anchor", _utc(self.anchor))
        object.__setattr__(self, "_dates", DateCycle(local.date(), self.interval, self.interval_count))
        object.__setattr__(self, "_clock", local.timetz())

    def start_at(self, index: int) -> datetime:
        """Return the first instant of period `index`, in UTC, which is also the end of the one before."""
        return _instant(self._dates.start_on(index), self._clock)

    def containing(self, instant: datetime) -> Period:
        """Return the period that the instant lies in."""
        return self.periods(1, from_at=instant)[0]

    def periods(self, count: int, *, from_at: datetime | None = None) -> list[Period]:
        """Return `count` periods, from the one that contains `from_at` (by default the anchor)."""
        instant = self.anchor if from_at is None else _utc(from_at)
        guess = self._dates.index_near(instant.astimezone(self.time_zone).date())
        first = _index_containing(self.start_at, instant, guess=guess)
        return [Period(start, end) for start, end in _spans(self.start_at, first, count)]


def day_period(day: date, time_zone: tzinfo = UTC) -> Period:
    """Return the calendar day in a time zone: 23, 24 or 25 hours in most."""
    return Period(_midnight(day, time_zone), _midnight(_days_after(day, 1), time_zone))


def month_period(day: date, time_zone: tzinfo = UTC) -> Period:
    """Return the calendar month that the date lies in."""
    first_on = day.replace(day=1)
    return Period(_midnight(first_on, time_zone), _midnight(_months_after(first_on, 1), time_zone))


def months(period: Period, time_zone: tzinfo = UTC) -> list[Period]:
    """Return the whole calendar months that the period shares an instant with, in order."""
    first = month_period(period.start.astimezone(time_zone).date(), time_zone)
    found = [first]
    while found[-1].end < period.end:
        found.append(month_period(found[-1].end.astimezone(time_zone).date(), time_zone))
    return found


def time_zone_named(name: str) -> ZoneInfo:
    """Return the time zone of the IANA database by its name; raises UnknownTimeZoneError."""
    if name not in _time_zone_names():
        raise UnknownTimeZoneError(name)
    return ZoneInfo(name)


@cache
def _time_zone_names() -> frozenset[str]:
    return frozenset(available_timezones())


def _utc(instant: datetime) -> datetime:
    """Return the instant in UTC; a naive one is a bug, because nobody can say when it is."""
    if instant.tzinfo is None:
        message = f"{instant.isoformat()} has no time zone"
        raise ValueError(message)
    _require_year(instant.year)
    return instant.astimezone(UTC)


def _require_year(year: int) -> None:
    if not YEAR_MIN <= year <= YEAR_MAX:
        raise PeriodOutOfRangeError(year_min=YEAR_MIN, year_max=YEAR_MAX)


def _require_interval_count(interval_count: int) -> None:
    if interval_count < 1:
        raise InvalidIntervalError(interval_count)


def _days_after(day: date, count: int) -> date:
    """Return the date `count` days later."""
    ordinal = day.toordinal() + count
    if not _ORDINAL_MIN <= ordinal <= _ORDINAL_MAX:
        raise PeriodOutOfRangeError(year_min=YEAR_MIN, year_max=YEAR_MAX)
    return date.fromordinal(ordinal)


def _months_after(day: date, count: int) -> date:
    """Return the same day `count` months later, clamped to that month's end."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    _require_year(year)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _midnight(day: date, time_zone: tzinfo) -> datetime:
    """Return the first instant of a local day, in UTC, also where clocks skip or repeat midnight."""
    return _instant(day, time(tzinfo=time_zone))


def _instant(day: date, clock: time) -> datetime:
    """Return the instant, in UTC, at which a local clock shows this time on this day (see the module's docstring)."""
    _require_year(day.year)
    wall = datetime.combine(day, clock)
    instant = wall.astimezone(UTC)
    if wall.fold and instant.astimezone(wall.tzinfo).replace(tzinfo=None, fold=0) != wall.replace(tzinfo=None, fold=0):
        return wall.replace(fold=0).astimezone(UTC)
    return instant


def _index_containing(start: Callable[[int], _Moment], moment: _Moment, *, guess: int) -> int:
    """Return the index of the period that contains the moment, a step or two from the guess."""
    index = guess
    while start(index) > moment:
        index -= 1
    while start(index + 1) <= moment:
        index += 1
    return index


def _spans(start: Callable[[int], _Moment], index: int, count: int) -> list[tuple[_Moment, _Moment]]:
    """Return `count` neighbouring spans, without those of a date that a time zone left out."""
    spans: list[tuple[_Moment, _Moment]] = []
    span_start = start(index)
    while len(spans) < count:
        index += 1
        span_end = start(index)
        if span_end > span_start:
            spans.append((span_start, span_end))
        span_start = span_end
    return spans
