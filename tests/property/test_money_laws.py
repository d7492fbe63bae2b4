"""Laws of money: what holds for every amount, currency and weight."""

import random
import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_core.currencies import currency, known_currencies
from billing_core.money import Money, allocate, parse_major, pico_usd, pico_usd_text, settle, to_major_text

pytestmark = pytest.mark.property

law = settings(deadline=None, max_examples=300)

codes = st.sampled_from(sorted(known_currencies()))
amounts = st.integers(min_value=-(10**15), max_value=10**15)
moneys = st.builds(Money, amounts, codes)
on_step = st.builds(lambda steps, code: Money(steps * currency(code).step, code), amounts, codes)
exacts = st.one_of(
    st.fractions(min_value=-(10**12), max_value=10**12, max_denominator=10**6),
    st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False, places=6),
    amounts,
    amounts.map(lambda twice: Fraction(twice, 2)),
)
weights_of_one_kind = st.one_of(
    st.integers(min_value=0, max_value=10**9),
    st.decimals(min_value=0, max_value=10**6, places=4),
    st.fractions(min_value=0, max_value=1000, max_denominator=1000),
)
weight_lists = st.lists(weights_of_one_kind, min_size=1, max_size=20).filter(any)


def unit_of(total: Money) -> int:
    """The step by which this total is split, said again in the test's own words."""
    step = currency(total.currency).step
    return step if total.amount_minor % step == 0 else 1


@law
@given(moneys, weight_lists)
def test_the_parts_add_up_to_the_total(total, weights):
    assert sum(allocate(total, weights), start=Money(0, total.currency)) == total


@law
@given(moneys, weight_lists)
def test_splitting_the_opposite_amount_gives_the_opposite_parts(total, weights):
    assert allocate(-total, weights) == [-part for part in allocate(total, weights)]


@law
@given(moneys, weight_lists)
def test_every_part_is_within_one_unit_of_its_exact_share(total, weights):
    weight_sum = sum(map(Fraction, weights))
    for part, weight in zip(allocate(total, weights), weights, strict=True):
        assert abs(part.amount_minor - total.amount_minor * Fraction(weight) / weight_sum) < unit_of(total)


@law
@given(on_step, weight_lists)
def test_the_parts_of_an_amount_on_its_step_are_on_their_step(total, weights):
    assert all(part.amount_minor % currency(part.currency).step == 0 for part in allocate(total, weights))


@law
@given(moneys, weight_lists, st.randoms(use_true_random=False))
def test_the_order_of_the_weights_moves_no_part_by_more_than_one_unit(total, weights, shuffler: random.Random):
    order = list(range(len(weights)))
    shuffler.shuffle(order)
    parts, shuffled = allocate(total, weights), allocate(total, [weights[index] for index in order])
    for place, index in enumerate(order):
        assert abs(shuffled[place].amount_minor - parts[index].amount_minor) <= unit_of(total)


@law
@given(moneys, weight_lists)
def test_among_equal_weights_an_earlier_part_is_never_the_smaller(total, weights):
    sizes: dict[Fraction, int] = {}
    for part, weight in zip(allocate(total, weights), map(Fraction, weights), strict=True):
        assert abs(part.amount_minor) <= sizes.get(weight, abs(part.amount_minor))
        sizes[weight] = abs(part.amount_minor)


@law
@given(moneys, weight_lists, st.integers(min_value=1, max_value=10**6))
def test_only_the_proportion_of_the_weights_counts(total, weights, factor):
    assert allocate(total, weights) == allocate(total, [Fraction(weight) * factor for weight in weights])


@law
@given(exacts, codes)
def test_settling_twice_is_settling_once(exact, code):
    once = settle(exact, code)
    assert settle(once.amount_minor, code) == once


@law
@given(exacts, codes)
def test_settling_moves_an_amount_by_at_most_half_a_step_to_a_multiple_of_it(exact, code):
    settled, step = settle(exact, code).amount_minor, currency(code).step
    assert settled % step == 0
    assert abs(settled - Fraction(exact)) <= Fraction(step, 2)


@law
@given(amounts, codes)
def test_an_exact_half_goes_to_the_even_number_of_steps(steps, code):
    step = currency(code).step
    assert settle(Fraction((2 * steps + 1) * step, 2), code).amount_minor // step % 2 == 0


@law
@given(exacts, codes)
def test_settling_the_opposite_amount_gives_the_opposite(exact, code):
    assert settle(-exact, code) == -settle(exact, code)


@law
@given(exacts, exacts, codes)
def test_settling_keeps_the_order_of_amounts(one, other, code):
    smaller, larger = sorted([Fraction(one), Fraction(other)])
    assert settle(smaller, code) <= settle(larger, code)


@law
@given(moneys)
def test_what_is_written_in_major_units_is_read_back(money):
    assert parse_major(to_major_text(money), money.currency) == money


@law
@given(moneys)
def test_the_text_in_major_units_says_the_same_number(money):
    assert Decimal(to_major_text(money)) * 10 ** currency(money.currency).exponent == money.amount_minor


@law
@given(st.integers(min_value=-(10**30), max_value=10**30))
def test_pico_usd_are_written_plainly_and_read_back(pico):
    text = pico_usd_text(pico)
    assert re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?", text)
    assert pico_usd(text) == pico
    assert Fraction(text) * 10**12 == pico


@law
@given(st.lists(amounts, max_size=20), codes)
def test_money_adds_like_the_whole_numbers_it_is(amounts_minor, code):
    total = sum((Money(amount, code) for amount in amounts_minor), start=Money(0, code))
    assert total == Money(sum(amounts_minor), code)
    assert total - total == Money(0, code)
