"""A customer's standing from all its Stripe customers together, and the rate that is nearest to a day."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from billing_core.mrr import PlanSpan
from billing_core.standing import STATUSES, Standing, standing_of
from billing_core.store.rates import DayRate, nearest
from tests.stripe_rows import a_customer, a_payment, a_subscription, at

pytestmark = pytest.mark.unit


def a_span(price_id: str, *, ends: str = "2026-12-01", mrr: int = 100) -> PlanSpan:
    starts_at = at("2026-11-01")
    return PlanSpan(
        "cus_acme", "sub_acme", price_id, None, starts_at, at(ends), Decimal(1), "usd", Decimal(mrr), "in_1"
    )  # fmt: skip


def standing(**known) -> Standing:
    given = {"customers": [], "subscriptions": [], "spans": [], "payments": [], **known}
    return standing_of(
        given["customers"],
        subscriptions=given["subscriptions"],
        spans=given["spans"],
        payments=given["payments"],
    )


def test_who_is_known_by_documents_alone_has_no_standing():
    assert standing() == Standing(None, None, None, None, None, "none")


def test_segment_and_address_are_the_newest_stripe_customers():
    old = a_customer("cus_a", segment="small", email="old@example.com")
    new = a_customer("cus_b", segment="large", email="new@example.com", created_at=old.created_at + timedelta(days=1))

    for customers in permutations([old, new]):
        found = standing(customers=customers)
        assert (found.segment, found.email) == ("large", "new@example.com")


@pytest.mark.parametrize(
    ("status", "means"),
    [
        ("active", "active"),
        ("past_due", "past_due"),
        ("unpaid", "past_due"),
        ("trialing", "trialing"),
        ("canceled", "canceled"),
        ("incomplete_expired", "canceled"),
        ("incomplete", "none"),
        ("paused", "none"),
        ("a word of tomorrow", "none"),
    ],
)
def test_every_status_of_a_subscription_means_one_of_ours(status, means):
    assert standing(subscriptions=[a_subscription(status=status)]).status == means


def test_of_several_subscriptions_the_first_status_in_the_list_holds():
    subscriptions = [a_subscription(f"sub_{status}", status=status) for status in reversed(STATUSES)]

    found = [standing(subscriptions=subscriptions[: count + 1]).status for count in range(len(STATUSES))]
    assert found == ["none", "canceled", "trialing", "past_due", "active"]


def test_the_plan_is_that_of_the_span_that_ends_last_and_of_several_the_dearest():
    spans = [
        (1, a_span("price_old", ends="2026-11-15", mrr=900)),
        (2, a_span("price_addon", mrr=10)),
        (3, a_span("price_pro", mrr=500)),
    ]

    for order in permutations(spans):
        found = standing(spans=order)
        assert (found.connection_id, found.price_id) == (3, "price_pro")


def test_the_first_payment_is_the_first_that_succeeded_on_its_utc_day():
    late = datetime.fromisoformat("2026-11-02T01:00:00+02:00")
    payments = [
        a_payment("ch_1", status="failed", created_at=at("2026-10-01")),
        a_payment("ch_2", created_at=at("2026-11-05")),
        a_payment("ch_3", created_at=late),
    ]

    assert standing(payments=payments).first_paid_on == late.astimezone(UTC).date() == date(2026, 11, 1)


def rates(*days: int) -> list[DayRate]:
    return [DayRate(date(2026, 11, day), Decimal(day), "test") for day in days]


@pytest.mark.parametrize(
    ("known", "day", "taken"),
    [
        ([5], 1, 5),
        ([5], 30, 5),
        ([5, 10], 5, 5),
        ([5, 10], 7, 5),
        ([5, 10], 8, 10),
        ([4, 10], 7, 4),
        ([4, 7, 10], 7, 7),
        ([4, 7, 10], 9, 10),
    ],
)
def test_the_nearest_rate_is_taken_and_of_two_the_earlier(known, day, taken):
    assert nearest(rates(*known), date(2026, 11, day)) == rates(taken)[0]


def test_without_a_rate_there_is_none():
    assert nearest([], date(2026, 11, 1)) is None
