"""What the answers about margin make of their rows: unknown is never nothing, and parts are signed alike."""

from datetime import date
from decimal import Decimal

import pytest

from billing_core.bookings import Kind
from billing_core.periods import DatePeriod
from billing_core.queries.margin_by_customer import CustomerMargin, margin_ranking, sum_of, unprofitable
from billing_core.queries.margin_changes import MarginChanges, Mover
from billing_core.queries.margin_cuts import MarginCut, with_shared
from billing_core.queries.margin_kinds import KINDS
from billing_core.queries.margin_totals import MarginTotals
from billing_core.queries.usage_filter import UsageFilter

pytestmark = pytest.mark.unit

JANUARY = DatePeriod(date(2026, 1, 1), date(2026, 2, 1))
ANSWER = {"customer_id": 1, "name": "Acme", "segment": "", "plan_name": "", "is_in_stripe": True}
NUMBERS = {"calls": 10, "unpriced_calls": 0, "tokens": 100, "cost_pico": 40, "revenue_pico": 100, "fees_pico": 3}
BEFORE = {"cost_before_pico": 20, "revenue_before_pico": 90, "fees_before_pico": 3, "shared_before_pico": 0}


def customer(**given) -> CustomerMargin:
    values = {**NUMBERS, "shared_pico": 7, **BEFORE, **given}
    amounts = {
        name: Decimal(value) if name.endswith("_pico") and value is not None else value
        for name, value in values.items()
    }
    return CustomerMargin(**{**ANSWER, **amounts})


def totals(**given) -> MarginTotals:
    nothing = {name: Decimal(0) for name in MarginTotals.__dataclass_fields__}
    return MarginTotals(**{**nothing, "has_revenue": True, "unconverted_currencies": [], **given})


def test_a_margin_is_revenue_less_llm_fees_and_shared_costs():
    acme = customer()

    assert (acme.costs_pico, acme.margin_pico, acme.margin_share) == (50, 50, Decimal("0.5"))
    assert (acme.margin_before_pico, acme.margin_change_pico) == (67, 50 - 67)
    assert acme.llm_share == Decimal("0.4")
    assert acme.is_unprofitable is False


def test_a_customer_of_whom_something_is_unknown_is_neither_profitable_nor_not():
    unpriced = customer(unpriced_calls=10, cost_pico=0)
    unmatched = customer(is_in_stripe=False, revenue_pico=0)

    assert (unpriced.known_cost_pico, unpriced.known_margin_pico, unpriced.margin_share) == (None, None, None)
    assert (unmatched.known_revenue_pico, unmatched.known_margin_pico, unmatched.llm_share) == (None, None, None)
    assert (unmatched.margin_pico, unmatched.is_unprofitable) == (-50, False)
    assert unpriced.llm_share is None


def test_without_revenue_there_is_a_margin_and_no_share_of_it():
    free = customer(revenue_pico=0)

    assert (free.margin_pico, free.margin_share, free.llm_share, free.is_unprofitable) == (-50, None, None, True)


def test_a_filter_by_model_leaves_no_margin():
    calls_only = customer(revenue_pico=None, fees_pico=None, shared_pico=None)

    assert (calls_only.costs_pico, calls_only.margin_pico, calls_only.margin_share) == (None, None, None)
    assert (calls_only.known_margin_pico, calls_only.margin_change_pico) == (None, None)
    assert sum_of([calls_only, calls_only]).margin_pico is None
    assert sum_of([calls_only]).cost_pico == 40


def test_without_a_period_before_nothing_changed():
    alone = customer(**dict.fromkeys(BEFORE))

    assert (alone.margin_before_pico, alone.margin_change_pico) == (None, None)


def test_the_row_of_nobody_loses_money_and_is_no_customer():
    nobody = customer(customer_id=0, name="", revenue_pico=0, is_in_stripe=False)
    losing = customer(customer_id=2, revenue_pico=10)
    ranked = margin_ranking([losing, customer(), nobody], start=0, count=1)

    assert [row.customer_id for row in unprofitable([customer(), nobody, losing]).customers] == [2]
    assert (unprofitable([losing]).count, unprofitable([losing]).margin_pico) == (1, -40)
    assert (ranked.others_count, ranked.others.margin_pico, ranked.unattributed.margin_pico) == (1, 50, -50)
    assert ranked.total.margin_pico == -40 + 50 - 50


def test_completeness_of_the_totals():
    known = totals(
        gross_pico=Decimal(120),
        refunds_pico=Decimal(-20),
        calls=4,
        unpriced_calls=1,
        cost_pico=Decimal(40),
        unattributed_cost_pico=Decimal(10),
        unmatched_revenue_pico=Decimal(30),
        booked=10,
        unconverted=1,
        stripe_fees_pico=Decimal(5),
    )

    assert (known.revenue_pico, known.costs_pico, known.margin_pico) == (100, 45, 55)
    assert (known.priced_share, known.attributed_share) == (Decimal("0.75"), Decimal("0.75"))
    assert (known.recognised_share, known.matched_share) == (Decimal("0.9"), Decimal("0.7"))
    assert (known.margin_share, known.llm_share) == (Decimal("0.55"), Decimal("0.4"))
    assert (known.interval.low, known.interval.high) == (None, 55)  # One unpriced call, and nothing to judge it by.


def test_totals_of_a_model_have_cost_alone():
    cost = totals(has_revenue=False, cost_pico=Decimal(5), calls=2, unpriced_calls=2)

    assert (cost.revenue_pico, cost.fees_pico, cost.costs_pico, cost.margin_pico) == (None, None, None, None)
    assert (cost.margin_share, cost.llm_share, cost.interval, cost.matched_share) == (None, None, None, None)
    assert cost.known_cost_pico is None
    assert (totals().priced_share, totals().attributed_share, totals().recognised_share) == (None, None, None)


def test_more_revenue_and_less_cost_are_both_a_gain():
    moves = [Mover(part, 1, "Acme", Decimal(10), Decimal(12), None) for part in ("revenue", "cost", "fees", "shared")]
    parts = [move.change_pico for move in moves]

    assert parts == [2, -2, -2, -2]
    assert MarginChanges(Decimal(0), Decimal(0), *parts, tuple(moves)).margin_pico == 2 - 2 - 2 - 2


def cut(name: str, cost: int, revenue: int | None = 0) -> MarginCut:
    exact = None if revenue is None else Decimal(revenue)
    return MarginCut("plan", 1, name, "", 1, 2, 0, Decimal(cost), exact, exact and Decimal(0), exact and Decimal(0))


def test_shared_costs_stand_in_the_row_of_what_is_not_assigned():
    rows = with_shared([cut("Pro", 10, 30), cut("", 2, 1)], {"": Decimal(5)})

    assert [(row.name, row.margin_pico) for row in rows] == [("", 1 - 2 - 5), ("Pro", 20)]
    assert [row.is_assigned for row in rows] == [False, True]


def test_a_row_is_made_for_shared_costs_where_everything_else_is_assigned():
    rows = with_shared([cut("Pro", 10, 30)], {"": Decimal(5)})

    assert [(row.name, row.margin_pico, row.calls) for row in rows] == [("", -5, 0), ("Pro", 20, 2)]
    assert with_shared([], {}) == []
    assert [row.margin_pico for row in with_shared([], {"": Decimal(5)})] == [-5]


def test_shares_of_a_cut():
    assert (cut("Pro", 10, 40).margin_share, cut("Pro", 10, 40).llm_share) == (Decimal("0.75"), Decimal("0.25"))
    assert (cut("Pro", 10, None).margin_share, cut("Pro", 10, None).llm_share) == (None, None)
    assert MarginCut("plan", 1, "Pro", "", 1, 2, 2, *[Decimal(0)] * 4).known_cost_pico is None


def test_every_kind_of_booking_is_in_one_sum_at_most():
    names = ("revenue_kinds", "fee_kinds", "cash_kinds", "open_kinds")
    classified = [kind for name in names for kind in KINDS[name]]

    assert sorted(classified) == sorted(KINDS["all_kinds"]) == sorted(Kind)
    assert set(KINDS["gross_kinds"]) < set(KINDS["revenue_kinds"])


@pytest.mark.parametrize(
    ("period", "today", "booked"),
    [
        (JANUARY, date(2026, 3, 9), ("2026-01-01", "2026-02-01", "2026-02-01")),  # One whole month.
        (JANUARY, date(2026, 1, 31), ("2026-01-01", "2026-02-01", "2026-02-01")),  # Its last day counts as over.
        (JANUARY, date(2026, 1, 30), ("2026-01-01", "2026-01-01", "2026-01-31")),  # By the day, until today.
        (JANUARY, date(2025, 12, 31), ("2026-01-01", "2026-01-01", "2026-01-01")),  # Not begun: nothing.
        (DatePeriod(date(2025, 11, 1), date(2026, 2, 1)), date(2026, 1, 9), ("2025-11-01", "2026-01-01", "2026-01-10")),
        (DatePeriod(date(2026, 1, 5), date(2026, 2, 5)), date(2026, 3, 9), ("2026-01-05", "2026-01-05", "2026-02-05")),
    ],
)
def test_bookings_are_read_by_the_month_as_far_as_months_are_over(period, today, booked):
    found = UsageFilter(period).booked_parameters(today)

    assert tuple(map(str, found.values())) == booked
    of_model = UsageFilter(period, model="gpt-4o").booked_parameters(today)
    assert of_model["booked_start_on"] == of_model["booked_end_on"]


@pytest.mark.parametrize(
    ("period", "whole"),
    [
        (DatePeriod(date(2026, 1, 5), date(2026, 1, 6)), JANUARY),
        (JANUARY, JANUARY),
        (DatePeriod(date(2025, 12, 31), date(2026, 1, 2)), DatePeriod(date(2025, 12, 1), date(2026, 2, 1))),
        (DatePeriod(date(2026, 2, 28), date(2026, 3, 1)), DatePeriod(date(2026, 2, 1), date(2026, 3, 1))),
    ],
)
def test_a_trend_is_of_whole_months(period, whole):
    assert UsageFilter(period, segment="small").whole_months() == UsageFilter(whole, segment="small")
