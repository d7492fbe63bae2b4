"""Refunds and credit notes at the sandbox: how much may go back, to where, and what it moves."""

import pytest

from tests.stripe.billing_shop import BillingShop, amounts, at, open_shop, refused

pytestmark = pytest.mark.stripe


@pytest.fixture
def shop(client) -> BillingShop:
    return open_shop(client)


@pytest.fixture
def invoice(shop):
    """A paid invoice over 100.00."""
    return shop.invoices(shop.subscribe(shop.customer(), shop.price(10_000)).id)[0]


@pytest.fixture
def unpaid(shop):
    """An open invoice over 100.00."""
    customer = shop.customer("pm_card_succeedsFirst1_chargeDeclined_do_not_honor")
    subscription = shop.subscribe(customer, shop.price(10_000))
    shop.advance("2026-02-02")
    return shop.invoices(subscription.id)[-1]


def test_a_refund_gives_the_rest_back_but_not_the_fee(shop, invoice):
    (charge,) = shop.charges()
    refund = shop.stripe.refunds.create({"charge": charge.id, "metadata": {"ticket": "7"}})
    assert (refund.amount, refund.status, refund.metadata["ticket"]) == (10_000, "succeeded", "7")
    (row,) = shop.stripe.balance_transactions.list({"source": refund.id}).data
    assert (row.type, row.amount, row.fee, row.net) == ("refund", -10_000, 0, -10_000)
    assert refund.balance_transaction == row.id
    assert shop.stripe.balance_transactions.retrieve(row.id).id == row.id
    after = shop.stripe.charges.retrieve(charge.id)
    assert (after.refunded, after.amount_refunded) == (True, 10_000)
    assert shop.stripe.invoices.retrieve(invoice.id).status == "paid"


@pytest.mark.usefixtures("invoice")
def test_what_is_left_of_a_payment_can_be_refunded_and_not_a_cent_more(shop):
    (charge,) = shop.charges()
    shop.stripe.refunds.create({"charge": charge.id, "amount": 4_000})
    over = refused(shop.stripe.refunds.create, {"charge": charge.id, "amount": 6_001})
    assert (over.http_status, over.param) == (400, "amount")
    assert "greater than unrefunded amount" in str(over)
    shop.stripe.refunds.create({"payment_intent": charge.payment_intent, "amount": 6_000})
    again = refused(shop.stripe.refunds.create, {"charge": charge.id})
    assert again.code == "charge_already_refunded"
    listed = shop.stripe.refunds.list({"charge": charge.id}).data
    assert [refund.amount for refund in listed] == [6_000, 4_000]


@pytest.mark.usefixtures("invoice")
@pytest.mark.parametrize("amount", [0, -1])
def test_a_refund_of_nothing_is_refused(shop, amount):
    (charge,) = shop.charges()
    assert refused(shop.stripe.refunds.create, {"charge": charge.id, "amount": amount}).param == "amount"


@pytest.mark.usefixtures("unpaid")
def test_a_failed_payment_cannot_be_refunded(shop):
    failed = shop.charges()[-1]
    assert refused(shop.stripe.refunds.create, {"charge": failed.id}).param == "charge"
    by_intent = refused(shop.stripe.refunds.create, {"payment_intent": failed.payment_intent})
    assert by_intent.code == "payment_intent_unexpected_state"
    assert "payment_intent or charge" in str(refused(shop.stripe.refunds.create, {"amount": 1}))


@pytest.mark.usefixtures("invoice")
def test_a_refunds_metadata_can_change(shop):
    refund = shop.stripe.refunds.create({"charge": shop.charges()[0].id, "metadata": {"a": "1", "b": "2"}})
    shop.stripe.refunds.update(refund.id, {"metadata": {"a": "", "c": "3"}})
    assert shop.stripe.refunds.retrieve(refund.id).metadata.to_dict() == {"b": "2", "c": "3"}


def test_a_refund_in_another_currency_goes_at_its_own_months_rate(shop):
    shop.subscribe(shop.customer(), shop.price(10_000, currency="eur"))
    shop.advance("2026-03-15")
    refund = shop.stripe.refunds.create({"charge": shop.charges()[0].id})
    (row,) = shop.stripe.balance_transactions.list({"type": "refund", "source": refund.id}).data
    assert (row.amount, row.exchange_rate) == (-10_890, 1.089)


def test_a_credit_note_on_a_paid_invoice_refunds_its_amount(shop, invoice):
    note = shop.stripe.credit_notes.create({"invoice": invoice.id, "amount": 2_500, "refund_amount": 2_500})
    (refund,) = shop.stripe.refunds.list().data
    assert [(each.refund, each.amount_refunded) for each in note.refunds] == [(refund.id, 2_500)]
    assert (note.total, note.post_payment_amount, note.pre_payment_amount, note.type) == (
        2_500,
        2_500,
        0,
        "post_payment",
    )
    assert note.number == f"{invoice.number}-CN-01"
    after = shop.stripe.invoices.retrieve(invoice.id)
    assert (after.post_payment_credit_notes_amount, after.amount_paid) == (2_500, 10_000)


def test_a_credit_note_can_account_for_a_refund_made_before(shop, invoice):
    refund = shop.stripe.refunds.create({"charge": shop.charges()[0].id, "amount": 3_000})
    line = {"type": "invoice_line_item", "invoice_line_item": invoice.lines.data[0].id, "amount": 3_000}
    note = shop.stripe.credit_notes.create(
        {"invoice": invoice.id, "lines": [line], "refunds": [{"refund": refund.id, "amount_refunded": 3_000}]}
    )
    assert [each.refund for each in note.refunds] == [refund.id]
    assert [row.invoice_line_item for row in note.lines.data] == [invoice.lines.data[0].id]
    assert len(shop.stripe.refunds.list().data) == 1


def test_a_credit_after_payment_must_say_where_all_of_its_money_goes(shop, invoice):
    for going in ({}, {"refund_amount": 2_499}, {"refund_amount": 2_500, "credit_amount": 1}):
        error = refused(shop.stripe.credit_notes.create, {"invoice": invoice.id, "amount": 2_500, **going})
        assert error.http_status == 400
    assert shop.stripe.refunds.list().data == []


def test_a_credit_to_the_customers_balance_is_used_by_the_next_invoice(shop, invoice):
    shop.stripe.credit_notes.create({"invoice": invoice.id, "amount": 1_500, "credit_amount": 1_500})
    assert shop.stripe.customers.retrieve(invoice.customer).balance == -1_500
    shop.advance("2026-02-01 01:00")
    (renewal, _first) = shop.stripe.invoices.list({"customer": invoice.customer}).data
    assert (renewal.total, renewal.amount_due, renewal.starting_balance) == (10_000, 8_500, -1_500)


def test_a_credit_note_on_an_open_invoice_makes_it_smaller(shop, unpaid):
    note = shop.stripe.credit_notes.create({"invoice": unpaid.id, "amount": 4_000})
    after = shop.stripe.invoices.retrieve(unpaid.id)
    assert (note.type, after.amount_remaining, after.pre_payment_credit_notes_amount) == ("pre_payment", 6_000, 4_000)
    shop.use(unpaid.customer, "pm_card_visa")
    shop.stripe.invoices.pay(unpaid.id)
    assert shop.charges()[-1].amount == 6_000


def test_an_open_invoice_credited_in_full_is_paid_without_a_charge(shop, unpaid):
    shop.stripe.credit_notes.create({"invoice": unpaid.id, "amount": 10_000})
    after = shop.stripe.invoices.retrieve(unpaid.id)
    assert (after.status, after.amount_remaining, after.amount_paid) == ("paid", 0, 0)


def test_a_voided_credit_note_is_owed_again(shop, unpaid):
    note = shop.stripe.credit_notes.create({"invoice": unpaid.id, "amount": 4_000})
    assert shop.stripe.credit_notes.void_credit_note(note.id).status == "void"
    assert shop.stripe.invoices.retrieve(unpaid.id).amount_remaining == 10_000
    assert refused(shop.stripe.credit_notes.void_credit_note, note.id).http_status == 400


def test_no_more_can_be_credited_than_the_invoice_has(shop, invoice):
    params = {"invoice": invoice.id, "amount": 6_000, "refund_amount": 6_000}
    shop.stripe.credit_notes.create(params)
    assert "at most what is left" in str(refused(shop.stripe.credit_notes.create, params))
    line = {"type": "invoice_line_item", "invoice_line_item": invoice.lines.data[0].id, "amount": 10_001}
    over = refused(shop.stripe.credit_notes.create, {"invoice": invoice.id, "lines": [line]})
    assert over.param == "lines[0][amount]"


def test_a_drafts_and_an_unknown_lines_credit_are_refused(shop, invoice):
    draft = shop.stripe.invoices.create({"customer": invoice.customer})
    assert "finalized" in str(refused(shop.stripe.credit_notes.create, {"invoice": draft.id, "amount": 1}))
    line = {"type": "invoice_line_item", "invoice_line_item": "il_unknown", "amount": 1}
    error = refused(shop.stripe.credit_notes.create, {"invoice": invoice.id, "lines": [line]})
    assert error.code == "resource_missing"
    assert "either" in str(refused(shop.stripe.credit_notes.create, {"invoice": invoice.id}))
    custom = {"type": "custom_line_item", "description": "Sorry"}
    error = refused(shop.stripe.credit_notes.create, {"invoice": invoice.id, "lines": [custom]})
    assert error.param == "lines[0][unit_amount]"


def test_crediting_a_line_takes_its_discount_and_tax_along(shop):
    rate = shop.stripe.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": False})
    coupon = shop.stripe.coupons.create({"percent_off": 10, "duration": "once"})
    subscription = shop.subscribe(
        shop.customer(), shop.price(10_000), default_tax_rates=[rate.id], discounts=[{"coupon": coupon.id}]
    )
    (paid,) = shop.invoices(subscription.id)
    assert paid.total == 9_000 + 1_800
    line = {"type": "invoice_line_item", "invoice_line_item": paid.lines.data[0].id, "amount": 5_000}
    # Half the line: 50.00 less 5.00 discount, and 9.00 tax.
    note = shop.stripe.credit_notes.create({"invoice": paid.id, "lines": [line], "refund_amount": 5_400})
    assert (note.subtotal, note.discount_amount, note.total_excluding_tax, note.total) == (5_000, 500, 4_500, 5_400)


def test_units_and_own_lines_can_be_credited_and_lines_are_paged(shop):
    subscription = shop.stripe.subscriptions.create(
        {"customer": shop.customer(), "items": [{"price": shop.price(1_000), "quantity": 5}]}
    )
    (paid,) = shop.invoices(subscription.id)
    assert amounts(paid) == [5_000]
    lines = [
        {"type": "invoice_line_item", "invoice_line_item": paid.lines.data[0].id, "quantity": 2},
        {"type": "custom_line_item", "description": "Sorry", "unit_amount": 150, "quantity": 2},
    ]
    note = shop.stripe.credit_notes.create(
        {"invoice": paid.id, "lines": lines, "out_of_band_amount": 2_300, "memo": "m", "reason": "order_change"}
    )
    assert (note.total, note.out_of_band_amount, note.reason) == (2_300, 2_300, "order_change")
    first = shop.stripe.credit_notes.line_items.list(note.id, {"limit": 1})
    assert ([row.amount for row in first.data], first.has_more) == ([2_000], True)
    assert [row.amount for row in first.auto_paging_iter()] == [2_000, 300]
    assert [each.id for each in shop.stripe.credit_notes.list({"invoice": paid.id}).data] == [note.id]
    assert shop.stripe.credit_notes.retrieve(note.id).total == 2_300


def test_an_invoice_paid_outside_of_stripe_has_nothing_to_refund(shop, unpaid):
    shop.stripe.invoices.pay(unpaid.id, {"paid_out_of_band": True})
    params = {"invoice": unpaid.id, "amount": 100, "refund_amount": 100}
    assert refused(shop.stripe.credit_notes.create, params).param == "refund_amount"
    assert at("2026-02-02") == shop.stripe.invoices.retrieve(unpaid.id).status_transitions.paid_at
