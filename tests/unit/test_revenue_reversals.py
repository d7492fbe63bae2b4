"""What credit notes, refunds and disputes take back: of which line, on which day, and never more than there was."""

from datetime import date

import pytest

from billing_core.bookings import OPEN_KINDS, Booking, Kind
from billing_core.revenue import CustomerDocuments, book
from tests.stripe_rows import (
    a_credit_note,
    a_credit_note_line,
    a_dispute,
    a_line,
    a_payment,
    a_refund,
    an_invoice,
    an_invoice_payment,
    at,
)

pytestmark = pytest.mark.unit

PAID = {"payments": (a_payment(amount_minor=3000),), "invoice_payments": (an_invoice_payment(),)}


def booked(*lines, **documents) -> list[Booking]:
    """Return what a paid November invoice's reversals book; one line of 100 cents a day unless others are given."""
    usual = {"invoices": (an_invoice(),), "lines": lines or (a_line(amount_minor=3000),)} | PAID
    bookings = book(CustomerDocuments("cus_acme", **usual | documents))
    return [b for b in bookings if b.kind in (Kind.CREDIT_NOTE, Kind.REFUND, Kind.DISPUTE, *OPEN_KINDS)]


def days(bookings: list[Booking]) -> list[tuple[int, int]]:
    return [(b.day.day, b.amount_minor) for b in bookings]


def per_price(bookings: list[Booking]) -> dict[str | None, int]:
    sums: dict[str | None, int] = {}
    for booking in bookings:
        sums[booking.price_id] = sums.get(booking.price_id, 0) + booking.amount_minor
    return sums


def total(bookings: list[Booking]) -> int:
    return sum(booking.amount_minor for booking in bookings)


HALFWAY = [(16, -1600), *((day, -100) for day in range(17, 31))]
"""Fifteen days and the act's own are taken back on the 16th, the other fourteen as they come."""


def test_a_full_credit_halfway_takes_back_what_was_earned_and_the_rest_as_it_comes():
    bookings = booked(
        credit_notes=(a_credit_note(total_minor=3000),), credit_note_lines=(a_credit_note_line(amount_minor=3000),)
    )
    assert days(bookings) == HALFWAY
    assert {(b.kind, b.document_id, b.rate_document_id) for b in bookings} == {(Kind.CREDIT_NOTE, "cn_1", "in_1")}


def test_a_full_refund_halfway_does_the_same():
    bookings = booked(refunds=(a_refund(amount_minor=3000),))
    assert days(bookings) == HALFWAY
    assert {(b.kind, b.document_id, b.rate_document_id) for b in bookings} == {(Kind.REFUND, "re_1", "in_1")}


def test_a_lost_dispute_halfway_does_the_same():
    bookings = booked(disputes=(a_dispute(amount_minor=3000),))
    assert days(bookings) == HALFWAY
    assert {(b.kind, b.document_id) for b in bookings} == {(Kind.DISPUTE, "dp_1")}


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        ("2026-10-20", [(day, -100) for day in range(1, 31)]),
        ("2026-11-01", [(day, -100) for day in range(1, 31)]),
        ("2026-11-29", [(29, -2900), (30, -100)]),
        ("2026-11-30", [(30, -3000)]),
        ("2026-12-01", [(1, -3000)]),
        ("2027-03-09", [(9, -3000)]),
    ],
)
def test_a_refund_changes_no_day_before_its_own(created, expected):
    bookings = booked(refunds=(a_refund(amount_minor=3000, created_at=at(created)),))
    assert days(bookings) == expected
    assert all(b.day >= at(created).date() for b in bookings)


def test_a_partial_refund_is_shared_by_the_lines_as_they_were_charged():
    lines = a_line("il_1", 2000, price_id="a"), a_line("il_2", 1000, price_id="b")
    assert per_price(booked(*lines, refunds=(a_refund(amount_minor=100),))) == {"a": -67, "b": -33}


def test_the_discount_of_a_line_is_not_refunded():
    lines = a_line("il_1", 3000, discount_minor=1500, price_id="a"), a_line("il_2", 1500, price_id="b")
    assert per_price(booked(*lines, refunds=(a_refund(amount_minor=3000),))) == {"a": -1500, "b": -1500}


def test_a_refund_of_an_upgrade_gives_the_credit_of_the_old_plan_back():
    # -500 unused time of a, 1,500 of b: refunding all of it undoes both.
    lines = a_line("il_1", -500, price_id="a"), a_line("il_2", 1500, price_id="b")
    assert per_price(booked(*lines, refunds=(a_refund(amount_minor=1000),))) == {"a": 500, "b": -1500}
    assert per_price(booked(*lines, refunds=(a_refund(amount_minor=500),))) == {"a": 250, "b": -750}


def test_tax_is_taken_out_of_a_refund():
    # 3,000 + 20 % tax: of 1,200 given back, 200 were tax.
    assert total(booked(a_line(amount_minor=3000, tax_minor=600), refunds=(a_refund(amount_minor=1200),))) == -1000


def test_refunds_in_parts_take_back_no_cent_more_than_one_refund():
    line = a_line(amount_minor=1000, tax_minor=190)
    thirds = tuple(
        a_refund(f"re_{n}", amount, created_at=at(f"2026-11-0{n}")) for n, amount in enumerate((396, 397, 397), start=1)
    )
    assert total(booked(line, refunds=thirds)) == -1000


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_a_refund_that_gave_nothing_back_takes_nothing(status):
    assert booked(refunds=(a_refund(status=status),)) == []


@pytest.mark.parametrize("status", ["succeeded", "pending", "requires_action", "something new"])
def test_a_refund_on_its_way_counts(status):
    assert total(booked(refunds=(a_refund(amount_minor=100, status=status),))) == -100


def test_more_than_the_invoice_is_never_taken_back():
    assert total(booked(refunds=(a_refund(amount_minor=9000),))) == -3000


def test_a_refund_after_a_credit_to_the_balance_takes_only_what_is_left():
    note = a_credit_note(total_minor=1000, created_at=at("2026-11-10"), effective_at=at("2026-11-10"))
    bookings = booked(
        credit_notes=(note,),
        credit_note_lines=(a_credit_note_line(amount_minor=1000),),
        refunds=(a_refund(amount_minor=3000),),
    )
    assert total([b for b in bookings if b.kind is Kind.CREDIT_NOTE]) == -1000
    assert total([b for b in bookings if b.kind is Kind.REFUND]) == -2000


def test_nothing_is_left_to_take_after_all_was_taken():
    refunds = a_refund("re_1", 3000, created_at=at("2026-11-10")), a_refund("re_2", 50)
    bookings = booked(refunds=refunds)
    assert {b.document_id for b in bookings} == {"re_1"}
    assert total(bookings) == -3000


def test_a_credit_note_after_all_was_taken_takes_nothing():
    bookings = booked(
        refunds=(a_refund(amount_minor=3000, created_at=at("2026-11-10")),),
        credit_notes=(a_credit_note(total_minor=3000),),
    )
    assert {b.kind for b in bookings} == {Kind.REFUND}


def test_a_refund_that_a_credit_note_accounts_for_is_not_taken_twice():
    bookings = booked(
        credit_notes=(a_credit_note(total_minor=3000, refund_ids=("re_1",)),),
        credit_note_lines=(a_credit_note_line(amount_minor=3000),),
        refunds=(a_refund(amount_minor=3000),),
    )
    assert {b.kind for b in bookings} == {Kind.CREDIT_NOTE}
    assert total(bookings) == -3000


def test_a_void_credit_note_takes_nothing_and_hides_no_refund():
    bookings = booked(
        credit_notes=(a_credit_note(total_minor=3000, status="void", refund_ids=("re_1",)),),
        refunds=(a_refund(amount_minor=3000),),
    )
    assert {b.kind for b in bookings} == {Kind.REFUND}


def test_a_credit_note_names_its_line():
    lines = a_line("il_1", 2000, price_id="a"), a_line("il_2", 1000, price_id="b")
    bookings = booked(
        *lines,
        credit_notes=(a_credit_note(total_minor=900),),
        credit_note_lines=(
            a_credit_note_line("cnli_1", 600, line_id="il_2"),
            a_credit_note_line("cnli_2", 300, line_id="il_1"),
        ),
    )
    assert per_price(bookings) == {"a": -300, "b": -600}


def test_a_line_of_the_notes_own_mirrors_what_is_left_of_the_invoice():
    lines = a_line("il_1", 2000, price_id="a"), a_line("il_2", 1000, price_id="b")
    own = a_credit_note_line("cnli_2", 300, line_id=None)
    bookings = booked(*lines, credit_notes=(a_credit_note(total_minor=300),), credit_note_lines=(own,))
    assert per_price(bookings) == {"a": -200, "b": -100}
    # All of b is credited by name first: a alone is left for the own line.
    named = a_credit_note_line("cnli_1", 1000, line_id="il_2")
    bookings = booked(*lines, credit_notes=(a_credit_note(total_minor=1300),), credit_note_lines=(own, named))
    assert per_price(bookings) == {"a": -300, "b": -1000}


@pytest.mark.parametrize("amounts", [(), (0,), (400, -100)])
def test_a_credit_note_whose_lines_say_nothing_mirrors_the_whole_invoice(amounts):
    lines = a_line("il_1", 2000, price_id="a"), a_line("il_2", 1000, price_id="b")
    note_lines = tuple(a_credit_note_line(f"cnli_{n}", amount) for n, amount in enumerate(amounts))
    bookings = booked(*lines, credit_notes=(a_credit_note(total_minor=300),), credit_note_lines=note_lines)
    assert per_price(bookings) == {"a": -200, "b": -100}


def test_a_credit_notes_total_holds_where_its_lines_are_before_discount():
    lines = a_line("il_1", 2000, price_id="a"), a_line("il_2", 1000, price_id="b")
    note_lines = a_credit_note_line("cnli_1", 1000, line_id="il_1"), a_credit_note_line("cnli_2", 500, line_id="il_2")
    bookings = booked(*lines, credit_notes=(a_credit_note(total_minor=750),), credit_note_lines=note_lines)
    assert per_price(bookings) == {"a": -500, "b": -250}


def test_a_credit_notes_tax_leaves_the_later_refund_its_share():
    # 3,000 + 600 tax. The note takes 1,000 + 200; the 2,400 that were paid back then hold 400 tax.
    bookings = booked(
        a_line(amount_minor=3000, tax_minor=600),
        credit_notes=(a_credit_note(total_minor=1200, excluding_tax_minor=1000, effective_at=at("2026-11-02")),),
        refunds=(a_refund(amount_minor=2400),),
    )
    assert total([b for b in bookings if b.kind is Kind.CREDIT_NOTE]) == -1000
    assert total([b for b in bookings if b.kind is Kind.REFUND]) == -2000


def test_a_credit_note_takes_effect_on_its_day_and_not_on_that_of_its_writing():
    note = a_credit_note(total_minor=3000, created_at=at("2026-11-20"), effective_at=at("2026-11-16"))
    assert days(booked(credit_notes=(note,))) == HALFWAY


@pytest.mark.parametrize("status", ["void", "draft"])
def test_what_does_not_count_cannot_be_taken_back(status):
    bookings = booked(
        invoices=(an_invoice(status=status),),
        credit_notes=(a_credit_note(),),
        refunds=(a_refund(),),
        disputes=(a_dispute(),),
    )
    assert bookings == []


def test_an_invoice_that_is_itself_a_credit_cannot_be_taken_back():
    bookings = booked(a_line(amount_minor=-500), credit_notes=(a_credit_note(),), refunds=(a_refund(),))
    assert bookings == []


def test_a_refund_of_nothing_takes_nothing():
    assert booked(refunds=(a_refund(amount_minor=0),)) == []


def test_a_payment_of_two_invoices_gives_back_to_both_as_it_paid_them():
    bookings = booked(
        a_line("il_1", 2000, invoice_id="in_1", price_id="a"),
        a_line("il_2", 1000, invoice_id="in_2", price_id="b"),
        invoices=(an_invoice("in_1"), an_invoice("in_2")),
        invoice_payments=(
            an_invoice_payment("inpay_1", amount_paid_minor=2000),
            an_invoice_payment("inpay_2", invoice_id="in_2", amount_paid_minor=1000),
        ),
        refunds=(a_refund(amount_minor=300),),
    )
    assert per_price(bookings) == {"a": -200, "b": -100}
    assert {(b.price_id, b.rate_document_id) for b in bookings} == {("a", "in_1"), ("b", "in_2")}


def test_a_link_without_an_amount_still_leads_to_its_invoice():
    link = an_invoice_payment(amount_paid_minor=None, status="open")
    assert total(booked(invoice_payments=(link,), refunds=(a_refund(amount_minor=300),))) == -300


def test_a_refund_of_a_payment_without_an_invoice_is_on_its_own_day():
    bookings = booked(invoice_payments=(), invoices=(), lines=(), refunds=(a_refund(amount_minor=400),))
    assert bookings == [Booking("cus_acme", date(2026, 11, 16), None, None, Kind.REFUND, "usd", -400, "re_1", "ch_1")]


@pytest.mark.parametrize("payment_id", [None, "ch_unknown"])
def test_a_refund_of_a_payment_that_nobody_knows_is_on_its_own_day(payment_id):
    bookings = booked(refunds=(a_refund(amount_minor=400, payment_id=payment_id),))
    assert bookings == [Booking("cus_acme", date(2026, 11, 16), None, None, Kind.REFUND, "usd", -400, "re_1", "re_1")]


def test_a_refund_of_nothing_of_a_payment_that_nobody_knows_is_nothing():
    assert booked(refunds=(a_refund(amount_minor=0, payment_id=None),)) == []


def test_a_failed_payment_has_nothing_to_give_back():
    failed = a_payment(status="failed")
    assert booked(invoices=(), lines=(), invoice_payments=(), payments=(failed,), refunds=(a_refund(),)) == []


@pytest.mark.parametrize("status", ["won", "warning_closed", "prevented"])
def test_a_dispute_that_is_closed_in_our_favour_takes_nothing(status):
    assert booked(disputes=(a_dispute(status=status),)) == []


@pytest.mark.parametrize(
    "status",
    ["needs_response", "under_review", "appeal_needs_response", "warning_needs_response", "something new"],
)
def test_an_open_dispute_takes_nothing_yet_but_says_what_it_would(status):
    bookings = booked(disputes=(a_dispute(amount_minor=3000, status=status),))
    assert {b.kind for b in bookings} == {Kind.OPEN_DISPUTE}
    assert days(bookings) == HALFWAY


def test_an_open_dispute_puts_only_at_stake_what_refunds_have_left():
    bookings = booked(
        disputes=(a_dispute(amount_minor=3000, status="under_review", created_at=at("2026-11-02")),),
        refunds=(a_refund(amount_minor=1000, created_at=at("2026-11-20")),),
    )
    assert total([b for b in bookings if b.kind is Kind.REFUND]) == -1000
    assert total([b for b in bookings if b.kind is Kind.OPEN_DISPUTE]) == -2000


def test_a_dispute_in_another_currency_than_its_payment_is_about_all_of_it():
    assert total(booked(disputes=(a_dispute(amount_minor=9, currency="eur"),))) == -3000


def test_krona_are_taken_back_in_whole_ones():
    line = a_line(amount_minor=3000, currency="isk")
    bookings = booked(
        line,
        invoices=(an_invoice(currency="isk"),),
        payments=(a_payment(amount_minor=3000, currency="isk"),),
        refunds=(a_refund(amount_minor=1000, currency="isk"),),
    )
    assert {b.amount_minor % 100 for b in bookings} == {0}
    assert total(bookings) == -1000


def test_parts_off_a_currencys_step_still_add_up():
    # 3,000 hundredths with tax inside: 2,521 + 479.
    line = a_line(amount_minor=2521, tax_minor=479, currency="isk")
    refunds = a_refund("re_1", 1000, currency="isk"), a_refund("re_2", 2000, currency="isk")
    bookings = booked(
        line,
        invoices=(an_invoice(currency="isk"),),
        payments=(a_payment(amount_minor=3000, currency="isk"),),
        refunds=refunds,
    )
    assert total(bookings) == -2521
