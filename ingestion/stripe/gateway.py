"""Reading Stripe through its own client: pinned version, time-outs, patience with limits, refusals as sentences."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import stripe

from billing_core.errors import (
    StripeKeyRefusedError,
    StripeRateLimitedError,
    StripeRequestRefusedError,
    StripeRightMissingError,
    StripeUnavailableError,
    StripeVersionError,
)
from billing_core.store.stripe_objects import StripeAccount
from billing_core.stripe_json import parse

API_VERSION = "2026-10-28.endive"
"""The version whose shapes billing_core/stripe_mapping.py reads; the installed stripe package pins the same."""

CONNECT_SECONDS = 10
ANSWER_SECONDS = 60
RETRIES = 3
"""How often the client itself repeats what got no answer or a 5xx; it never repeats a plain 429."""

LIMITED_TRIES = 8
WAIT_SECONDS_FIRST = 1
WAIT_SECONDS_MAX = 32

PAGE_OBJECTS = 100
"""The most that Stripe gives at once."""

PATHS = {
    "product": "/v1/products",
    "price": "/v1/prices",
    "coupon": "/v1/coupons",
    "customer": "/v1/customers",
    "subscription": "/v1/subscriptions",
    "invoice": "/v1/invoices",
    "invoice_payment": "/v1/invoice_payments",
    "charge": "/v1/charges",
    "refund": "/v1/refunds",
    "dispute": "/v1/disputes",
    "credit_note": "/v1/credit_notes",
    "balance_transaction": "/v1/balance_transactions",
}
"""Where each kind is listed; in this order, so that what is named is there before what names it."""

RIGHTS = {
    "product": "Products",
    "price": "Prices",
    "coupon": "Coupons",
    "customer": "Customers",
    "subscription": "Subscriptions",
    "invoice": "Invoices",
    "invoice_payment": "Invoices",
    "charge": "Charges and Refunds",
    "refund": "Charges and Refunds",
    "dispute": "Disputes",
    "credit_note": "Credit notes",
    "balance_transaction": "Balance",
}
"""How the Dashboard names the permission that each kind needs."""

LISTED_WITH: Mapping[str, Mapping[str, Any]] = {"subscription": {"status": "all"}}
"""What a list needs to hold everything: Stripe hides canceled subscriptions."""

_KEY = re.compile(r"(?:sk|rk)_(?:org_)?(live|test)_[\w-]+")

Raw = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How the gateway waits when Stripe says that it is asked too often; tests wait without sleeping."""

    sleep: Callable[[int], None] = time.sleep
    tries: int = LIMITED_TRIES


def stripe_client(
    key: str,
    base_url: str | None = None,
    *,
    timeout_seconds: tuple[int, int] = (CONNECT_SECONDS, ANSWER_SECONDS),
    retries: int = RETRIES,
    http_client: stripe.HTTPClient | None = None,
) -> stripe.StripeClient:
    """Return a client with the pinned version; without its own settings it would wait 80 s and repeat nothing.

    `base_url` leads all of it to another server, such as the sandbox. Raises StripeKeyRefusedError.
    """
    key_mode(key)
    base = None if base_url is None else base_url.rstrip("/")
    addresses: Any = {} if base is None else dict.fromkeys(("api", "files", "connect", "meter_events"), base)
    return stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        max_network_retries=retries,
        http_client=http_client or stripe.RequestsClient(timeout=timeout_seconds),
        base_addresses=addresses,
    )


def key_mode(key: str) -> str:
    """Return `live` or `test`; raises StripeKeyRefusedError, without the key, for what is no secret key."""
    if key.startswith("pk_"):
        raise StripeKeyRefusedError("the key is a publishable key, which may read nothing")
    found = _KEY.fullmatch(key)
    if found is None:
        raise StripeKeyRefusedError("the key does not have the form of a secret or restricted key")
    return found[1]


class StripeGateway:
    """Stripe's objects as raw values, exact decimals included; every refusal is a BillingError."""

    def __init__(self, client: stripe.StripeClient, *, livemode: bool, waiting: Waiting | None = None) -> None:
        self._client = client
        self._livemode = livemode
        self._waiting = waiting or Waiting()

    def account(self) -> StripeAccount:
        """Return the account that the key opens."""
        raw = self._get("/v1/account", {}, right="Account")
        profile, settings = raw.get("business_profile") or {}, raw.get("settings") or {}
        name = (settings.get("dashboard") or {}).get("display_name") or profile.get("name") or raw["id"]
        created = raw.get("created")
        return StripeAccount(
            account_id=raw["id"],
            name=name,
            livemode=self._livemode,
            created_at=None if created is None else datetime.fromtimestamp(created, tz=UTC),
        )

    def pages(self, kind: str, created: Mapping[str, int]) -> Iterator[list[Raw]]:
        """Yield a kind's objects created in a span, newest first, a page at a time, their nested lists whole."""
        asked = {**LISTED_WITH.get(kind, {}), **({"created": dict(created)} if created else {})}
        for page in self._listed(PATHS[kind], asked, right=RIGHTS[kind]):
            yield [self._whole(raw, right=RIGHTS[kind]) for raw in page]

    def retrieve(self, kind: str, object_id: str) -> Raw | None:
        """Return one object as it is now; None when Stripe has deleted it."""
        try:
            raw = self._get(f"{PATHS[kind]}/{object_id}", {}, right=RIGHTS[kind])
        except _GoneError:
            return None
        return None if raw.get("deleted") is True else self._whole(raw, right=RIGHTS[kind])

    def _whole(self, raw: Raw, *, right: str) -> Raw:
        """Complete the lists inside an object, which stop at ten; anew, because a list may have another order."""
        for value in raw.values():
            if isinstance(value, dict) and value.get("object") == "list" and value.get("has_more"):
                address = urlsplit(value["url"])
                pages = self._listed(address.path, dict(parse_qsl(address.query)), right=right)
                value.update(data=[each for page in pages for each in page], has_more=False)
        return raw

    def _listed(self, path: str, asked: Mapping[str, Any], *, right: str) -> Iterator[list[Raw]]:
        """Yield a list's pages until Stripe says there are no more; each asks for what comes after the one before."""
        asked = {**asked, "limit": PAGE_OBJECTS}
        while True:
            page = self._get(path, asked, right=right)
            if not isinstance(page.get("data"), list) or (page.get("has_more") and not page["data"]):
                raise StripeUnavailableError(f"what it answers for {path} is no list")
            yield page["data"]
            if not page.get("has_more"):
                return
            asked = {**asked, "starting_after": page["data"][-1]["id"]}

    def _get(self, path: str, asked: Mapping[str, Any], *, right: str) -> Raw:
        """Ask once, and again after a while as long as Stripe says that it is asked too often."""
        wait = WAIT_SECONDS_FIRST
        for _ in range(self._waiting.tries - 1):
            try:
                return self._get_once(path, asked, right=right)
            except stripe.RateLimitError as limited:
                self._waiting.sleep(max(wait, _asked_wait(limited)))
                wait = min(2 * wait, WAIT_SECONDS_MAX)
        try:
            return self._get_once(path, asked, right=right)
        except stripe.RateLimitError as limited:
            raise StripeRateLimitedError(self._waiting.tries) from limited

    def _get_once(self, path: str, asked: Mapping[str, Any], *, right: str) -> Raw:
        try:
            answer = self._client.raw_request("get", path, **asked)
        except stripe.AuthenticationError as refused:
            raise StripeKeyRefusedError("Stripe does not accept the key; it may be revoked or expired") from refused
        except stripe.PermissionError as refused:
            raise StripeRightMissingError(_right_named(right, refused)) from refused
        except stripe.InvalidRequestError as refused:
            raise _refusal(path, refused) from refused
        except (stripe.APIConnectionError, stripe.APIError) as failed:
            raise StripeUnavailableError(_what_failed(failed)) from failed
        found = answer.headers.get("Stripe-Version", API_VERSION)
        if found != API_VERSION:
            raise StripeVersionError(expected=API_VERSION, found=found)
        # The text, because stripe's own objects would make floats of exact numbers.
        raw = parse(answer.body)
        if not isinstance(raw, dict):
            raise StripeUnavailableError("its answer is no object")
        return raw


@contextmanager
def open_gateway(
    key: str,
    base_url: str | None = None,
    *,
    timeout_seconds: tuple[int, int] = (CONNECT_SECONDS, ANSWER_SECONDS),
    retries: int = RETRIES,
    waiting: Waiting | None = None,
) -> Iterator[StripeGateway]:
    """Open a gateway and close its network connections afterwards."""
    livemode = key_mode(key) == "live"
    http_client = stripe.RequestsClient(timeout=timeout_seconds)
    client = stripe_client(key, base_url, retries=retries, http_client=http_client)
    try:
        yield StripeGateway(client, livemode=livemode, waiting=waiting)
    finally:
        http_client.close()  # type: ignore[no-untyped-call]  # stripe has no types here.


class _GoneError(StripeRequestRefusedError):
    """Stripe has no such object (any more)."""


def _refusal(path: str, refused: stripe.InvalidRequestError) -> Exception:
    said = (refused.user_message or "no reason given").splitlines()[0][:200]
    if refused.http_status == 404 and refused.code == "resource_missing":
        return _GoneError(path, said)
    if "api version" in said.lower():
        return StripeVersionError(expected=API_VERSION, found="another one")
    return StripeRequestRefusedError(path, said)


def _right_named(right: str, refused: stripe.PermissionError) -> str:
    """Return the Dashboard's word for a right, and Stripe's own where it names one."""
    named = re.search(r"rak_[a-z_]+", refused.user_message or "")
    return f"{right} ({named[0]})" if named else right


def _asked_wait(limited: stripe.RateLimitError) -> int:
    """Return the seconds that Stripe asks to wait, as far as we are ready to."""
    asked = str((limited.headers or {}).get("Retry-After", ""))
    return min(int(asked), WAIT_SECONDS_MAX) if asked.isdecimal() else 0


def _what_failed(failed: stripe.StripeError) -> str:
    """Return a few words without the address, which may hold what is nobody's business."""
    if isinstance(failed, stripe.APIConnectionError):
        return "no connection, or no answer in time"
    is_broken = failed.http_status is not None and failed.http_status >= 500
    return f"it answered {failed.http_status}" if is_broken else "its answer cannot be read"
