"""Money by hand: adding, rounding, splitting, reading and writing."""

from decimal import Decimal
from fractions import Fraction

import pytest

from billing_core.errors import (
    CurrencyMismatchError,
    InvalidAmountError,
    InvalidCurrencyError,
    InvalidWeightsError,
)
from billing_core.money import (
    PICO_PER_USD,
    Money,
    allocate,
    parse_major,
    pico_usd,
    pico_usd_text,
    settle,
    to_major_text,
)

pytestmark = pytest.mark.unit


def test_amounts_of_one_currency_add_and_subtract():
    assert Money(1025, "usd") + Money(75, "usd") == Money(1025 + 75, "usd")
    assert Money(1025, "usd") - Money(2000, "usd") == Money(1025 - 2000, "usd")
    assert -Money(1025, "usd") == Money(-1025, "usd")


def test_a_sum_starts_from_money_not_from_a_bare_zero():
    assert sum([Money(1, "eur"), Money(2, "eur")], start=Money(0, "eur")) == Money(3, "eur")
    with pytest.raises(TypeError, match="not beside int"):
        Money(1, "eur") + 0  # type: ignore[operator]  # the mistake that this test is about


def test_amounts_of_one_currency_are_ordered():
    small, large = Money(99, "usd"), Money(100, "usd")
    assert [small < large, small <= large, small > large, small >= large] == [True, True, False, False]
    assert [large < large, large <= large, large > large, large >= large] == [False, True, False, True]  # noqa: PLR0124  boundary: equal amounts


def test_amounts_of_two_currencies_are_different_and_neither_added_nor_compared():
    dollars, euros = Money(100, "usd"), Money(100, "eur")
    assert dollars != euros
    for act in (
        lambda: dollars + euros,
        lambda: dollars - euros,
        lambda: dollars < euros,
        lambda: dollars <= euros,
        lambda: dollars > euros,
        lambda: dollars >= euros,
    ):
        with pytest.raises(CurrencyMismatchError, match="USD and EUR cannot be added or compared") as refusal:
            act()
        assert (refusal.value.currency, refusal.value.other_currency) == ("usd", "eur")


def test_the_code_is_lower_case_however_it_was_given():
    assert Money(1, "EUR") == Money(1, "Eur") == Money(1, "eur")
    assert Money(1, "EUR").currency == "eur"


@pytest.mark.parametrize("amount", [10.0, True, False, Decimal(10), "10", None, Fraction(10)])
def test_money_is_a_whole_int_and_nothing_that_looks_like_one(amount):
    with pytest.raises(TypeError, match="whole int of minor units"):
        Money(amount, "usd")


def test_money_in_no_currency_is_refused():
    with pytest.raises(InvalidCurrencyError, match="'btc' is no currency"):
        Money(1, "btc")


def test_money_does_not_change():
    with pytest.raises(AttributeError):
        Money(1, "usd").amount_minor = 2  # type: ignore[misc]  # the mistake that this test is about


@pytest.mark.parametrize(
    ("exact", "currency", "settled_minor"),
    [
        # Exponent 2, step 1: a half goes to the even cent.
        ("0", "usd", 0),
        ("0.5", "usd", 0),
        ("0.50000001", "usd", 1),
        ("0.49999999", "usd", 0),
        ("1.5", "usd", 2),
        ("2.5", "usd", 2),
        ("3.5", "eur", 4),
        ("-0.5", "usd", 0),
        ("-1.5", "usd", -2),
        ("-2.5", "usd", -2),
        ("1250.5", "usd", 1250),
        ("1251.5", "usd", 1252),
        ("99999999999999999999.5", "usd", 100000000000000000000),
        # Exponent 0: the yen is its own minor unit.
        ("100.5", "jpy", 100),
        ("101.5", "jpy", 102),
        ("0.4", "krw", 0),
        # Exponent 3, step 10: KWD 5.124 becomes 5.120, 5.125 too (512 is even), 5.135 becomes 5.140.
        ("5124", "kwd", 5120),
        ("5125", "kwd", 5120),
        ("5125.0001", "kwd", 5130),
        ("5135", "kwd", 5140),
        ("-5135", "bhd", -5140),
        ("4.9", "tnd", 0),
        # Exponent 2, step 100: no króna is split, though the API counts its hundredths.
        ("549", "isk", 500),
        ("550", "isk", 600),
        ("450", "isk", 400),
        ("50", "isk", 0),
        ("51", "ugx", 100),
        ("150", "ugx", 200),
        # The API keeps cents for these two, whatever their payouts do.
        ("1750.5", "huf", 1750),
        ("101.5", "twd", 102),
        # An ISO 4217 currency without an entry counts like most: exponent 2, step 1.
        ("12.5", "uah", 12),
    ],
)
def test_settling_rounds_half_even_to_the_step_of_the_currency(exact, currency, settled_minor):
    assert settle(Decimal(exact), currency) == Money(settled_minor, currency)
    assert settle(Fraction(exact), currency) == Money(settled_minor, currency)


def test_settling_takes_a_proration_as_it_is_written():
    assert settle(Fraction(3000 * 14, 31), "usd") == Money(1355, "usd"), "3000 * 14 / 31 = 1354.84 cents"
    assert settle(1000, "usd") == Money(1000, "usd")


@pytest.mark.parametrize("exact", [0.5, 10.0, True, "10", None])
def test_settling_takes_no_float_and_no_text(exact):
    with pytest.raises(TypeError, match="Decimal, Fraction or int"):
        settle(exact, "usd")


@pytest.mark.parametrize(
    "exact", ["NaN", "Infinity", "-Infinity", "sNaN", "1E+101", "1E-101", "0E-5000", "1." + "3" * 100]
)
def test_settling_refuses_what_is_no_finite_amount_of_sane_length(exact):
    with pytest.raises(InvalidAmountError, match="is no finite number of at most 100 digits"):
        settle(Decimal(exact), "usd")


@pytest.mark.parametrize(
    ("total_minor", "currency", "weights", "parts_minor"),
    [
        # The classic: a dollar by three. Equal remainders: the earlier part gets the cent.
        (100, "usd", [1, 1, 1], [34, 33, 33]),
        (101, "usd", [1, 1, 1], [34, 34, 33]),
        (2, "usd", [1, 1, 1], [1, 1, 0]),
        (1, "usd", [1, 1], [1, 0]),
        (0, "usd", [1, 2, 3], [0, 0, 0]),
        (7, "usd", [5], [7]),
        # The largest remainder first: 10 * (1, 2, 4) / 7 = 1.43, 2.86, 5.71: the second and the third gain one.
        (10, "usd", [1, 2, 4], [1, 3, 6]),
        # 100 * (50, 30, 21) / 101 = 49.50, 29.70, 20.79: the two latter gain one.
        (100, "eur", [50, 30, 21], [49, 30, 21]),
        # A negative total is the mirror image.
        (-100, "usd", [1, 1, 1], [-34, -33, -33]),
        (-10, "usd", [1, 2, 4], [-1, -3, -6]),
        # A part without weight gets nothing, not even a leftover cent.
        (100, "usd", [0, 1, 1, 1], [0, 34, 33, 33]),
        (1, "usd", [0, 0, 1], [0, 0, 1]),
        # Only the proportion of the weights counts.
        (100, "usd", [10, 10, 10], [34, 33, 33]),
        (100, "usd", [Decimal("0.1"), Decimal("0.1"), Decimal("0.1")], [34, 33, 33]),
        (100, "usd", [Fraction(1, 3), Fraction(1, 6)], [67, 33]),
        (1000, "usd", [Decimal("0.5"), 1, Decimal("2.5")], [125, 250, 625]),
        # In steps of the currency: ISK in whole krónur of 100, KWD in tens.
        (1000, "isk", [1, 1, 1], [400, 300, 300]),
        (-1000, "isk", [1, 2], [-300, -700]),
        (100, "kwd", [1, 1, 1], [40, 30, 30]),
        (10, "bhd", [1, 1], [10, 0]),
        (100, "jpy", [1, 1, 1], [34, 33, 33]),
        # A total off its step (older invoices have them) is split by single minor units.
        (1001, "isk", [1, 1], [501, 500]),
        (15, "kwd", [1, 1], [8, 7]),
        (10**20 + 1, "usd", [1, 1], [5 * 10**19 + 1, 5 * 10**19]),
    ],
)
def test_a_split_gives_the_largest_remainders_the_leftover_steps(total_minor, currency, weights, parts_minor):
    assert allocate(Money(total_minor, currency), weights) == [Money(part, currency) for part in parts_minor]


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ([], "A total cannot be split without weights: give one weight for each part."),
        ([0], "A total cannot be split by weights that are all 0: give at least one weight above 0."),
        ([0, Decimal("0.00")], "A total cannot be split by weights that are all 0: give at least one weight above 0."),
        ([1, -1], "A total cannot be split by weight 2, which is negative: give weights of 0 or more."),
        ([Decimal("-0.5"), 1], "A total cannot be split by weight 1, which is negative: give weights of 0 or more."),
    ],
)
def test_weights_that_split_nothing_are_refused(weights, sentence):
    with pytest.raises(InvalidWeightsError) as refusal:
        allocate(Money(100, "usd"), weights)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("text", "currency", "amount_minor", "written"),
    [
        ("10.25", "usd", 1025, "10.25"),
        ("10.2", "usd", 1020, "10.20"),
        ("10", "usd", 1000, "10.00"),
        ("0.05", "usd", 5, "0.05"),
        ("-0.05", "usd", -5, "-0.05"),
        ("-10.25", "USD", -1025, "-10.25"),
        ("0", "usd", 0, "0.00"),
        ("-0.00", "usd", 0, "0.00"),
        ("007.50", "usd", 750, "7.50"),
        ("10.2500", "usd", 1025, "10.25"),
        ("10", "jpy", 10, "10"),
        ("-10", "jpy", -10, "-10"),
        ("10.0", "jpy", 10, "10"),
        ("5.12", "kwd", 5120, "5.120"),
        ("0.001", "kwd", 1, "0.001"),
        ("5", "isk", 500, "5.00"),
        ("5.55", "isk", 555, "5.55"),
        ("12345678901234567890.12", "eur", 1234567890123456789012, "12345678901234567890.12"),
    ],
)
def test_major_units_are_read_and_written_exactly(text, currency, amount_minor, written):
    money = parse_major(text, currency)
    assert money == Money(amount_minor, currency)
    assert to_major_text(money) == written


@pytest.mark.parametrize(
    ("text", "currency", "problem"),
    [
        ("10.255", "usd", "has more than the 2 decimals that USD can hold"),
        ("10.5", "jpy", "has more than the 0 decimals that JPY can hold"),
        ("0.0001", "kwd", "has more than the 3 decimals that KWD can hold"),
        *(
            (text, "usd", "is no plain decimal number")
            for text in (
                "",
                " ",
                "ten",
                "1,000.00",
                "1_000",
                "1e3",
                "+5",
                ".5",
                "5.",
                " 5",
                "5\n",
                "--5",
                "NaN",
                "$5",
                "0x10",
                "\u0665",
                "5" * 101,
            )
        ),
    ],
)
def test_what_is_no_exact_amount_is_refused_not_rounded(text, currency, problem):
    with pytest.raises(InvalidAmountError, match=problem) as refusal:
        parse_major(text, currency)
    assert refusal.value.text == text


@pytest.mark.parametrize(
    ("text", "pico"),
    [
        ("0", 0),
        ("1", PICO_PER_USD),
        ("0.005615", 5_615_000_000),
        ("0.000000000001", 1),
        ("-0.5", -PICO_PER_USD // 2),
        ("12", 12 * PICO_PER_USD),
        ("100", 100 * PICO_PER_USD),
        ("1234.000000000005", 1234 * PICO_PER_USD + 5),
    ],
)
def test_pico_usd_are_written_in_usd_exactly_and_read_back(text, pico):
    assert pico_usd_text(pico) == text
    assert pico_usd(text) == pico


def test_zeros_at_the_end_of_a_usd_text_do_no_harm():
    assert pico_usd("0.0056150000000000000") == 5_615_000_000


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("0.0000000000001", "has more than the 12 decimals that pico-USD can hold"),
        ("5.615E-3", "is no plain decimal number"),
        ("0,005", "is no plain decimal number"),
    ],
)
def test_a_usd_text_finer_than_pico_is_refused_not_rounded(text, problem):
    with pytest.raises(InvalidAmountError, match=problem):
        pico_usd(text)


@pytest.mark.parametrize("pico", [1.0, True, Decimal(1), "1"])
def test_pico_usd_are_whole_ints(pico):
    with pytest.raises(TypeError, match="whole int"):
        pico_usd_text(pico)
