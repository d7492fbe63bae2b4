"""Periods by hand: anchors at month ends, leap years, clocks that change, and boundary pairs."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from billing_core.errors import (
    EmptyPeriodError,
    InvalidIntervalError,
    PeriodOutOfRangeError,
    UnknownTimeZoneError,
)
from billing_core.periods import (
    BillingCycle,
    DateCycle,
    DatePeriod,
    Interval,
    Period,
    day_period,
    month_period,
    months,
    time_zone_named,
)

pytestmark = pytest.mark.unit

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
APIA = ZoneInfo("Pacific/Apia")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
MICROSECOND = timedelta(microseconds=1)


def at(text: str) -> datetime:
    """Read an instant; without an offset it is in UTC."""
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def on(text: str) -> date:
    return date.fromisoformat(text)


def starts_on(anchor: str, interval: str, count: int, *, every: int = 1, from_on: str | None = None) -> list[str]:
    cycle = DateCycle(on(anchor), Interval(interval), every)
    return [str(period.start) for period in cycle.periods(count, from_on=on(from_on) if from_on else None)]


def starts_at(anchor: str, interval: str, count: int, *, zone: ZoneInfo, from_at: str | None = None) -> list[str]:
    cycle = BillingCycle(at(anchor), Interval(interval), time_zone=zone)
    periods = cycle.periods(count, from_at=at(from_at) if from_at else None)
    return [period.start.astimezone(zone).isoformat() for period in periods]


def test_the_first_instant_is_in_and_the_end_is_out():
    period = Period(at("2026-01-01"), at("2026-02-01"))
    assert period.contains(at("2026-01-01"))
    assert period.contains(at("2026-02-01") - MICROSECOND)
    assert not period.contains(at("2026-02-01"))
    assert not period.contains(at("2026-01-01") - MICROSECOND)


def test_the_first_date_is_in_and_the_end_is_out():
    period = DatePeriod(on("2026-01-01"), on("2026-02-01"))
    assert [period.contains(on(day)) for day in ("2025-12-31", "2026-01-01", "2026-01-31", "2026-02-01")] == [
        False,
        True,
        True,
        False,
    ]


def test_a_period_is_kept_in_utc_so_that_the_repeated_hour_has_its_length():
    period = Period(
        datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=0),
        datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1),
    )
    assert (period.start, period.end) == (at("2026-10-25T00:30"), at("2026-10-25T01:30"))
    assert period.start.tzinfo is UTC


@pytest.mark.parametrize("end", ["2026-01-01", "2025-12-31"])
def test_a_period_that_does_not_end_after_it_starts_is_refused(end):
    with pytest.raises(EmptyPeriodError, match="let it end after it starts") as refusal:
        Period(at("2026-01-01"), at(end))
    assert (refusal.value.start, refusal.value.end) == (at("2026-01-01").isoformat(), at(end).isoformat())
    with pytest.raises(EmptyPeriodError):
        DatePeriod(on("2026-01-01"), on(end))


def test_an_instant_without_a_zone_is_a_bug():
    with pytest.raises(ValueError, match="has no time zone"):
        Period(datetime(2026, 1, 1), at("2026-02-01"))  # noqa: DTZ001  the mistake that this test is about


@pytest.mark.parametrize(
    ("anchor", "interval", "every", "starts"),
    [
        # The anchor's day is kept, clamped to the end of a shorter month, and never drifts.
        ("2026-01-31", "month", 1, ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
        ("2026-01-30", "month", 1, ["2026-01-30", "2026-02-28", "2026-03-30", "2026-04-30"]),
        ("2026-01-29", "month", 1, ["2026-01-29", "2026-02-28", "2026-03-29"]),
        ("2026-01-28", "month", 1, ["2026-01-28", "2026-02-28", "2026-03-28"]),
        ("2028-01-31", "month", 1, ["2028-01-31", "2028-02-29", "2028-03-31"]),
        ("2026-02-28", "month", 1, ["2026-02-28", "2026-03-28", "2026-04-28"]),
        ("2026-11-30", "month", 3, ["2026-11-30", "2027-02-28", "2027-05-30"]),
        ("2026-08-31", "month", 6, ["2026-08-31", "2027-02-28", "2027-08-31", "2028-02-29"]),
        ("2026-12-15", "month", 1, ["2026-12-15", "2027-01-15"]),
        ("2026-01-31", "month", 13, ["2026-01-31", "2027-02-28", "2028-03-31"]),
        # A leap day's year is clamped too, and found again four years later (not in 2100).
        ("2024-02-29", "year", 1, ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        ("2024-02-29", "year", 4, ["2024-02-29", "2028-02-29"]),
        ("2096-02-29", "year", 4, ["2096-02-29", "2100-02-28", "2104-02-29"]),
        ("2026-06-30", "year", 2, ["2026-06-30", "2028-06-30"]),
        # Days and weeks only count.
        ("2026-02-27", "day", 1, ["2026-02-27", "2026-02-28", "2026-03-01"]),
        ("2026-01-01", "day", 30, ["2026-01-01", "2026-01-31", "2026-03-02"]),
        ("2026-12-28", "week", 1, ["2026-12-28", "2027-01-04"]),
        ("2026-01-05", "week", 2, ["2026-01-05", "2026-01-19", "2026-02-02"]),
    ],
)
def test_dates_keep_the_day_of_their_anchor(anchor, interval, every, starts):
    assert starts_on(anchor, interval, len(starts), every=every) == starts


def test_each_period_ends_where_the_next_one_starts():
    assert DateCycle(on("2026-01-31"), Interval.MONTH).periods(2) == [
        DatePeriod(on("2026-01-31"), on("2026-02-28")),
        DatePeriod(on("2026-02-28"), on("2026-03-31")),
    ]


@pytest.mark.parametrize(
    ("anchor", "interval", "every", "day", "start", "end"),
    [
        ("2026-01-31", "month", 1, "2026-02-27", "2026-01-31", "2026-02-28"),
        ("2026-01-31", "month", 1, "2026-02-28", "2026-02-28", "2026-03-31"),
        ("2026-01-31", "month", 1, "2026-03-30", "2026-02-28", "2026-03-31"),
        ("2026-01-31", "month", 1, "2026-03-31", "2026-03-31", "2026-04-30"),
        ("2026-01-31", "month", 1, "2026-01-31", "2026-01-31", "2026-02-28"),
        ("2024-02-29", "year", 1, "2025-02-27", "2024-02-29", "2025-02-28"),
        ("2024-02-29", "year", 1, "2025-02-28", "2025-02-28", "2026-02-28"),
        ("2026-01-05", "week", 2, "2026-01-18", "2026-01-05", "2026-01-19"),
        ("2026-01-05", "week", 2, "2026-01-19", "2026-01-19", "2026-02-02"),
        # Before the anchor the periods go on backwards, by the same rule.
        ("2026-01-31", "month", 1, "2026-01-30", "2025-12-31", "2026-01-31"),
        ("2026-03-31", "month", 1, "2026-02-28", "2026-02-28", "2026-03-31"),
        ("2026-03-31", "month", 1, "2026-02-27", "2026-01-31", "2026-02-28"),
        ("2026-01-31", "month", 3, "2025-12-25", "2025-10-31", "2026-01-31"),
        ("2024-02-29", "year", 1, "2024-02-28", "2023-02-28", "2024-02-29"),
        ("2026-01-05", "week", 1, "2026-01-04", "2025-12-29", "2026-01-05"),
        ("2026-01-05", "day", 10, "2025-12-31", "2025-12-26", "2026-01-05"),
    ],
)
def test_a_date_lies_in_exactly_the_period_that_starts_on_it_or_before(*, anchor, interval, every, day, start, end):
    cycle = DateCycle(on(anchor), Interval(interval), every)
    assert cycle.containing(on(day)) == DatePeriod(on(start), on(end))


def test_periods_may_be_counted_from_a_later_or_an_earlier_date():
    assert starts_on("2026-01-31", "month", 2, from_on="2026-04-29") == ["2026-03-31", "2026-04-30"]
    assert starts_on("2026-01-31", "month", 2, from_on="2025-12-01") == ["2025-11-30", "2025-12-31"]


@pytest.mark.parametrize(
    ("anchor", "interval", "zone", "starts"),
    [
        # The local time of day stays; its offset from UTC does not.
        (
            "2026-01-31T10:00+01:00",
            "month",
            BERLIN,
            ["2026-01-31T10:00:00+01:00", "2026-02-28T10:00:00+01:00", "2026-03-31T10:00:00+02:00"],
        ),
        # 23:30 UTC on the 30th is the 31st in Berlin: the local day counts.
        (
            "2026-01-30T23:30+00:00",
            "month",
            BERLIN,
            ["2026-01-31T00:30:00+01:00", "2026-02-28T00:30:00+01:00", "2026-03-31T00:30:00+02:00"],
        ),
        # 02:30 does not exist in Berlin on 2026-03-29: it becomes 03:30 for that day alone.
        (
            "2026-03-28T02:30+01:00",
            "day",
            BERLIN,
            ["2026-03-28T02:30:00+01:00", "2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"],
        ),
        # 02:30 exists twice in Berlin on 2026-10-25: the first one is meant.
        (
            "2026-10-24T02:30+02:00",
            "day",
            BERLIN,
            ["2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"],
        ),
        # An anchor in the second 02:30 stays itself, and where clocks go forward it is read as any other.
        (
            "2026-10-25T02:30+01:00",
            "day",
            BERLIN,
            ["2026-10-25T02:30:00+01:00", "2026-10-26T02:30:00+01:00"],
        ),
        # Midnight does not exist in São Paulo on 2018-11-04: the day starts at 01:00.
        (
            "2018-11-03T00:00-03:00",
            "day",
            SAO_PAULO,
            ["2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"],
        ),
        # Apia left out 2011-12-30 altogether: that day has no period, the neighbours meet.
        (
            "2011-12-28T12:00-10:00",
            "day",
            APIA,
            ["2011-12-28T12:00:00-10:00", "2011-12-29T12:00:00-10:00", "2011-12-31T12:00:00+14:00"],
        ),
    ],
)
def test_instants_keep_the_local_day_and_time_of_their_anchor(anchor, interval, zone, starts):
    assert starts_at(anchor, interval, len(starts), zone=zone) == starts


def test_an_anchor_in_the_second_of_two_equal_hours_is_moved_forward_like_any_other_by_a_missing_hour():
    spring = starts_at("2026-10-25T02:30+01:00", "day", 1, zone=BERLIN, from_at="2027-03-28T12:00Z")
    assert spring == ["2027-03-28T03:30:00+02:00"]


def test_periods_across_a_change_of_clocks_have_23_and_25_hours():
    cycle = BillingCycle(at("2026-01-01T00:00-05:00"), Interval.DAY, time_zone=NEW_YORK)
    lengths = {
        day: (period.end - period.start) / timedelta(hours=1)
        for day in ("2026-03-07", "2026-03-08", "2026-11-01")
        for period in [cycle.containing(datetime.fromisoformat(day).replace(hour=12, tzinfo=NEW_YORK))]
    }
    assert lengths == {"2026-03-07": 24, "2026-03-08": 23, "2026-11-01": 25}


def test_an_instant_at_the_boundary_starts_the_next_period():
    cycle = BillingCycle(at("2026-01-31T10:00"), Interval.MONTH)
    boundary = at("2026-02-28T10:00")
    assert cycle.containing(boundary) == Period(boundary, at("2026-03-31T10:00"))
    assert cycle.containing(boundary - MICROSECOND) == Period(at("2026-01-31T10:00"), boundary)


def test_the_missing_day_belongs_to_the_periods_that_meet_there():
    cycle = BillingCycle(at("2011-12-28T12:00-10:00"), Interval.DAY, time_zone=APIA)
    meeting = at("2011-12-30T22:00")
    assert cycle.containing(meeting).start == meeting
    assert cycle.containing(meeting - MICROSECOND).end == meeting


def test_the_hour_that_returns_before_midnight_stays_in_the_day_that_has_begun():
    # Clocks in St. John's went back at 00:01 on 2010-11-07, to 23:01 on the day before.
    st_johns = ZoneInfo("America/St_Johns")
    cycle = BillingCycle(at("2010-11-01T00:00-02:30"), Interval.DAY, time_zone=st_johns)
    returned = at("2010-11-06T23:30-03:30")
    assert cycle.containing(returned) == Period(at("2010-11-07T00:00-02:30"), at("2010-11-08T00:00-03:30"))


def test_an_instant_before_the_anchor_lies_in_a_period_counted_backwards():
    cycle = BillingCycle(at("2026-03-31T10:00"), Interval.MONTH)
    assert cycle.containing(at("2026-03-31T09:59")) == Period(at("2026-02-28T10:00"), at("2026-03-31T10:00"))
    assert [cycle.start_at(index) for index in (-1, 0, 1)] == [
        at("2026-02-28T10:00"),
        at("2026-03-31T10:00"),
        at("2026-04-30T10:00"),
    ]


def test_a_fixed_offset_is_a_time_zone_too():
    cycle = BillingCycle(at("2026-01-31T00:00+05:30"), Interval.MONTH, time_zone=timezone(timedelta(hours=5.5)))
    assert cycle.periods(1) == [Period(at("2026-01-30T18:30"), at("2026-02-27T18:30"))]


@pytest.mark.parametrize("interval_count", [0, -1])
def test_an_interval_lasts_at_least_once(interval_count):
    with pytest.raises(InvalidIntervalError, match="at least 1") as refusal:
        DateCycle(on("2026-01-31"), Interval.MONTH, interval_count)
    assert refusal.value.interval_count == interval_count
    with pytest.raises(InvalidIntervalError):
        BillingCycle(at("2026-01-31"), Interval.MONTH, interval_count)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: DateCycle(date.min, Interval.DAY),
        lambda: DateCycle(date.max, Interval.DAY),
        lambda: DateCycle(on("9998-12-31"), Interval.DAY).periods(1),
        lambda: DateCycle(on("9998-12-01"), Interval.MONTH).periods(1),
        lambda: DateCycle(on("0002-01-01"), Interval.DAY).start_on(-1),
        lambda: DateCycle(on("0002-01-01"), Interval.YEAR).start_on(-1),
        lambda: DateCycle(on("2026-01-01"), Interval.YEAR, 10**12).periods(1),
        lambda: DateCycle(on("2026-01-01"), Interval.DAY, 10**12).periods(1),
        lambda: DateCycle(on("2026-01-01"), Interval.DAY).containing(date.max),
        lambda: BillingCycle(at("0001-01-01T00:00+14:00"), Interval.DAY),
        lambda: BillingCycle(at("9999-12-31T23:59-12:00"), Interval.DAY),
        lambda: BillingCycle(at("2026-01-01"), Interval.DAY).containing(at("9999-12-31T23:59-12:00")),
        lambda: day_period(date.min, APIA),
        lambda: day_period(date.max),
        lambda: month_period(date.min, APIA),
        lambda: month_period(date.max),
    ],
)
def test_periods_stay_inside_the_years_that_the_calendar_holds(ask):
    with pytest.raises(PeriodOutOfRangeError, match="choose dates between them") as refusal:
        ask()
    assert (refusal.value.year_min, refusal.value.year_max) == (2, 9998)


def test_the_last_and_the_first_possible_days_are_still_periods():
    assert DateCycle(on("9998-12-30"), Interval.DAY).periods(1) == [DatePeriod(on("9998-12-30"), on("9998-12-31"))]
    assert DateCycle(on("0002-01-02"), Interval.DAY).start_on(-1) == on("0002-01-01")


@pytest.mark.parametrize(
    ("day", "zone", "start", "end"),
    [
        ("2026-06-15", UTC, "2026-06-15T00:00Z", "2026-06-16T00:00Z"),
        ("2026-03-29", BERLIN, "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00"),
        ("2026-10-25", BERLIN, "2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00"),
        ("2018-11-04", SAO_PAULO, "2018-11-04T01:00-02:00", "2018-11-05T00:00-02:00"),
        # Havana's clocks go back from 01:00 to 00:00: the day starts at the first midnight.
        ("2026-11-01", ZoneInfo("America/Havana"), "2026-11-01T00:00-04:00", "2026-11-02T00:00-05:00"),
        ("2024-02-29", UTC, "2024-02-29T00:00Z", "2024-03-01T00:00Z"),
    ],
)
def test_a_day_is_the_local_calendar_day(day, zone, start, end):
    assert day_period(on(day), zone) == Period(at(start), at(end))


def test_a_day_that_a_zone_left_out_is_refused():
    with pytest.raises(EmptyPeriodError):
        day_period(on("2011-12-30"), APIA)


@pytest.mark.parametrize(
    ("day", "zone", "start", "end"),
    [
        ("2026-02-28", UTC, "2026-02-01T00:00Z", "2026-03-01T00:00Z"),
        ("2024-02-01", UTC, "2024-02-01T00:00Z", "2024-03-01T00:00Z"),
        ("2026-12-31", UTC, "2026-12-01T00:00Z", "2027-01-01T00:00Z"),
        ("2026-03-31", BERLIN, "2026-03-01T00:00+01:00", "2026-04-01T00:00+02:00"),
    ],
)
def test_a_month_is_the_local_calendar_month(day, zone, start, end):
    assert month_period(on(day), zone) == Period(at(start), at(end))


@pytest.mark.parametrize(
    ("start", "end", "zone", "first_days"),
    [
        ("2026-01-15T00:00Z", "2026-01-16T00:00Z", UTC, ["2026-01-01"]),
        ("2026-01-15T00:00Z", "2026-02-01T00:00Z", UTC, ["2026-01-01"]),
        ("2026-01-15T00:00Z", "2026-02-01T00:00:01Z", UTC, ["2026-01-01", "2026-02-01"]),
        ("2026-01-01T00:00Z", "2026-04-01T00:00Z", UTC, ["2026-01-01", "2026-02-01", "2026-03-01"]),
        # In Berlin the new year is an hour old when it starts in UTC.
        ("2025-12-31T23:00Z", "2026-01-31T23:00Z", BERLIN, ["2026-01-01"]),
        ("2025-12-31T23:00Z", "2026-01-31T23:00Z", UTC, ["2025-12-01", "2026-01-01"]),
    ],
)
def test_the_months_of_a_period_are_those_it_shares_an_instant_with(start, end, zone, first_days):
    assert months(Period(at(start), at(end)), zone) == [month_period(on(day), zone) for day in first_days]


def test_a_time_zone_is_found_by_its_name():
    assert time_zone_named("Europe/Berlin") == BERLIN


@pytest.mark.parametrize(
    "name", ["", "Berlin", "europe/berlin", "America", "/etc/passwd", "../UTC", "UTC+1", "x" * 300, "\0"]
)
def test_a_name_that_is_no_time_zone_is_refused(name):
    with pytest.raises(
        UnknownTimeZoneError, match="is no time zone: give a name such as UTC or Europe/Berlin"
    ) as refusal:
        time_zone_named(name)
    assert refusal.value.name == name
