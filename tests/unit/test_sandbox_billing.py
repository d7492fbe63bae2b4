"""The sandbox's arithmetic: rounding, shares, tiers, periods, fees, cards; numbers that a person can check."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from ingestion.stripe.sandbox import balance, cards, cycles
from ingestion.stripe.sandbox.agenda import Agenda
from ingestion.stripe.sandbox.amounts import half_up, percent_of, price_amount, share, spread, unused
from ingestion.stripe.sandbox.errors import StripeRefusal
from ingestion.stripe.sandbox.standing import ENDED, TRANSITIONS, EndState, Fate

pytestmark = pytest.mark.unit

MONTHLY = {"interval": "month", "interval_count": 1}
YEARLY = {"interval": "year", "interval_count": 1}


def _at(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("exact", "whole"),
    [("2.49", 2), ("2.5", 3), ("2.51", 3), ("-2.49", -2), ("-2.5", -3), ("0", 0), ("0.5", 1), ("-0.5", -1)],
)
def test_halves_are_rounded_away_from_zero(exact, whole):
    assert half_up(Fraction(exact)) == whole


def test_a_share_of_a_negative_amount_mirrors_the_positive_one():
    assert (share(1_000, 10, 30), share(-1_000, 10, 30)) == (333, -333)


def test_a_percentage_may_have_decimals():
    assert (percent_of(10_000, 25.5), percent_of(10_000, "33.33"), percent_of(1, 50)) == (2_550, 3_333, 1)


@pytest.mark.parametrize(("at", "left"), [(0, 1_000), (1, 997), (150, 500), (299, 3), (300, 0)])
def test_what_is_unused_counts_from_the_whole_to_nothing(at, left):
    assert unused(1_000, starts=0, ends=300, at=at) == left


def test_spread_parts_add_up():
    assert spread(100, [1, 1, 1]) == [33, 34, 33]
    assert spread(-100, [1, 1, 1]) == [-33, -34, -33]


def _price(**more):
    return {"billing_scheme": "per_unit", "unit_amount_decimal": "1000", "tiers_mode": None, **more}


def test_a_unit_price_may_have_parts_of_a_cent():
    assert price_amount(_price(unit_amount_decimal="0.25"), Decimal(403)) == 101
    assert price_amount(_price(unit_amount_decimal=Decimal("0.004")), 1_000_000) == 4_000


@pytest.mark.parametrize(("rounding", "amount"), [("up", 3_000), ("down", 2_000)])
def test_a_quantity_may_be_sold_in_bundles(rounding, amount):
    bundle = {"divide_by": 100, "round": rounding}
    assert price_amount(_price(transform_quantity=bundle), 201) == amount
    assert price_amount(_price(transform_quantity=bundle), 200) == 2_000


TIERS = [
    {"up_to": 10, "unit_amount_decimal": "100", "flat_amount": None},
    {"up_to": None, "unit_amount_decimal": "50", "flat_amount": 500},
]


@pytest.mark.parametrize(
    ("mode", "quantity", "amount"),
    [
        ("graduated", 0, 0),
        ("graduated", 10, 1_000),
        ("graduated", 11, 1_000 + 500 + 50),
        ("volume", 10, 1_000),
        ("volume", 11, 11 * 50 + 500),
    ],
)
def test_tiers_are_graduated_or_by_volume(mode, quantity, amount):
    assert price_amount(_price(billing_scheme="tiered", tiers_mode=mode, tiers=TIERS), quantity) == amount


@pytest.mark.parametrize(
    ("anchor", "moment", "start", "end"),
    [
        ((2026, 1, 31), (2026, 2, 1), (2026, 1, 31), (2026, 2, 28)),
        ((2026, 1, 31), (2026, 2, 28), (2026, 2, 28), (2026, 3, 31)),
        ((2024, 1, 31), (2024, 2, 29), (2024, 2, 29), (2024, 3, 31)),
        ((2026, 1, 30, 12), (2026, 2, 28, 11), (2026, 1, 30, 12), (2026, 2, 28, 12)),
    ],
)
def test_a_monthly_period_keeps_its_anchors_day(anchor, moment, start, end):
    span = cycles.period_at(_at(*anchor), MONTHLY, _at(*moment))
    assert span == (_at(*start), _at(*end))


def test_a_year_from_a_leap_day_ends_on_the_28th_and_comes_back_to_the_29th():
    assert cycles.period_at(_at(2024, 2, 29), YEARLY, _at(2024, 3, 1)) == (_at(2024, 2, 29), _at(2025, 2, 28))
    assert cycles.period_at(_at(2024, 2, 29), YEARLY, _at(2027, 3, 1)) == (_at(2027, 2, 28), _at(2028, 2, 29))


def test_the_month_after_december_is_january():
    assert cycles.next_month(_at(2026, 12, 31, 23)) == _at(2027, 1, 1)
    assert cycles.next_month(_at(2026, 1, 1)) == _at(2026, 2, 1)
    assert cycles.month_of(_at(2026, 12, 31, 23)) == "2026-12"


def test_every_currency_has_a_rate_in_every_month():
    rates = balance.exchange_rates()
    codes = {currency for _, currency in rates}
    assert set(rates) == {(month, currency) for month in range(1, 13) for currency in codes}
    assert {"eur", "gbp", "jpy"} <= codes


@pytest.mark.parametrize(
    ("amount", "currency", "settled"),
    [(10_000, "usd", 10_000), (10_000, "eur", 10_830), (10_000, "jpy", 6_710), (-10_000, "eur", -10_830)],
)
def test_amounts_settle_in_dollars_at_januarys_rate(amount, currency, settled):
    assert balance.settled(amount, currency, _at(2026, 1, 15)).amount_minor == settled


def test_a_currency_without_a_rate_does_not_settle():
    with pytest.raises(StripeRefusal, match="no exchange rate for thb"):
        balance.settled(1, "thb", _at(2026, 1, 15))


def test_fees_are_rounded_one_by_one():
    # 2.9 % of 10.50 are 30.45 cents, 1.5 % 15.75, 1 % 10.5.
    fees = balance.payment_fees(1_050, is_international=True, is_converted=True)
    assert [fee["amount"] for fee in fees] == [30 + 30, 16, 11]


def test_there_are_fifty_one_decline_codes_and_nine_are_final():
    known = cards.declines()
    assert len(known) == 51  # Stripe's 50 and Radar's highest_risk_level.
    final = {code for code, decline in known.items() if decline.is_final}
    assert final == {
        "incorrect_number",
        "lost_card",
        "pickup_card",
        "stolen_card",
        "revocation_of_authorization",
        "revocation_of_all_authorizations",
        "authentication_required",
        "highest_risk_level",
        "transaction_not_allowed",
    }


@pytest.mark.parametrize(
    ("name", "declined"),
    [
        ("pm_card_visa", [False] * 5),
        ("pm_card_chargeDeclined_do_not_honor", [True] * 5),
        ("pm_card_declinesFirst2_chargeDeclined_do_not_honor", [True, True, False, False, False]),
        ("pm_card_succeedsFirst2_chargeDeclined_expired_card", [False, False, True, True, True]),
        ("pm_card_succeedsFirst1_declinesFirst2_chargeDeclined_do_not_honor", [False, True, True, False, False]),
    ],
)
def test_a_cards_name_says_when_it_declines(name, declined):
    card = cards.card_named(name)
    assert card is not None
    assert [card.decline_at(uses) is not None for uses in range(5)] == declined


@pytest.mark.parametrize("name", ["visa", "pm_card_nothing", "pm_card_chargeDeclined_no_such_code", "pm_1AbC"])
def test_an_unknown_card_is_none(name):
    assert cards.card_named(name) is None


def test_tokens_and_payment_methods_name_the_same_cards():
    assert cards.card_named("tok_visa") == cards.card_named("pm_card_visa")
    assert cards.card_named("tok_chargeDeclined") == cards.card_named("pm_card_chargeDeclined")


def test_every_test_number_is_a_card_that_shows_its_last_digits():
    for number in cards.NUMBERS:
        card = cards.card_numbered(number)
        assert card is not None
        assert card.last4 == number[-4:]
    assert cards.card_numbered("4242 4242 4242 4242") == cards.card_numbered("4242424242424242")
    assert cards.card_numbered("4111111111111111") is None


def test_every_card_by_name_exists():
    for kind in [*cards.BRANDS, *cards.DECLINING]:
        assert cards.card_named(f"pm_card_{kind}") is not None


@pytest.mark.parametrize(
    ("code", "error_code", "advice"),
    [
        ("insufficient_funds", "card_declined", "try_again_later"),
        ("expired_card", "expired_card", None),
        ("stolen_card", "card_declined", "do_not_try_again"),
        ("incorrect_cvc", "incorrect_cvc", "confirm_card_data"),
    ],
)
def test_a_decline_knows_its_error_and_its_advice(code, error_code, advice):
    decline = cards.declines()[code]
    assert (decline.error_code, decline.advice_code) == (error_code, advice)


def test_tasks_come_by_time_and_then_as_they_were_noted():
    agenda = Agenda()
    for at, name in ((20, "late"), (10, "first"), (10, "second")):
        agenda.note(at, "invoice", name)
    assert agenda.next_until(9) is None
    found = [task.object_id for task in iter(lambda: agenda.next_until(20), None)]
    assert found == ["first", "second", "late"]


def test_every_living_status_has_an_answer_to_a_payment_and_to_a_failure():
    living = {"incomplete", "trialing", "active", "past_due", "unpaid"}
    assert living.isdisjoint(ENDED)
    for fate in (Fate.PAID, Fate.FAILED):
        assert {status for status, its in TRANSITIONS if its is fate} == living
    assert set(TRANSITIONS.values()) <= living
    assert {EndState.CANCELED, EndState.UNPAID, EndState.PAST_DUE} == set(EndState)
