"""Laws of periods: no gap, no overlap, no drift, for every anchor, interval and time zone."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from billing_core.errors import EmptyPeriodError
from billing_core.periods import BillingCycle, DateCycle, Interval, Period, day_period, month_period, months

pytestmark = pytest.mark.property

law = settings(deadline=None, max_examples=300)

MICROSECOND = timedelta(microseconds=1)
zones = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
days = st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 12, 31))
instants = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001  Hypothesis takes the bounds without a zone and adds it.
    max_value=datetime(2100, 12, 31),  # noqa: DTZ001  Hypothesis adds the zone here too.
    timezones=st.just(UTC),
)
intervals = st.sampled_from(Interval)
interval_counts = st.integers(min_value=1, max_value=40)
date_cycles = st.builds(DateCycle, days, intervals, interval_counts)
cycles = st.builds(BillingCycle, instants, intervals, interval_counts, zones)
SKIPPED_DAY = BillingCycle(datetime(2011, 12, 1, 12, tzinfo=UTC), Interval.DAY, 1, ZoneInfo("Pacific/Apia"))
SECOND_HOUR = BillingCycle(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), Interval.DAY, 1, ZoneInfo("Europe/Berlin"))


def whole_months_between(anchor: date, day: date) -> int:
    return (day.year - anchor.year) * 12 + day.month - anchor.month


@law
@given(cycles, instants)
@example(SKIPPED_DAY, datetime(2011, 12, 25, tzinfo=UTC))
@example(SECOND_HOUR, datetime(2026, 10, 20, tzinfo=UTC))
def test_neighbouring_periods_meet_without_gap_or_overlap(cycle, instant):
    periods = cycle.periods(8, from_at=instant)
    assert [period.end for period in periods[:-1]] == [period.start for period in periods[1:]]
    assert all(period.start < period.end for period in periods)
    assert periods[0].contains(instant)


@law
@given(date_cycles, days)
def test_neighbouring_periods_of_dates_meet_without_gap_or_overlap(cycle, day):
    periods = cycle.periods(8, from_on=day)
    assert [period.end for period in periods[:-1]] == [period.start for period in periods[1:]]
    assert all(period.start < period.end for period in periods)
    assert periods[0].contains(day)


@law
@given(cycles, instants)
@example(SKIPPED_DAY, datetime(2011, 12, 30, 21, tzinfo=UTC))
@example(SKIPPED_DAY, datetime(2011, 12, 30, 23, tzinfo=UTC))
def test_the_first_instant_of_a_period_is_in_it_and_its_end_is_in_the_next(cycle, instant):
    period = cycle.containing(instant)
    assert period.contains(instant)
    assert cycle.containing(period.start) == period
    assert cycle.containing(period.end - MICROSECOND) == period
    assert cycle.containing(period.end).start == period.end
    assert cycle.containing(period.start - MICROSECOND).end == period.start


@law
@given(date_cycles, days)
def test_the_first_date_of_a_period_is_in_it_and_its_end_is_in_the_next(cycle, day):
    period = cycle.containing(day)
    assert cycle.containing(period.start) == period
    assert cycle.containing(period.end - timedelta(days=1)) == period
    assert cycle.containing(period.end).start == period.end


@law
@given(cycles)
@example(SECOND_HOUR)
def test_the_anchor_starts_its_own_period(cycle):
    assert cycle.start_at(0) == cycle.anchor
    assert cycle.periods(1)[0].start == cycle.anchor


@law
@given(date_cycles, st.integers(min_value=-20, max_value=20))
def test_the_day_of_the_anchor_is_kept_or_clamped_to_the_end_of_the_month(cycle, index):
    assume(cycle.interval in {Interval.MONTH, Interval.YEAR})
    start = cycle.start_on(index)
    assert start.day == min(cycle.anchor.day, monthrange(start.year, start.month)[1])
    months_each = cycle.interval_count * (12 if cycle.interval is Interval.YEAR else 1)
    assert whole_months_between(cycle.anchor, start) == index * months_each


@law
@given(date_cycles, st.integers(min_value=-20, max_value=20))
def test_days_and_weeks_are_counted_one_by_one(cycle, index):
    assume(cycle.interval in {Interval.DAY, Interval.WEEK})
    days_each = cycle.interval_count * (7 if cycle.interval is Interval.WEEK else 1)
    assert cycle.start_on(index) - cycle.anchor == timedelta(days=index * days_each)


@law
@given(cycles, st.integers(min_value=-20, max_value=20))
def test_the_local_clock_shows_the_anchors_time_unless_that_time_does_not_exist(cycle, index):
    zone = cycle.time_zone
    local, anchor = cycle.start_at(index).astimezone(zone), cycle.anchor.astimezone(zone)
    wall = datetime.combine(
        DateCycle(anchor.date(), cycle.interval, cycle.interval_count).start_on(index), anchor.time()
    )
    exists = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) == wall
    if exists:
        assert local.replace(tzinfo=None, fold=0) == wall
    else:
        assert local.replace(tzinfo=None, fold=0) > wall, "a time that does not exist is moved forward"


@law
@given(cycles)
def test_periods_in_utc_are_those_of_dates_with_a_time_of_day(cycle):
    in_utc = BillingCycle(cycle.anchor, cycle.interval, cycle.interval_count)
    dates = DateCycle(cycle.anchor.date(), cycle.interval, cycle.interval_count)
    clock = cycle.anchor.timetz()
    assert [period.start for period in in_utc.periods(5)] == [
        datetime.combine(period.start, clock) for period in dates.periods(5)
    ]


@law
@given(days, zones)
def test_the_days_of_a_month_tile_it(day, zone):
    month, number_of_days = month_period(day, zone), monthrange(day.year, day.month)[1]
    tiles = [tile for number in range(1, number_of_days + 1) if (tile := day_or_none(day.replace(day=number), zone))]
    assert (tiles[0].start, tiles[-1].end) == (month.start, month.end)
    assert [tile.end for tile in tiles[:-1]] == [tile.start for tile in tiles[1:]]


def day_or_none(day: date, zone: ZoneInfo) -> Period | None:
    """Return the day, or None for one that a zone left out when it crossed the date line."""
    try:
        return day_period(day, zone)
    except EmptyPeriodError:
        return None


@law
@given(instants, st.timedeltas(min_value=MICROSECOND, max_value=timedelta(days=900)), zones)
def test_the_months_of_a_period_cover_it_and_touch_it(start, length, zone):
    period = Period(start, start + length)
    found = months(period, zone)
    assert found[0].start <= period.start < found[0].end
    assert found[-1].start < period.end <= found[-1].end
    assert [month.end for month in found[:-1]] == [month.start for month in found[1:]]
