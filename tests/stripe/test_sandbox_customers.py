"""Customers and their cards in the sandbox, asked for by the real stripe package over HTTP."""

import pytest
import stripe

pytestmark = pytest.mark.stripe


def test_a_customer_is_made_changed_and_found_again(client):
    made = client.customers.create(
        {"name": "Acme", "email": "books@acme.test", "metadata": {"customer_id": "acme"}, "address": {"country": "DE"}}
    )
    client.customers.update(made.id, {"name": "Acme GmbH", "metadata": {"plan": "pro"}, "description": ""})

    found = client.customers.retrieve(made.id).to_dict()
    assert (found["name"], found["email"], found["description"]) == ("Acme GmbH", "books@acme.test", None)
    assert found["metadata"] == {"customer_id": "acme", "plan": "pro"}
    assert found["address"]["country"] == "DE"


def test_a_deleted_customer_is_gone_from_the_list_and_shows_what_is_left(client):
    kept, gone = client.customers.create({"name": "Kept"}), client.customers.create({"name": "Gone"})

    assert client.customers.delete(gone.id).deleted is True

    assert [each.id for each in client.customers.list().data] == [kept.id]
    assert client.customers.retrieve(gone.id).to_dict() == {"id": gone.id, "object": "customer", "deleted": True}


def test_a_deleted_customer_cannot_be_changed(client):
    gone = client.customers.create({"name": "Gone"})
    client.customers.delete(gone.id)

    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        client.customers.update(gone.id, {"name": "Back"})


def test_all_customers_are_paged_in_three_requests_newest_first(client, local):
    made = [client.customers.create({"name": f"Customer {number}"}).id for number in range(250)]
    local.log.clear()

    paged = [each.id for each in client.customers.list({"limit": 100}).auto_paging_iter()]

    assert paged == made[::-1]
    assert [each.path for each in local.log] == ["/v1/customers"] * 3


def test_paging_backwards_gives_the_oldest_first(client):
    made = [client.customers.create({"name": f"Customer {number}"}).id for number in range(5)]

    backwards = client.customers.list({"limit": 2, "ending_before": made[0]}).auto_paging_iter()

    assert [each.id for each in backwards] == made[1:]


def test_customers_are_found_by_email_and_by_when_they_were_made(client, local):
    client.customers.create({"email": "a@acme.test"})
    client.test_helpers.test_clocks.create({"frozen_time": local.sandbox.now + 60})
    later = client.customers.create({"email": "b@acme.test"})

    since = client.customers.list({"created": {"gt": later.created - 60}})
    assert [each.id for each in since.data] == [later.id]
    assert [each.email for each in client.customers.list({"email": "a@acme.test"}).data] == ["a@acme.test"]


def test_a_test_card_becomes_a_card_of_its_own_when_it_is_attached(client):
    first, second = client.customers.create({}), client.customers.create({})

    cards = [client.payment_methods.attach("pm_card_visa", {"customer": each.id}) for each in (first, second)]

    assert cards[0].id != cards[1].id
    assert [each.customer for each in cards] == [first.id, second.id]
    assert cards[0].card.last4 == "4242"


@pytest.mark.parametrize(
    ("card", "last4", "brand"),
    [
        ({"number": "5555555555554444", "exp_month": 3, "exp_year": 2031, "cvc": "123"}, "4444", "mastercard"),
        ({"number": "4000 0000 0000 9995", "exp_month": 3, "exp_year": 2031}, "9995", "visa"),
        ({"token": "tok_visa"}, "4242", "visa"),
    ],
)
def test_a_card_is_made_from_a_test_number_or_a_token(client, card, last4, brand):
    made = client.payment_methods.create({"type": "card", "card": card})

    assert (made.card.last4, made.card.brand, made.customer) == (last4, brand, None)


@pytest.mark.parametrize("card", [{"number": "4111111111111111", "exp_month": 1, "exp_year": 2030}, {"token": "tok_x"}])
def test_what_is_no_test_card_is_refused(client, card):
    with pytest.raises(stripe.InvalidRequestError, match=r"No such token|none of Stripe's test cards"):
        client.payment_methods.create({"type": "card", "card": card})


def test_a_card_of_another_kind_is_refused(client):
    with pytest.raises(stripe.InvalidRequestError, match="type card only"):
        client.payment_methods.create({"type": "sepa_debit"})


def test_a_customers_cards_are_listed_in_both_ways(client):
    customer = client.customers.create({"payment_method": "pm_card_visa"})
    client.payment_methods.attach("pm_card_mastercard", {"customer": customer.id})
    client.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})

    brands = ["mastercard", "visa"]
    assert [each.card.brand for each in client.payment_methods.list({"customer": customer.id}).data] == brands
    assert [each.card.brand for each in client.customers.payment_methods.list(customer.id).data] == brands


def test_the_default_card_must_be_the_customers(client):
    customer, other = client.customers.create({}), client.customers.create({})
    card = client.payment_methods.attach("pm_card_visa", {"customer": other.id})

    with pytest.raises(stripe.InvalidRequestError, match="does not have a payment method with the ID"):
        client.customers.update(customer.id, {"invoice_settings": {"default_payment_method": card.id}})


def test_a_detached_card_is_no_default_any_more_and_never_comes_back(client):
    customer = client.customers.create({"payment_method": "pm_card_visa"})
    card = client.payment_methods.list({"customer": customer.id}).data[0]
    client.customers.update(customer.id, {"invoice_settings": {"default_payment_method": card.id}})

    assert client.payment_methods.detach(card.id).customer is None

    assert client.customers.retrieve(customer.id).invoice_settings.default_payment_method is None
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.payment_methods.attach(card.id, {"customer": customer.id})
    with pytest.raises(stripe.InvalidRequestError, match="not attached to a customer"):
        client.payment_methods.detach(card.id)


def test_a_card_belongs_to_one_customer(client):
    customer, other = client.customers.create({}), client.customers.create({})
    card = client.payment_methods.attach("pm_card_visa", {"customer": customer.id})

    assert client.payment_methods.attach(card.id, {"customer": customer.id}).customer == customer.id
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        client.payment_methods.attach(card.id, {"customer": other.id})


def test_a_cards_billing_details_change(client):
    card = client.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    client.payment_methods.update(card.id, {"billing_details": {"name": "Ada"}, "metadata": {"seen": "yes"}})

    found = client.payment_methods.retrieve(card.id)
    assert (found.billing_details.name, found.metadata.seen) == ("Ada", "yes")


def test_a_new_customer_with_an_unknown_card_is_not_made(client):
    for asked in ({"payment_method": "pm_nobody"}, {"source": "tok_nobody"}):
        with pytest.raises(stripe.InvalidRequestError, match="No such"):
            client.customers.create(asked)

    assert client.customers.list().data == []


def test_a_source_is_the_default_card_at_once(client):
    customer = client.customers.create({"source": "tok_visa"})

    shown = client.customers.retrieve(customer.id, {"expand": ["invoice_settings.default_payment_method"]})
    assert shown.invoice_settings.default_payment_method.card.last4 == "4242"


def test_a_customer_with_a_living_subscription_is_not_deleted(client):
    customer = client.customers.create({"source": "tok_visa"})
    price = client.prices.create(
        {"currency": "usd", "unit_amount": 700, "recurring": {"interval": "week"}, "product_data": {"name": "Weekly"}}
    )
    subscription = client.subscriptions.create({"customer": customer.id, "items": [{"price": price.id}]})

    with pytest.raises(stripe.InvalidRequestError, match=f"Cancel {subscription.id} before"):
        client.customers.delete(customer.id)
    client.subscriptions.cancel(subscription.id)
    assert client.customers.delete(customer.id).deleted is True


def test_a_deleted_customers_cards_are_detached(client):
    customer = client.customers.create({"payment_method": "pm_card_visa"})
    card = client.payment_methods.list({"customer": customer.id}).data[0]

    client.customers.delete(customer.id)

    assert client.payment_methods.retrieve(card.id).customer is None


def test_a_default_card_that_nobody_has_is_refused(client):
    customer = client.customers.create({})

    with pytest.raises(stripe.InvalidRequestError, match="No such payment method: 'pm_9'"):
        client.customers.update(customer.id, {"invoice_settings": {"default_payment_method": "pm_9"}})


def test_a_customer_may_lose_the_default_card_and_keep_the_card(client):
    customer = client.customers.create({"source": "tok_visa"})

    client.customers.update(customer.id, {"invoice_settings": {"default_payment_method": "", "footer": "Thank you"}})

    settings = client.customers.retrieve(customer.id).invoice_settings
    assert (settings.default_payment_method, settings.footer) == (None, "Thank you")
    assert len(client.payment_methods.list({"customer": customer.id}).data) == 1
