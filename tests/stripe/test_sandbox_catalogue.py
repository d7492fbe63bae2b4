"""Products, prices, coupons, the account and its events in the sandbox, asked for by the real stripe package."""

from decimal import Decimal

import pytest
import stripe

pytestmark = pytest.mark.stripe

MONTHLY = {"currency": "usd", "unit_amount": 4900, "recurring": {"interval": "month"}}


@pytest.fixture
def product(client):
    return client.products.create({"name": "Writer"})


def test_a_product_comes_with_its_first_price(client):
    made = client.products.create({"name": "Writer", "default_price_data": MONTHLY})

    price = client.products.retrieve(made.id, {"expand": ["default_price"]}).default_price
    assert (price.unit_amount, price.recurring.interval, price.product) == (4900, "month", made.id)


def test_a_product_may_have_an_id_of_our_own_once(client):
    client.products.create({"name": "Writer", "id": "writer"})

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.products.create({"name": "Writer", "id": "writer"})
    assert refused.value.code == "resource_already_exists"


def test_a_product_whose_first_price_is_wrong_is_not_made(client):
    with pytest.raises(stripe.InvalidRequestError, match="Missing required param: unit_amount"):
        client.products.create({"name": "Writer", "default_price_data": {"currency": "usd"}})

    assert client.products.list().data == []


def test_a_product_is_renamed_archived_and_filtered(client, product):
    client.products.update(product.id, {"name": "Writer Plus", "active": False, "metadata": {"line": "text"}})
    other = client.products.create({"name": "Coder"})

    assert [each.id for each in client.products.list({"active": True}).data] == [other.id]
    assert [each.name for each in client.products.list({"ids": [product.id]}).data] == ["Writer Plus"]


def test_a_product_names_its_default_price(client, product):
    price = client.prices.create({**MONTHLY, "product": product.id})

    assert client.products.update(product.id, {"default_price": price.id}).default_price == price.id
    with pytest.raises(stripe.InvalidRequestError, match="No such price"):
        client.products.update(product.id, {"default_price": "price_9"})


def test_a_product_with_a_price_cannot_be_deleted_one_without_can(client, product):
    empty = client.products.create({"name": "Idea"})
    client.prices.create({"product": product.id, "currency": "usd", "unit_amount": 100})

    assert client.products.delete(empty.id).deleted is True
    with pytest.raises(stripe.InvalidRequestError, match="user-created prices"):
        client.products.delete(product.id)


def test_a_price_without_a_period_is_paid_once(client, product):
    made = client.prices.create({"product": product.id, "currency": "EUR", "unit_amount": 1050})

    assert (made.type, made.recurring, made.currency) == ("one_time", None, "eur")


def test_a_price_of_a_fraction_of_a_cent_is_exact(client, product):
    made = client.prices.create({"product": product.id, "currency": "usd", "unit_amount_decimal": Decimal("0.0250")})

    assert (made.unit_amount, made.unit_amount_decimal) == (None, Decimal("0.025"))


def test_a_whole_decimal_price_is_also_shown_as_a_whole_number(client, product):
    made = client.prices.create({"product": product.id, "currency": "usd", "unit_amount_decimal": Decimal("2000.00")})

    assert (made.unit_amount, made.unit_amount_decimal) == (2000, Decimal(2000))


def test_tiers_are_kept_as_they_were_given(client, product):
    made = client.prices.create(
        {
            "product": product.id,
            "currency": "usd",
            "recurring": {"interval": "year"},
            "billing_scheme": "tiered",
            "tiers_mode": "graduated",
            "tiers": [{"up_to": 10, "flat_amount": 500}, {"up_to": "inf", "unit_amount_decimal": Decimal("0.5")}],
        }
    )

    shown = [(tier.up_to, tier.flat_amount, tier.unit_amount_decimal) for tier in made.tiers]
    assert shown == [(10, 500, None), (None, None, Decimal("0.5"))]


def test_a_metered_price_names_its_meter(client, product):
    meter = client.billing.meters.create(
        {"display_name": "Tokens", "event_name": "tokens", "default_aggregation": {"formula": "sum"}}
    )
    metered = {"interval": "month", "usage_type": "metered", "meter": meter.id}
    made = client.prices.create({"product": product.id, "currency": "usd", "unit_amount": 1, "recurring": metered})

    assert (made.recurring.usage_type, made.recurring.meter) == ("metered", meter.id)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"unit_amount": -1}, "non-negative"),
        ({"unit_amount": 1, "unit_amount_decimal": Decimal(1)}, "only specify one"),
        ({"unit_amount": 1, "recurring": {"interval": "month", "interval_count": 37}}, "between 1 and 36 months"),
        ({"unit_amount": 1, "recurring": {"interval": "month", "usage_type": "metered"}}, "needs recurring.meter"),
        ({"unit_amount": 1, "recurring": {"interval": "month", "meter": "mtr_1"}}, "only a metered price"),
        ({"billing_scheme": "tiered"}, "needs tiers"),
        ({"billing_scheme": "tiered", "tiers_mode": "volume", "tiers": [{"up_to": 5}]}, "last one must be inf"),
        (
            {
                "billing_scheme": "tiered",
                "tiers_mode": "volume",
                "tiers": [{"up_to": 5}, {"up_to": 5}, {"up_to": "inf"}],
            },
            "must rise",
        ),
        ({"unit_amount": 1, "product_data": {"name": "Second"}}, "exactly one of"),
        ({"unit_amount": 1, "currency_options": {"eur": {"unit_amount": 1}}}, "does not play it"),
    ],
)
def test_a_price_that_makes_no_sense_is_refused(client, product, wrong, said):
    with pytest.raises(stripe.InvalidRequestError, match=said):
        client.prices.create({"product": product.id, "currency": "usd", **wrong})


def test_prices_are_filtered_by_product_type_and_key(client, product):
    one_time = client.prices.create({"product": product.id, "currency": "usd", "unit_amount": 1, "lookup_key": "setup"})
    monthly = client.prices.create({**MONTHLY, "product": product.id})
    client.prices.create({**MONTHLY, "product_data": {"name": "Coder", "metadata": {"line": "code"}}})

    assert [each.id for each in client.prices.list({"product": product.id}).data] == [monthly.id, one_time.id]
    assert [each.id for each in client.prices.list({"type": "one_time"}).data] == [one_time.id]
    assert [each.id for each in client.prices.list({"lookup_keys": ["setup"]}).data] == [one_time.id]
    assert len(client.prices.list({"recurring": {"interval": "month"}}).data) == 2


def test_a_lookup_key_belongs_to_one_price_until_it_is_handed_over(client, product):
    first = client.prices.create({**MONTHLY, "product": product.id, "lookup_key": "standard"})
    with pytest.raises(stripe.InvalidRequestError, match="already uses that lookup key"):
        client.prices.create({**MONTHLY, "product": product.id, "lookup_key": "standard"})

    client.prices.create(
        {**MONTHLY, "product": product.id, "lookup_key": "standard", "transfer_lookup_key": True, "nickname": "New"}
    )

    assert client.prices.retrieve(first.id).lookup_key is None


def test_a_price_may_take_over_a_lookup_key_later(client, product):
    first = client.prices.create({**MONTHLY, "product": product.id, "lookup_key": "standard"})
    second = client.prices.create({**MONTHLY, "product": product.id, "lookup_key": "new"})

    client.prices.update(second.id, {"lookup_key": "standard", "transfer_lookup_key": True})
    client.prices.update(second.id, {"lookup_key": "standard"})

    assert [client.prices.retrieve(each.id).lookup_key for each in (first, second)] == [None, "standard"]


def test_a_price_is_archived_but_its_amount_stays(client, product):
    made = client.prices.create({**MONTHLY, "product": product.id})

    client.prices.update(made.id, {"active": False, "metadata": {"old": "yes"}})

    found = client.prices.retrieve(made.id)
    assert (found.active, found.unit_amount, found.metadata.old) == (False, 4900, "yes")


def test_coupons_take_a_percentage_or_an_amount_off(client):
    share = client.coupons.create({"percent_off": 12.5, "duration": "repeating", "duration_in_months": 3})
    amount = client.coupons.create({"amount_off": 500, "currency": "usd", "duration": "once", "id": "WELCOME"})

    assert (share.percent_off, share.amount_off, share.duration_in_months) == (12.5, None, 3)
    assert (amount.id, amount.amount_off, amount.currency) == ("WELCOME", 500, "usd")
    assert [each.id for each in client.coupons.list().data] == ["WELCOME", share.id]


def test_a_coupon_is_renamed_and_deleted(client):
    client.coupons.create({"percent_off": 10, "id": "TEN"})
    assert client.coupons.update("TEN", {"name": "Ten", "metadata": {"by": "sales"}}).name == "Ten"

    client.coupons.delete("TEN")

    assert client.coupons.retrieve("TEN").deleted is True


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"percent_off": 10, "amount_off": 5, "currency": "usd"},
        {"amount_off": 5},
        {"percent_off": 101},
        {"percent_off": 10, "duration": "repeating"},
        {"percent_off": 10, "duration": "forever", "duration_in_months": 2},
    ],
)
def test_a_coupon_that_makes_no_sense_is_refused(client, wrong):
    with pytest.raises(stripe.InvalidRequestError):
        client.coupons.create(wrong)


def test_the_same_coupon_is_not_made_twice(client):
    client.coupons.create({"percent_off": 10, "id": "TEN"})

    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        client.coupons.create({"percent_off": 20, "id": "TEN"})


def test_the_account_says_that_no_money_moves(client, local):
    account = client.accounts.retrieve_current()

    assert account.id == local.sandbox.account_id
    assert account.default_currency == "usd"
    assert account.settings.dashboard.display_name.endswith("no money moves")


def test_every_change_has_its_event_with_what_was_before(client, product):
    client.products.update(product.id, {"name": "Writer Plus"})
    client.products.update(product.id, {"name": "Writer Plus"})

    newest, oldest = client.events.list({"type": "product.*"}).data

    assert (newest.type, newest.data.object.name) == ("product.updated", "Writer Plus")
    assert newest.data.previous_attributes.to_dict() == {"name": "Writer"}
    assert oldest.data.object.name == "Writer"  # As it was when the event happened.
    assert client.events.retrieve(newest.id).created == product.created


def test_events_are_paged_newest_first(client):
    made = [client.customers.create({"name": str(number)}).id for number in range(3)]

    told = client.events.list({"limit": 2})
    assert ([each.data.object.id for each in told.data], told.has_more) == ([made[2], made[1]], True)


def test_events_are_filtered_by_types(client, product):
    client.customers.create({})
    client.prices.create({**MONTHLY, "product": product.id})

    found = client.events.list({"types": ["customer.created", "price.created"]}).data

    assert [each.type for each in found] == ["price.created", "customer.created"]
