"""Laws of the sandbox's billing: whatever is asked in whatever order, money is neither made nor lost."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.stripe.sandbox.api import Api, Ask
from ingestion.stripe.sandbox.keys import SECRET_KEY
from ingestion.stripe.sandbox.state import Sandbox

pytestmark = pytest.mark.property

DAY = 86_400
START = 1_769_860_800  # 2026-01-31 12:00 UTC.
CARDS = (
    "pm_card_visa",
    "pm_card_de",
    "pm_card_createDispute",
    "pm_card_createDisputeWon",
    "pm_card_refundFail",
    "pm_card_succeedsFirst1_chargeDeclined_expired_card",
    "pm_card_declinesFirst2_chargeDeclined_insufficient_funds",
    "pm_card_succeedsFirst2_chargeDeclined_stolen_card",
)
ACTS = (
    "subscribe",
    "wait",
    "wait",
    "wait",
    "change",
    "use_card",
    "refund",
    "credit",
    "pay",
    "void",
    "cancel",
    "answer",
)

steps = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, 1_000), st.integers(0, 1_000)), min_size=4, max_size=25
)


@dataclass
class Account:
    """A sandbox without a network; every request and answer is still held against Stripe's contract."""

    api: Api
    clock: str = ""
    prices: tuple[str, ...] = ()

    def ask(self, method: str, path: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask for something; a refusal is an answer, a broken sandbox is not."""
        text = urlencode(list(_flat(params or {})))
        headers = {"authorization": f"Bearer {SECRET_KEY}"}
        query, body = (text, "") if method == "GET" else ("", text)
        answer = self.api.answer(Ask(method, path, query, body, headers))
        assert answer.status < 500, answer.body
        return json.loads(answer.body)

    def every(self, kind: str) -> list[dict[str, Any]]:
        """Return every object of a kind as the sandbox holds it."""
        return list(self.api.sandbox.objects(kind).values())


def _flat(value: Any, at: str = ""):
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _flat(each, f"{at}[{name}]" if at else name)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _flat(each, f"{at}[{number}]")
    else:
        yield at, str(value).lower() if isinstance(value, bool) else value


def open_account() -> Account:
    """Open an account with four prices: small and large, by the month and by the year."""
    account = Account(Api(Sandbox(now=START)))
    account.clock = account.ask("POST", "/v1/test_helpers/test_clocks", {"frozen_time": START})["id"]
    product = account.ask("POST", "/v1/products", {"name": "Pro"})["id"]
    account.prices = tuple(
        account.ask(
            "POST",
            "/v1/prices",
            {"product": product, "currency": "usd", "unit_amount": amount, "recurring": {"interval": interval}},
        )["id"]
        for amount, interval in ((999, "month"), (33_333, "month"), (10_001, "month"), (99_999, "year"))
    )
    return account


def act(account: Account, name: str, which: int, much: int) -> None:
    """Do one act to one object that it can be done to, if there is any."""
    if name == "wait":
        now = account.api.sandbox.now + (1 + much % 40) * DAY + which
        account.ask("POST", f"/v1/test_helpers/test_clocks/{account.clock}/advance", {"frozen_time": now})
    elif name == "subscribe":
        _subscribe(account, which, much)
    else:
        kind, do = DOES[name]
        found = account.every(kind)
        if found:
            do(account, found[which % len(found)], much)


def _subscribe(account: Account, which: int, much: int) -> None:
    customer = account.ask("POST", "/v1/customers", {"name": "Ada"})["id"]
    _use(account, {"customer": customer}, which)
    item = {"price": account.prices[much % 4], "quantity": 1 + much % 3}
    params: dict[str, Any] = {"customer": customer, "items": [item]}
    if much % 5 == 0:
        params["trial_period_days"] = 1 + much % 20
    account.ask("POST", "/v1/subscriptions", params)


def _use(account: Account, owner: dict[str, Any], much: int) -> None:
    customer = owner["customer"]
    method = account.ask("POST", f"/v1/payment_methods/{CARDS[much % len(CARDS)]}/attach", {"customer": customer})["id"]
    account.ask("POST", f"/v1/customers/{customer}", {"invoice_settings": {"default_payment_method": method}})


def _change(account: Account, subscription: dict[str, Any], much: int) -> None:
    item = {"id": subscription["items"]["data"][0]["id"], "price": account.prices[much % 4], "quantity": 1 + much % 5}
    behavior = ("create_prorations", "always_invoice", "none")[much % 3]
    params = {"items": [item], "proration_behavior": behavior}
    account.ask("POST", f"/v1/subscriptions/{subscription['id']}", params)


def _cancel(account: Account, subscription: dict[str, Any], much: int) -> None:
    if much % 2:
        account.ask("POST", f"/v1/subscriptions/{subscription['id']}", {"cancel_at_period_end": True})
    else:
        params = {"prorate": much % 4 == 0, "invoice_now": much % 3 == 0}
        account.ask("DELETE", f"/v1/subscriptions/{subscription['id']}", params)


def _credit(account: Account, invoice: dict[str, Any], much: int) -> None:
    going = {} if invoice["amount_remaining"] else {("refund_amount", "credit_amount")[much % 2]: 1 + much}
    account.ask("POST", "/v1/credit_notes", {"invoice": invoice["id"], "amount": 1 + much, **going})


def _answer(account: Account, dispute: dict[str, Any], much: int) -> None:
    text = ("winning_evidence", "losing_evidence", "see the log")[much % 3]
    account.ask("POST", f"/v1/disputes/{dispute['id']}", {"evidence": {"uncategorized_text": text}})


DOES = {
    "change": ("subscription", _change),
    "use_card": ("subscription", _use),
    "cancel": ("subscription", _cancel),
    "refund": ("charge", lambda account, it, much: account.ask(
        "POST", "/v1/refunds", {"charge": it["id"], "amount": 1 + much * 7})),
    "credit": ("invoice", _credit),
    "pay": ("invoice", lambda account, it, _: account.ask("POST", f"/v1/invoices/{it['id']}/pay")),
    "void": ("invoice", lambda account, it, _: account.ask("POST", f"/v1/invoices/{it['id']}/void")),
    "answer": ("dispute", _answer),
}  # fmt: skip


@given(steps)
@settings(max_examples=60, deadline=None)
def test_no_order_of_acts_makes_or_loses_money(story):
    account = open_account()
    for step in story:
        act(account, *step)
    _assert_invoices_add_up(account)
    _assert_balance_ties(account)
    account.ask("GET", "/v1/invoices", {"limit": 100})
    account.ask("GET", "/v1/subscriptions", {"limit": 100, "status": "all"})


@given(steps)
@settings(max_examples=10, deadline=None)
def test_the_same_acts_lead_to_the_same_state(story):
    first, second = open_account(), open_account()
    for account in (first, second):
        for step in story:
            act(account, *step)
    assert first.api.sandbox.fingerprint() == second.api.sandbox.fingerprint()


def _assert_invoices_add_up(account: Account) -> None:
    for invoice in account.every("invoice"):
        lines = account.api.sandbox.notes["lines"][invoice["id"]]
        assert invoice["subtotal"] == sum(line["amount"] for line in lines)
        assert invoice["amount_due"] == invoice["amount_paid"] + invoice["amount_remaining"]
        if invoice["status"] == "draft":
            continue
        credited = invoice["pre_payment_credit_notes_amount"]
        owed = invoice["total"] + invoice["starting_balance"] - invoice["ending_balance"]
        assert invoice["amount_due"] == owed - credited
        assert (invoice["status"] == "paid") == (invoice["amount_remaining"] == 0)


def _assert_balance_ties(account: Account) -> None:
    rows = account.every("balance_transaction")
    charges = account.every("charge")
    paid = sum(charge["amount"] for charge in charges if charge["paid"])
    refunded = sum(each["amount"] for each in account.every("refund") if each["status"] != "failed")
    taken = sum(each["amount"] for each in account.every("dispute") if each["status"] != "won")
    fees = sum(row["fee"] for row in rows) - sum(row["amount"] for row in rows if row["type"] == "stripe_fee")
    assert sum(row["net"] for row in rows) == paid - refunded - taken - fees
    assert refunded == sum(charge["amount_refunded"] for charge in charges)
    assert all(0 <= charge["amount_refunded"] <= charge["amount"] for charge in charges)
    assert paid == sum(invoice["amount_paid"] for invoice in account.every("invoice"))
