"""What Stripe refuses or breaks is a sentence with the way on, loses nothing that was read, and is never silent."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from billing_core.errors import (
    StripeKeyRefusedError,
    StripeMirrorIncompleteError,
    StripeRateLimitedError,
    StripeRequestRefusedError,
    StripeUnavailableError,
    StripeVersionError,
)
from ingestion.stripe.gateway import API_VERSION, PATHS, WAIT_SECONDS_MAX, Waiting, open_gateway
from ingestion.stripe.sandbox.faults import Fault, FaultKind
from ingestion.stripe.sync import backfill
from tests.imports import Books
from tests.stripe.small_shop import NOW, SmallShop, open_shop
from tests.stripe.test_sync import held, mirror_agrees, synced

pytestmark = pytest.mark.stripe

NO_RETRIES = {"retries": 0, "timeout_seconds": (5, 1)}


@pytest.fixture(scope="module")
def shop() -> Iterator[SmallShop]:
    """Open one shop for all refusals: none of them changes it."""
    with open_shop("Acme", "Birch", days=35) as opened:
        yield opened


def assert_whole(books: Books, shop: SmallShop) -> None:
    """Sync again undisturbed, and compare with what the sandbox holds."""
    assert synced(books, shop).sentences == ()
    assert {kind: held(books, kind) for kind in PATHS} == {kind: shop.ids(kind) for kind in PATHS}
    assert mirror_agrees(books)


def test_asked_too_often_a_sync_waits_longer_each_time_and_then_goes_on(books: Books, shop: SmallShop):
    shop.slept.clear()
    shop.server.faults.add(Fault(FaultKind.RATE_LIMIT, count=7, prefix="/v1/invoices"))

    assert synced(books, shop).sentences == ()
    assert shop.slept == [1, 2, 4, 8, 16, WAIT_SECONDS_MAX, WAIT_SECONDS_MAX]
    assert_whole(books, shop)


def test_asked_too_often_for_too_long_a_sync_says_so_and_the_next_goes_on(books: Books, shop: SmallShop):
    shop.server.faults.add(Fault(FaultKind.RATE_LIMIT, count=8, prefix="/v1/charges"))
    with pytest.raises(StripeRateLimitedError, match="after 8 tries that it is asked too often"):
        synced(books, shop)
    kept = held(books, "invoice")
    again = synced(books, shop)

    assert kept == shop.ids("invoice")
    assert again.gone_on
    assert again.objects < sum(len(shop.ids(kind)) for kind in PATHS)
    assert_whole(books, shop)


def test_an_answer_of_500_is_asked_for_again(books: Books, shop: SmallShop):
    shop.server.faults.add(Fault(FaultKind.SERVER_ERROR, prefix="/v1/products"))

    assert synced(books, shop).sentences == ()
    assert_whole(books, shop)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (FaultKind.SERVER_ERROR, "it answered 500"),
        (FaultKind.DROP, "no connection, or no answer in time"),
        (FaultKind.HANG, "no connection, or no answer in time"),
    ],
)
def test_a_stripe_that_stays_broken_is_named_and_what_was_read_stays(books: Books, shop: SmallShop, kind, said):
    shop.server.faults.add(Fault(kind, prefix="/v1/charges"))
    with (
        shop.gateway(**NO_RETRIES) as gateway,
        pytest.raises(StripeUnavailableError, match=rf"does not answer as it should \({said}\)"),
    ):
        backfill(books.target, gateway, clock=lambda: NOW)

    assert held(books, "invoice") == shop.ids("invoice")
    assert held(books, "charge") == set()
    assert_whole(books, shop)


def test_a_network_that_leads_nowhere_is_named(books: Books):
    with (
        open_gateway("sk_test_any", "http://127.0.0.1:9", retries=0) as gateway,
        pytest.raises(StripeUnavailableError, match="check the network"),
    ):
        backfill(books.target, gateway)


def test_a_key_that_stripe_does_not_know_is_refused_without_being_shown(books: Books, shop: SmallShop):
    with (
        shop.gateway("sk_test_somebodyElses") as gateway,
        pytest.raises(StripeKeyRefusedError, match="it may be revoked or expired") as refused,
    ):
        backfill(books.target, gateway)

    assert "somebody" not in str(refused.value)
    assert books.count("stripe_connection") == 0


@pytest.mark.parametrize(
    ("key", "problem"), [("pk_test_1234", "is a publishable key"), ("whatever-1234", "does not have the form")]
)
def test_what_is_no_secret_key_is_refused_before_anything_is_asked_and_without_being_shown(key, problem):
    with pytest.raises(StripeKeyRefusedError, match=problem) as refused, open_gateway(key):
        pass

    assert "1234" not in str(refused.value)


def test_a_missing_right_is_named_the_rest_is_read_and_the_books_say_that_they_are_incomplete(
    books: Books, shop: SmallShop
):
    with shop.gateway("rk_test_read_without_disputes-charges") as gateway:
        summary = backfill(books.target, gateway, clock=lambda: NOW)
    with pytest.raises(StripeMirrorIncompleteError, match="The mirror of Stripe is not complete"):
        summary.require_complete()

    assert [sentence.partition(",")[0] for sentence in summary.sentences] == [
        "The Stripe key may not read Charges and Refunds (rak_charge_read)",
        "The Stripe key may not read Disputes (rak_dispute_read)",
    ]
    assert held(books, "invoice") == shop.ids("invoice")
    assert books.seen("select missing, finished_at from stripe_backfill") == [
        {"missing": ["charge", "dispute"], "finished_at": NOW}
    ]
    assert_whole(books, shop)
    newest = books.seen("select missing from stripe_backfill order by started_at desc limit 1")
    assert newest == [{"missing": []}]


@pytest.fixture
def other_server() -> Iterator[Any]:
    """Run a server that answers everything with one status, body and version."""
    answer: dict[str, Any] = {"status": 200, "body": {}, "version": API_VERSION, "retry_after": "0"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = answer["body"] if isinstance(answer["body"], bytes) else json.dumps(answer["body"]).encode()
            self.send_response(answer["status"])
            self.send_header("Stripe-Version", answer["version"])
            self.send_header("Retry-After", answer["retry_after"])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    answer["url"] = f"http://127.0.0.1:{server.server_port}"
    yield answer
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("answered", "refusal", "said"),
    [
        ({"body": {"id": "acct_1"}, "version": "2031-01-01.zeus"}, StripeVersionError, "answers in API version 2031"),
        (
            {"status": 400, "body": {"error": {"type": "invalid_request_error", "message": "Invalid API version"}}},
            StripeVersionError,
            "update Marginbook",
        ),
        (
            {"status": 400, "body": {"error": {"type": "invalid_request_error", "message": "No such path"}}},
            StripeRequestRefusedError,
            r"Stripe refuses /v1/account \(No such path\)",
        ),
        ({"body": b"<html>a proxy</html>"}, StripeUnavailableError, "cannot be read"),
        ({"body": []}, StripeUnavailableError, "is no object"),
    ],
    ids=["another version", "a retired version", "a refused request", "no JSON", "no object"],
)
def test_a_server_that_is_not_the_stripe_we_know_is_refused(books: Books, other_server, answered, refusal, said):
    other_server.update(answered)
    with open_gateway("sk_test_any", other_server["url"], retries=0) as gateway, pytest.raises(refusal, match=said):
        backfill(books.target, gateway)


def test_a_wait_that_stripe_asks_for_is_kept_up_to_a_limit(other_server):
    other_server.update(status=429, body={"error": {"message": "Too many"}}, retry_after="5")
    slept: list[int] = []
    with (
        open_gateway("sk_test_any", other_server["url"], waiting=Waiting(slept.append, tries=5)) as gateway,
        pytest.raises(StripeRateLimitedError, match="after 5 tries"),
    ):
        gateway.account()

    assert slept == [5, 5, 5, 8]


def test_a_list_that_is_none_is_refused_and_ends(other_server):
    other_server["body"] = {"object": "list", "data": [], "has_more": True}
    with (
        open_gateway("sk_test_any", other_server["url"], retries=0) as gateway,
        pytest.raises(StripeUnavailableError, match="what it answers for /v1/customers is no list"),
    ):
        list(gateway.pages("customer", {}))
