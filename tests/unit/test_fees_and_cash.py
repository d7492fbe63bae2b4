"""What Stripe keeps of each payment, and the money that moved."""

from datetime import date

import pytest

from billing_core.bookings import CASH_KINDS, COST_KINDS, Booking, Kind
from billing_core.revenue import CustomerDocuments, book
from tests.stripe_rows import a_dispute, a_payment, a_refund, a_transaction, at

pytestmark = pytest.mark.unit


def booked(kinds, **documents) -> list[tuple[str | None, Kind, int]]:
    bookings = book(CustomerDocuments("cus_acme", **documents))
    return [(b.stripe_customer_id, b.kind, b.amount_minor) for b in bookings if b.kind in kinds]


def fees(*transactions, **documents) -> list[tuple[str | None, Kind, int]]:
    return booked(COST_KINDS, balance_transactions=transactions, **documents)


def cash(**documents) -> list[tuple[str | None, Kind, int]]:
    return booked(CASH_KINDS, **documents)


@pytest.mark.parametrize("kind", ["charge", "payment"])
def test_the_fee_of_a_payment_is_a_cost_of_its_customer(kind):
    assert fees(a_transaction(fee_minor=320, kind=kind)) == [("cus_acme", Kind.PAYMENT_FEE, 320)]


def test_a_fee_is_on_the_day_of_the_balance_and_in_its_currency():
    row = a_transaction("txn_9", 9000, 300, currency="eur", created_at=at("2026-11-07 23:00"))
    [booking] = book(CustomerDocuments("cus_acme", balance_transactions=(row,)))
    expected = (date(2026, 11, 7), None, None, Kind.PAYMENT_FEE, "eur", 300, "txn_9", "txn_9")
    assert booking == Booking("cus_acme", *expected)


def test_a_fee_that_comes_back_with_a_refund_reduces_the_fees():
    assert fees(a_transaction(amount_minor=-10_000, fee_minor=-320, kind="refund", reporting_category="refund")) == [
        ("cus_acme", Kind.PAYMENT_FEE, -320)
    ]


def test_a_refund_without_a_fee_costs_nothing():
    assert fees(a_transaction(amount_minor=-10_000, fee_minor=0, kind="refund", reporting_category="refund")) == []


def test_a_dispute_costs_its_fee_and_not_its_amount():
    row = a_transaction(amount_minor=-10_000, fee_minor=1500, kind="adjustment", reporting_category="dispute")
    assert fees(row) == [("cus_acme", Kind.DISPUTE_FEE, 1500)]


def test_a_row_of_a_dispute_is_known_by_its_source_too():
    row = a_transaction(amount_minor=0, fee_minor=1500, kind="adjustment", reporting_category="other", source_id="dp_1")
    assert fees(row, disputes=(a_dispute(),)) == [("cus_acme", Kind.DISPUTE_FEE, 1500)]


def test_a_won_dispute_gives_its_fee_back():
    row = a_transaction(amount_minor=10_000, fee_minor=-1500, kind="adjustment", reporting_category="dispute_reversal")
    assert fees(row) == [("cus_acme", Kind.DISPUTE_FEE, -1500)]


@pytest.mark.parametrize(
    ("kind", "category"), [("stripe_fee", "fee"), ("stripe_fx_fee", "fee"), ("network_cost", "network_cost")]
)
def test_stripes_own_fees_belong_to_no_customer(kind, category):
    row = a_transaction(amount_minor=-700, fee_minor=0, kind=kind, reporting_category=category, source_id=None)
    assert fees(row) == [(None, Kind.STRIPE_FEE, 700)]


def test_the_fee_of_a_payout_belongs_to_no_customer_and_its_amount_is_no_cost():
    row = a_transaction(amount_minor=-50_000, fee_minor=500, kind="payout", reporting_category="payout")
    assert fees(row) == [(None, Kind.STRIPE_FEE, 500)]


def test_cash_is_what_moved_with_tax_on_the_day_it_moved():
    assert cash(
        payments=(
            a_payment(amount_minor=12_000),
            a_payment("ch_2", status="failed"),
            a_payment("ch_3", status="pending"),
        ),
        refunds=(a_refund(amount_minor=2000), a_refund("re_2", status="failed"), a_refund("re_3", 0)),
        balance_transactions=(a_transaction(fee_minor=0),),
    ) == [("cus_acme", Kind.CASH_PAYMENT, 12_000), ("cus_acme", Kind.CASH_REFUND, -2000)]


def test_a_disputes_money_goes_and_comes_back_if_it_is_won():
    out = a_transaction("txn_1", -10_000, 1500, kind="adjustment", reporting_category="dispute", source_id="dp_1")
    back = a_transaction("txn_2", 10_000, 0, kind="adjustment", reporting_category="dispute_reversal", source_id="dp_1")
    expected = [("cus_acme", Kind.CASH_DISPUTE, -10_000), ("cus_acme", Kind.CASH_DISPUTE, 10_000)]
    assert cash(disputes=(a_dispute(status="won", payment_id="ch_9"),), balance_transactions=(out, back)) == expected
