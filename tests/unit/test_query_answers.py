"""What the answers to questions make of their rows: unknown is never nothing, and an event's lines are its cost."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from billing_core.queries.cost_by_customer import CustomerCost
from billing_core.queries.usage_event import UsageEventDetail
from billing_core.queries.usage_totals import UsageTotals

pytestmark = pytest.mark.unit

JANUARY = datetime(2026, 1, 15, tzinfo=UTC)


def customer(calls: int, unpriced: int, cost: int, before: int) -> CustomerCost:
    return CustomerCost(1, "Acme", calls, unpriced, Decimal(9), Decimal(cost), Decimal(before))


def totals(calls: int, unpriced: int, cost: int) -> UsageTotals:
    return UsageTotals(calls, unpriced, *[Decimal(number) for number in (9, cost, cost, 0, 0)], 0, 1)


def test_a_customer_whose_calls_have_no_price_did_not_become_free():
    moved = customer(calls=3, unpriced=3, cost=0, before=50)

    assert (moved.known_cost_pico_usd, moved.change) == (None, None)
    assert (customer(3, 2, 25, 50).known_cost_pico_usd, customer(3, 2, 25, 50).change) == (25, Decimal("-0.5"))
    assert (customer(0, 0, 0, 50).known_cost_pico_usd, customer(0, 0, 0, 50).change) == (0, -1)


def test_a_period_whose_calls_have_no_price_did_not_become_free():
    before = totals(4, 0, 50)

    assert (totals(3, 3, 0).known_cost_pico_usd, totals(3, 3, 0).growth_since(before)) == (None, None)
    assert (totals(3, 2, 25).known_cost_pico_usd, totals(3, 2, 25).growth_since(before)) == (25, Decimal("-0.5"))
    assert totals(0, 0, 0).known_cost_pico_usd == 0


@pytest.mark.parametrize(("calls", "cost"), [(1, 2000 * 8), (2, 2000 * 5)])
def test_the_lines_of_a_bucket_are_by_the_band_that_priced_it(calls, cost):
    event = UsageEventDetail(
        *(
            1,
            JANUARY,
            JANUARY,
            1,
            "Acme",
            "",
            "",
            "acme",
            "big",
            calls,
            cost,
            cost,
            None,
            None,
            "file",
            "k",
            None,
            None,
        ),
        *({}, {"input": 2000}, "acme/big@undated", None, "", False, [(0, {"input": 5}), (1000, {"input": 8})], None),
    )

    assert event.adds_up
