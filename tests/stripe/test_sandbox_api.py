"""Keys, refusals, idempotency, expansion, clocks and faults of the sandbox, as the real stripe package meets them."""

import http.client
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from ingestion.stripe.sandbox import api as sandbox_api
from ingestion.stripe.sandbox.faults import Fault, FaultKind, When
from ingestion.stripe.sandbox.server import BODY_BYTES_MAX

pytestmark = pytest.mark.stripe

DAY = 86_400


def plain(local, method, path, *, body="", **headers) -> tuple[int, dict[str, str], dict]:
    """Ask without the stripe package: what it would never send."""
    connection = http.client.HTTPConnection(local.url.removeprefix("http://"), timeout=20)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Authorization": f"Bearer {local.key}", **named})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), json.loads(answer.read())
    finally:
        connection.close()


@pytest.fixture
def handler_of(local, monkeypatch) -> Callable:
    """Let an address be answered by another function."""

    def answer(method: str, path: str, handler: Callable) -> None:
        monkeypatch.setattr(local.api, "_handlers", {**local.api._handlers, (method, path): handler})

    return answer


def test_a_wrong_key_is_an_authentication_error(client_of):
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key provided") as refused:
        client_of("sk_test_somebodyElse").v1.customers.list()

    assert refused.value.http_status == 401


def test_a_key_without_the_right_is_a_permission_error_that_names_the_right(client_of):
    restricted = client_of("rk_test_read_without_invoices").v1
    assert restricted.customers.list().data == []

    with pytest.raises(stripe.PermissionError, match="rak_invoice_read") as refused:
        restricted.invoices.list()
    assert refused.value.http_status == 403
    with pytest.raises(stripe.PermissionError, match="rak_customer_write"):
        restricted.customers.create({})


def test_every_answer_names_its_request_and_the_version(local):
    first, second = (plain(local, "GET", "/v1/customers")[1] for _ in range(2))

    assert first["Stripe-Version"] == stripe.api_version
    assert first["Request-Id"].startswith("req_")
    assert first["Request-Id"] != second["Request-Id"]


def test_another_version_of_the_api_is_refused(local):
    status, _, body = plain(local, "GET", "/v1/customers", Stripe_Version="2020-08-27")

    assert (status, body["error"]["type"]) == (400, "invalid_request_error")


def test_an_address_that_stripe_has_not_is_404(local):
    status, _, body = plain(local, "GET", "/v1/custmers")

    assert status == 404
    assert body["error"]["message"] == "Unrecognized request URL (GET: /v1/custmers)."


def test_an_address_that_stripe_has_and_the_sandbox_not_says_so(client):
    with pytest.raises(stripe.InvalidRequestError, match="this sandbox does not play it") as refused:
        client.payouts.list()

    assert refused.value.http_status == 404


def test_a_parameter_that_the_sandbox_does_not_play_is_refused_and_never_ignored(client):
    with pytest.raises(stripe.InvalidRequestError, match="Stripe knows the parameter cash_balance") as refused:
        client.customers.create({"cash_balance": {"settings": {"reconciliation_mode": "manual"}}})

    assert refused.value.param == "cash_balance"


def test_both_ways_of_writing_brackets_mean_the_same(local):
    for body in ("metadata[a]=1", "metadata%5Ba%5D=1"):
        assert plain(local, "POST", "/v1/customers", body=body)[2]["metadata"] == {"a": "1"}


@pytest.mark.parametrize("stated", [str(BODY_BYTES_MAX + 1), "long"])
def test_a_request_that_is_too_large_is_cut_off(local, stated):
    connection = http.client.HTTPConnection(local.url.removeprefix("http://"), timeout=20)
    connection.putrequest("POST", "/v1/customers")
    connection.putheader("Content-Length", stated)
    connection.endheaders()

    assert connection.getresponse().status == 413
    connection.close()


def test_the_same_key_gives_the_first_answer_again_and_does_nothing_twice(client):
    first, again = (client.customers.create({"name": "Acme"}, {"idempotency_key": "sign-up-1"}) for _ in range(2))

    assert first.id == again.id
    assert len(client.customers.list().data) == 1


def test_a_replayed_answer_says_so_and_names_the_first_request(local):
    (_, first, _), (_, again, _) = (
        plain(local, "POST", "/v1/customers", body="name=Acme", Idempotency_Key="k") for _ in range(2)
    )

    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert again["Original-Request"] == first["Request-Id"]


def test_the_same_key_with_other_parameters_is_an_idempotency_error(client):
    client.customers.create({"name": "Acme"}, {"idempotency_key": "sign-up-1"})

    with pytest.raises(stripe.IdempotencyError, match="same parameters they were first used with"):
        client.customers.create({"name": "Apex"}, {"idempotency_key": "sign-up-1"})


def test_a_refusal_is_replayed_too_once_the_work_had_begun(client):
    asked = {"customer": "cus_later"}
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError, match="No such customer") as refused:
            client.payment_methods.attach("pm_card_visa", asked, {"idempotency_key": "attach-1"})

    assert refused.value.headers["Idempotent-Replayed"] == "true"


def test_a_request_that_was_refused_before_the_work_leaves_its_key_free(local):
    assert plain(local, "POST", "/v1/customers", body="nam=Acme", Idempotency_Key="k")[0] == 400
    assert plain(local, "POST", "/v1/customers", body="name=Acme", Idempotency_Key="k")[0] == 200


def test_a_key_has_255_characters_at_most(client):
    client.customers.create({}, {"idempotency_key": "k" * 255})

    with pytest.raises(stripe.InvalidRequestError, match="255 characters"):
        client.customers.create({}, {"idempotency_key": "k" * 256})


def test_callers_at_the_same_time_with_one_key_make_one_object(local):
    asked = {"path": "/v1/customers", "body": "name=Acme", "Idempotency_Key": "sign-up-1"}
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda _: plain(local, "POST", **asked), range(24)))

    assert {status for status, _, _ in answers} == {200}
    assert {body["id"] for _, _, body in answers} == set(local.sandbox.objects("customer"))
    assert sum("Idempotent-Replayed" in headers for _, headers, _ in answers) == 23


def test_an_event_names_the_request_and_the_key_that_caused_it(client):
    made = client.customers.create({}, {"idempotency_key": "sign-up-1"})

    event = client.events.list({"type": "customer.created"}).data[0]
    assert (event.request.id, event.request.idempotency_key) == (made.last_response.request_id, "sign-up-1")


def test_expanding_shows_the_object_in_place_of_its_id_in_lists_too(client):
    product = client.products.create({"name": "Writer"})
    client.prices.create({"product": product.id, "currency": "usd", "unit_amount": 100})

    assert client.prices.list({"expand": ["data.product"]}).data[0].product.name == "Writer"
    with pytest.raises(stripe.InvalidRequestError, match=r"cannot be expanded .colour."):
        client.products.retrieve(product.id, {"expand": ["colour"]})


def test_an_invoices_payments_and_a_customers_subscriptions_are_shown_when_they_are_expanded(client):
    customer = client.customers.create({"source": "tok_visa"})
    price = client.prices.create(
        {"currency": "usd", "unit_amount": 700, "recurring": {"interval": "week"}, "product_data": {"name": "Weekly"}}
    )
    asked = {"customer": customer.id, "items": [{"price": price.id}]}
    made = client.subscriptions.create({**asked, "expand": ["latest_invoice.payments", "customer.subscriptions"]})

    assert [each.amount_paid for each in made.latest_invoice.payments.data] == [700]
    assert [each.id for each in made.customer.subscriptions.data] == [made.id]


def test_an_answer_that_breaks_the_contract_is_a_500_that_names_the_break(handler_of, client):
    handler_of("GET", "/v1/customers/{customer}", lambda *_: {"id": "cus_1", "object": "customer", "colour": "red"})

    with pytest.raises(stripe.APIError, match=r"customer.colour: Stripe has no such field") as broken:
        client.customers.retrieve("cus_1")
    assert broken.value.http_status == 500


def test_a_refusal_that_breaks_the_contract_is_a_500_too(handler_of, client):
    def refuse(*_):
        raise sandbox_api.StripeRefusal(400, "card_error", "No.", mood="bad")

    handler_of("GET", "/v1/customers/{customer}", refuse)

    with pytest.raises(stripe.APIError, match=r"error.mood: Stripe has no such field"):
        client.customers.retrieve("cus_1")


def test_a_bug_is_answered_with_500_and_shown(handler_of, client, capsys):
    handler_of("GET", "/v1/customers/{customer}", lambda *_: 1 // 0)

    with pytest.raises(stripe.APIError, match="ZeroDivisionError"):
        client.customers.retrieve("cus_1")
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_time_stands_still_until_a_clock_is_advanced(client, local):
    start = local.sandbox.now
    clock = client.test_helpers.test_clocks.create({"frozen_time": start, "name": "Diary"})
    advanced = client.test_helpers.test_clocks.advance(clock.id, {"frozen_time": start + 5 * DAY})

    assert (clock.frozen_time, advanced.frozen_time, advanced.status) == (start, start + 5 * DAY, "ready")
    assert client.customers.create({"test_clock": clock.id}).created == start + 5 * DAY


def test_every_clock_shows_the_same_time(client, local):
    start = local.sandbox.now
    first = client.test_helpers.test_clocks.create({"frozen_time": start})
    second = client.test_helpers.test_clocks.create({"frozen_time": start + DAY})

    shown = client.test_helpers.test_clocks.retrieve(first.id).frozen_time
    assert shown == second.frozen_time == start + DAY
    assert len(client.test_helpers.test_clocks.list().data) == 2


def test_time_does_not_go_back(client, local):
    clock = client.test_helpers.test_clocks.create({"frozen_time": local.sandbox.now})

    with pytest.raises(stripe.InvalidRequestError, match="after the current frozen_time"):
        client.test_helpers.test_clocks.advance(clock.id, {"frozen_time": local.sandbox.now})
    with pytest.raises(stripe.InvalidRequestError, match="no clock can show less"):
        client.test_helpers.test_clocks.create({"frozen_time": local.sandbox.now - 1})


def test_a_clock_advances_two_years_without_subscriptions_at_most(client, local):
    start = local.sandbox.now
    clock = client.test_helpers.test_clocks.create({"frozen_time": start})

    with pytest.raises(stripe.InvalidRequestError, match="two intervals"):
        client.test_helpers.test_clocks.advance(clock.id, {"frozen_time": start + 3 * 366 * DAY})


def test_a_clock_advances_two_intervals_of_the_shortest_subscription_at_most(client, local):
    start = local.sandbox.now
    clock = client.test_helpers.test_clocks.create({"frozen_time": start})
    customer = client.customers.create({"source": "tok_visa"})
    price = client.prices.create(
        {"currency": "usd", "unit_amount": 700, "recurring": {"interval": "week"}, "product_data": {"name": "Weekly"}}
    )
    client.subscriptions.create({"customer": customer.id, "items": [{"price": price.id}]})

    with pytest.raises(stripe.InvalidRequestError, match="two intervals"):
        client.test_helpers.test_clocks.advance(clock.id, {"frozen_time": start + 14 * DAY + 1})
    client.test_helpers.test_clocks.advance(clock.id, {"frozen_time": start + 14 * DAY})
    assert len(client.invoices.list().data) == 3


def test_a_clock_that_nobody_needs_can_be_deleted(client, local):
    needed, free = (client.test_helpers.test_clocks.create({"frozen_time": local.sandbox.now}) for _ in range(2))
    client.customers.create({"test_clock": needed.id})

    client.test_helpers.test_clocks.delete(free.id)

    assert client.test_helpers.test_clocks.retrieve(free.id).deleted is True
    with pytest.raises(stripe.InvalidRequestError, match="Customers name this test clock"):
        client.test_helpers.test_clocks.delete(needed.id)


def test_a_rate_limit_before_the_work_leaves_nothing_done(client, local):
    local.faults.add(Fault(FaultKind.RATE_LIMIT))

    with pytest.raises(stripe.RateLimitError):
        client.customers.create({"name": "Acme"})
    assert client.customers.list().data == []


def test_an_answer_lost_after_the_work_is_found_again_by_the_key(client, local):
    local.faults.add(Fault(FaultKind.DROP, When.AFTER))
    with pytest.raises(stripe.APIConnectionError):
        client.customers.create({"name": "Acme"}, {"idempotency_key": "sign-up-1"})

    again = client.customers.create({"name": "Acme"}, {"idempotency_key": "sign-up-1"})

    assert [each.id for each in client.customers.list().data] == [again.id]


def test_the_package_repeats_a_500_by_itself_with_one_key(client_of, local):
    local.faults.add(Fault(FaultKind.SERVER_ERROR, When.AFTER, count=2, method="POST"))

    made = client_of(retries=2).v1.customers.create({"name": "Acme"})

    posts = [each for each in local.log if each.method == "POST"]
    assert [each.status for each in posts] == [500, 500, 200]
    assert len({each.idempotency_key for each in posts}) == 1
    assert [each.id for each in client_of().v1.customers.list().data] == [made.id]


def test_a_request_that_hangs_ends_with_the_callers_patience(client_of, local):
    local.faults.add(Fault(FaultKind.HANG, prefix="/v1/invoices"))
    hasty = client_of(answer_seconds=0.2).v1

    with pytest.raises(stripe.APIConnectionError):
        hasty.invoices.list()
    assert hasty.customers.list().data == []


def test_faults_can_be_ordered_and_called_off_over_http(client, local):
    ordered = plain(local, "POST", "/_sandbox/faults", body="kind=500&count=3&prefix=/v1/customers&when=before")
    with pytest.raises(stripe.APIError):
        client.customers.list()
    left = plain(local, "GET", "/_sandbox/state")[2]["faults_left"]
    plain(local, "DELETE", "/_sandbox/faults")

    assert (ordered[2], left) == ({"faults_left": 3}, 2)
    assert client.customers.list().data == []


def test_a_page_in_a_browser_cannot_order_faults(local):
    status, _, _ = plain(local, "POST", "/_sandbox/faults", body="kind=500", Origin="https://evil.example")

    assert (status, local.faults.left) == (403, 0)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/_sandbox/faults", "kind=flood", 400),
        ("POST", "/_sandbox/faults", "kind=500&count=many", 400),
        ("POST", "/_sandbox/faults", "kind=500&often=3", 400),
        ("GET", "/_sandbox/secrets", "", 404),
    ],
)
def test_what_the_sandbox_cannot_be_told_is_refused(local, method, path, body, status):
    assert plain(local, method, path, body=body)[0] == status
