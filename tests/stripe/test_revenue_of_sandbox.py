"""The rules of revenue on bodies that the sandbox makes: what is booked is what was billed less what came back."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing_core import stripe_facts as facts
from billing_core.bookings import CASH_KINDS, COST_KINDS, REVENUE_KINDS, Kind
from billing_core.mrr import plan_spans
from billing_core.revenue import CustomerDocuments, book, is_counted
from billing_core.stripe_mapping import MetadataKeys, rows_of
from tests.stripe.billing_shop import BillingShop, open_shop

pytestmark = pytest.mark.stripe

FIELDS = {
    "invoices": facts.Invoice,
    "lines": facts.InvoiceLine,
    "invoice_payments": facts.InvoicePayment,
    "payments": facts.Payment,
    "refunds": facts.Refund,
    "disputes": facts.Dispute,
    "credit_notes": facts.CreditNote,
    "credit_note_lines": facts.CreditNoteLine,
    "balance_transactions": facts.BalanceTransaction,
}
KINDS = (
    "price", "subscription", "invoice", "invoice_payment", "charge", "refund", "dispute", "credit_note",
    "balance_transaction",
)  # fmt: skip


@pytest.fixture
def shop(client) -> BillingShop:
    return open_shop(client)


def rows(local, row_type):
    keys = MetadataKeys("customer_id", "segment")
    every = [
        row
        for kind in KINDS
        for body in local.sandbox.objects(kind).values()
        for row in rows_of(kind, body, is_deleted=False, keys=keys)
    ]
    metered = {row.price_id for row in every if isinstance(row, facts.StripePrice) and row.is_metered}
    found = [row for row in every if type(row) is row_type]
    if row_type is facts.InvoiceLine:
        return tuple(replace(row, is_metered=row.price_id in metered) for row in found)
    return tuple(found)


def documents(local) -> CustomerDocuments:
    return CustomerDocuments("cus", **{name: rows(local, row_type) for name, row_type in FIELDS.items()})


def sums(local, kinds) -> dict[Kind, int]:
    found: dict[Kind, int] = {}
    for booking in book(documents(local)):
        if booking.kind in kinds:
            found[booking.kind] = found.get(booking.kind, 0) + booking.amount_minor
    return found


def spans(local) -> list[tuple[str, str, Decimal]]:
    counted = {invoice.invoice_id for invoice in rows(local, facts.Invoice) if is_counted(invoice)}
    found = plan_spans(
        lines=[line for line in rows(local, facts.InvoiceLine) if line.invoice_id in counted],
        prices=rows(local, facts.StripePrice),
        subscriptions=rows(local, facts.Subscription),
        items=rows(local, facts.SubscriptionItem),
    )
    in_time = sorted(found, key=lambda span: span.starts_at)
    return [(f"{span.starts_at:%m-%d}", f"{span.ends_at:%m-%d}", span.mrr_minor) for span in in_time]


def test_an_upgrade_with_a_coupon_is_worth_the_new_price_less_the_coupon_from_its_day_on(shop, local):
    half_off = shop.stripe.coupons.create({"percent_off": 50, "duration": "forever"})
    pro, large = shop.price(10_000), shop.price(30_000)
    subscription = shop.subscribe(shop.customer(), pro, discounts=[{"coupon": half_off.id}])
    shop.advance("2026-01-11 06:30")
    item = shop.subscription(subscription.id)["items"].data[0]
    shop.stripe.subscriptions.update(
        subscription.id, {"items": [{"id": item.id, "price": large}], "proration_behavior": "always_invoice"}
    )
    shop.advance("2026-02-01 02:00")
    assert spans(local) == [
        ("01-01", "01-11", Decimal(5000)),
        ("01-11", "02-01", Decimal(15_000)),
        ("02-01", "03-01", Decimal(15_000)),
    ]
    billed = sum(invoice.total for invoice in shop.invoices(subscription.id))
    assert sum(sums(local, REVENUE_KINDS).values()) == billed


def test_a_refund_of_an_upgrade_leaves_what_the_first_invoice_earned(shop, local):
    pro, large = shop.price(10_000), shop.price(30_000)
    subscription = shop.subscribe(shop.customer(), pro)
    shop.advance("2026-01-16 12:00")
    item = shop.subscription(subscription.id)["items"].data[0]
    shop.stripe.subscriptions.update(
        subscription.id, {"items": [{"id": item.id, "price": large}], "proration_behavior": "always_invoice"}
    )
    assert sum(sums(local, REVENUE_KINDS).values()) == 20_000
    shop.stripe.refunds.create({"charge": shop.charges()[-1].id})
    assert sums(local, REVENUE_KINDS) == {Kind.SUBSCRIPTION: 20_000, Kind.REFUND: -10_000}
    per_price = {}
    for booking in book(documents(local)):
        if booking.kind in REVENUE_KINDS:
            per_price[booking.price_id] = per_price.get(booking.price_id, 0) + booking.amount_minor
    assert per_price == {pro: 10_000, large: 0}


def test_a_lost_dispute_takes_the_sale_back_and_costs_its_fee(shop, local):
    shop.subscribe(shop.customer("pm_card_createDispute"), shop.price(10_000))
    shop.advance("2026-01-04")
    assert sums(local, (Kind.OPEN_DISPUTE,)) == {Kind.OPEN_DISPUTE: -10_000}
    assert sum(sums(local, REVENUE_KINDS).values()) == 10_000
    (dispute,) = shop.stripe.disputes.list().data
    shop.stripe.disputes.close(dispute.id)
    assert sums(local, REVENUE_KINDS) == {Kind.SUBSCRIPTION: 10_000, Kind.DISPUTE: -10_000}
    moved, fees = sums(local, CASH_KINDS), sums(local, COST_KINDS)
    assert moved == {Kind.CASH_PAYMENT: 10_000, Kind.CASH_DISPUTE: -10_000}
    assert sum(moved.values()) - sum(fees.values()) == sum(row.net for row in shop.balance())


def test_a_credit_note_with_its_refund_is_taken_back_once(shop, local):
    subscription = shop.subscribe(shop.customer(), shop.price(10_000))
    (invoice,) = shop.invoices(subscription.id)
    line = {"type": "invoice_line_item", "invoice_line_item": invoice.lines.data[0].id, "amount": 2500}
    shop.stripe.credit_notes.create({"invoice": invoice.id, "lines": [line], "refund_amount": 2500})
    assert sums(local, REVENUE_KINDS) == {Kind.SUBSCRIPTION: 10_000, Kind.CREDIT_NOTE: -2500}
    assert sums(local, CASH_KINDS) == {Kind.CASH_PAYMENT: 10_000, Kind.CASH_REFUND: -2500}


def test_a_trial_is_worth_nothing_until_it_ends(shop, local):
    shop.subscribe(shop.customer(), shop.price(10_000), trial_period_days=10)
    shop.advance("2026-01-11 02:00")
    assert spans(local) == [("01-01", "01-11", Decimal(0)), ("01-11", "02-11", Decimal(10_000))]
