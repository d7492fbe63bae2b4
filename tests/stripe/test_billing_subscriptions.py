"""Subscriptions at the sandbox: first bills, renewals, anchors, trials, prorations, ends; through the real client."""

import pytest

from tests.stripe.billing_shop import DAY, BillingShop, amounts, at, open_shop, refused

pytestmark = pytest.mark.stripe


@pytest.fixture
def shop(client) -> BillingShop:
    return open_shop(client)


def test_the_first_invoice_is_paid_at_once(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(10_000))
    (invoice,) = shop.invoices(subscription.id)
    assert (subscription.status, invoice.status, invoice.amount_paid) == ("active", "paid", 10_000)
    assert (invoice.billing_reason, invoice.attempt_count) == ("subscription_create", 1)
    line = invoice.lines.data[0]
    assert (line.period.start, line.period.end) == (at("2026-01-01"), at("2026-02-01"))
    assert line.parent.subscription_item_details.subscription == subscription.id
    assert line.pricing.price_details.product == shop.product_id


def test_a_subscription_that_begins_on_the_31st_renews_on_the_last_day_of_shorter_months(shop):
    shop.advance("2026-01-31")
    subscription = shop.subscribe(shop.customer(), shop.price(1_000))
    shop.advance("2026-05-01")
    ends = [invoice.lines.data[0].period.end for invoice in shop.invoices(subscription.id)]
    assert ends == [at("2026-02-28"), at("2026-03-31"), at("2026-04-30"), at("2026-05-31")]


def test_a_renewal_is_a_draft_for_an_hour_and_paid_at_its_end(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(1_000))
    shop.advance("2026-01-31 23:59")
    assert len(shop.invoices(subscription.id)) == 1
    shop.advance("2026-02-01")
    assert shop.invoices(subscription.id)[-1].status == "draft"
    shop.advance("2026-02-01 00:59")
    assert shop.invoices(subscription.id)[-1].status == "draft"
    shop.advance("2026-02-01 01:00")
    renewal = shop.invoices(subscription.id)[-1]
    assert (renewal.status, renewal.billing_reason) == ("paid", "subscription_cycle")
    assert renewal.status_transitions.paid_at == at("2026-02-01 01:00")


def test_an_annual_subscription_is_billed_once_a_year(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(120_000, interval="year"))
    shop.advance("2027-02-01")
    assert [invoice.amount_paid for invoice in shop.invoices(subscription.id)] == [120_000, 120_000]


def test_a_trial_costs_nothing_and_is_billed_when_it_ends(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(3_000), trial_period_days=14)
    assert subscription.status == "trialing"
    assert subscription["items"].data[0].current_period_end == at("2026-01-15")
    assert [invoice.total for invoice in shop.invoices(subscription.id)] == [0]
    shop.advance("2026-01-15 01:00")
    first = shop.invoices(subscription.id)[-1]
    assert (first.total, first.status, shop.subscription(subscription.id).status) == (3_000, "paid", "active")
    assert first.lines.data[0].period.end == at("2026-02-15")


def test_a_trial_ended_now_is_billed_now(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(3_000), trial_period_days=14)
    shop.advance("2026-01-05")
    after = shop.stripe.subscriptions.update(subscription.id, {"trial_end": "now"})
    assert (after.status, after.billing_cycle_anchor) == ("active", at("2026-01-05"))
    assert [invoice.amount_paid for invoice in shop.invoices(subscription.id)] == [0, 3_000]


def test_an_upgrade_halfway_credits_half_and_charges_half(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(10_000))
    shop.advance("2026-01-16 12:00")  # 15.5 of 31 days.
    item = subscription["items"].data[0].id
    shop.stripe.subscriptions.update(
        subscription.id,
        {"items": [{"id": item, "price": shop.price(20_000)}], "proration_behavior": "always_invoice"},
    )
    first, upgrade = shop.invoices(subscription.id)
    assert amounts(upgrade) == [-10_000 // 2, 20_000 // 2]
    assert (upgrade.billing_reason, upgrade.status, upgrade.amount_paid) == ("subscription_update", "paid", 5_000)
    credit, charge = upgrade.lines.data
    assert credit.parent.subscription_item_details.proration
    credited = credit.parent.subscription_item_details.proration_details.credited_items
    assert (credited.invoice, credited.invoice_line_items) == (first.id, [first.lines.data[0].id])
    assert [(line.period.start, line.period.end) for line in (credit, charge)] == [
        (at("2026-01-16 12:00"), at("2026-02-01"))
    ] * 2


def test_a_proration_counts_seconds_and_rounds_each_line_by_itself(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(999))
    shop.advance("2026-01-11 06:30")
    item = subscription["items"].data[0].id
    shop.stripe.subscriptions.update(
        subscription.id, {"items": [{"id": item, "quantity": 3}], "proration_behavior": "always_invoice"}
    )
    # 20 days 17.5 hours of 31 days are left: 497.5 of 744 hours. 999 x 497.5 / 744 = 668.01..; 2997: 2004.04..
    assert amounts(shop.invoices(subscription.id)[-1]) == [-668, 2_004]


def test_prorations_wait_for_the_next_renewal_by_default(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(10_000))
    shop.advance("2026-01-16 12:00")
    item = subscription["items"].data[0].id
    shop.stripe.subscriptions.update(subscription.id, {"items": [{"id": item, "price": shop.price(20_000)}]})
    assert len(shop.invoices(subscription.id)) == 1
    shop.advance("2026-02-01 01:00")
    assert amounts(shop.invoices(subscription.id)[-1]) == [-5_000, 10_000, 20_000]


def test_a_second_change_credits_what_the_first_one_charged(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(3_100))
    item = subscription["items"].data[0].id
    for day, quantity in (("2026-01-11", 2), ("2026-01-21", 1)):
        shop.advance(day)
        shop.stripe.subscriptions.update(subscription.id, {"items": [{"id": item, "quantity": quantity}]})
    shop.advance("2026-02-01 01:00")
    # 100 a day and seat: 21 days left at the first change, 11 at the second.
    assert amounts(shop.invoices(subscription.id)[-1]) == [-2_100, 4_200, -2_200, 1_100, 3_100]


def test_without_proration_the_new_price_counts_from_the_next_period(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(10_000))
    shop.advance("2026-01-16")
    item = subscription["items"].data[0].id
    shop.stripe.subscriptions.update(
        subscription.id, {"items": [{"id": item, "price": shop.price(20_000)}], "proration_behavior": "none"}
    )
    shop.advance("2026-02-01 01:00")
    assert [amounts(invoice) for invoice in shop.invoices(subscription.id)] == [[10_000], [20_000]]


def test_going_annual_credits_the_month_and_starts_a_year_today(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(10_000))
    shop.advance("2026-01-16 12:00")
    item = subscription["items"].data[0].id
    after = shop.stripe.subscriptions.update(
        subscription.id, {"items": [{"id": item, "price": shop.price(96_000, interval="year")}]}
    )
    assert after.billing_cycle_anchor == at("2026-01-16 12:00")
    assert after["items"].data[0].current_period_end == at("2027-01-16 12:00")
    assert amounts(shop.invoices(subscription.id)[-1]) == [-5_000, 96_000]


def test_a_downgrade_leaves_a_credit_that_later_invoices_use_up(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.price(20_000))
    shop.advance("2026-01-16 12:00")
    item = subscription["items"].data[0].id
    shop.stripe.subscriptions.update(
        subscription.id,
        {"items": [{"id": item, "price": shop.price(6_000)}], "proration_behavior": "always_invoice"},
    )
    assert shop.stripe.customers.retrieve(customer).balance == -10_000 + 3_000
    shop.advance("2026-03-01 01:00")
    due = [(invoice.total, invoice.amount_due) for invoice in shop.invoices(subscription.id)]
    assert due == [(20_000, 20_000), (-7_000, 0), (6_000, 0), (6_000, 6_000 - 1_000)]
    assert shop.stripe.customers.retrieve(customer).balance == 0


def test_an_item_added_is_charged_for_the_rest_and_one_removed_is_credited(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(3_100))
    shop.advance("2026-01-11")
    first = subscription["items"].data[0].id
    shop.stripe.subscriptions.update(
        subscription.id, {"items": [{"id": first, "deleted": True}, {"price": shop.price(6_200)}]}
    )
    shop.advance("2026-02-01 01:00")
    assert amounts(shop.invoices(subscription.id)[-1]) == [-2_100, 4_200, 6_200]
    (item,) = shop.stripe.subscription_items.list({"subscription": subscription.id}).data
    assert item.price.unit_amount == 6_200


def test_a_subscription_canceled_at_its_periods_end_lives_until_then_and_bills_no_more(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(1_000))
    planned = shop.stripe.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    assert (planned.status, planned.cancel_at) == ("active", at("2026-02-01"))
    shop.advance("2026-01-31 23:59")
    assert shop.subscription(subscription.id).status == "active"
    shop.advance("2026-03-01")
    ended = shop.subscription(subscription.id)
    assert (ended.status, ended.ended_at, ended.canceled_at) == ("canceled", at("2026-02-01"), at("2026-01-01"))
    assert len(shop.invoices(subscription.id)) == 1


def test_a_planned_end_can_be_taken_back(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(1_000), cancel_at_period_end=True)
    back = shop.stripe.subscriptions.update(subscription.id, {"cancel_at_period_end": False})
    assert (back.cancel_at, back.canceled_at) == (None, None)
    shop.advance("2026-02-01 01:00")
    assert (shop.subscription(subscription.id).status, len(shop.invoices(subscription.id))) == ("active", 2)


def test_canceling_now_with_proration_credits_the_unused_time(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.price(3_100))
    shop.advance("2026-01-11")
    ended = shop.stripe.subscriptions.cancel(subscription.id, {"prorate": True, "invoice_now": True})
    assert (ended.status, ended.ended_at) == ("canceled", at("2026-01-11"))
    assert amounts(shop.invoices(subscription.id)[-1]) == [-2_100]
    assert shop.stripe.customers.retrieve(customer).balance == -2_100


def test_a_canceled_subscription_can_neither_be_changed_nor_canceled_again(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(3_100))
    shop.stripe.subscriptions.cancel(subscription.id)
    again = refused(shop.stripe.subscriptions.cancel, subscription.id)
    changed = refused(shop.stripe.subscriptions.update, subscription.id, {"cancel_at_period_end": True})
    assert (again.http_status, again.code, changed.http_status) == (404, "resource_missing", 400)


def test_the_list_hides_canceled_subscriptions_unless_all_are_asked_for(shop):
    price = shop.price(1_000)
    kept, ended = shop.subscribe(shop.customer(), price), shop.subscribe(shop.customer(), price)
    shop.stripe.subscriptions.cancel(ended.id)
    listed = shop.stripe.subscriptions.list

    def ids(**asked):
        return {each.id for each in listed(asked).data}

    assert ids() == {kept.id}
    assert ids(status="all") == {kept.id, ended.id}
    assert ids(status="canceled") == ids(status="ended") == {ended.id}
    assert (ids(price=price), ids(price=shop.price(5))) == ({kept.id}, set())
    assert ids(customer=kept.customer) == {kept.id}


def test_a_declined_first_payment_leaves_it_incomplete_and_expires_after_23_hours(shop):
    customer = shop.customer("pm_card_chargeDeclined_insufficient_funds")
    subscription = shop.subscribe(customer, shop.price(1_000))
    assert subscription.status == "incomplete"
    shop.advance("2026-01-01 22:59")
    assert shop.subscription(subscription.id).status == "incomplete"
    shop.advance("2026-01-01 23:00")
    assert shop.subscription(subscription.id).status == "incomplete_expired"
    assert [invoice.status for invoice in shop.invoices(subscription.id)] == ["void"]


def test_an_incomplete_subscription_becomes_active_when_its_invoice_is_paid(shop):
    customer = shop.customer("pm_card_chargeDeclined_insufficient_funds")
    subscription = shop.subscribe(customer, shop.price(1_000))
    good = shop.use(customer, "pm_card_visa")
    shop.stripe.invoices.pay(subscription.latest_invoice, {"payment_method": good})
    assert shop.subscription(subscription.id).status == "active"


def test_error_if_incomplete_answers_402_and_leaves_no_subscription(shop):
    customer = shop.customer("pm_card_chargeDeclined_expired_card")
    params = {"customer": customer, "items": [{"price": shop.price(1_000)}], "payment_behavior": "error_if_incomplete"}
    error = refused(shop.stripe.subscriptions.create, params)
    assert (error.http_status, error.code, error.error.decline_code) == (402, "expired_card", "expired_card")
    assert shop.stripe.subscriptions.list({"status": "all"}).data == []


def test_default_incomplete_waits_for_a_payment_without_trying(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(1_000), payment_behavior="default_incomplete")
    (invoice,) = shop.invoices(subscription.id)
    assert (subscription.status, invoice.status, invoice.attempt_count) == ("incomplete", "open", 0)
    assert shop.charges() == []


def test_who_has_no_card_cannot_subscribe(shop):
    params = {"customer": shop.customer(card=None), "items": [{"price": shop.price(1_000)}]}
    assert "no attached payment source" in str(refused(shop.stripe.subscriptions.create, params))


def test_a_billing_anchor_ahead_charges_the_short_time_until_it(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(3_100), billing_cycle_anchor=at("2026-01-11"))
    shop.advance("2026-01-11 01:00")
    # The month that ends at the anchor began on 11 December and has 31 days, ten of them used.
    assert [amounts(invoice) for invoice in shop.invoices(subscription.id)] == [[1_000], [3_100]]


def test_an_invoice_that_is_sent_waits_for_its_payer(shop):
    subscription = shop.subscribe(
        shop.customer(card=None), shop.price(1_000), collection_method="send_invoice", days_until_due=30
    )
    assert subscription.status == "active"
    shop.advance("2026-01-01 01:00")
    (invoice,) = shop.invoices(subscription.id)
    assert (invoice.status, invoice.next_payment_attempt) == ("open", None)
    assert invoice.due_date == at("2026-01-01") + 30 * DAY
    assert shop.charges() == []


@pytest.mark.parametrize(
    ("coupon", "totals"),
    [
        ({"percent_off": 25, "duration": "once"}, [7_500, 10_000, 10_000, 10_000]),
        ({"percent_off": 25, "duration": "forever"}, [7_500, 7_500, 7_500, 7_500]),
        ({"percent_off": 50, "duration": "repeating", "duration_in_months": 2}, [5_000, 5_000, 10_000, 10_000]),
        ({"amount_off": 1_234, "currency": "usd", "duration": "once"}, [8_766, 10_000, 10_000, 10_000]),
        ({"amount_off": 20_000, "currency": "usd", "duration": "forever"}, [0, 0, 0, 0]),
    ],
)
def test_a_coupon_lasts_as_long_as_it_says(shop, coupon, totals):
    given = shop.stripe.coupons.create(coupon)
    subscription = shop.subscribe(shop.customer(), shop.price(10_000), discounts=[{"coupon": given.id}])
    shop.advance("2026-04-01 01:00")
    invoices = shop.invoices(subscription.id)
    assert [invoice.total for invoice in invoices] == totals
    first = invoices[0]
    assert first.subtotal == 10_000
    assert [each.amount for each in first.total_discount_amounts] == [10_000 - totals[0]]
    assert [each.amount for each in first.lines.data[0].discount_amounts] == [10_000 - totals[0]]


def test_a_discounted_line_is_credited_as_it_was_billed(shop):
    coupon = shop.stripe.coupons.create({"percent_off": 50, "duration": "forever"})
    subscription = shop.subscribe(shop.customer(), shop.price(10_000), discounts=[{"coupon": coupon.id}])
    shop.advance("2026-01-16 12:00")
    item = subscription["items"].data[0].id
    shop.stripe.subscriptions.update(
        subscription.id,
        {"items": [{"id": item, "price": shop.price(20_000)}], "proration_behavior": "always_invoice"},
    )
    assert amounts(shop.invoices(subscription.id)[-1]) == [-2_500, 5_000]


def test_items_must_bill_together(shop):
    prices = [{"price": shop.price(1_000)}, {"price": shop.price(1_000, interval="year")}]
    error = refused(shop.stripe.subscriptions.create, {"customer": shop.customer(), "items": prices})
    assert "same billing interval" in str(error)


def test_a_parameter_that_is_not_played_is_refused(shop):
    subscription = shop.subscribe(shop.customer(), shop.price(1_000))
    error = refused(shop.stripe.subscriptions.update, subscription.id, {"pause_collection": {"behavior": "void"}})
    assert (error.http_status, error.param) == (400, "pause_collection")


def test_a_renewal_tells_its_story_in_events(shop):
    shop.subscribe(shop.customer(), shop.price(1_000))
    told = len(shop.events())
    shop.advance("2026-02-01 01:00")
    story = [each for each in shop.events()[told:] if not each.startswith("test_helpers")]
    assert story == [
        "invoice.created",
        "customer.subscription.updated",
        "invoice.finalized",
        "invoice.updated",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice_payment.paid",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
    ]
