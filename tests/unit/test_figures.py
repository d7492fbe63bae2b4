"""How figures are written: exact where it matters, short where it helps, never rounded up to complete."""

import csv
import io
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from billing_core.periods import DatePeriod
from pages.parts.figures import (
    change,
    count,
    counted,
    exact_dollars,
    exact_money,
    instant,
    minute,
    money,
    money_for_chart,
    per_thousand_calls,
    share,
    short_count,
    span,
)
from pages.parts.period import period_choices
from pages.parts.tables import csv_file, file_name

pytestmark = pytest.mark.unit

PICO = 10**12
TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("pico", "text"),
    [
        (0, "$0.00"),
        (1234 * PICO + 560_000_000_000, "$1,234.56"),
        (PICO, "$1.00"),
        (PICO - 1, "$1.00"),
        (410_000_000_000, "$0.41"),
        (412_300_000_000, "$0.4123"),
        (1_200_000_000, "$0.0012"),
        (45_600_000, "$0.000046"),
        (1, "$0.000000000001"),
        (-5 * PICO, "\N{MINUS SIGN}$5.00"),
        (12_345_678 * PICO, "$12,345,678.00"),
        (Decimal(2_500_000_000_000) / 3, "$0.8333"),
        (None, "n/a"),
    ],
)
def test_an_amount_shows_the_digits_that_matter(pico, text):
    assert money(pico) == text


def test_an_exact_amount_shows_every_pico_dollar():
    assert exact_money(3_500_000_001) == "$0.003500000001"
    assert exact_money(1234 * PICO) == "$1,234.000000000000"
    assert exact_money(None) == "n/a"
    assert exact_dollars(1234 * PICO + 1) == "1234.000000000001"


def test_a_chart_gets_dollars_as_a_float():
    assert money_for_chart(Decimal(1_100_000_000_000)) == 1.10
    assert money_for_chart(0) == 0.0
    assert isinstance(money_for_chart(5 * PICO), float)


def test_a_thousand_calls_cost_a_thousand_times_one():
    assert per_thousand_calls(Decimal(2_500_000)) == money(2_500_000 * 1000) == "$0.0025"
    assert per_thousand_calls(None) == "n/a"


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (Decimal(0), "0 %"),
        (Decimal("0.0004"), "< 0.1 %"),
        (Decimal("0.41"), "41 %"),
        (Decimal("0.9847"), "98.4 %"),
        (Decimal("0.99999"), "99.9 %"),
        (Decimal(1), "100 %"),
        (Decimal("1.5"), "150 %"),
        (None, "n/a"),
    ],
)
def test_a_share_is_cut_off_so_that_almost_all_is_not_all(part, text):
    assert share(part).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("growth", "text"),
    [
        (Decimal("0.124"), "+12 %"),
        (Decimal("-0.5"), "\N{MINUS SIGN}50 %"),
        (Decimal("0.004"), "0 %"),
        (Decimal(9), "+900 %"),
        (Decimal(10), "\N{MULTIPLICATION SIGN} 11"),
        (None, "n/a"),
    ],
)
def test_a_growth_has_its_sign(growth, text):
    assert change(growth).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.00K"),
        (12_345, "12.3K"),
        (999_999, "999K"),
        (4_140_000_000, "4.14B"),
        (10**13, "10.0T"),
    ],
)
def test_a_large_number_is_said_in_three_digits(number, text):
    assert short_count(number) == text


def test_counts_have_their_thousands_and_their_plural():
    assert count(Decimal(1_234_567)) == "1,234,567"
    assert [counted(number, "call") for number in (0, 1, 2)] == ["0 calls", "1 call", "2 calls"]


def test_times_are_said_in_utc():
    at = datetime(2026, 11, 3, 12, 0, 5, tzinfo=timezone(timedelta(hours=2)))

    assert instant(at) == "2026-11-03 10:00:05 UTC"
    assert minute(at) == "3 Nov 2026, 10:00 UTC"


def test_a_span_names_its_first_and_its_last_day():
    assert span(date(2026, 10, 1), date(2026, 10, 22)) == "1\N{EN DASH}21 Oct 2026"
    assert span(date(2026, 10, 1), date(2026, 10, 2)) == "1 Oct 2026"
    assert span(date(2026, 9, 23), date(2026, 10, 23)) == "23 Sep 2026 \N{EN DASH} 22 Oct 2026"


def test_a_running_month_is_compared_with_as_many_days_of_the_one_before():
    november, october, *_ = period_choices([date(2026, 11, 1), date(2026, 10, 1)], TODAY)

    assert (november.key, november.label, november.is_running) == ("2026-11", "November 2026", True)
    assert november.before == DatePeriod(date(2026, 10, 1), date(2026, 10, 22))
    assert november.before_label == "vs 1\N{EN DASH}21 Oct 2026"
    assert october.before == DatePeriod(date(2026, 9, 1), date(2026, 10, 1))
    assert not october.is_running


@pytest.mark.parametrize(
    ("today", "before"),
    [
        (date(2026, 3, 30), DatePeriod(date(2026, 2, 1), date(2026, 3, 1))),  # February has no 30 days.
        (date(2026, 3, 31), DatePeriod(date(2026, 2, 1), date(2026, 3, 1))),
        (date(2026, 3, 1), DatePeriod(date(2026, 2, 1), date(2026, 2, 2))),
        (date(2026, 4, 1), DatePeriod(date(2026, 2, 1), date(2026, 3, 1))),
    ],
)
def test_the_days_compared_never_leave_the_month_before(today, before):
    assert period_choices([date(2026, 3, 1)], today)[0].before == before


def test_the_newest_month_with_usage_comes_first_and_the_spans_after_all_months():
    choices = period_choices([date(2023, 11, 1), date(2023, 10, 1)], TODAY)

    assert [choice.key for choice in choices] == ["2023-11", "2023-10", "last-30-days", "last-12-months", "all"]
    spans = {choice.key: choice.period for choice in choices}
    assert spans["last-30-days"] == DatePeriod(date(2026, 10, 23), date(2026, 11, 22))
    assert spans["last-12-months"] == DatePeriod(date(2025, 12, 1), date(2026, 12, 1))
    assert spans["all"] == DatePeriod(date(2023, 10, 1), date(2026, 12, 1))
    assert choices[3].before is choices[4].before is None
    assert choices[4].before_label == ""


def test_bars_are_days_or_months_and_cover_the_period():
    november, *_, days, year, everything = period_choices([date(2026, 11, 1)], TODAY)

    assert (len(november.steps), november.step) == (30, "day")
    assert (len(days.steps), days.step) == (30, "day")
    assert (len(year.steps), year.step, year.steps[0], year.steps[-1]) == (
        *(12, "month"),
        *(date(2025, 12, 1), date(2026, 11, 1)),
    )
    assert everything.steps == november.steps


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_spreadsheet_never_runs_a_name_as_a_formula(start):
    name = f'{start}HYPERLINK("http://evil.example";"x")'
    rows = list(csv.reader(io.StringIO(csv_file(["customer", "cost"], [(name, Decimal("-1.5"))]).decode("utf-8-sig"))))

    assert rows[1][0] == f"'{name}"
    assert rows[1][1] == "-1.5"  # A number stays a number.


def test_a_file_says_period_instant_and_completeness_in_its_name():
    name = file_name("customers", "2026-11", datetime(2026, 11, 21, 12, 5, tzinfo=UTC), "98.4\N{NO-BREAK SPACE}%")

    assert name == "marginbook-customers-2026-11-as-of-2026-11-21T1205Z-98.4pct-of-calls-priced.csv"
