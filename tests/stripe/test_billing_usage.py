"""Metered prices at the sandbox: events with one identifier each, summed up and billed in arrears."""

import pytest

from tests.stripe.billing_shop import DAY, BillingShop, amounts, at, open_shop, refused

pytestmark = pytest.mark.stripe


@pytest.fixture
def shop(client) -> BillingShop:
    return open_shop(client)


def _meter(shop: BillingShop, formula: str = "sum") -> str:
    meter = shop.stripe.billing.meters.create(
        {"display_name": "Tokens", "event_name": "tokens", "default_aggregation": {"formula": formula}}
    )
    return meter.id


def _metered(shop: BillingShop, meter: str, unit: str = "0.25") -> str:
    price = shop.stripe.prices.create(
        {
            "product": shop.product_id,
            "currency": "usd",
            "unit_amount_decimal": unit,
            "recurring": {"interval": "month", "usage_type": "metered", "meter": meter},
        }
    )
    return price.id


def _report(shop: BillingShop, customer: str, value: int, **more) -> None:
    payload = {"stripe_customer_id": customer, "value": str(value)}
    shop.stripe.billing.meter_events.create({"event_name": "tokens", "payload": payload, **more})


def test_usage_is_billed_after_its_period_beside_the_licence_ahead(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.price(1_000), _metered(shop, _meter(shop)))
    _report(shop, customer, 300)
    shop.advance("2026-01-31 23:59")
    _report(shop, customer, 103)
    shop.advance("2026-02-01")
    _report(shop, customer, 9_999)
    shop.advance("2026-02-01 01:00")
    first, renewal = shop.invoices(subscription.id)
    # 403 units at a quarter cent are 100.75 cents.
    assert (amounts(first), amounts(renewal)) == ([1_000], [1_000, 101])
    usage = renewal.lines.data[1]
    assert (usage.quantity, usage.period.start, usage.period.end) == (403, at("2026-01-01"), at("2026-02-01"))


def test_a_subscription_of_usage_alone_has_no_first_invoice(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, _metered(shop, _meter(shop), "2"))
    assert (subscription.status, shop.invoices(subscription.id)) == ("active", [])
    _report(shop, customer, 7)
    shop.advance("2026-03-01 01:00")
    assert [amounts(invoice) for invoice in shop.invoices(subscription.id)] == [[14], [0]]


def test_the_last_usage_is_billed_when_the_subscription_ends(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, _metered(shop, _meter(shop), "2"), cancel_at_period_end=True)
    _report(shop, customer, 7)
    shop.advance("2026-02-01 01:00")
    (last,) = shop.invoices(subscription.id)
    assert (amounts(last), last.status, shop.subscription(subscription.id).status) == ([14], "paid", "canceled")


def test_usage_in_a_trial_is_free(shop):
    customer = shop.customer()
    prices = (shop.price(1_000), _metered(shop, _meter(shop), "2"))
    subscription = shop.subscribe(customer, *prices, trial_period_days=10)
    _report(shop, customer, 7)
    shop.advance("2026-01-12")
    _report(shop, customer, 5)
    shop.advance("2026-02-11 01:00")
    assert [sum(amounts(invoice)) for invoice in shop.invoices(subscription.id)] == [0, 1_000, 1_010]


@pytest.mark.parametrize(("formula", "amount"), [("sum", 2 * 12), ("count", 2 * 3), ("last", 2 * 4)])
def test_a_meter_counts_by_its_own_formula(shop, formula, amount):
    customer = shop.customer()
    subscription = shop.subscribe(customer, _metered(shop, _meter(shop, formula), "2"))
    shop.advance("2026-01-10")
    for value, day in ((5, 3), (4, 9), (3, 6)):
        _report(shop, customer, value, timestamp=at(f"2026-01-{day:02d}"))
    shop.advance("2026-02-01 01:00")
    assert [amounts(invoice) for invoice in shop.invoices(subscription.id)] == [[amount]]


def test_one_identifier_counts_once(shop):
    customer = shop.customer()
    _meter(shop)
    _report(shop, customer, 5, identifier="a")
    params = {"event_name": "tokens", "payload": {"stripe_customer_id": customer, "value": "5"}, "identifier": "a"}
    assert refused(shop.stripe.billing.meter_events.create, params).param == "identifier"


def test_an_event_lies_within_35_days_back_and_5_minutes_ahead(shop):
    customer = shop.customer()
    _meter(shop)
    now = at("2026-01-01")
    for moment in (now - 35 * DAY, now + 300):
        _report(shop, customer, 1, timestamp=moment)
    for moment in (now - 35 * DAY - 1, now + 301):
        payload = {"stripe_customer_id": customer, "value": "1"}
        params = {"event_name": "tokens", "payload": payload, "timestamp": moment}
        assert refused(shop.stripe.billing.meter_events.create, params).param == "timestamp"


@pytest.mark.parametrize(
    ("name", "payload"),
    [("other", None), ("tokens", {"value": "1"}), ("tokens", {"value": "many"}), ("tokens", {"value": "NaN"})],
)
def test_an_event_needs_a_meter_a_customer_and_a_number(shop, name, payload):
    _meter(shop)
    filled = {"stripe_customer_id": shop.customer(), **(payload or {"value": "1"})}
    if payload == {"value": "1"}:
        del filled["stripe_customer_id"]
    params = {"event_name": name, "payload": filled}
    assert refused(shop.stripe.billing.meter_events.create, params).http_status == 400


def test_summaries_say_what_was_used_in_all_and_day_by_day(shop):
    customer, meter = shop.customer(), _meter(shop)
    shop.advance("2026-01-03")
    for value, moment in ((5, "2026-01-01 10:00"), (7, "2026-01-02 10:00"), (9, "2026-01-03")):
        _report(shop, customer, value, timestamp=at(moment))
    asked = {"customer": customer, "start_time": at("2026-01-01"), "end_time": at("2026-01-03")}
    listed = shop.stripe.billing.meters.event_summaries.list
    assert [row.aggregated_value for row in listed(meter, asked).data] == [12]
    by_day = listed(meter, {**asked, "value_grouping_window": "day"}).data
    assert [row.aggregated_value for row in by_day] == [7, 5]
    assert "minute" in str(refused(listed, meter, {**asked, "end_time": asked["end_time"] + 1}))


def test_a_meters_event_name_is_its_own_until_it_is_out_of_use(shop):
    meter = _meter(shop)
    params = {"display_name": "T", "event_name": "tokens", "default_aggregation": {"formula": "sum"}}
    assert refused(shop.stripe.billing.meters.create, params).param == "event_name"
    assert shop.stripe.billing.meters.deactivate(meter).status == "inactive"
    assert "inactive" in str(refused(shop.stripe.billing.meters.deactivate, meter))
    again = shop.stripe.billing.meters.create(params)
    assert [each.id for each in shop.stripe.billing.meters.list({"status": "active"}).data] == [again.id]
    assert shop.stripe.billing.meters.retrieve(meter).event_name == "tokens"


def test_a_metered_price_takes_no_quantity(shop):
    item = {"price": _metered(shop, _meter(shop)), "quantity": 2}
    params = {"customer": shop.customer(), "items": [item]}
    assert "no quantity" in str(refused(shop.stripe.subscriptions.create, params))
