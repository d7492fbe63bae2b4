"""How margins are written, filed and paired: figures in text, workbooks, names that are probably one."""

import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

import pytest

from billing_core.periods import DatePeriod
from billing_core.queries.unmatched_customers import UnmatchedCustomer
from pages.parts.figures import accounting, growth, margin_share, minor_money, points
from pages.parts.files import xlsx_file
from pages.parts.margin_charts import Dot, margins, revenue_against_margin
from pages.parts.pairs import plain_name, suggested
from pages.parts.period import period_choices
from tests.builders import pico

pytestmark = pytest.mark.unit

SPACE, MINUS = "\N{NO-BREAK SPACE}", "\N{MINUS SIGN}"
AS_OF = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (None, "n/a"),
        (Decimal("0.4408"), f"44.1{SPACE}%"),
        (Decimal("-2.746"), f"(274.6{SPACE}%)"),
        (Decimal(0), f"0.0{SPACE}%"),
    ],
)
def test_a_loss_stands_in_brackets_and_without_revenue_there_is_no_percentage(part, text):
    assert margin_share(part) == text


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (Decimal("0.441"), Decimal("0.454"), f"{MINUS}1.3{SPACE}points"),
        (Decimal("0.5"), Decimal("0.48"), f"+2.0{SPACE}points"),
        (Decimal("0.5"), Decimal("0.5"), f"0{SPACE}points"),
        (None, Decimal("0.5"), None),
        (Decimal("0.5"), None, None),
    ],
)
def test_a_share_moves_by_points(now, before, text):
    assert points(now, before) == text


def test_amounts_of_documents_keep_their_own_currency_and_its_digits():
    assert minor_money(123456, "usd") == "$1,234.56"
    assert minor_money(-123456, "eur") == f"{MINUS}1,234.56{SPACE}EUR"
    assert minor_money(500, "jpy") == f"500{SPACE}JPY"
    assert accounting(pico("-1234.5")) == "($1,234.50)"
    assert accounting(None) == "n/a"


def test_a_growth_needs_something_before():
    assert growth(Decimal(3), Decimal(2)) == Decimal("0.5")
    assert growth(Decimal(3), Decimal(0)) is None
    assert growth(None, Decimal(2)) is None


def cells(workbook: bytes, sheet: int) -> str:
    with zipfile.ZipFile(BytesIO(workbook)) as parts:
        return parts.read(f"xl/worksheets/sheet{sheet}.xml").decode()


def test_a_workbook_holds_numbers_that_add_up_and_nothing_that_runs():
    rows = [
        ("=cmd()", Decimal("1.5"), 3),
        ("https://evil.example", Decimal("-0.25"), None),
        ("12", None, date(2026, 11, 1)),
    ]
    file = xlsx_file(["customer", "margin_usd", "calls"], rows, about={"Filter": "plan Pro"}, as_of=AS_OF)
    sheet = cells(file, 1)
    amounts = [Decimal(each) for each in re.findall(r'<c r="B\d+"[^>]*><v>([^<]+)</v>', sheet) if "." in each]

    assert sum(amounts) == Decimal("1.25")
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    with zipfile.ZipFile(BytesIO(file)) as parts:
        texts = parts.read("xl/sharedStrings.xml").decode()
    for said in ("=cmd()", "https://evil.example", "plan Pro", "2026-11-21 12:00:00 UTC", "2026-11-01"):
        assert said in texts


def unmatched(
    name: str, stripe_id: str | None = None, *, own_id: str | None = None, number: int = 1
) -> UnmatchedCustomer:
    return UnmatchedCustomer(number, name, 1, stripe_id, None, own_id, 0, Decimal(0), Decimal(0))


@pytest.mark.parametrize(
    ("name", "plain"), [("Tallow & Wick, Ltd.", "tallowwick"), ("ACME GmbH", "acme"), ("Coal Co", "coal")]
)
def test_names_are_compared_without_signs_case_and_legal_form(name, plain):
    assert plain_name(name) == plain


def test_probable_pairs_are_equal_names_own_ids_and_names_that_differ_little():
    in_stripe = [
        unmatched("Tallow and Wick Ltd", "cus_1"),
        unmatched("Acme Inc", "cus_2"),
        unmatched("Whoever", "cus_3", own_id="birch"),
        unmatched("Nobody at all", "cus_4"),
    ]
    in_usage = [
        unmatched("Tallow & Wick", number=11),
        unmatched("acme", number=12),
        unmatched("Birch", number=13),
    ]

    found = suggested(in_stripe, in_usage)

    assert {stripe_id: other.customer_id for stripe_id, other in found.items()} == {
        "cus_1": 11,
        "cus_2": 12,
        "cus_3": 13,
    }


def test_one_of_usage_is_proposed_to_one_of_stripe_only():
    found = suggested([unmatched("Acme", "cus_1"), unmatched("Acme", "cus_2")], [unmatched("Acme", number=5)])

    assert list(found) == ["cus_1"]


def test_a_trend_is_the_twelve_months_that_end_with_the_period():
    november, *_, everything = period_choices([date(2026, 11, 1), date(2025, 3, 1)], date(2026, 11, 21))

    assert november.trend == DatePeriod(date(2025, 12, 1), date(2026, 12, 1))
    assert november.six_months == DatePeriod(date(2026, 6, 1), date(2026, 12, 1))
    assert everything.trend == DatePeriod(date(2025, 3, 1), date(2026, 12, 1))


@pytest.mark.parametrize("count", [0, 1, 1000, 1001])
def test_a_scatter_draws_every_customer_and_names_those_who_lose_most(count):
    dots = [Dot(f"Customer {number}", Decimal(pico("5")), Decimal(pico(str(number - 3)))) for number in range(count)]
    (trace,) = revenue_against_margin(dots).data

    assert len(trace.x) == count
    assert [name for name in trace.text[:3] if name] == [f"Customer {number}" for number in range(min(count, 3))]


@pytest.mark.parametrize(
    ("dollars", "reach"),
    [((800, 200), (0, 800 * 1.25)), ((900, -100), (-100 - 250, 900 + 250)), ((-40, -80), (-80 * 1.25, 0))],
)
def test_bars_leave_room_for_the_figure_beside_them(dollars, reach):
    figure = margins([(f"Plan {amount}", pico(str(amount))) for amount in dollars])

    assert figure.layout.xaxis.range == reach
