"""Payment methods: test cards, made from tokens and numbers, attached to customers."""

from typing import Any

from ingestion.stripe.sandbox import cards
from ingestion.stripe.sandbox.cards import Card
from ingestion.stripe.sandbox.errors import invalid, missing
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.listing import page
from ingestion.stripe.sandbox.metadata import merged, without_empty
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox, changed

URL = "/v1/payment_methods"
EXPIRES = (12, 2034)


@route("POST", URL, takes=("type", "card", "billing_details", "metadata", "allow_redisplay"))
def create_payment_method(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """Make a card from a test number (`card[number]`) or a test token (`card[token]`)."""
    if params.get("type") != "card":
        raise invalid("This sandbox knows payment methods of the type card only.", param="type")
    asked = params.get("card", {})
    if "token" in asked:
        card = cards.card_named(asked["token"])
        if card is None:
            raise invalid(f"No such token: '{asked['token']}'", param="card[token]", code="resource_missing")
    else:
        card = cards.card_numbered(asked.get("number", ""))
        if card is None:
            raise invalid(
                "Your card number is incorrect, or it is none of Stripe's test cards: no real card belongs here.",
                param="card[number]",
                code="incorrect_number",
            )
    expires = (asked.get("exp_month", EXPIRES[0]), asked.get("exp_year", EXPIRES[1]))
    return _set(_made(sandbox, card, expires), params)


@route("POST", f"{URL}/{{payment_method}}", takes=("billing_details", "metadata", "allow_redisplay"))
def update_payment_method(sandbox: Sandbox, params: dict[str, Any], method_id: str) -> Object:
    """Change a card's billing details or metadata."""
    method = _set(sandbox.get("payment_method", method_id), params)
    sandbox.emit("payment_method.updated", method)
    return method


@route("POST", f"{URL}/{{payment_method}}/attach", takes=("customer",))
def attach_payment_method(sandbox: Sandbox, params: dict[str, Any], method_id: str) -> Object:
    """Attach a card to a customer; a test name such as pm_card_visa becomes a card of its own."""
    sandbox.get("customer", params.get("customer", ""), param="customer")
    return owned(sandbox, method_id, params["customer"])


@route("POST", f"{URL}/{{payment_method}}/detach", takes=())
def detach_payment_method(sandbox: Sandbox, _params: dict[str, Any], method_id: str) -> Object:
    """Take a card from its customer, for good."""
    method = sandbox.get("payment_method", method_id)
    if method["customer"] is None:
        raise invalid(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
            param="payment_method",
        )
    return detach(sandbox, method)


@route("GET", f"{URL}/{{payment_method}}")
def retrieve_payment_method(sandbox: Sandbox, _params: dict[str, Any], method_id: str) -> Object:
    """Return a card."""
    return sandbox.get("payment_method", method_id)


@route("GET", URL, takes=("customer", "ending_before", "limit", "starting_after", "type"))
def list_payment_methods(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List a customer's cards."""
    if "customer" in params:
        sandbox.get("customer", params["customer"], param="customer")
    attached = [each for each in sandbox.objects("payment_method").values() if each["customer"] is not None]
    return page(attached, params, URL, equal=("customer", "type"))


@route("GET", "/v1/customers/{customer}/payment_methods", takes=("ending_before", "limit", "starting_after", "type"))
def list_customers_payment_methods(sandbox: Sandbox, params: dict[str, Any], customer_id: str) -> Object:
    """List a customer's cards."""
    sandbox.get("customer", customer_id)
    mine = [each for each in sandbox.objects("payment_method").values() if each["customer"] == customer_id]
    return page(mine, params, f"/v1/customers/{customer_id}/payment_methods", equal=("type",))


def owned(sandbox: Sandbox, method_id: str, customer_id: str) -> Object:
    """Return a customer's payment method, attached now if it was nobody's; a test name makes a new one."""
    card = cards.card_named(method_id)
    if card is not None and method_id not in sandbox.objects("payment_method"):
        method = _made(sandbox, card, EXPIRES)
    else:
        method = sandbox.get("payment_method", method_id)
    if method["customer"] == customer_id:
        return method
    if method["customer"] is not None:
        raise invalid("The payment method you provided has already been attached to a customer.")
    if method["id"] in sandbox.notes.get("detached", {}):
        raise invalid(
            "This PaymentMethod was previously used without being attached to a Customer or was detached from a "
            "Customer, and may not be used again."
        )
    method["customer"] = customer_id
    sandbox.emit("payment_method.attached", method)
    return method


def detach(sandbox: Sandbox, method: Object) -> Object:
    """Take a card from its customer, who has no default card then if it was this one."""
    owner = method["customer"]
    customer = sandbox.get("customer", owner)
    settings = customer["invoice_settings"]
    if settings["default_payment_method"] == method["id"]:
        changed(customer, {"invoice_settings": settings | {"default_payment_method": None}})
    sandbox.notes.setdefault("detached", {})[method["id"]] = True
    method["customer"] = None
    sandbox.emit("payment_method.detached", method, {"customer": owner})
    return method


def of_customer(sandbox: Sandbox, method_id: str, customer_id: str) -> Object:
    """Return a payment method that must be this customer's."""
    method = sandbox.objects("payment_method").get(method_id)
    if method is None:
        raise missing("payment_method", method_id, param="payment_method", status=400)
    if method["customer"] != customer_id:
        raise invalid(
            "The customer does not have a payment method with the ID "
            f"{method_id}. The payment method must be attached to the customer.",
            param="payment_method",
            code="resource_missing",
        )
    return method


def _made(sandbox: Sandbox, card: Card, expires: tuple[int, int]) -> Object:
    body = fixture("payment_method")
    shown = cards.details(card, exp_month=expires[0], exp_year=expires[1])
    method = body | {
        "id": sandbox.new_id("pm"),
        "created": sandbox.now,
        "allow_redisplay": "unspecified",
        "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
        "card": {name: value for name, value in shown.items() if name != "network"}
        | {
            "display_brand": card.brand,
            "generated_from": None,
            "networks": {"available": [card.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        },
        "type": "card",
    }
    cards.remember(sandbox, method["id"], card)
    return sandbox.put("payment_method", method)


def _set(method: Object, params: dict[str, Any]) -> Object:
    changes: Object = {name: params[name] for name in ("allow_redisplay",) if name in params}
    if "billing_details" in params:
        asked = {name: without_empty(value) for name, value in (params["billing_details"] or {}).items()}
        changes["billing_details"] = method["billing_details"] | asked
    if "metadata" in params:
        changes["metadata"] = merged(method["metadata"], params["metadata"])
    changed(method, changes)
    return method
