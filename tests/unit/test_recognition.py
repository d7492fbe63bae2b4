"""What an amount earns until when: by the second, by calendar days, with a cent never lost."""

from datetime import UTC, date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from billing_core.money import settle, settled_share, settling_unit
from billing_core.periods import DatePeriod, Period
from billing_core.recognition import MonthPart, by_day, by_month, by_month_of_days, recognised_until

pytestmark = pytest.mark.unit

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def month_parts(amount_minor: int, start: str, end: str, **more) -> list[tuple[str, int, int]]:
    parts = by_month(amount_minor, Period(at(start), at(end)), **more)
    return [(f"{part.month:%Y-%m}", part.recognised_minor, part.deferred_minor) for part in parts]


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2025-12-31T23:59:59", 0),
        ("2026-01-01", 0),
        ("2026-01-16", 1550),  # 15 of 31 days: 3203 * 15 / 31 = 1549.8
        ("2026-02-01", 3203),
        ("2026-03-01", 3203),
    ],
)
def test_nothing_is_earned_before_the_period_and_everything_at_its_end(instant, expected):
    period = Period(at("2026-01-01"), at("2026-02-01"))
    assert recognised_until(3203, period, at(instant)) == expected


def test_one_second_earns_its_part():
    period = Period(at("2026-01-01"), at("2026-01-02"))
    assert recognised_until(86_400, period, at("2026-01-01T00:00:01")) == 1


def test_half_a_cent_goes_to_the_even_one():
    period = Period(at("2026-01-01"), at("2026-01-03"))
    assert [recognised_until(amount, period, at("2026-01-02")) for amount in (1, 3, 5, 25)] == [0, 2, 2, 12]


def test_thirty_days_of_a_month_earn_a_thirtieth_each():
    days = by_day(3000, at("2026-06-01"), at("2026-07-01"))
    assert days == [(date(2026, 6, day), 100) for day in range(1, 31)]


def test_a_period_that_starts_in_the_day_earns_the_rest_of_it():
    # 6 of 48 hours, 24, 18.
    days = by_day(4800, at("2026-01-01T18:00:00"), at("2026-01-03T18:00:00"))
    assert days == [(date(2026, 1, 1), 600), (date(2026, 1, 2), 2400), (date(2026, 1, 3), 1800)]


def test_a_period_that_ends_at_midnight_has_no_part_of_the_next_day():
    assert by_day(200, at("2026-01-01"), at("2026-01-03")) == [(date(2026, 1, 1), 100), (date(2026, 1, 2), 100)]


def test_a_period_within_a_day_is_that_day():
    assert by_day(77, at("2026-01-01T10:00:00"), at("2026-01-01T11:00:00")) == [(date(2026, 1, 1), 77)]


def test_a_period_without_length_is_its_day():
    assert by_day(77, at("2026-01-01T23:59:59"), at("2026-01-01T23:59:59")) == [(date(2026, 1, 1), 77)]


def test_a_period_that_ends_before_it_starts_is_the_day_of_its_start():
    assert by_day(77, at("2026-01-05"), at("2026-01-01")) == [(date(2026, 1, 5), 77)]


@pytest.mark.parametrize("end", ["2026-01-01", "2026-01-02", "2026-03-01"])
def test_nothing_earns_nothing_on_any_day(end):
    assert by_day(0, at("2026-01-01"), at(end)) == []


def test_days_that_earn_no_cent_are_left_out():
    # 1 cent over 10 days: half of it is reached at the end of day 5 (half-even: 0), passed on day 6.
    assert by_day(1, at("2026-01-01"), at("2026-01-11")) == [(date(2026, 1, 6), 1)]


def test_the_last_day_is_left_out_where_nothing_remains_for_it():
    assert by_day(1, at("2026-01-01"), at("2026-01-03T01:00:00")) == [(date(2026, 1, 2), 1)]


def test_a_reduction_is_the_mirror_of_its_amount():
    period = at("2026-01-01T07:30:00"), at("2026-02-01T07:30:00")
    assert by_day(-3203, *period) == [(day, -amount) for day, amount in by_day(3203, *period)]


def test_what_was_earned_before_an_act_is_caught_up_on_its_day():
    days = by_day(3000, at("2026-06-01"), at("2026-07-01"), not_before=date(2026, 6, 11))
    assert days == [(date(2026, 6, 11), 1100), *((date(2026, 6, day), 100) for day in range(12, 31))]


def test_an_act_before_the_period_changes_nothing_of_it():
    period = at("2026-06-01"), at("2026-07-01")
    assert by_day(3000, *period, not_before=date(2026, 5, 1)) == by_day(3000, *period)


@pytest.mark.parametrize("day", [date(2026, 6, 30), date(2026, 7, 1), date(2027, 1, 1)])
def test_an_act_on_the_last_day_or_later_takes_all_on_its_day(day):
    assert by_day(3000, at("2026-06-01"), at("2026-07-01"), not_before=day) == [(day, 3000)]


def test_an_act_later_than_a_period_without_length_is_on_its_own_day():
    instant = at("2026-06-01")
    assert by_day(5, instant, instant, not_before=date(2026, 6, 9)) == [(date(2026, 6, 9), 5)]


def test_a_year_is_earned_by_the_length_of_its_months():
    # 36,500 over 365 days: 100 a day.
    parts = month_parts(36_500, "2026-01-01", "2027-01-01")
    lengths = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    assert [recognised for _, recognised, _ in parts] == [100 * length for length in lengths]
    assert [deferred for _, _, deferred in parts] == [36_500 - 100 * sum(lengths[: n + 1]) for n in range(12)]


def test_a_leap_year_has_a_day_more():
    assert month_parts(36_600, "2028-01-01", "2029-01-01")[1] == ("2028-02", 2900, 36_600 - 6000)


def test_a_month_is_the_difference_of_settled_totals():
    # 1,000 over Jan 31 + Feb 28 + Mar 31 = 90 days: 344.4 → 344, 655.6 → 656, 1,000.
    assert month_parts(1000, "2026-01-01", "2026-04-01") == [
        ("2026-01", 344, 656),
        ("2026-02", 656 - 344, 344),
        ("2026-03", 1000 - 656, 0),
    ]


def test_months_are_those_of_the_time_zone():
    # 48 hours around midnight in Berlin, which is 23:00 UTC in winter.
    period = Period(at("2026-01-30T23:00:00"), at("2026-02-01T23:00:00"))
    parts = list(by_month(4800, period, BERLIN))
    assert parts == [MonthPart(date(2026, 1, 1), 2400, 2400), MonthPart(date(2026, 2, 1), 2400, 0)]


def test_an_hour_that_clocks_skip_is_not_earned_in():
    # March 2026 in Berlin has 743 hours, April 720.
    period = Period(datetime(2026, 3, 1, tzinfo=BERLIN), datetime(2026, 5, 1, tzinfo=BERLIN))
    parts = list(by_month(1463, period, BERLIN))
    assert [part.recognised_minor for part in parts] == [743, 720]


def test_by_days_the_first_date_counts_and_the_end_date_does_not():
    parts = list(by_month_of_days(300, DatePeriod(date(2026, 1, 31), date(2026, 2, 3))))
    assert parts == [MonthPart(date(2026, 1, 1), 100, 200), MonthPart(date(2026, 2, 1), 200, 0)]


def test_by_days_a_period_that_ends_on_the_first_ends_with_the_month_before():
    parts = list(by_month_of_days(31, DatePeriod(date(2026, 1, 1), date(2026, 2, 1))))
    assert parts == [MonthPart(date(2026, 1, 1), 31, 0)]


def test_an_amount_in_whole_steps_is_earned_in_whole_steps():
    # ISK 10.00 is 1,000 hundredths, charged in hundreds: a third is 300.
    unit = settling_unit(1000, "isk")
    period = Period(at("2026-01-01"), at("2026-01-04"))
    assert [recognised_until(1000, period, at(f"2026-01-0{day}"), unit=unit) for day in (2, 3, 4)] == [300, 700, 1000]
    assert [amount for _, amount in by_day(1000, period.start, period.end, unit=unit)] == [300, 400, 300]


def test_an_amount_off_the_step_is_earned_to_the_minor_unit():
    assert settling_unit(1001, "isk") == 1
    assert settling_unit(1000, "usd") == 1


@pytest.mark.parametrize("amount_minor", [-25, -5, -1, 0, 1, 5, 12, 25, 999])
@pytest.mark.parametrize(("part", "whole"), [(0, 2), (1, 2), (1, 3), (2, 3), (5, 8), (1, 1)])
def test_a_settled_share_is_what_settle_says(amount_minor, part, whole):
    exact = settle(Fraction(amount_minor * part, whole), "usd").amount_minor
    assert settled_share(amount_minor, part, whole) == exact
