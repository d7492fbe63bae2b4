"""Currencies: what the two lists say, and what may be charged."""

import csv
from decimal import Decimal
from importlib.resources import files

import pytest

from billing_core.currencies import UNPUBLISHED_NOTE, Currency, currency, known_currencies, require_chargeable
from billing_core.errors import AmountStepError, AmountTooSmallError, InvalidCurrencyError

pytestmark = pytest.mark.unit


def listed(name: str) -> list[dict[str, str]]:
    lines = files("billing_core").joinpath(name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


@pytest.mark.parametrize(
    ("code", "exponent", "step", "minimum_minor"),
    [
        ("usd", 2, 1, 50),
        ("eur", 2, 1, 50),
        ("gbp", 2, 1, 30),
        ("czk", 2, 1, 1500),
        ("huf", 2, 1, 17500),
        ("jpy", 0, 1, 50),
        ("krw", 0, 1, 50),
        ("clp", 0, 1, None),
        ("vnd", 0, 1, None),
        ("kwd", 3, 10, None),
        ("bhd", 3, 10, None),
        ("isk", 2, 100, None),
        ("ugx", 2, 100, None),
        ("twd", 2, 1, None),
        ("cny", 2, 1, None),
        ("iqd", 2, 1, None),
    ],
)
def test_a_currency_has_its_digits_step_and_smallest_charge(code, exponent, step, minimum_minor):
    its = currency(code)
    assert (its.code, its.exponent, its.step, its.minimum_minor) == (code, exponent, step, minimum_minor)


def test_a_code_may_come_in_any_case():
    assert currency("USD") is currency("Usd") is currency("usd")


def test_a_real_currency_without_an_entry_is_assumed_to_be_like_most():
    assert currency("uah") == Currency("uah", exponent=2, step=1, minimum_minor=None, note=UNPUBLISHED_NOTE)


@pytest.mark.parametrize("code", ["hrk", "std", "bgn", "ang"])
def test_a_currency_that_was_withdrawn_is_still_known_to_old_invoices(code):
    assert currency(code).code == code


@pytest.mark.parametrize(
    "code",
    [
        "",
        "us",
        "usdt",
        "btc",
        "zzz",
        "xxx",
        "xts",
        "xau",
        "xdr",
        "clf",
        "u$d",
        " usd",
        "usd ",
        "840",
        "dem",
        "\u212arw",
        "\uff35\uff33\uff24",
    ],
)
def test_what_nobody_is_billed_in_is_no_currency(code):
    with pytest.raises(InvalidCurrencyError, match="is no currency: give a three-letter ISO 4217 code") as refusal:
        currency(code)
    assert refusal.value.code == code


def test_every_listed_currency_is_loaded_once_and_is_plausible():
    known = known_currencies()
    published = {row["currency"] for row in listed("currencies.csv")}
    assert len(published) == len(listed("currencies.csv")) >= 39
    assert published | {row["currency"] for row in listed("iso_4217.csv")} == set(known)
    assert {its.exponent for its in known.values()} == {0, 2, 3}
    assert {its.step for its in known.values()} == {1, 10, 100}
    assert all(len(code) == 3 and code.isascii() and code.islower() for code in known)
    assert all(its.minimum_minor is None or its.minimum_minor % its.step == 0 for its in known.values())


def test_the_published_minimum_is_the_same_in_major_and_in_minor_units():
    for row in listed("currencies.csv"):
        if row["min_charge_major"]:
            minor = Decimal(row["min_charge_major"]) * 10 ** int(row["api_exponent"])
            assert minor == int(row["min_charge_api_amount"]), row["currency"]


def test_every_published_currency_is_one_of_iso_4217():
    assert {row["currency"] for row in listed("currencies.csv")} <= {row["currency"] for row in listed("iso_4217.csv")}


def test_the_list_of_known_currencies_cannot_be_changed():
    with pytest.raises(TypeError):
        known_currencies()["usd"] = currency("eur")  # type: ignore[index]  # the mistake that this test is about


@pytest.mark.parametrize(
    ("amount_minor", "code"),
    [
        (50, "usd"),
        (51, "usd"),
        (50, "jpy"),
        (30, "GBP"),
        (17500, "huf"),
        (0, "usd"),
        (1, "vnd"),
        (0, "isk"),
        (500, "isk"),
        (5120, "kwd"),
    ],
)
def test_an_amount_from_the_smallest_charge_on_may_be_charged(amount_minor, code):
    require_chargeable(amount_minor, code)


@pytest.mark.parametrize(
    ("amount_minor", "code", "minimum_minor"),
    [
        (49, "usd", 50),
        (1, "usd", 50),
        (49, "JPY", 50),
        (29, "gbp", 30),
        (17499, "huf", 17500),
        (-100, "usd", 50),
        (-1, "vnd", 0),
    ],
)
def test_an_amount_below_the_smallest_charge_is_refused(amount_minor, code, minimum_minor):
    with pytest.raises(AmountTooSmallError) as refusal:
        require_chargeable(amount_minor, code)
    assert (refusal.value.amount_minor, refusal.value.currency, refusal.value.minimum_minor) == (
        amount_minor,
        code.lower(),
        minimum_minor,
    )


def test_the_refusal_of_a_small_amount_says_what_to_do():
    with pytest.raises(AmountTooSmallError) as refusal:
        require_chargeable(49, "usd")
    assert str(refusal.value) == (
        "49 minor units of USD cannot be charged: collect at least 50, or carry the amount over to the next invoice."
    )


@pytest.mark.parametrize(
    ("amount_minor", "code", "step"), [(550, "isk", 100), (1, "ugx", 100), (5124, "kwd", 10), (-5, "omr", 10)]
)
def test_an_amount_off_the_step_of_its_currency_is_refused(amount_minor, code, step):
    with pytest.raises(AmountStepError, match=f"give a multiple of {step}") as refusal:
        require_chargeable(amount_minor, code)
    assert (refusal.value.amount_minor, refusal.value.currency, refusal.value.step) == (amount_minor, code, step)
