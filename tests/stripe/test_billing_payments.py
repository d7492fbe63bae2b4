"""Payments at the sandbox: declines by code, retries, recovery, what follows for the subscription; fees and rates."""

import pytest

from ingestion.stripe.sandbox.cards import declines
from ingestion.stripe.sandbox.standing import EndState, set_end_state
from tests.stripe.billing_shop import DAY, BillingShop, at, open_shop, refused

pytestmark = pytest.mark.stripe

EXPIRED_AFTER_ONE = "pm_card_succeedsFirst1_chargeDeclined_expired_card"
FIRST_ATTEMPT = at("2026-02-01 01:00")


@pytest.fixture
def shop(client) -> BillingShop:
    return open_shop(client)


@pytest.mark.parametrize("code", sorted(declines()))
def test_every_decline_code_is_answered_as_stripe_answers_it(shop, code):
    customer = shop.customer(f"pm_card_chargeDeclined_{code}")
    shop.stripe.invoice_items.create({"customer": customer, "amount": 500, "currency": "usd"})
    invoice = shop.stripe.invoices.create({"customer": customer, "pending_invoice_items_behavior": "include"})
    error = refused(shop.stripe.invoices.pay, invoice.id)
    (charge,) = shop.charges()
    decline = declines()[code]
    shown = "fraudulent" if code == "highest_risk_level" else code
    assert (error.http_status, error.code, error.error.decline_code) == (402, decline.error_code, shown)
    assert error.error.to_dict().get("advice_code") == decline.advice_code
    assert (error.error.charge, error.error.payment_intent.id) == (charge.id, charge.payment_intent)
    assert (charge.status, charge.failure_code, charge.outcome.reason) == ("failed", decline.error_code, code)
    assert charge.balance_transaction is None
    assert shop.stripe.invoices.retrieve(invoice.id).status == "open"


def test_a_card_that_expires_makes_the_subscription_past_due_and_is_tried_again_after_3_5_and_7_days(shop):
    subscription = shop.subscribe(shop.customer(EXPIRED_AFTER_ONE), shop.price(1_000))
    shop.advance("2026-02-01 01:00")
    invoice = shop.invoices(subscription.id)[-1]
    assert (shop.subscription(subscription.id).status, invoice.status) == ("past_due", "open")
    assert (invoice.attempt_count, invoice.next_payment_attempt) == (1, FIRST_ATTEMPT + 3 * DAY)
    shop.advance("2026-02-16 00:59")
    invoice = shop.invoices(subscription.id)[-1]
    assert (invoice.attempt_count, invoice.next_payment_attempt) == (3, FIRST_ATTEMPT + (3 + 5 + 7) * DAY)
    shop.advance("2026-02-16 01:00")
    invoice = shop.invoices(subscription.id)[-1]
    assert (invoice.attempt_count, invoice.next_payment_attempt, invoice.status) == (4, None, "open")
    failed = [charge.created for charge in shop.charges() if charge.status == "failed"]
    assert failed == [FIRST_ATTEMPT + days * DAY for days in (0, 3, 8, 15)]


@pytest.mark.parametrize(
    ("chosen", "status"),
    [(None, "canceled"), (EndState.CANCELED, "canceled"), (EndState.UNPAID, "unpaid"), (EndState.PAST_DUE, "past_due")],
)
def test_after_the_last_retry_the_subscription_ends_as_the_account_chose(shop, local, chosen, status):
    if chosen is not None:
        set_end_state(local.sandbox, chosen)
    subscription = shop.subscribe(shop.customer(EXPIRED_AFTER_ONE), shop.price(1_000))
    shop.advance("2026-02-16 00:59")
    assert shop.subscription(subscription.id).status == "past_due"
    shop.advance("2026-02-16 01:00")
    ended = shop.subscription(subscription.id)
    assert ended.status == status
    assert ended.cancellation_details.reason == ("payment_failed" if status == "canceled" else None)


def test_an_unpaid_subscription_drafts_further_bills_without_collecting_them(shop, local):
    set_end_state(local.sandbox, EndState.UNPAID)
    subscription = shop.subscribe(shop.customer(EXPIRED_AFTER_ONE), shop.price(1_000))
    shop.advance("2026-03-02")
    third = shop.invoices(subscription.id)[-1]
    assert (third.status, third.auto_advance, third.next_payment_attempt) == ("draft", False, None)


def test_a_new_card_pays_at_the_next_retry_and_the_subscription_is_active_again(shop):
    customer = shop.customer(EXPIRED_AFTER_ONE)
    subscription = shop.subscribe(customer, shop.price(1_000))
    shop.advance("2026-02-02")
    shop.use(customer, "pm_card_mastercard")
    shop.advance("2026-02-04 01:00")
    invoice = shop.invoices(subscription.id)[-1]
    assert (invoice.status, invoice.attempt_count) == ("paid", 2)
    assert shop.subscription(subscription.id).status == "active"
    (payment,) = shop.stripe.invoice_payments.list({"invoice": invoice.id}).data
    assert (payment.status, payment.amount_paid, payment.payment.type) == ("paid", 1_000, "payment_intent")
    by_payment = {"payment": {"type": "payment_intent", "payment_intent": payment.payment.payment_intent}}
    assert [row.id for row in shop.stripe.invoice_payments.list(by_payment).data] == [payment.id]


def test_a_card_may_recover_by_itself(shop):
    customer = shop.customer("pm_card_succeedsFirst1_declinesFirst1_chargeDeclined_insufficient_funds")
    subscription = shop.subscribe(customer, shop.price(1_000))
    shop.advance("2026-03-02")
    assert [charge.status for charge in shop.charges()] == ["succeeded", "failed", "succeeded", "succeeded"]
    assert [invoice.attempt_count for invoice in shop.invoices(subscription.id)] == [1, 2, 1]


def test_a_final_decline_is_counted_but_not_charged_again_until_there_is_another_card(shop):
    customer = shop.customer("pm_card_succeedsFirst1_chargeDeclined_stolen_card")
    subscription = shop.subscribe(customer, shop.price(1_000))
    shop.advance("2026-02-10")
    invoice = shop.invoices(subscription.id)[-1]
    assert invoice.attempt_count == 3
    assert [charge.status for charge in shop.charges()] == ["succeeded", "failed"]
    shop.use(customer, "pm_card_visa")
    shop.advance("2026-02-16 01:00")
    assert [charge.status for charge in shop.charges()] == ["succeeded", "failed", "succeeded"]
    assert shop.subscription(subscription.id).status == "active"


def test_paying_by_hand_leaves_the_schedule_and_its_count_alone(shop):
    customer = shop.customer(EXPIRED_AFTER_ONE)
    subscription = shop.subscribe(customer, shop.price(1_000))
    shop.advance("2026-02-02")
    before = shop.invoices(subscription.id)[-1]
    refused(shop.stripe.invoices.pay, before.id)
    after = shop.stripe.invoices.retrieve(before.id)
    assert (after.attempt_count, after.next_payment_attempt) == (before.attempt_count, before.next_payment_attempt)
    assert len(shop.charges()) == 3


def test_a_failed_payment_tells_its_story_in_events(shop):
    shop.subscribe(shop.customer(EXPIRED_AFTER_ONE), shop.price(1_000))
    shop.advance("2026-02-01")
    told = len(shop.events())
    shop.advance("2026-02-01 01:00")
    assert [each for each in shop.events()[told:] if not each.startswith("test_helpers")] == [
        "invoice.finalized",
        "invoice.updated",
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "invoice.payment_failed",
        "invoice.updated",
        "customer.subscription.updated",
    ]


def test_without_a_card_nothing_is_tried_again(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.price(1_000))
    method = shop.stripe.payment_methods.list({"customer": customer}).data[0].id
    shop.stripe.payment_methods.detach(method)
    shop.advance("2026-02-20")
    invoice = shop.invoices(subscription.id)[-1]
    assert (invoice.status, invoice.attempt_count, invoice.next_payment_attempt) == ("open", 1, None)
    assert shop.subscription(subscription.id).status == "past_due"
    assert "default_payment_method" in str(refused(shop.stripe.invoices.pay, invoice.id))


def test_the_subscriptions_own_card_goes_before_the_customers(shop):
    customer = shop.customer("pm_card_chargeDeclined")
    own = shop.stripe.payment_methods.attach("pm_card_amex", {"customer": customer}).id
    shop.subscribe(customer, shop.price(1_000), default_payment_method=own)
    (charge,) = shop.charges()
    assert (charge.status, charge.payment_method_details.card.brand) == ("succeeded", "amex")
    assert charge.payment_method_details.card.last4 == "8431"


@pytest.mark.parametrize(
    ("paid_with", "settled", "fees", "rate"),
    [
        (("pm_card_visa", "usd", 10_000), 10_000, [290 + 30], None),
        (("pm_card_visa", "usd", 1_050), 1_050, [30 + 30], None),  # 2.9 % of 10.50 are 30.45 cents.
        (("pm_card_gb", "usd", 10_000), 10_000, [290 + 30, 150], None),
        (("pm_card_visa", "eur", 10_000), 10_830, [314 + 30, 108], 1.083),
        (("pm_card_de", "eur", 10_000), 10_830, [314 + 30, 162, 108], 1.083),
        (("pm_card_jp", "jpy", 10_000), 6_710, [195 + 30, 101, 67], 0.00671),
    ],
)
def test_fees_and_rates_can_be_recomputed(shop, paid_with, settled, fees, rate):
    card, currency, amount = paid_with
    shop.subscribe(shop.customer(card), shop.price(amount, currency=currency))
    (row,) = shop.balance()
    assert (row.type, row.amount, row.currency, row.exchange_rate) == ("charge", settled, "usd", rate)
    assert [each.amount for each in row.fee_details] == fees
    assert (row.fee, row.net) == (sum(fees), settled - sum(fees))


def test_a_currency_without_a_rate_is_refused(shop):
    params = {"customer": shop.customer(), "items": [{"price": shop.price(1_000, currency="thb")}]}
    assert "no exchange rate for thb" in str(refused(shop.stripe.subscriptions.create, params))


def test_money_is_pending_for_two_days(shop):
    shop.subscribe(shop.customer(), shop.price(1_000))
    shop.advance("2026-01-02 23:59")
    assert [row.status for row in shop.balance()] == ["pending"]
    shop.advance("2026-01-03")
    assert [row.status for row in shop.balance()] == ["available"]


def test_billings_own_fee_is_a_row_of_its_own_on_the_first_of_the_next_month(shop):
    for _ in range(3):
        shop.subscribe(shop.customer(), shop.price(10_000))
    shop.advance("2026-02-01")
    (fee,) = shop.stripe.balance_transactions.list({"type": "stripe_fee"}).data
    assert (fee.amount, fee.fee, fee.net, fee.source) == (-210, 0, -210, None)  # 0.7 % of 300.00.
    assert (fee.created, fee.reporting_category) == (at("2026-02-01"), "fee")


def test_a_payment_outside_of_invoices_succeeds_or_is_refused(shop):
    customer = shop.customer()
    method = shop.stripe.payment_methods.list({"customer": customer}).data[0].id
    params = {"amount": 700, "currency": "usd", "customer": customer, "payment_method": method}
    paid = shop.stripe.payment_intents.create({**params, "confirm": True})
    assert (paid.status, paid.amount_received) == ("succeeded", 700)
    waiting = shop.stripe.payment_intents.create(params)
    assert waiting.status == "requires_confirmation"
    assert shop.stripe.payment_intents.confirm(waiting.id).status == "succeeded"
    assert refused(shop.stripe.payment_intents.confirm, waiting.id).code == "payment_intent_unexpected_state"
    bare = shop.stripe.payment_intents.create({"amount": 700, "currency": "usd"})
    assert "missing a payment method" in str(refused(shop.stripe.payment_intents.confirm, bare.id))
    bad = shop.stripe.payment_methods.attach("pm_card_chargeDeclinedProcessingError", {"customer": customer}).id
    error = refused(shop.stripe.payment_intents.confirm, bare.id, {"payment_method": bad})
    assert (error.code, error.error.advice_code) == ("processing_error", "try_again_later")
    assert refused(shop.stripe.payment_intents.create, {"amount": 0, "currency": "usd"}).param == "amount"
    listed = shop.stripe.payment_intents.list({"customer": customer}).data
    assert [each.id for each in listed] == [waiting.id, paid.id]
    assert shop.stripe.payment_intents.retrieve(paid.id).latest_charge == shop.charges()[0].id
