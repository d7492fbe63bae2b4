"""Margin as a share, and between what it lies while prices and disputes are open."""

from decimal import Decimal

import pytest

from billing_core.margin import Interval, Unpriced, margin_interval, margin_share

pytestmark = pytest.mark.unit

NOTHING_OPEN = Unpriced(calls=0, tokens=0, known_pico=0, dearest_pico_per_token=None)


@pytest.mark.parametrize(
    ("margin", "revenue", "share"),
    [
        (60, 100, Decimal("0.6")),
        (-50, 100, Decimal("-0.5")),
        (0, 100, Decimal(0)),
        (Decimal(1), Decimal(4), Decimal("0.25")),
        (-50, 0, None),
        (10, -5, None),
    ],
)
def test_the_margin_is_a_share_of_revenue_or_not_available(margin, revenue, share):
    assert margin_share(margin, revenue) == share


def test_with_nothing_open_the_margin_is_itself():
    assert margin_interval(700, NOTHING_OPEN) == Interval(low=Decimal(700), high=Decimal(700))


def test_unpriced_tokens_cost_at_most_what_the_dearest_cost():
    unpriced = Unpriced(calls=2, tokens=100, known_pico=30, dearest_pico_per_token=Decimal("2.5"))
    assert margin_interval(700, unpriced) == Interval(low=Decimal(700 - 250), high=Decimal(700 - 30))


def test_the_most_is_never_less_than_what_is_known():
    unpriced = Unpriced(calls=2, tokens=100, known_pico=300, dearest_pico_per_token=Decimal("2.5"))
    assert margin_interval(700, unpriced) == Interval(low=Decimal(400), high=Decimal(400))


@pytest.mark.parametrize(
    "unpriced",
    [
        Unpriced(calls=2, tokens=100, known_pico=30, dearest_pico_per_token=None),
        Unpriced(calls=2, tokens=0, known_pico=30, dearest_pico_per_token=Decimal(5)),
    ],
)
def test_without_a_measure_nobody_can_say_how_low(unpriced):
    assert margin_interval(700, unpriced) == Interval(low=None, high=Decimal(670))


def test_open_disputes_are_lost_in_the_low_and_won_in_the_high():
    assert margin_interval(700, NOTHING_OPEN, open_disputes_pico=-90) == Interval(low=Decimal(610), high=Decimal(700))
