"""Random books, counted twice: by the questions, and by plain loops over what was written down."""

import random
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import partial

import pytest

from billing_core.periods import DatePeriod
from billing_core.queries.margin_by_customer import margin_by_customer
from billing_core.queries.margin_by_customer_month import margin_by_customer_month
from billing_core.queries.margin_by_model import margin_by_model
from billing_core.queries.margin_changes import margin_changes
from billing_core.queries.margin_cuts import margin_cuts
from billing_core.queries.margin_months import margin_months
from billing_core.queries.margin_totals import margin_totals
from billing_core.queries.usage_filter import UsageFilter
from tests.builders import NOW, asking, books, summed
from tests.margin_books import Booked, MarginBooks, Spanned, Used

pytestmark = pytest.mark.postgres

CUSTOMERS = ("Acme", "Birch", "Cedar", "Dune", None)
PRODUCTS = ("Writer", "Helper", None)
MODELS = ("gpt-4o", "gpt-5", "gpt-5-mini")
FEATURES = ("draft", "chat", None)
PLANS = ("Small", "Large", "Free")
REVENUE = ("subscription", "usage", "one_off", "discount", "credit_note", "refund", "dispute")
FEES = ("payment_fee", "dispute_fee", "stripe_fee")
OTHERS = ("cash_payment", "open_dispute")
FIRST = date(2026, 9, 1)
DAYS = 110
"""From September 1 to December 19: four weeks past today are booked too."""

MONTHS = DatePeriod(date(2026, 9, 1), date(2026, 12, 1))
NOVEMBER = DatePeriod(date(2026, 11, 1), date(2026, 12, 1))
SOME_DAYS = DatePeriod(date(2026, 10, 20), date(2026, 11, 5))
SPANS = (MONTHS, NOVEMBER, SOME_DAYS)


def random_books(margin: MarginBooks, dice: random.Random) -> None:
    """Write calls until today, bookings past it, plans that change and overlap, and customers of either side only."""
    for _ in range(60):
        day = FIRST + timedelta(days=dice.randrange((NOW.date() - FIRST).days + 1))
        cost = None if dice.random() < 0.1 else f"{dice.randint(0, 10**13) / 10**12:.12f}"
        customer = dice.choice(CUSTOMERS)
        more = {"model": dice.choice(MODELS), "feature": dice.choice(FEATURES), "calls": dice.randint(1, 3)}
        margin.use(f"{day} {dice.randrange(24):02}:00", customer, cost, product=dice.choice(PRODUCTS), **more)
    for _ in range(80):
        day = FIRST + timedelta(days=dice.randrange(DAYS))
        kind = dice.choice(REVENUE + FEES + OTHERS)
        sign = "-" if kind in {"discount", "credit_note", "refund", "dispute", "open_dispute"} else ""
        plan = dice.choice((*PLANS, None)) if kind in REVENUE else None
        worth = f"{sign}{dice.randint(1, 10**14) / 10**12:.12f}"
        customer = dice.choice((*CUSTOMERS, "Only in Stripe"))
        margin.book(str(day), customer, worth, kind=kind, product=dice.choice((*PRODUCTS, "Third")), plan=plan)
    for _ in range(8):
        start = FIRST + timedelta(days=dice.randrange(-20, DAYS))
        hour = f"T{dice.choice((0, 13)):02}:00"
        length = timedelta(days=dice.choice((10, 31, 200)), hours=dice.choice((0, 5)))
        product = dice.choice((*PRODUCTS, "Third"))
        margin.span(
            dice.choice(CUSTOMERS[:3]),
            dice.choice(PLANS),
            f"{start}{hour}",
            f"{datetime.combine(start, time()) + length}",
            product=product,
        )
    for customer in CUSTOMERS[:3]:
        margin.stand(customer, segment=dice.choice(("small", "large", None)), plan=dice.choice((*PLANS, None)))


def in_period(day: date, period: DatePeriod) -> bool:
    return period.start <= day < period.end and day <= NOW.date()


def recounted(margin: MarginBooks, period: DatePeriod) -> dict[int, tuple[int, int, int]]:
    """Return each customer's revenue, cost and fees."""
    found: dict[int, list[int]] = {}
    for used in margin.used:
        if in_period(used.day, period):
            found.setdefault(used.customer_id, [0, 0, 0])[1] += used.cost_pico or 0
    for booked in margin.booked:
        if in_period(booked.day, period) and booked.kind in REVENUE + FEES:
            found.setdefault(booked.customer_id, [0, 0, 0])[0 if booked.kind in REVENUE else 2] += booked.amount_pico
    return {customer: (sums[0], sums[1], sums[2]) for customer, sums in found.items()}


def plan_of_row(margin: MarginBooks, row: Used | Booked) -> int:
    """Return the plan that began last of those that hold at some instant of the day, one of this product first."""
    opens = datetime.combine(row.day, time(), UTC)
    closes = opens + timedelta(days=1)
    held = [
        span
        for span in margin.spans
        if span.customer_id == row.customer_id and span.starts_at < closes and span.ends_at > opens
    ]
    if not held:
        return 0

    def order(span: Spanned) -> tuple[bool, datetime, int]:
        return span.product == row.product, span.starts_at, -span.plan_id

    return max(held, key=order).plan_id


@pytest.fixture(params=range(4))
def recounting(database, request):
    dice = random.Random(request.param)
    with books(database.superuser_url) as tenant:
        margin = MarginBooks(tenant)
        random_books(margin, dice)
    return margin


@pytest.mark.parametrize("period", SPANS, ids=lambda period: f"{period.start}..{period.end}")
def test_customers_months_and_totals_are_what_was_written_down(database, recounting, period):
    asked = UsageFilter(period)
    expected = recounted(recounting, period)
    with asking(database.app_url, recounting.tenant.tenant_id) as workspace:
        rows = margin_by_customer(workspace, asked)
        totals = margin_totals(workspace, asked)
        months = margin_months(workspace, asked)
        whole = asked.whole_months()
        by_month = margin_by_customer_month(workspace, whole)
        before = DatePeriod(period.start - timedelta(days=30), period.start)
        changes = margin_changes(workspace, asked, before)

    assert {row.customer_id: (row.revenue_pico, row.cost_pico, row.fees_pico) for row in rows} == expected
    revenue, cost, fees = (sum(sums[place] for sums in expected.values()) for place in range(3))
    assert (totals.revenue_pico, totals.cost_pico, totals.fees_pico) == (revenue, cost, fees)
    assert totals.margin_pico == revenue - cost - fees
    expected_months = recounted(recounting, whole.period)
    assert sum(month.margin_pico for month in months) == sum(r - c - f for r, c, f in expected_months.values())
    assert sum(each.margin_pico for each in by_month) == sum(month.margin_pico for month in months)
    before_sums = recounted(recounting, before).values()
    assert changes.margin_before_pico == sum(r - c - f for r, c, f in before_sums)
    assert changes.margin_before_pico + changes.margin_pico == changes.margin_now_pico == totals.margin_pico


@pytest.mark.parametrize("period", SPANS, ids=lambda period: f"{period.start}..{period.end}")
def test_every_cut_is_what_was_written_down(database, recounting, period):
    with asking(database.app_url, recounting.tenant.tenant_id) as workspace:
        cuts = margin_cuts(workspace, UsageFilter(period))
        models = margin_by_model(workspace, UsageFilter(period))
        margin_pico = margin_totals(workspace, UsageFilter(period)).margin_pico
    used = [each for each in recounting.used if in_period(each.day, period)]
    booked = [each for each in recounting.booked if in_period(each.day, period)]
    revenue = [each for each in booked if each.kind in REVENUE]
    fees = [each for each in booked if each.kind in FEES]

    for cut in (cuts.by_product, cuts.by_plan, cuts.by_segment, models.by_model, models.by_feature):
        assert sum(row.margin_pico for row in cut) == margin_pico
    by_product = {row.name: (row.revenue_pico, row.cost_pico, row.fees_pico) for row in cuts.by_product}
    assert by_product == {
        name: (
            sum(each.amount_pico for each in revenue if (each.product or "") == name),
            sum(each.cost_pico or 0 for each in used if (each.product or "") == name),
            sum(each.amount_pico for each in fees if (each.product or "") == name),
        )
        for name in {each.product or "" for each in [*used, *revenue, *fees]}
    }
    segment = recounting.segments
    assert {row.name: row.cost_pico for row in cuts.by_segment if row.cost_pico} == without_zeros(
        summed([(segment.get(each.customer_id) or "", each.cost_pico or 0) for each in used])
    )
    plan_of = partial(plan_of_row, recounting)
    cost_of_plan = [(plan_of(each), each.cost_pico or 0) for each in used]
    assert {row.id: row.cost_pico for row in cuts.by_plan if row.cost_pico} == without_zeros(summed(cost_of_plan))
    fees_of_plan = [(plan_of(each), each.amount_pico) for each in fees]
    assert {row.id: row.fees_pico for row in cuts.by_plan if row.fees_pico} == without_zeros(summed(fees_of_plan))
    revenue_of_plan = summed([(each.plan_id, each.amount_pico) for each in revenue])
    assert {row.id: row.revenue_pico for row in cuts.by_plan if row.revenue_pico} == without_zeros(revenue_of_plan)
    shares = shares_by_model(recounting, period, revenue)
    for row in models.by_model:
        # Split into whole pico, once for each customer and product.
        assert abs(Fraction(row.revenue_pico) - shares.get(row.name, 0)) <= len(revenue)


def without_zeros(sums: dict) -> dict:
    return {name: amount for name, amount in sums.items() if amount}


def shares_by_model(margin: MarginBooks, period: DatePeriod, revenue: list[Booked]) -> dict[str, Fraction]:
    """Split each booking over the customer's cost of its product, else over all of its cost, unrounded."""
    shares: dict[str, Fraction] = {}
    for booking in revenue:
        theirs = [
            used
            for used in margin.used
            if used.customer_id == booking.customer_id and in_period(used.day, period) and used.cost_pico
        ]
        own = [used for used in theirs if used.product == booking.product and booking.product]
        over = (own or theirs) if booking.customer_id else []
        whole = sum(used.cost_pico for used in over)
        for used in over:
            part = Fraction(booking.amount_pico * used.cost_pico, whole)
            shares[used.model] = shares.get(used.model, Fraction(0)) + part
        if not over:
            shares[""] = shares.get("", Fraction(0)) + booking.amount_pico
    return shares
