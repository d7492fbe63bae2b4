"""`marginbook calc periods`: billing periods from the command line."""

import json
from decimal import Decimal

import pytest

from billing_core.errors import BillingError
from cli.calc import PERIODS_MAX, billing_periods

pytestmark = pytest.mark.unit


def starts(**question) -> list[str]:
    """Return where the periods start, and where the last one ends."""
    periods = billing_periods({"interval": "month"} | question)["periods"]
    assert [period["end"] for period in periods[:-1]] == [period["start"] for period in periods[1:]]
    return [period["start"] for period in periods] + [periods[-1]["end"]]


def test_a_date_is_answered_with_dates():
    assert billing_periods({"anchor": "2026-01-31", "interval": "month", "count": 2}) == {
        "periods": [
            {"start": "2026-01-31", "end": "2026-02-28"},
            {"start": "2026-02-28", "end": "2026-03-31"},
        ]
    }


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"anchor": "2026-01-31T10:00:00Z", "count": 1}, ["2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"]),
        # In the form of the anchor: Z stays Z, also where a time zone decides the days.
        (
            {"anchor": "2026-01-30T23:00:00Z", "count": 2, "time_zone": "Europe/Berlin"},
            ["2026-01-30T23:00:00Z", "2026-02-27T23:00:00Z", "2026-03-30T22:00:00Z"],
        ),
        # An offset stays an offset: the time zone's own at that instant.
        (
            {"anchor": "2026-01-31T00:00:00+01:00", "count": 2, "time_zone": "Europe/Berlin"},
            ["2026-01-31T00:00:00+01:00", "2026-02-28T00:00:00+01:00", "2026-03-31T00:00:00+02:00"],
        ),
        # Without a time zone, the anchor's offset is the clock whose days count.
        (
            {"anchor": "2026-01-31T00:00:00+01:00", "count": 2},
            ["2026-01-31T00:00:00+01:00", "2026-02-28T00:00:00+01:00", "2026-03-31T00:00:00+01:00"],
        ),
        (
            {"anchor": "2026-01-31T00:00:00.250Z", "count": 1},
            ["2026-01-31T00:00:00.250000Z", "2026-02-28T00:00:00.250000Z"],
        ),
    ],
)
def test_instants_are_written_in_the_form_of_the_anchor(question, expected):
    assert starts(**question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"interval": "day"}, ["2026-01-31", "2026-02-01"]),
        ({"interval": "week"}, ["2026-01-31", "2026-02-07"]),
        ({"interval": "month"}, ["2026-01-31", "2026-02-28"]),
        ({"interval": "year"}, ["2026-01-31", "2027-01-31"]),
        ({"interval": "month", "interval_count": 3}, ["2026-01-31", "2026-04-30"]),
        # null is as good as left out.
        ({"interval": "month", "interval_count": None, "from": None, "time_zone": None}, ["2026-01-31", "2026-02-28"]),
    ],
)
def test_an_interval_may_be_any_of_four_and_counted(question, expected):
    assert starts(anchor="2026-01-31", count=1, **question) == expected


@pytest.mark.parametrize(
    ("containing", "expected"),
    [
        ("2026-02-27T23:59:59Z", ["2026-01-31", "2026-02-28"]),
        ("2026-02-28T00:00:00Z", ["2026-02-28", "2026-03-31"]),
        ("2026-02-28T00:30:00+01:00", ["2026-01-31", "2026-02-28"]),
        ("2026-02-28", ["2026-02-28", "2026-03-31"]),
        ("2026-01-30", ["2025-12-31", "2026-01-31"]),
    ],
)
def test_the_period_of_dates_that_contains_a_moment_is_found(containing, expected):
    assert starts(anchor="2026-01-31", containing=containing) == expected


def test_a_moment_counts_as_the_date_that_it_is_in_the_time_zone():
    late = "2026-02-27T23:30:00Z"
    assert starts(anchor="2026-01-31", containing=late) == ["2026-01-31", "2026-02-28"]
    assert starts(anchor="2026-01-31", containing=late, time_zone="Europe/Berlin") == ["2026-02-28", "2026-03-31"]


@pytest.mark.parametrize(
    ("containing", "expected"),
    [
        ("2026-02-28T09:59:59.999999Z", ["2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"]),
        ("2026-02-28T10:00:00Z", ["2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z"]),
        ("2026-02-28T11:00:00+01:00", ["2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z"]),
        ("2026-01-31T09:00:00Z", ["2025-12-31T10:00:00Z", "2026-01-31T10:00:00Z"]),
    ],
)
def test_the_period_of_instants_that_contains_a_moment_is_found(containing, expected):
    assert starts(anchor="2026-01-31T10:00:00Z", containing=containing) == expected


def test_counting_from_a_moment_begins_with_the_period_that_contains_it():
    assert starts(anchor="2026-01-31T10:00:00Z", count=2, **{"from": "2026-04-01T00:00:00Z"}) == [
        "2026-03-31T10:00:00Z",
        "2026-04-30T10:00:00Z",
        "2026-05-31T10:00:00Z",
    ]
    assert starts(anchor="2026-01-31", count=1, **{"from": "2026-04-01T00:00:00Z"}) == ["2026-03-31", "2026-04-30"]


def test_the_most_periods_that_may_be_asked_for_are_given():
    assert len(starts(anchor="2026-01-01", interval="day", count=PERIODS_MAX)) == PERIODS_MAX + 1


@pytest.mark.parametrize(
    ("changes", "error", "sentence"),
    [
        ('"anchor": null', "InvalidFieldError", "The field 'anchor' is missing: add it to the line."),
        ('"anchor": 1767225600', "InvalidFieldError", "The field 'anchor' is a bare number (1767225600)"),
        ('"anchor": "2026-02-30"', "InvalidFieldError", "'anchor' is no day of the calendar ('2026-02-30')"),
        (
            '"anchor": "yesterday"',
            "InvalidFieldError",
            "'anchor' is no instant ('yesterday'): write an instant such as",
        ),
        ('"anchor": "2026-01-31T10:00:00"', "InvalidFieldError", "'anchor' has no offset from UTC"),
        (
            '"anchor": "0001-01-01T00:00:00+14:00"',
            "InvalidFieldError",
            "'anchor' is in the year 1: keep to the years 2 to 9998.",
        ),
        ('"anchor": "0001-01-01"', "PeriodOutOfRangeError", "Periods cannot leave the years 2 to 9998"),
        ('"anchor": "9998-12-31"', "PeriodOutOfRangeError", "Periods cannot leave the years 2 to 9998"),
        (
            '"interval": "fortnight"',
            "InvalidFieldError",
            "'interval' is 'fortnight': choose one of day, week, month, year.",
        ),
        ('"interval": "MONTH"', "InvalidFieldError", "'interval' is 'MONTH'"),
        ('"interval": null', "InvalidFieldError", "'interval' is missing"),
        ('"interval_count": 0', "InvalidIntervalError", "cannot last 0 intervals"),
        ('"interval_count": -3', "InvalidIntervalError", "cannot last -3 intervals"),
        ('"interval_count": 1.5', "InvalidFieldError", "'interval_count' is a number with a decimal point"),
        ('"interval_count": 1000000000000', "PeriodOutOfRangeError", "cannot leave the years"),
        ('"time_zone": "Berlin"', "UnknownTimeZoneError", "'Berlin' is no time zone"),
        ('"time_zone": 2', "InvalidFieldError", "'time_zone' is a bare number (2)"),
        ('"count": 0', "InvalidFieldError", "'count' is 0: ask for 1 to 10,000 periods."),
        ('"count": 10001', "InvalidFieldError", "'count' is 10001: ask for 1 to 10,000 periods."),
        ('"count": "3"', "InvalidFieldError", "'count' is a text (3)"),
        ('"count": null', "InvalidFieldError", "give exactly one of the two"),
        ('"containing": "2026-03-01T00:00:00Z"', "InvalidFieldError", "give exactly one of the two"),
        ('"from": "soon"', "InvalidFieldError", "'from' is no instant ('soon')"),
    ],
)
def test_a_question_that_means_nothing_is_refused_in_a_sentence(changes, error, sentence):
    question = {"anchor": "2026-01-31", "interval": "month", "count": 1}
    with pytest.raises(BillingError) as refusal:
        billing_periods(question | json.loads("{" + changes + "}", parse_float=Decimal))
    assert type(refusal.value).__name__ == error
    assert sentence in str(refusal.value)


def test_an_instant_does_not_take_a_bare_date_for_a_moment():
    with pytest.raises(BillingError, match="'containing' has no offset from UTC"):
        starts(anchor="2026-01-31T10:00:00Z", containing="2026-02-28")
