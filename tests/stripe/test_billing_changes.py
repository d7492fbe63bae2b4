"""Changes to subscriptions at the sandbox: what may change, what is refused, trials moved, ends planned."""

import pytest

from tests.stripe.billing_shop import DAY, BillingShop, amounts, at, open_shop, refused

pytestmark = pytest.mark.stripe


@pytest.fixture
def shop(client) -> BillingShop:
    return open_shop(client)


@pytest.fixture
def running(shop):
    """A running subscription at 100.00 a month."""
    return shop.subscribe(shop.customer(), shop.price(10_000), metadata={"a": "1"})


def test_what_is_simply_written_down(shop, running):
    card = shop.stripe.payment_methods.attach("pm_card_amex", {"customer": running.customer}).id
    rate = shop.stripe.tax_rates.create({"display_name": "VAT", "percentage": 10, "inclusive": False}).id
    coupon = shop.stripe.coupons.create({"percent_off": 50, "duration": "once"}).id
    after = shop.stripe.subscriptions.update(
        running.id,
        {
            "metadata": {"b": "2"},
            "description": "Team",
            "default_payment_method": card,
            "default_tax_rates": [rate],
            "discounts": [{"coupon": coupon}],
            "cancellation_details": {"comment": "thinking about it"},
        },
    )
    assert (after.metadata.to_dict(), after.description) == ({"a": "1", "b": "2"}, "Team")
    assert (after.default_payment_method, after.cancellation_details.comment) == (card, "thinking about it")
    shop.advance("2026-03-01 01:00")
    assert [invoice.total for invoice in shop.invoices(running.id)] == [10_000, 5_000 + 500, 10_000 + 1_000]
    assert shop.charges()[-1].payment_method_details.card.brand == "amex"
    assert shop.stripe.subscriptions.update(running.id, {"default_payment_method": ""}).default_payment_method is None


def test_a_change_of_nothing_tells_nothing(shop, running):
    told = len(shop.events())
    shop.stripe.subscriptions.update(running.id, {"metadata": {"a": "1"}})
    assert len(shop.events()) == told


def test_a_card_must_be_the_customers_own(shop, running):
    stranger = shop.customer()
    (card,) = shop.stripe.payment_methods.list({"customer": stranger}).data
    own = {"customer": running.customer, "items": [{"price": shop.price(1)}], "default_payment_method": card.id}
    calls = [
        (shop.stripe.subscriptions.update, running.id, {"default_payment_method": card.id}),
        (shop.stripe.subscriptions.create, own),
    ]
    for call, *asked in calls:
        assert refused(call, *asked).param == "default_payment_method"


def test_a_detached_card_is_passed_over(shop, running):
    own = shop.stripe.payment_methods.attach("pm_card_amex", {"customer": running.customer}).id
    shop.stripe.subscriptions.update(running.id, {"default_payment_method": own})
    shop.stripe.payment_methods.detach(own)
    shop.advance("2026-02-01 01:00")
    assert shop.charges()[-1].payment_method_details.card.brand == "visa"


def test_an_end_lies_in_the_future_and_may_lie_inside_a_period(shop, running):
    assert refused(shop.stripe.subscriptions.update, running.id, {"cancel_at": at("2026-01-01")}).param == "cancel_at"
    planned = shop.stripe.subscriptions.update(running.id, {"cancel_at": at("2026-01-20")})
    assert (planned.cancel_at, planned.cancel_at_period_end) == (at("2026-01-20"), False)
    shop.advance("2026-01-20")
    assert shop.subscription(running.id).status == "canceled"


@pytest.mark.parametrize(("behavior", "bills"), [("create_prorations", [[3_100], [-1_200]]), ("none", [[3_100]])])
def test_an_end_inside_a_period_credits_the_rest_unless_it_is_unwanted(shop, behavior, bills):
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.price(3_100))
    changes = {"cancel_at": at("2026-01-20"), "proration_behavior": behavior}  # 12 of 31 days are left.
    shop.stripe.subscriptions.update(subscription.id, changes)
    shop.advance("2026-01-20 01:00")
    assert [amounts(invoice) for invoice in shop.invoices(subscription.id)] == bills
    assert shop.stripe.customers.retrieve(customer).balance == sum(bills[-1]) - 3_100 * (len(bills) == 1)


def test_an_end_can_be_planned_from_the_start(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(1_000), cancel_at=at("2026-02-15"))
    assert subscription.cancel_at == at("2026-02-15")
    shop.advance("2026-03-15")
    ended = shop.subscription(subscription.id)
    assert (ended.status, ended.ended_at) == ("canceled", at("2026-02-15"))
    # Half of February's 28 days.
    assert [amounts(invoice) for invoice in shop.invoices(subscription.id)] == [[1_000], [1_000], [-500]]


def test_a_trials_end_can_be_moved_and_is_told_three_days_before(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(3_000), trial_end=at("2026-01-11"))
    moved = shop.stripe.subscriptions.update(subscription.id, {"trial_end": at("2026-01-21")})
    assert (moved.trial_end, moved["items"].data[0].current_period_end) == (at("2026-01-21"), at("2026-01-21"))
    shop.advance("2026-01-17 23:59")
    assert "customer.subscription.trial_will_end" not in shop.events()
    shop.advance("2026-01-18")
    assert shop.events().count("customer.subscription.trial_will_end") == 1
    shop.advance("2026-01-21 01:00")
    assert [invoice.total for invoice in shop.invoices(subscription.id)] == [0, 3_000]


def test_a_short_trials_end_is_told_at_once(shop):
    shop.subscribe(shop.customer(), shop.price(3_000), trial_period_days=3)
    assert shop.events().count("customer.subscription.trial_will_end") == 1


def test_only_a_running_trial_can_be_moved_and_only_ahead(shop, running):
    assert refused(shop.stripe.subscriptions.update, running.id, {"trial_end": "now"}).param == "trial_end"
    trial = shop.subscribe(shop.customer(), shop.price(1), trial_period_days=9)
    shop.advance("2026-01-05")
    past = {"trial_end": at("2026-01-04")}
    assert refused(shop.stripe.subscriptions.update, trial.id, past).param == "trial_end"
    params = {"customer": shop.customer(), "items": [{"price": shop.price(1)}], **past}
    assert refused(shop.stripe.subscriptions.create, params).param == "trial_end"


def test_a_change_in_a_trial_costs_nothing(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(1_000), trial_period_days=10)
    item = subscription["items"].data[0].id
    shop.stripe.subscriptions.update(subscription.id, {"items": [{"id": item, "quantity": 4}]})
    shop.advance("2026-01-11 01:00")
    assert [amounts(invoice) for invoice in shop.invoices(subscription.id)] == [[0], [4_000]]


def test_changing_back_at_once_leaves_nothing_to_pay(shop, running):
    item = running["items"].data[0].id
    for quantity in (2, 1):
        shop.stripe.subscriptions.update(running.id, {"items": [{"id": item, "quantity": quantity}]})
    shop.advance("2026-02-01 01:00")
    assert amounts(shop.invoices(running.id)[-1]) == [-10_000, 20_000, -20_000, 10_000, 10_000]


def test_naming_an_item_unchanged_prorates_nothing(shop, running):
    shop.advance("2026-01-10")
    item = running["items"].data[0].id
    changes = {"items": [{"id": item, "metadata": {"x": "1"}}], "proration_behavior": "always_invoice"}
    after = shop.stripe.subscriptions.update(running.id, changes)
    assert after["items"].data[0].metadata.to_dict() == {"x": "1"}
    assert len(shop.invoices(running.id)) == 1


def test_a_proration_can_be_reckoned_from_another_instant(shop, running):
    shop.advance("2026-01-20")
    changes = {"items": [{"id": running["items"].data[0].id, "quantity": 2}], "proration_date": at("2026-01-16 12:00")}
    shop.stripe.subscriptions.update(running.id, changes)
    shop.advance("2026-02-01 01:00")
    assert amounts(shop.invoices(running.id)[-1]) == [-5_000, 10_000, 20_000]


@pytest.mark.parametrize("asked", [[{"id": "si_unknown"}], "twice", "none left"])
def test_impossible_items_are_refused(shop, running, asked):
    item = running["items"].data[0]
    if asked == "twice":
        asked = [{"price": item.price.id}]
    if asked == "none left":
        asked = [{"id": item.id, "deleted": True}]
    assert refused(shop.stripe.subscriptions.update, running.id, {"items": asked}).param == "items"
    assert len(shop.stripe.subscription_items.list({"subscription": running.id}).data) == 1


def test_a_price_must_be_recurring_active_and_of_the_subscriptions_currency(shop, running):
    once = shop.stripe.prices.create({"product": shop.product_id, "currency": "usd", "unit_amount": 5}).id
    old = shop.price(5)
    shop.stripe.prices.update(old, {"active": False})
    update = shop.stripe.subscriptions.update
    for price, said in ((once, "one_time"), (old, "inactive"), (shop.price(5, currency="eur"), "same currency")):
        assert said in str(refused(update, running.id, {"items": [{"price": price}]}))
    assert "needs a price" in str(refused(update, running.id, {"items": [{"quantity": 2}]}))


def test_one_customer_has_one_currency(shop, running):
    params = {"customer": running.customer, "items": [{"price": shop.price(5, currency="eur")}]}
    assert "combine currencies" in str(refused(shop.stripe.subscriptions.create, params))
    assert shop.stripe.customers.retrieve(running.customer).currency == "usd"


def test_a_subscription_has_between_one_and_twenty_items(shop):
    customer = shop.customer()
    for count in (0, 21):
        items = [{"price": shop.price(1 + number)} for number in range(count)]
        params = {"customer": customer, "items": items} if items else {"customer": customer}
        assert refused(shop.stripe.subscriptions.create, params).param == "items"


def test_more_than_ten_items_are_shown_page_by_page(shop):
    subscription = shop.subscribe(shop.customer(), *(shop.price(100 + number) for number in range(12)))
    assert (len(subscription["items"].data), subscription["items"].has_more) == (10, True)
    rows = list(shop.stripe.subscription_items.list({"subscription": subscription.id, "limit": 5}).auto_paging_iter())
    assert sorted(item.price.unit_amount for item in rows) == [100 + number for number in range(12)]
    assert shop.stripe.subscription_items.retrieve(rows[0].id).id == rows[0].id


def test_an_incomplete_subscription_that_is_canceled_is_expired(shop):
    subscription = shop.subscribe(shop.customer("pm_card_chargeDeclined"), shop.price(1_000))
    assert shop.stripe.subscriptions.cancel(subscription.id).status == "incomplete_expired"


def test_what_is_pending_after_a_cancellation_stands_on_the_customers_next_invoice(shop, running):
    shop.advance("2026-01-16 12:00")
    shop.stripe.subscriptions.cancel(running.id, {"prorate": True})
    (pending,) = shop.stripe.invoice_items.list({"customer": running.customer, "pending": True}).data
    assert (pending.amount, pending.proration) == (-5_000, True)
    assert shop.stripe.invoice_items.retrieve(pending.id).parent.subscription_details.subscription == running.id
    again = shop.subscribe(running.customer, shop.price(20_000))
    assert amounts(shop.invoices(again.id)[0]) == [-5_000, 20_000]


def test_a_canceled_subscriptions_open_invoice_is_not_collected_any_more(shop):
    customer = shop.customer("pm_card_succeedsFirst1_chargeDeclined_do_not_honor")
    subscription = shop.subscribe(customer, shop.price(1_000))
    shop.advance("2026-02-02")
    shop.stripe.subscriptions.cancel(subscription.id)
    shop.advance("2026-02-20")
    invoice = shop.invoices(subscription.id)[-1]
    assert (invoice.status, invoice.attempt_count, invoice.next_payment_attempt) == ("open", 1, None)


def test_a_metered_item_can_take_a_licences_place(shop, running):
    meter = shop.stripe.billing.meters.create(
        {"display_name": "T", "event_name": "tokens", "default_aggregation": {"formula": "sum"}}
    )
    metered = shop.price(3, recurring={"usage_type": "metered", "meter": meter.id})
    shop.advance("2026-01-16 12:00")
    after = shop.stripe.subscriptions.update(
        running.id, {"items": [{"id": running["items"].data[0].id, "price": metered}]}
    )
    assert "quantity" not in after["items"].data[0].to_dict()
    shop.stripe.billing.meter_events.create(
        {"event_name": "tokens", "payload": {"stripe_customer_id": running.customer, "value": "11"}}
    )
    shop.advance("2026-02-01 01:00")
    assert amounts(shop.invoices(running.id)[-1]) == [-5_000, 33]


def test_an_item_of_a_subscription_waits_for_its_renewal_even_if_another_invoice_comes_first(shop, running):
    params = {"customer": running.customer, "amount": 70, "currency": "usd", "subscription": running.id}
    shop.stripe.invoice_items.create(params)
    by_hand = {"customer": running.customer, "pending_invoice_items_behavior": "include"}
    assert amounts(shop.stripe.invoices.create(by_hand)) == []
    shop.advance("2026-02-01 01:00")
    assert amounts(shop.invoices(running.id)[-1]) == [70, 10_000]


def test_a_coupon_takes_off_its_own_currency_only_and_must_be_named(shop, running):
    euros = shop.stripe.coupons.create({"amount_off": 10, "currency": "eur", "duration": "once"}).id
    for asked in ({"coupon": euros}, {"promotion_code": "promo_1"}, {"coupon": "unknown"}):
        assert refused(shop.stripe.subscriptions.update, running.id, {"discounts": [asked]}).param == "discounts"
    given = shop.stripe.coupons.create({"percent_off": 10, "duration": "forever"}).id
    first = shop.stripe.subscriptions.update(running.id, {"discounts": [{"coupon": given}]}).discounts
    kept = shop.stripe.subscriptions.update(running.id, {"discounts": [{"discount": first[0]}]}).discounts
    assert kept == first


def test_a_coupon_given_once_outlives_a_trial(shop):
    coupon = shop.stripe.coupons.create({"percent_off": 25, "duration": "once"}).id
    subscription = shop.subscribe(
        shop.customer(), shop.price(1_000), trial_period_days=10, discounts=[{"coupon": coupon}]
    )
    shop.advance("2026-02-11 01:00")
    assert [invoice.total for invoice in shop.invoices(subscription.id)] == [0, 750, 1_000]


def test_an_end_with_the_period_moves_with_the_period(shop, running):
    shop.stripe.subscriptions.update(running.id, {"cancel_at_period_end": True})
    item = running["items"].data[0].id
    yearly = {"items": [{"id": item, "price": shop.price(96_000, interval="year")}]}
    after = shop.stripe.subscriptions.update(running.id, yearly)
    assert (after.cancel_at_period_end, after.cancel_at) == (True, at("2027-01-01"))
    shop.advance("2026-03-01")
    assert shop.subscription(running.id).status == "active"


def test_a_second_discount_on_a_line_that_is_free_takes_nothing(shop):
    half, free = (shop.stripe.coupons.create({"percent_off": percent, "duration": "once"}).id for percent in (50, 100))
    given = [{"coupon": free}, {"coupon": half}]
    subscription = shop.subscribe(shop.customer(), shop.price(1_000), discounts=given)
    assert [each.amount for each in shop.invoices(subscription.id)[0].total_discount_amounts] == [1_000]


def test_a_pending_proration_that_is_credited_is_named(shop, running):
    shop.advance("2026-01-10")
    item = running["items"].data[0].id
    for quantity in (2, 3):
        shop.stripe.subscriptions.update(running.id, {"items": [{"id": item, "quantity": quantity}]})
    rows = shop.stripe.invoice_items.list({"customer": running.customer}).data[::-1]
    named = [row.proration_details.to_dict()["credited_items"] for row in rows]
    (line,) = shop.invoices(running.id)[0].lines.data
    assert named[0]["invoice_line_item_details"]["invoice_line_items"] == [line.id]
    assert named[1] is None
    assert named[2]["invoice_item"] == rows[1].id


def test_default_incomplete_is_not_tried_after_an_hour_either(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(1_000), payment_behavior="default_incomplete")
    shop.advance("2026-01-01 02:00")
    assert (shop.charges(), shop.subscription(subscription.id).status) == ([], "incomplete")


def test_a_refund_may_be_pending_for_a_day(shop):
    shop.subscribe(shop.customer("pm_card_pendingRefund"), shop.price(1_000))
    refund = shop.stripe.refunds.create({"charge": shop.charges()[0].id})
    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    shop.advance("2026-01-02")
    assert shop.stripe.refunds.retrieve(refund.id).status == "succeeded"


def test_a_refund_that_fails_puts_the_money_back(shop):
    shop.subscribe(shop.customer("pm_card_refundFail"), shop.price(1_000))
    (charge,) = shop.charges()
    refund = shop.stripe.refunds.create({"charge": charge.id, "amount": 400})
    shop.advance("2026-01-02")
    failed = shop.stripe.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    back = shop.stripe.balance_transactions.retrieve(failed.failure_balance_transaction)
    assert (back.type, back.amount) == ("refund_failure", 400)
    assert shop.stripe.charges.retrieve(charge.id).amount_refunded == 0


def test_an_invoice_by_hand_is_tried_again_and_then_left_open(shop):
    customer = shop.customer("pm_card_chargeDeclined_do_not_honor")
    shop.stripe.invoice_items.create({"customer": customer, "amount": 500, "currency": "usd"})
    params = {"customer": customer, "auto_advance": True, "pending_invoice_items_behavior": "include"}
    invoice = shop.stripe.invoices.create(params)
    shop.advance("2026-02-01")
    after = shop.stripe.invoices.retrieve(invoice.id)
    assert (after.status, after.attempt_count, after.next_payment_attempt) == ("open", 4, None)


def test_a_sent_invoice_that_nobody_pays_is_overdue_on_its_due_day(shop):
    customer = shop.customer()
    shop.stripe.invoice_items.create({"customer": customer, "amount": 500, "currency": "usd"})
    params = {"customer": customer, "collection_method": "send_invoice", "days_until_due": 7}
    invoice = shop.stripe.invoices.create({**params, "pending_invoice_items_behavior": "include"})
    shop.stripe.invoices.send_invoice(invoice.id)
    assert invoice.due_date == at("2026-01-01") + 7 * DAY
    shop.advance("2026-01-07 23:59")
    assert "invoice.overdue" not in shop.events()
    shop.advance("2026-01-08")
    assert "invoice.overdue" in shop.events()
