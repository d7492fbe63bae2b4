"""What a customer's invoices, and payments without one, earn on which day."""

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from billing_core.bookings import CASH_KINDS, COST_KINDS, GROSS_KINDS, OPEN_KINDS, REVENUE_KINDS, Booking, Kind
from billing_core.revenue import CustomerDocuments, book, is_counted
from tests.stripe_rows import a_line, a_payment, an_invoice, an_invoice_payment, at

pytestmark = pytest.mark.unit


def booked(*lines, invoices=None, **documents) -> list[Booking]:
    """Return the revenue bookings of one customer's documents."""
    heads = (an_invoice(),) if invoices is None else invoices
    return [
        booking
        for booking in book(CustomerDocuments("cus_acme", invoices=heads, lines=lines, **documents))
        if booking.kind in REVENUE_KINDS
    ]


def by_kind(bookings: list[Booking]) -> dict[Kind, int]:
    sums: dict[Kind, int] = {}
    for booking in bookings:
        sums[booking.kind] = sums.get(booking.kind, 0) + booking.amount_minor
    return sums


def test_every_kind_is_in_one_group():
    assert sorted(Kind) == sorted(REVENUE_KINDS + COST_KINDS + CASH_KINDS + OPEN_KINDS)
    assert set(GROSS_KINDS) < set(REVENUE_KINDS)


def test_a_month_of_thirty_days_earns_a_thirtieth_a_day():
    bookings = booked(a_line(amount_minor=3000))
    expected = [
        Booking(
            "cus_acme", date(2026, 11, day), "prod_writer", "price_pro",
            Kind.SUBSCRIPTION, "usd", 100, "in_1", "in_1",
        )
        for day in range(1, 31)
    ]  # fmt: skip
    assert bookings == expected


def test_a_discount_is_spread_beside_what_it_reduces():
    bookings = booked(a_line(amount_minor=3000, discount_minor=600))
    assert by_kind(bookings) == {Kind.SUBSCRIPTION: 3000, Kind.DISCOUNT: -600}
    assert {b.amount_minor for b in bookings if b.kind is Kind.DISCOUNT} == {-20}
    assert len(bookings) == 60


@pytest.mark.parametrize("status", ["open", "paid", "uncollectible"])
def test_a_finalised_invoice_is_revenue_whether_paid_or_not(status):
    assert is_counted(an_invoice(status=status))
    assert by_kind(booked(a_line(), invoices=(an_invoice(status=status),))) == {Kind.SUBSCRIPTION: 10_000}


@pytest.mark.parametrize("status", ["draft", "void", "deleted", "something new"])
def test_a_draft_and_a_void_invoice_are_no_revenue(status):
    assert booked(a_line(), invoices=(an_invoice(status=status),)) == []


def test_a_line_without_its_invoice_is_no_revenue():
    assert booked(a_line(), invoices=()) == []


def test_metered_lines_are_usage_in_the_period_of_use():
    bookings = booked(a_line(amount_minor=31, is_metered=True, starts_at=at("2026-10-01"), ends_at=at("2026-11-01")))
    assert {booking.day for booking in bookings} == {date(2026, 10, day) for day in range(1, 32)}
    assert by_kind(bookings) == {Kind.USAGE: 31}


def test_a_line_without_a_period_is_one_off_on_its_day():
    instant = at("2026-11-03 10:00")
    [booking] = booked(a_line(amount_minor=500, starts_at=instant, ends_at=instant))
    assert (booking.day, booking.kind, booking.amount_minor) == (date(2026, 11, 3), Kind.ONE_OFF, 500)


def test_a_line_without_a_subscription_is_one_off_but_spread_over_its_period():
    bookings = booked(a_line(amount_minor=3000, subscription_id=None))
    assert by_kind(bookings) == {Kind.ONE_OFF: 3000}
    assert len(bookings) == 30


def test_the_credit_of_a_proration_is_negative_over_what_was_left():
    half = {"starts_at": at("2026-11-16"), "is_proration": True}
    bookings = booked(
        a_line("il_1", -1500, **half),
        a_line("il_2", 3000, price_id="price_max", **half),
        invoices=(an_invoice(total_minor=1500),),
    )
    assert {(b.price_id, b.day.day >= 16, b.amount_minor) for b in bookings} == {
        ("price_pro", True, -100),
        ("price_max", True, 200),
    }


def test_a_line_of_nothing_books_nothing():
    assert booked(a_line(amount_minor=0)) == []


def test_a_whole_discount_leaves_nothing_on_any_day():
    sums: dict[date, int] = {}
    for booking in booked(a_line(amount_minor=9999, discount_minor=9999)):
        sums[booking.day] = sums.get(booking.day, 0) + booking.amount_minor
    assert set(sums.values()) == {0}
    assert len(sums) == 30


def test_tax_is_in_no_revenue():
    head = an_invoice(total_minor=12_000, subtotal_minor=10_000, tax_minor=2000)
    assert by_kind(booked(a_line(tax_minor=2000), invoices=(head,))) == {Kind.SUBSCRIPTION: 10_000}


def test_an_annual_line_earns_by_the_length_of_the_months():
    line = a_line(amount_minor=36_500, starts_at=at("2026-01-01"), ends_at=at("2027-01-01"))
    february = [b.amount_minor for b in booked(line) if b.day.month == 2]
    assert february == [100] * 28


def test_yen_have_no_cents_to_spread():
    bookings = booked(a_line(amount_minor=10, currency="jpy"), invoices=(an_invoice(currency="jpy"),))
    assert [b.amount_minor for b in bookings] == [1] * 10
    assert {b.currency for b in bookings} == {"jpy"}


def test_an_instant_elsewhere_counts_on_its_utc_day():
    instant = at("2026-11-03 23:30").astimezone(ZoneInfo("Asia/Tokyo"))
    [booking] = booked(a_line(starts_at=instant, ends_at=instant))
    assert booking.day == date(2026, 11, 3)


def test_a_payment_without_an_invoice_is_one_off_on_its_day():
    bookings = booked(payments=(a_payment(amount_minor=700, created_at=at("2026-11-05 23:59")),))
    assert bookings == [Booking("cus_acme", date(2026, 11, 5), None, None, Kind.ONE_OFF, "usd", 700, "ch_1", "ch_1")]


@pytest.mark.parametrize("status", ["failed", "pending"])
def test_a_payment_that_moved_nothing_earns_nothing(status):
    assert booked(payments=(a_payment(status=status),)) == []


def test_a_payment_of_nothing_books_nothing():
    assert booked(payments=(a_payment(amount_minor=0),)) == []


@pytest.mark.parametrize("link", [{"payment_intent_id": "pi_1"}, {"payment_intent_id": None, "payment_id": "ch_1"}])
def test_the_payment_of_an_invoice_is_not_revenue_beside_it(link):
    bookings = booked(a_line(), payments=(a_payment(),), invoice_payments=(an_invoice_payment(**link),))
    assert by_kind(bookings) == {Kind.SUBSCRIPTION: 10_000}


def test_a_payment_of_an_invoice_that_does_not_count_is_no_revenue_of_its_own():
    documents = {"payments": (a_payment(),), "invoice_payments": (an_invoice_payment(),)}
    assert booked(a_line(), invoices=(an_invoice(status="void"),), **documents) == []


def test_two_payments_without_an_intent_do_not_share_a_link():
    payments = (a_payment("ch_1", payment_intent_id=None), a_payment("ch_2", 300, payment_intent_id=None))
    link = an_invoice_payment(payment_intent_id=None, payment_id="ch_1")
    bookings = booked(a_line(), payments=payments, invoice_payments=(link,))
    assert by_kind(bookings) == {Kind.SUBSCRIPTION: 10_000, Kind.ONE_OFF: 300}


def test_the_quantity_is_already_in_the_amount():
    assert by_kind(booked(a_line(amount_minor=30_000, quantity=Decimal(3)))) == {Kind.SUBSCRIPTION: 30_000}
