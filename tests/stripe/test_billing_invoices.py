"""Invoices at the sandbox: made by hand, paged lines, taxes, numbers, and what each state allows."""

import pytest

from tests.stripe.billing_shop import BillingShop, amounts, at, open_shop, refused

pytestmark = pytest.mark.stripe


@pytest.fixture
def shop(client) -> BillingShop:
    return open_shop(client)


def _draft(shop: BillingShop, *lines: int, customer: str | None = None, **more):
    """Draft an invoice by hand from some amounts in US cents."""
    payer = customer or shop.customer()
    for amount in lines:
        shop.stripe.invoice_items.create({"customer": payer, "amount": amount, "currency": "usd"})
    params = {"customer": payer, "pending_invoice_items_behavior": "include", **more}
    return shop.stripe.invoices.create(params)


def test_a_draft_by_hand_holds_what_was_pending_and_stays_a_draft(shop):
    invoice = _draft(shop, 500, 700)
    assert (invoice.status, invoice.billing_reason, invoice.total, amounts(invoice)) == (
        "draft",
        "manual",
        1_200,
        [500, 700],
    )
    shop.advance("2026-01-10")
    assert shop.stripe.invoices.retrieve(invoice.id).status == "draft"


def test_finalising_gives_the_next_number_and_opens(shop):
    customer = shop.customer()
    first, second = (_draft(shop, 500, customer=customer) for _ in range(2))
    numbers = [shop.stripe.invoices.finalize_invoice(each.id).number for each in (first, second)]
    prefix = shop.stripe.customers.retrieve(customer).invoice_prefix
    assert numbers == [f"{prefix}-0001", f"{prefix}-0002"]
    assert refused(shop.stripe.invoices.finalize_invoice, first.id).http_status == 400


def test_paying_a_draft_finalises_and_charges_it(shop):
    invoice = shop.stripe.invoices.pay(_draft(shop, 500).id)
    assert (invoice.status, invoice.amount_paid, invoice.amount_remaining) == ("paid", 500, 0)
    assert refused(shop.stripe.invoices.pay, invoice.id).http_status == 400


def test_an_invoice_that_advances_by_itself_is_charged_after_an_hour(shop):
    invoice = _draft(shop, 500, auto_advance=True)
    assert invoice.automatically_finalizes_at == invoice.next_payment_attempt == at("2026-01-01 01:00")
    shop.advance("2026-01-01 01:00")
    assert shop.stripe.invoices.retrieve(invoice.id).status == "paid"


def test_advancing_can_be_switched_off_and_on(shop):
    invoice = _draft(shop, 500, auto_advance=True)
    assert shop.stripe.invoices.update(invoice.id, {"auto_advance": False}).next_payment_attempt is None
    shop.advance("2026-01-02")
    again = shop.stripe.invoices.update(
        invoice.id, {"auto_advance": True, "description": "Now", "metadata": {"a": "1"}}
    )
    assert (again.status, again.automatically_finalizes_at) == ("draft", at("2026-01-02 01:00"))
    assert (again.description, again.metadata.to_dict()) == ("Now", {"a": "1"})
    shop.advance("2026-01-02 01:00")
    assert shop.stripe.invoices.retrieve(invoice.id).status == "paid"


def test_an_invoice_of_nothing_is_paid_without_a_charge(shop):
    invoice = shop.stripe.invoices.finalize_invoice(_draft(shop, 500, -500).id)
    assert (invoice.status, invoice.total) == ("paid", 0)
    assert shop.charges() == []


@pytest.mark.parametrize("state", ["draft", "paid", "void"])
def test_only_open_invoices_can_be_voided_or_written_off(shop, state):
    invoice = _draft(shop, 500)
    if state == "paid":
        shop.stripe.invoices.pay(invoice.id)
    if state == "void":
        shop.stripe.invoices.finalize_invoice(invoice.id)
        shop.stripe.invoices.void_invoice(invoice.id)
    assert state in str(refused(shop.stripe.invoices.void_invoice, invoice.id))
    assert state in str(refused(shop.stripe.invoices.mark_uncollectible, invoice.id))


def test_a_void_invoice_is_owed_no_more_and_cannot_be_paid(shop):
    invoice = shop.stripe.invoices.finalize_invoice(_draft(shop, 500).id)
    voided = shop.stripe.invoices.void_invoice(invoice.id)
    assert (voided.status, voided.status_transitions.voided_at) == ("void", at("2026-01-01"))
    assert "voided" in str(refused(shop.stripe.invoices.pay, invoice.id))
    (intent,) = shop.stripe.payment_intents.list().data
    assert (intent.status, intent.cancellation_reason) == ("canceled", "void_invoice")


def test_an_invoice_written_off_can_still_be_paid(shop):
    invoice = shop.stripe.invoices.finalize_invoice(_draft(shop, 500).id)
    written_off = shop.stripe.invoices.mark_uncollectible(invoice.id)
    assert (written_off.status, written_off.status_details.uncollectible.reason) == ("uncollectible", "user_forgiven")
    assert shop.stripe.invoices.pay(invoice.id).status == "paid"


def test_an_invoice_paid_outside_of_stripe_has_no_charge(shop):
    invoice = shop.stripe.invoices.finalize_invoice(_draft(shop, 500).id)
    paid = shop.stripe.invoices.pay(invoice.id, {"paid_out_of_band": True})
    assert (paid.status, paid.amount_paid) == ("paid", 500)
    assert (shop.charges(), shop.balance()) == ([], [])
    rows = shop.stripe.invoice_payments.list({"invoice": invoice.id}).data
    assert [(row.status, row.payment.type) for row in rows] == [
        ("paid", "payment_record"),
        ("canceled", "payment_intent"),
    ]
    assert shop.stripe.invoice_payments.retrieve(rows[0].id).amount_paid == 500


def test_a_deleted_draft_is_gone_and_a_finalised_invoice_cannot_be_deleted(shop):
    invoice, kept = _draft(shop, 500), _draft(shop, 700)
    assert shop.stripe.invoices.delete(invoice.id).deleted
    assert refused(shop.stripe.invoices.retrieve, invoice.id).code == "resource_missing"
    shop.stripe.invoices.finalize_invoice(kept.id)
    assert refused(shop.stripe.invoices.delete, kept.id).http_status == 400


def test_sending_needs_an_invoice_that_is_sent(shop):
    charged = _draft(shop, 500)
    assert "send_invoice" in str(refused(shop.stripe.invoices.send_invoice, charged.id))
    invoice = _draft(shop, 500, collection_method="send_invoice", days_until_due=14)
    sent = shop.stripe.invoices.send_invoice(invoice.id)
    assert (sent.status, sent.due_date) == ("open", at("2026-01-15"))
    params = {"customer": shop.customer(), "collection_method": "send_invoice"}
    assert refused(shop.stripe.invoices.create, params).param == "days_until_due"


def test_an_invoice_shows_ten_lines_and_gives_the_others_page_by_page(shop):
    invoice = _draft(shop, *range(100, 125))
    assert (len(invoice.lines.data), invoice.lines.has_more, invoice.total) == (10, True, sum(range(100, 125)))
    paged = shop.stripe.invoices.line_items.list(invoice.id, {"limit": 7}).auto_paging_iter()
    assert [line.amount for line in paged] == list(range(100, 125))


def test_items_of_another_currency_wait_for_their_own_invoice(shop):
    customer = shop.customer()
    shop.stripe.invoice_items.create({"customer": customer, "amount": 900, "currency": "eur"})
    dollars = _draft(shop, 500, customer=customer, currency="usd")
    assert amounts(dollars) == [500]
    (left,) = shop.stripe.invoice_items.list({"customer": customer, "pending": True}).data
    assert left.currency == "eur"


def test_an_item_can_be_a_quantity_of_a_price_or_a_unit_and_may_be_taken_back(shop):
    customer = shop.customer()
    once = shop.stripe.prices.create({"product": shop.product_id, "currency": "usd", "unit_amount": 250}).id
    of_price = shop.stripe.invoice_items.create({"customer": customer, "pricing": {"price": once}, "quantity": 3})
    assert (of_price.amount, of_price.description) == (750, "Pro")
    unit = {"customer": customer, "currency": "usd", "unit_amount_decimal": "0.25", "quantity": 10}
    assert shop.stripe.invoice_items.create(unit).amount == 3  # 2.5 cents, halves up.
    shop.stripe.invoice_items.delete(of_price.id)
    assert [item.amount for item in shop.stripe.invoice_items.list({"customer": customer}).data] == [3]
    assert refused(shop.stripe.invoice_items.retrieve, of_price.id).http_status == 404
    assert "amount" in str(refused(shop.stripe.invoice_items.create, {"customer": customer}))
    recurring = {"customer": customer, "pricing": {"price": shop.price(5)}}
    assert "one_time" in str(refused(shop.stripe.invoice_items.create, recurring))
    no_currency = {"customer": customer, "amount": 5}
    assert refused(shop.stripe.invoice_items.create, no_currency).code == "parameter_missing"


def test_an_item_can_be_put_on_a_draft_and_on_nothing_later(shop):
    customer = shop.customer()
    draft = _draft(shop, 500, customer=customer)
    params = {"customer": customer, "amount": 250, "currency": "usd", "invoice": draft.id}
    item = shop.stripe.invoice_items.create(params)
    assert amounts(shop.stripe.invoices.retrieve(draft.id)) == [500, 250]
    assert "attached" in str(refused(shop.stripe.invoice_items.delete, item.id))
    other = {**params, "customer": shop.customer()}
    assert refused(shop.stripe.invoice_items.create, other).param == "invoice"
    shop.stripe.invoices.finalize_invoice(draft.id)
    assert refused(shop.stripe.invoice_items.create, params).code == "invoice_not_editable"


@pytest.mark.parametrize(
    ("inclusive", "tax", "total", "excluding"), [(False, 1_900, 11_900, 10_000), (True, 1_597, 10_000, 8_403)]
)
def test_tax_stands_on_top_of_a_price_or_in_it(shop, inclusive, tax, total, excluding):
    rate = shop.stripe.tax_rates.create({"display_name": "VAT", "percentage": 19, "inclusive": inclusive})
    subscription = shop.subscribe(shop.customer("pm_card_de"), shop.price(10_000), default_tax_rates=[rate.id])
    (invoice,) = shop.invoices(subscription.id)
    assert (invoice.subtotal, invoice.total, invoice.total_excluding_tax) == (10_000, total, excluding)
    assert [each.amount for each in invoice.total_taxes] == [tax]
    assert [each.amount for each in invoice.lines.data[0].taxes] == [tax]
    assert invoice.lines.data[0].taxes[0].tax_rate_details.tax_rate == rate.id


def test_tax_is_reckoned_on_what_a_discount_leaves(shop):
    rate = shop.stripe.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": False})
    coupon = shop.stripe.coupons.create({"percent_off": 25, "duration": "once"})
    invoice = _draft(shop, 1_000, 3_000, default_tax_rates=[rate.id], discounts=[{"coupon": coupon.id}])
    assert (invoice.subtotal, invoice.total) == (4_000, 3_000 + 600)
    assert [line.taxes[0].amount for line in invoice.lines.data] == [150, 450]


def test_a_tax_rate_can_be_renamed_and_listed(shop):
    rate = shop.stripe.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": False})
    shop.stripe.tax_rates.update(rate.id, {"display_name": "USt", "active": False})
    assert shop.stripe.tax_rates.retrieve(rate.id).display_name == "USt"
    assert shop.stripe.tax_rates.list({"active": True}).data == []
    assert [each.id for each in shop.stripe.tax_rates.list({"active": False}).data] == [rate.id]


def test_the_list_is_filtered_by_status_customer_and_time(shop):
    old = _draft(shop, 500)
    shop.advance("2026-01-05")
    new = shop.stripe.invoices.pay(_draft(shop, 500).id)
    listed = shop.stripe.invoices.list

    def ids(**asked):
        return [each.id for each in listed(asked).data]

    assert ids() == [new.id, old.id]
    assert (ids(status="paid"), ids(status="draft"), ids(customer=old.customer)) == ([new.id], [old.id], [old.id])
    assert ids(created={"gte": at("2026-01-05")}) == [new.id]
    assert ids(created={"lt": at("2026-01-05")}) == [old.id]


def test_payments_appear_on_an_invoice_when_asked_for(shop):
    invoice = shop.stripe.invoices.pay(_draft(shop, 500).id)
    assert "payments" not in shop.stripe.invoices.retrieve(invoice.id).to_dict()
    expanded = shop.stripe.invoices.retrieve(invoice.id, {"expand": ["payments"]})
    assert [row.amount_paid for row in expanded.payments.data] == [500]


def test_an_invoice_needs_a_customer_and_takes_the_currency_of_what_waits(shop):
    assert refused(shop.stripe.invoices.create, {"description": "For nobody"}).code == "parameter_missing"
    customer = shop.customer()
    shop.stripe.invoice_items.create({"customer": customer, "amount": 900, "currency": "eur"})
    invoice = shop.stripe.invoices.create({"customer": customer, "pending_invoice_items_behavior": "include"})
    assert (invoice.currency, invoice.total) == ("eur", 900)
    assert shop.stripe.invoices.create({"customer": shop.customer()}).currency == "usd"


def test_finalising_can_switch_the_collection_off(shop):
    invoice = _draft(shop, 500, auto_advance=True)
    after = shop.stripe.invoices.finalize_invoice(invoice.id, {"auto_advance": False})
    assert (after.status, after.next_payment_attempt, shop.charges()) == ("open", None, [])
    shop.advance("2026-01-02")
    assert shop.charges() == []
    assert shop.stripe.invoices.send_invoice(_sent(shop).id).status == "open"


def _sent(shop: BillingShop):
    """Finalise an invoice that is sent."""
    invoice = _draft(shop, 500, collection_method="send_invoice", days_until_due=14)
    return shop.stripe.invoices.finalize_invoice(invoice.id)


def test_paying_a_draft_of_nothing_needs_no_card(shop):
    invoice = _draft(shop, 500, -500, customer=shop.customer(card=None))
    assert shop.stripe.invoices.pay(invoice.id).status == "paid"


def test_the_invoices_own_card_goes_first_and_updates_without_a_change_tell_nothing(shop):
    customer = shop.customer("pm_card_chargeDeclined")
    own = shop.stripe.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    invoice = _draft(shop, 500, customer=customer, default_payment_method=own)
    told = len(shop.events())
    shop.stripe.invoices.update(invoice.id, {"auto_advance": False})
    assert len(shop.events()) == told
    assert shop.stripe.invoices.pay(invoice.id).status == "paid"
    stranger = shop.stripe.payment_methods.list({"customer": shop.customer()}).data[0].id
    foreign = {"default_payment_method": stranger}
    assert refused(shop.stripe.invoices.update, invoice.id, foreign).code == "resource_missing"
    assert refused(shop.stripe.invoices.create, {"customer": customer, **foreign}).code == "resource_missing"
    error = refused(shop.stripe.invoices.pay, _draft(shop, 500).id, {"payment_method": stranger})
    assert (error.param, error.code) == ("payment_method", "resource_missing")
