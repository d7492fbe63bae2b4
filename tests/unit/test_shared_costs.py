"""Costs that all customers share, split by the tenant's rule to the last cent."""

from datetime import date
from decimal import Decimal

import pytest

from billing_core.periods import DatePeriod
from billing_core.shared_costs import MonthWeights, Rule, SharedCost, allocate_shared, costs_in

pytestmark = pytest.mark.unit

JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)
WHOLE_JUNE = DatePeriod(JUNE, JULY)


def a_cost(amount_minor: int = 30_000, rule: Rule = Rule.USAGE, **changed) -> SharedCost:
    usual = {"shared_cost_id": 1, "name": "hosting", "from_month": date(2026, 1, 1)}
    return SharedCost(amount_minor=amount_minor, rule=rule, **{**usual, **changed})


def split(*costs, usage=None, revenue=None, period=WHOLE_JUNE, currency="usd") -> dict[int, int]:
    """Return what falls on each customer in June."""
    weights = {JUNE: MonthWeights(usage or {}, revenue or {})}
    parts = allocate_shared(costs, period, weights, currency=currency)
    return {customer_id: amount for (month, customer_id), amount in parts.items() if month == JUNE}


def test_by_usage_the_share_of_cost_decides_and_unattributed_usage_bears_its_part():
    assert split(a_cost(), usage={1: 600, 2: Decimal(300), 0: 100}) == {0: 3000, 1: 18_000, 2: 9000}


def test_by_revenue_a_customer_whose_revenue_is_not_above_0_bears_nothing():
    assert split(a_cost(rule=Rule.REVENUE), revenue={1: 200, 2: -50, 3: 100, 4: 0}) == {1: 20_000, 3: 10_000}


def test_evenly_everyone_with_usage_or_revenue_bears_the_same():
    parts = split(a_cost(rule=Rule.EVENLY), usage={0: 9, 1: 5, 2: 0}, revenue={2: 1, 3: -8})
    assert parts == {1: 10_000, 2: 10_000, 3: 10_000}


@pytest.mark.parametrize("rule", list(Rule))
def test_without_a_weight_the_whole_belongs_to_nobody(rule):
    assert split(a_cost(rule=rule)) == {0: 30_000}
    assert allocate_shared([a_cost(rule=rule)], WHOLE_JUNE, {}, currency="usd") == {(JUNE, 0): 30_000}


def test_every_rule_has_weights():
    assert set(Rule) == {Rule.USAGE, Rule.REVENUE, Rule.EVENLY}


def test_odd_cents_go_to_the_largest_remainder_and_first_to_the_lower_number():
    assert split(a_cost(100, Rule.EVENLY), usage={7: 1, 3: 1, 5: 1}) == {3: 34, 5: 33, 7: 33}


def test_weights_may_have_decimals():
    assert split(a_cost(400), usage={1: Decimal("0.5"), 2: Decimal("1.50")}) == {1: 100, 2: 300}


def test_two_costs_add_up_per_customer():
    both = a_cost(), a_cost(900, Rule.EVENLY, name="support", shared_cost_id=2)
    assert split(*both, usage={1: 2, 2: 1}) == {1: 20_450, 2: 10_450}


def test_a_part_of_a_month_bears_its_days():
    ten_days = DatePeriod(date(2026, 6, 11), date(2026, 6, 21))
    assert split(a_cost(), usage={1: 1}, period=ten_days) == {1: 10_000}


def test_neighbouring_parts_add_up_to_the_month():
    parts = [
        split(a_cost(100), usage={1: 1}, period=DatePeriod(date(2026, 6, start), end))[1]
        for start, end in ((1, date(2026, 6, 8)), (8, date(2026, 6, 20)), (20, JULY))
    ]
    assert parts == [23, 63 - 23, 100 - 63]


def test_each_month_is_split_by_its_own_weights():
    weights = {JUNE: MonthWeights({1: 1}, {}), JULY: MonthWeights({2: 1}, {})}
    parts = allocate_shared([a_cost()], DatePeriod(JUNE, date(2026, 8, 1)), weights, currency="usd")
    assert parts == {(JUNE, 1): 30_000, (JULY, 2): 30_000}


def test_a_cost_runs_from_its_month_on():
    cost = a_cost(from_month=JULY)
    assert costs_in([cost], JUNE) == []
    assert costs_in([cost], JULY) == [cost]
    assert split(cost, usage={1: 1}) == {}


def test_a_later_row_of_the_name_takes_over_and_0_ends_it():
    rows = [
        a_cost(shared_cost_id=4, amount_minor=0, from_month=date(2026, 8, 1)),
        a_cost(shared_cost_id=1),
        a_cost(shared_cost_id=3, amount_minor=500, from_month=JULY),
        a_cost(shared_cost_id=2, amount_minor=400, from_month=JULY),
    ]
    amounts = [[cost.amount_minor for cost in costs_in(rows, date(2026, month, 1))] for month in (6, 7, 8)]
    assert amounts == [[30_000], [500], []]


def test_krona_are_split_in_whole_ones():
    assert split(a_cost(1000, Rule.EVENLY), usage={1: 1, 2: 1, 3: 1}, currency="isk") == {1: 400, 2: 300, 3: 300}
