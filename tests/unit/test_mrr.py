"""Which plan a subscription had when, and what it was worth a month."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from billing_core.mrr import PlanSpan, plan_spans
from tests.stripe_rows import a_line, a_price, a_subscription, an_item, at

pytestmark = pytest.mark.unit

PRO, MAX = a_price(), a_price("price_max", unit_amount_minor=Decimal(30_000), name="Max")
RUNNING = a_subscription()


def spans(*lines, prices=(PRO, MAX), subscriptions=(RUNNING,), items=()) -> list[PlanSpan]:
    return plan_spans(lines=lines, prices=prices, subscriptions=subscriptions, items=items)


def brief(found: list[PlanSpan]) -> list[tuple[str, str, str, Decimal]]:
    """Return price, first and last instant as short texts, and the monthly value of each span."""
    return [(s.price_id, short(s.starts_at), short(s.ends_at), s.mrr_minor) for s in found]


def short(instant: datetime) -> str:
    return f"{instant:%m-%d}" if instant.year == 2026 else f"{instant:%y-%m-%d}"


def settled_twelve(exact: Fraction) -> Decimal:
    """Return a fraction to twelve decimals."""
    return Decimal(round(exact * 10**12)).scaleb(-12)


def half(amount_minor: int, line_id: str = "il_9", **changed):
    """A proration for the second half of November."""
    return a_line(line_id, amount_minor, **{"starts_at": at("2026-11-16"), "is_proration": True, **changed})


def test_a_monthly_line_is_worth_its_amount_for_its_period():
    assert spans(a_line()) == [
        PlanSpan(
            stripe_customer_id="cus_acme",
            subscription_id="sub_acme",
            price_id="price_pro",
            stripe_product_id="prod_writer",
            starts_at=at("2026-11-01"),
            ends_at=at("2026-12-01"),
            quantity=Decimal(1),
            currency="usd",
            mrr_minor=Decimal(10_000),
            invoice_id="in_1",
        )
    ]


@pytest.mark.parametrize(
    ("interval", "count", "amount_minor", "mrr"),
    [
        ("year", 1, 120_000, Decimal(10_000)),
        ("year", 1, 100, Decimal("8.333333333333")),
        ("year", 2, 240_000, Decimal(10_000)),
        ("month", 3, 30_000, Decimal(10_000)),
        ("week", 1, 1200, Decimal(5200)),
        ("week", 2, 2400, Decimal(5200)),
        ("day", 1, 1200, Decimal(36_500)),
        ("day", 30, 36_000, Decimal(36_500)),
    ],
)
def test_other_intervals_are_worth_their_part_of_a_year_by_twelve(interval, count, amount_minor, mrr):
    price = a_price(recurring_interval=interval, interval_count=count)
    [span] = spans(a_line(amount_minor=amount_minor), prices=(price,))
    assert span.mrr_minor == mrr


def test_an_interval_without_a_count_is_one():
    [span] = spans(a_line(), prices=(a_price(interval_count=None),))
    assert span.mrr_minor == 10_000


def test_discounts_are_off_and_tax_is_not_in_it():
    [span] = spans(a_line(discount_minor=2500, tax_minor=1500))
    assert span.mrr_minor == 7500


def test_a_trial_is_worth_nothing_until_it_ends():
    trial = a_line("il_0", 0, starts_at=at("2026-10-18"), ends_at=at("2026-11-01"))
    expected = [("price_pro", "10-18", "11-01", Decimal(0)), ("price_pro", "11-01", "12-01", Decimal(10_000))]
    assert brief(spans(trial, a_line())) == expected


@pytest.mark.parametrize(
    ("line", "price"),
    [
        (a_line(is_metered=True), PRO),
        (a_line(), a_price(is_metered=True)),
        (a_line(), a_price(recurring_interval=None)),
        (a_line(), a_price(recurring_interval="century")),
        (a_line(price_id=None), PRO),
        (a_line(price_id="price_unknown"), PRO),
        (a_line(subscription_id=None), PRO),
        (a_line(subscription_id="sub_unknown"), PRO),
        (a_line(ends_at=at("2026-11-01")), PRO),
    ],
)
def test_usage_and_what_is_paid_once_are_never_recurring(line, price):
    assert spans(line, prices=(price,)) == []


@pytest.mark.parametrize("status", ["incomplete", "incomplete_expired"])
def test_a_subscription_that_never_began_is_worth_nothing(status):
    assert spans(a_line(), subscriptions=(a_subscription(status=status),)) == []


def test_an_upgrade_ends_the_old_plan_where_its_unused_time_is_credited():
    lines = a_line(), half(-5000), half(15_000, "il_8", price_id="price_max")
    assert brief(spans(*lines)) == [
        ("price_max", "11-16", "12-01", Decimal(30_000)),
        ("price_pro", "11-01", "11-16", Decimal(10_000)),
    ]


def test_another_quantity_begins_a_new_span():
    lines = a_line(), half(-5000, quantity=Decimal(1)), half(15_000, "il_8", quantity=Decimal(3))
    found = spans(*lines)
    expected = [("price_pro", "11-01", "11-16", Decimal(10_000)), ("price_pro", "11-16", "12-01", Decimal(30_000))]
    assert brief(found) == expected
    assert [span.quantity for span in found] == [1, 3]


def test_a_quantity_that_is_changed_twice_in_one_second_counts_once():
    lines = (
        a_line(),
        half(-5000, "il_2", quantity=Decimal(1)),
        half(10_000, "il_3", quantity=Decimal(2)),
        half(-10_000, "il_4", quantity=Decimal(2)),
        half(20_000, "il_5", quantity=Decimal(4)),
    )
    assert brief(spans(*lines))[1:] == [("price_pro", "11-16", "12-01", Decimal(40_000))]


def test_a_plan_that_is_given_back_from_its_first_second_on_never_was():
    lines = a_line(), half(-10_000, starts_at=at("2026-11-01"))
    assert spans(*lines) == []


def test_a_seat_added_beside_the_plan_leaves_it_as_it_was():
    lines = a_line(), half(15_000, price_id="price_max")
    assert brief(spans(*lines, items=(an_item(),))) == [
        ("price_max", "11-16", "12-01", Decimal(30_000)),
        ("price_pro", "11-01", "12-01", Decimal(10_000)),
    ]


def test_the_tiers_of_one_charge_are_one_span():
    lines = a_line("il_1", 10_000, quantity=Decimal(5)), a_line("il_2", 4000, quantity=Decimal(2))
    [span] = spans(*lines)
    assert (span.mrr_minor, span.quantity) == (Decimal(14_000), Decimal(7))


def test_a_line_without_a_quantity_is_one():
    assert [span.quantity for span in spans(a_line(quantity=None))] == [1]


def test_a_plan_that_gave_way_without_a_credit_ends_where_the_new_one_begins():
    new = a_line("il_2", 30_000, price_id="price_max", starts_at=at("2026-11-16"), ends_at=at("2026-12-16"))
    now = an_item(price_id="price_max", period_starts_at=at("2026-11-16"), period_ends_at=at("2026-12-16"))
    assert brief(spans(a_line(), new, items=(now,))) == [
        ("price_max", "11-16", "12-16", Decimal(30_000)),
        ("price_pro", "11-01", "11-16", Decimal(10_000)),
    ]


def test_a_yearly_plan_stands_beside_monthly_renewals_of_another():
    yearly = a_price("price_year", recurring_interval="year")
    lines = (
        a_line("il_1", 120_000, price_id="price_year", ends_at=at("2027-11-01")),
        a_line("il_2", 30_000, price_id="price_max"),
        a_line("il_3", 30_000, price_id="price_max", starts_at=at("2026-12-01"), ends_at=at("2027-01-01")),
    )
    found = spans(*lines, prices=(yearly, MAX))
    assert ("price_year", "11-01", "27-11-01", Decimal(10_000)) in brief(found)
    assert len(found) == 3


def test_the_end_of_the_subscription_cuts_its_plan():
    ended = a_subscription(status="canceled", ended_at=at("2026-11-10"))
    assert brief(spans(a_line(), subscriptions=(ended,))) == [("price_pro", "11-01", "11-10", Decimal(10_000))]


def test_a_subscription_that_ended_before_the_period_has_no_plan_in_it():
    ended = a_subscription(status="canceled", ended_at=at("2026-10-31"))
    assert spans(a_line(), subscriptions=(ended,)) == []


@pytest.mark.parametrize(
    ("status", "end"), [("active", "27-01-01"), ("past_due", "27-01-01"), ("unpaid", "12-01"), ("paused", "12-01")]
)
def test_a_plan_goes_on_while_the_invoice_of_its_period_is_a_draft(status, end):
    renewed = an_item(period_starts_at=at("2026-12-01"), period_ends_at=at("2027-01-01"))
    found = spans(a_line(), subscriptions=(a_subscription(status=status),), items=(renewed,))
    assert brief(found) == [("price_pro", "11-01", end, Decimal(10_000))]


def test_a_plan_does_not_go_on_past_the_end_of_its_subscription():
    renewed = an_item(period_starts_at=at("2026-12-01"), period_ends_at=at("2027-01-01"))
    ending = a_subscription(ended_at=at("2026-12-01"))
    assert brief(spans(a_line(), subscriptions=(ending,), items=(renewed,)))[0][2] == "12-01"


def test_a_prorated_line_is_worth_its_whole_price_less_its_discount():
    assert brief(spans(half(5000, discount_minor=1000))) == [("price_pro", "11-16", "12-01", Decimal(8000))]


def test_a_prorated_line_of_a_price_without_tax_ignores_the_tax_on_top():
    assert spans(half(5000, tax_minor=1000))[0].mrr_minor == 10_000


def test_a_prorated_line_of_a_price_with_tax_has_it_taken_out():
    # 120 dollars a month with 20 % tax inside: half a month is 50 net and 10 tax.
    price = a_price(unit_amount_minor=Decimal(12_000))
    assert spans(half(5000, tax_minor=1000), prices=(price,))[0].mrr_minor == 10_000


def test_a_prorated_line_may_be_written_after_the_discount_that_its_plan_has():
    # 3,000 of 10,001 are off; half of what is left of 10,000 is 3,500.15.
    lines = (
        a_line("il_1", 10_001, discount_minor=3000, price_id="price_old"),
        half(3500, price_id="price_pro", starts_at=at("2026-11-16")),
    )
    found = spans(*lines, prices=(PRO, a_price("price_old")))
    assert found[1].mrr_minor == settled_twelve(Fraction(10_000 * 7001, 10_001))


def test_an_amount_that_price_and_quantity_do_not_explain_is_scaled_by_time():
    assert spans(half(3456))[0].mrr_minor == 6912


def test_the_length_of_a_period_is_that_of_its_whole_line_and_not_the_calendars():
    # January 31 to February 28 has 28 days: of them 14 are half, though a calendar month back would have 31.
    period = {"starts_at": at("2026-01-31"), "ends_at": at("2026-02-28")}
    part = half(15_000, "il_2", price_id="price_max", starts_at=at("2026-02-14"), ends_at=at("2026-02-28"))
    assert spans(a_line(**period), part)[0].mrr_minor == 30_000


def test_a_prorated_line_that_is_free_is_worth_nothing():
    assert spans(half(5000, discount_minor=5000, tax_minor=0))[0].mrr_minor == 0
    assert spans(half(0))[0].mrr_minor == 0


def test_a_prorated_line_without_a_price_per_unit_is_scaled_by_time():
    # 15 of November's 30 days: twice the amount.
    tiers = a_price(unit_amount_minor=None)
    assert spans(half(4321), prices=(tiers,))[0].mrr_minor == 8642


def test_the_product_is_the_prices_or_else_the_lines():
    assert spans(a_line(stripe_product_id="prod_old"))[0].stripe_product_id == "prod_writer"
    assert spans(a_line(), prices=(a_price(stripe_product_id=None),))[0].stripe_product_id == "prod_writer"


def test_two_subscriptions_of_a_customer_are_apart():
    other = a_line("il_2", subscription_id="sub_two", invoice_id="in_2", starts_at=at("2026-11-10"))
    found = spans(a_line(), other, subscriptions=(a_subscription(), a_subscription("sub_two")))
    assert [(span.subscription_id, short(span.starts_at)) for span in found] == [
        ("sub_acme", "11-01"),
        ("sub_two", "11-10"),
    ]
