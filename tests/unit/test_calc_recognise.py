"""`marginbook calc recognise`: revenue month by month from the command line."""

import json
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from billing_core.errors import BillingError
from cli import app
from cli.calc_recognise import recognised

pytestmark = pytest.mark.unit


def months(**question) -> list[tuple[str, int, int]]:
    line = {"currency": "usd", "amount_minor": 1000, "basis": "second"} | question
    return [(row["month"], row["recognised_minor"], row["deferred_minor"]) for row in recognised(line)["months"]]


def test_by_second_an_instant_is_exact():
    # 16 days and 14 hours of 90 days are 398 of 2,160 hours, then 28 and 31 days more.
    assert months(start="2019-01-15T10:00:00Z", end="2019-04-15T10:00:00Z") == [
        ("2019-01", 184, 816),
        ("2019-02", 311, 505),
        ("2019-03", 345, 160),
        ("2019-04", 160, 0),
    ]


def test_by_day_the_time_of_day_does_not_count():
    expected = [("2026-01", 200, 800), ("2026-02", 800, 0)]
    for start, end in (
        ("2026-01-30T00:00:00Z", "2026-02-09T00:00:00Z"),
        ("2026-01-30T23:59:59Z", "2026-02-09T00:00:01Z"),
        ("2026-01-30", "2026-02-09"),
    ):
        assert months(start=start, end=end, basis="day") == expected


def test_by_day_the_dates_are_those_of_the_time_zone():
    # 23:30 UTC on January 31 is February 1 in Berlin.
    question = {"start": "2026-01-31T23:30:00Z", "end": "2026-02-10T23:30:00Z", "basis": "day"}
    assert months(**question) == [("2026-01", 100, 900), ("2026-02", 900, 0)]
    assert months(**question, time_zone="Europe/Berlin") == [("2026-02", 1000, 0)]


def test_by_day_a_few_hours_are_their_day():
    assert months(start="2026-01-30T10:00:00Z", end="2026-01-30T18:00:00Z", basis="day") == [("2026-01", 1000, 0)]


def test_by_second_a_date_is_midnight_in_the_time_zone():
    # March 2026 in New York: 744 - 1 hours, April 720.
    question = {"start": "2026-03-01", "end": "2026-05-01", "amount_minor": 1463, "time_zone": "America/New_York"}
    assert months(**question) == [("2026-03", 743, 720), ("2026-04", 720, 0)]


def test_a_negative_amount_is_the_mirror():
    question = {"start": "2026-01-15", "end": "2027-01-15", "amount_minor": 9999}
    mirrored = [(month, -earned, -deferred) for month, earned, deferred in months(**question)]
    assert months(**question | {"amount_minor": -9999}) == mirrored


def test_krona_are_earned_in_whole_ones():
    question = {"currency": "isk", "start": "2026-01-01", "end": "2026-04-01", "amount_minor": 1000}
    assert [earned for _, earned, _ in months(**question)] == [300, 400, 300]


def test_nothing_earns_nothing_but_has_its_months():
    assert months(start="2026-01-01", end="2026-03-01", amount_minor=0) == [("2026-01", 0, 0), ("2026-02", 0, 0)]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"end": "2026-01-01"}, "let it end after it starts"),
        ({"end": "2026-01-01", "basis": "day"}, "let it end after it starts"),
        ({"end": "2025-12-31"}, "let it end after it starts"),
        ({"basis": "hour"}, "choose one of second, day"),
        ({"basis": None}, "'basis' is missing"),
        ({"time_zone": "Mars/Base"}, "is no time zone"),
        ({"amount_minor": Decimal("10.5")}, "whole number"),
        ({"amount_minor": "10"}, "whole number"),
        ({"currency": "xx"}, "is no currency"),
        ({"start": "2026-01-01T00:00:00"}, "no offset"),
        ({"start": None}, "'start' is missing"),
        ({"end": "2026-02-30"}, "no day of the calendar"),
        ({"end": "2127-01-01"}, "more than 100 years"),
        ({"end": "2127-01-01", "basis": "day"}, "more than 100 years"),
    ],
)
def test_what_cannot_be_recognised_is_a_sentence(wrong, sentence):
    with pytest.raises(BillingError) as refusal:
        months(**{"start": "2026-01-01", "end": "2026-02-01"} | wrong)
    assert sentence in str(refusal.value)


def test_a_bad_line_does_not_stop_the_next():
    good = {"id": "b", "currency": "jpy", "amount_minor": 59, "start": "2026-01-01", "end": "2026-03-01"}
    lines = [{"id": "a", "currency": "usd"}, good | {"basis": "day"}]
    result = CliRunner().invoke(app, ["calc", "recognise", "-"], input="\n".join(map(json.dumps, lines)))
    first, second = map(json.loads, result.stdout.splitlines())
    assert (first["id"], first["status"], first["error"]) == ("a", "error", "InvalidFieldError")
    assert second == {
        "id": "b",
        "months": [
            {"month": "2026-01", "recognised_minor": 31, "deferred_minor": 28},
            {"month": "2026-02", "recognised_minor": 28, "deferred_minor": 0},
        ],
    }
    assert result.exit_code == 0
