"""Laws of revenue: parts add up, a refund mirrors its charge, the past stays, and the order of papers is no matter."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_core.bookings import REVENUE_KINDS, Booking, Kind
from billing_core.margin import Unpriced, margin_interval
from billing_core.money import settling_unit
from billing_core.mrr import plan_spans
from billing_core.periods import DatePeriod, Period, day_period
from billing_core.recognition import by_day, by_month, by_month_of_days, recognised_until
from billing_core.revenue import CustomerDocuments, book
from billing_core.shared_costs import MonthWeights, Rule, SharedCost, allocate_shared, costs_in
from tests.stripe_rows import (
    a_credit_note,
    a_credit_note_line,
    a_dispute,
    a_line,
    a_payment,
    a_price,
    a_refund,
    a_subscription,
    an_invoice,
    an_invoice_payment,
    an_item,
    at,
)

pytestmark = pytest.mark.property

law = settings(deadline=None, max_examples=200)

START = at("2026-01-01")
amounts = st.integers(-(10**9), 10**9)
charges = st.integers(0, 10**7)
instants = st.integers(0, 400 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds))
spans = st.tuples(instants, st.integers(1, 400 * 86_400)).map(lambda s: (s[0], s[0] + timedelta(seconds=s[1])))
currencies = st.sampled_from(["usd", "jpy", "isk", "kwd"])


@law
@given(amounts, spans, currencies, st.none() | instants)
def test_days_add_up_to_the_amount_whatever_day_it_is_caught_up_on(amount_minor, span, currency, act_at):
    unit = settling_unit(amount_minor, currency)
    days = by_day(amount_minor, *span, unit=unit, not_before=act_at and act_at.date())
    assert sum(part for _, part in days) == amount_minor
    assert all(part % unit == 0 and part for _, part in days)
    assert [day for day, _ in days] == sorted({day for day, _ in days})
    assert all(day >= (act_at or span[0]).date() for day, _ in days)


@law
@given(amounts, spans)
def test_a_day_earns_what_was_earned_at_its_end_but_not_at_its_start(amount_minor, span):
    period, days = Period(*span), dict(by_day(amount_minor, *span))
    day = span[0].date()
    while day <= span[1].date():
        its = day_period(day)
        earned = recognised_until(amount_minor, period, its.end) - recognised_until(amount_minor, period, its.start)
        assert days.pop(day, 0) == earned
        day += timedelta(days=1)
    assert days == {}


@law
@given(amounts, spans, currencies)
def test_months_add_up_and_what_is_deferred_runs_out(amount_minor, span, currency):
    unit = settling_unit(amount_minor, currency)
    for parts in (
        list(by_month(amount_minor, Period(*span), unit=unit)),
        list(by_month_of_days(amount_minor, DatePeriod(span[0].date(), span[1].date() + timedelta(days=1)), unit=unit)),
    ):
        assert sum(part.recognised_minor for part in parts) == amount_minor
        assert parts[-1].deferred_minor == 0
        assert all(a.deferred_minor - b.deferred_minor == b.recognised_minor for a, b in pairwise(parts))


@law
@given(amounts, spans, instants)
def test_a_reduction_is_the_mirror_of_its_amount_from_the_day_of_the_act_on(amount_minor, span, act_at):
    earned = dict(by_day(amount_minor, *span))
    for day, taken in by_day(-amount_minor, *span, not_before=act_at.date()):
        earned[day] = earned.get(day, 0) + taken
    assert all(left == 0 for day, left in earned.items() if day > act_at.date())
    assert sum(earned.values()) == 0


def lines_of(draw: Any, number: int, *, may_credit: bool) -> list[Any]:
    lines = []
    for index in range(draw(st.integers(1, 4))):
        starts_at, ends_at = draw(spans)
        amount = draw(charges)
        sign = -1 if may_credit and draw(st.booleans()) else 1
        lines.append(
            a_line(
                f"il_{number}_{index}", sign * amount, invoice_id=f"in_{number}", price_id=f"price_{index}",
                discount_minor=draw(st.integers(0, amount)) if sign > 0 else 0,
                tax_minor=draw(st.integers(0, amount // 4)) if sign > 0 else 0,
                starts_at=starts_at, ends_at=ends_at,
            )
        )  # fmt: skip
    return lines


def net(lines: list[Any]) -> int:
    return sum(line.amount_minor - line.discount_minor for line in lines)


def gross(lines: list[Any]) -> int:
    return net(lines) + sum(line.tax_minor for line in lines)


@st.composite
def documents(draw: Any) -> dict[str, tuple[Any, ...]]:
    """Draw two invoices with their payments, and any credit notes, refunds and disputes of them."""
    papers: dict[str, list[Any]] = {
        name: []
        for name in (
            "invoices", "lines", "payments", "invoice_payments", "credit_notes", "credit_note_lines", "refunds",
            "disputes",
        )
    }  # fmt: skip
    for number in (1, 2):
        lines = lines_of(draw, number, may_credit=True)
        paid = {"payment_intent_id": f"pi_{number}"}
        papers["invoices"].append(an_invoice(f"in_{number}", status=draw(st.sampled_from(["paid", "open", "void"]))))
        papers["lines"] += lines
        papers["payments"].append(a_payment(f"ch_{number}", max(gross(lines), 0), **paid))
        papers["invoice_payments"].append(
            an_invoice_payment(f"inpay_{number}", invoice_id=f"in_{number}", amount_paid_minor=1, **paid)
        )
        for index in range(draw(st.integers(0, 2))):
            _credit(draw, papers, f"cn_{number}_{index}", number)
        for index in range(draw(st.integers(0, 2))):
            given_back = {"payment_id": f"ch_{number}", "created_at": draw(instants)}
            papers["refunds"].append(a_refund(f"re_{number}_{index}", draw(charges), **given_back))
            status = draw(st.sampled_from(["lost", "won", "under_review"]))
            papers["disputes"].append(a_dispute(f"dp_{number}_{index}", draw(charges), status=status, **given_back))
    return {name: tuple(rows) for name, rows in papers.items()}


def _credit(draw: Any, papers: dict[str, list[Any]], note_id: str, number: int) -> None:
    excluding = draw(charges)
    papers["credit_notes"].append(
        a_credit_note(
            note_id,
            excluding + draw(st.integers(0, excluding // 4)),
            excluding_tax_minor=excluding,
            invoice_id=f"in_{number}",
            effective_at=draw(instants),
        )
    )
    for index in range(draw(st.integers(0, 3))):
        line_id = draw(st.sampled_from([f"il_{number}_0", f"il_{number}_1", None]))
        amount = draw(charges)
        papers["credit_note_lines"].append(
            a_credit_note_line(f"{note_id}_{index}", amount, credit_note_id=note_id, line_id=line_id)
        )


def revenue(papers: dict[str, tuple[Any, ...]]) -> list[Booking]:
    return [b for b in book(CustomerDocuments("cus_acme", **papers)) if b.kind in REVENUE_KINDS]


def before(bookings: list[Booking], day: date) -> dict[tuple[Any, ...], int]:
    sums: dict[tuple[Any, ...], int] = {}
    for b in bookings:
        if b.day < day:
            key = b.day, b.price_id, b.kind, b.document_id
            sums[key] = sums.get(key, 0) + b.amount_minor
    return sums


@law
@given(documents())
def test_an_invoice_earns_its_lines_and_no_more_is_taken_back_than_it_earned(papers):
    bookings = revenue(papers)
    for invoice in papers["invoices"]:
        its = [b for b in bookings if b.rate_document_id == invoice.invoice_id]
        lines = [line for line in papers["lines"] if line.invoice_id == invoice.invoice_id]
        sold = 0 if invoice.status == "void" else net(lines)
        earned = sum(b.amount_minor for b in its if b.document_id == invoice.invoice_id)
        assert earned == sold
        taken = sum(b.amount_minor for b in its if b.document_id != invoice.invoice_id)
        assert -max(sold, 0) <= taken <= 0


@law
@given(documents())
def test_a_credit_note_takes_its_amount_or_what_is_left(papers):
    alone = papers | {"refunds": (), "disputes": ()}
    bookings = revenue(alone)
    for invoice in papers["invoices"]:
        lines = [line for line in papers["lines"] if line.invoice_id == invoice.invoice_id]
        sold = 0 if invoice.status == "void" else max(net(lines), 0)
        asked = sum(n.excluding_tax_minor for n in papers["credit_notes"] if n.invoice_id == invoice.invoice_id)
        taken = sum(
            b.amount_minor for b in bookings if b.rate_document_id == invoice.invoice_id and b.kind is Kind.CREDIT_NOTE
        )
        assert -taken == min(asked, sold)


@law
@given(st.data(), instants)
def test_a_refund_of_everything_leaves_nothing_of_any_line(data, refunded_at):
    lines = lines_of(data.draw, 1, may_credit=False)
    papers = {
        "invoices": (an_invoice(),),
        "lines": tuple(lines),
        "payments": (a_payment(amount_minor=gross(lines)),),
        "invoice_payments": (an_invoice_payment(),),
        "refunds": (a_refund(amount_minor=gross(lines), created_at=refunded_at),),
    }
    left: dict[str | None, int] = {}
    for b in revenue(papers):
        left[b.price_id] = left.get(b.price_id, 0) + b.amount_minor
    assert set(left.values()) <= {0}


@law
@given(st.data(), st.lists(st.integers(1, 10**6), min_size=1, max_size=5), instants)
def test_refunds_in_parts_take_what_one_refund_takes(data, parts, refunded_at):
    line = lines_of(data.draw, 1, may_credit=False)[0]
    papers = {
        "invoices": (an_invoice(),),
        "lines": (line,),
        "payments": (a_payment(amount_minor=gross([line])),),
        "invoice_payments": (an_invoice_payment(),),
    }
    in_parts = tuple(a_refund(f"re_{n}", part, created_at=refunded_at) for n, part in enumerate(parts))
    at_once = (a_refund(amount_minor=sum(parts), created_at=refunded_at),)
    taken, once = (
        sum(b.amount_minor for b in revenue(papers | {"refunds": refunds}) if b.kind is Kind.REFUND)
        for refunds in (in_parts, at_once)
    )
    # Each part's tax is settled by itself: half a cent of each, unless all is given back.
    assert abs(taken - once) <= (0 if sum(parts) >= gross([line]) else len(parts))


@law
@given(documents(), st.randoms(use_true_random=False))
def test_the_order_of_documents_is_no_matter_and_twice_is_once(papers, chance):
    shuffled = {name: tuple(chance.sample(rows, len(rows))) for name, rows in papers.items()}
    first = book(CustomerDocuments("cus_acme", **papers))
    assert book(CustomerDocuments("cus_acme", **shuffled)) == first
    assert book(CustomerDocuments("cus_acme", **papers)) == first


@law
@given(documents(), st.sampled_from(["refunds", "disputes", "credit_notes"]), instants, charges)
def test_an_act_changes_no_day_before_its_own(papers, name, act_at, amount):
    act = {
        "refunds": a_refund("re_new", amount, created_at=act_at),
        "disputes": a_dispute("dp_new", amount, created_at=act_at),
        "credit_notes": a_credit_note("cn_new", amount, effective_at=act_at),
    }[name]
    day = act_at.date()
    assert before(revenue(papers | {name: (*papers[name], act)}), day) == before(revenue(papers), day)


PRICES = st.sampled_from(["price_a", "price_b"])


@st.composite
def plan_lines(draw: Any) -> list[Any]:
    lines = []
    for index in range(draw(st.integers(0, 8))):
        starts_at = START + timedelta(days=draw(st.integers(0, 60)))
        lines.append(
            a_line(
                f"il_{index}", draw(st.integers(-(10**6), 10**6)), price_id=draw(PRICES),
                starts_at=starts_at, ends_at=starts_at + timedelta(days=draw(st.integers(1, 40))),
                quantity=Decimal(draw(st.integers(1, 2))), is_proration=draw(st.booleans()),
                tax_minor=draw(st.integers(0, 100)),
            )
        )  # fmt: skip
    return lines


@law
@given(plan_lines(), st.none() | instants, st.randoms(use_true_random=False))
def test_spans_of_a_price_do_not_overlap_whatever_the_lines(lines, ended_at: datetime | None, chance):
    def asked(rows: list[Any]) -> Any:
        return plan_spans(
            lines=rows,
            prices=[a_price("price_a"), a_price("price_b", unit_amount_minor=None)],
            subscriptions=[a_subscription(ended_at=ended_at)],
            items=[an_item(price_id="price_b", period_starts_at=START, period_ends_at=START + timedelta(days=30))],
        )

    found = asked(lines)
    assert asked(chance.sample(lines, len(lines))) == found
    assert all(span.starts_at < span.ends_at and span.mrr_minor >= 0 for span in found)
    assert all(ended_at is None or span.ends_at <= ended_at for span in found)
    for price_id in ("price_a", "price_b"):
        its = [span for span in found if span.price_id == price_id]
        assert all(a.ends_at <= b.starts_at for a, b in pairwise(its))


weights = st.dictionaries(st.integers(0, 5), st.integers(-100, 10**15), max_size=6)


@law
@given(
    st.lists(st.tuples(charges, st.sampled_from(list(Rule)), st.sampled_from("ab"), st.integers(1, 3)), max_size=5),
    weights,
    weights,
    st.integers(1, 89),
    currencies,
)
def test_shared_costs_add_up_over_customers_and_neighbouring_periods(rows, usage, earned, cut, currency):
    costs = [
        SharedCost(number, name, amount, date(2026, month, 1), rule)
        for number, (amount, rule, name, month) in enumerate(rows)
    ]
    start, end = date(2026, 1, 1), date(2026, 4, 1)
    by_month_weights = {date(2026, month, 1): MonthWeights(usage, earned) for month in (1, 2, 3)}
    middle = start + timedelta(days=cut)

    def total(first: date, last: date) -> int:
        return sum(allocate_shared(costs, DatePeriod(first, last), by_month_weights, currency=currency).values())

    expected = sum(cost.amount_minor for month in by_month_weights for cost in costs_in(costs, month))
    assert total(start, end) == expected == total(start, middle) + total(middle, end)


unpriced = st.builds(
    Unpriced,
    calls=st.integers(1, 9),
    tokens=charges,
    known_pico=charges,
    dearest_pico_per_token=st.none() | st.decimals(0, 10**6, places=3),
)


@law
@given(amounts, unpriced | st.just(Unpriced(0, 0, 0, None)), charges)
def test_the_interval_is_in_order_and_below_the_margin(margin, its_unpriced, at_stake):
    interval = margin_interval(margin, its_unpriced, open_disputes_pico=-at_stake)
    assert interval.high <= margin
    assert interval.low is None or interval.low <= interval.high
