"""Customers: who pays, with which card by default."""

from typing import Any

from ingestion.stripe.sandbox import cards, payment_methods
from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.listing import page
from ingestion.stripe.sandbox.metadata import merged, without_empty
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox, changed

PLAIN = ("address", "balance", "description", "email", "name", "phone", "preferred_locales", "shipping", "tax_exempt")
ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
CREATED_WITH = (*PLAIN, "invoice_settings", "metadata", "payment_method", "source", "test_clock")


@route("POST", "/v1/customers", takes=CREATED_WITH)
def create_customer(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """Create a customer; `payment_method` or `source` attaches a card at once."""
    customer = fixture("customer") | {
        "id": sandbox.new_id("cus"),
        "created": sandbox.now,
        "balance": 0,
        "delinquent": False,
        "next_invoice_sequence": 1,
        "tax_exempt": "none",
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
    }
    customer["invoice_prefix"] = customer["id"][-8:].upper()
    if "test_clock" in params:
        sandbox.get("test_helpers.test_clock", params["test_clock"], param="test_clock")
        customer["test_clock"] = params["test_clock"]
    card = _card_in(params)
    sandbox.put("customer", customer)
    try:
        method = None if card is None else payment_methods.owned(sandbox, card, customer["id"])
        _set(sandbox, customer, params)
    except BaseException:
        del sandbox.objects("customer")[customer["id"]]
        raise
    if method is not None and "source" in params:
        customer["invoice_settings"]["default_payment_method"] = method["id"]
    sandbox.emit("customer.created", customer)
    return customer


@route("POST", "/v1/customers/{customer}", takes=(*PLAIN, "invoice_settings", "metadata"))
def update_customer(sandbox: Sandbox, params: dict[str, Any], customer_id: str) -> Object:
    """Change a customer; an empty text unsets a field."""
    customer = sandbox.get("customer", customer_id)
    previous = _set(sandbox, customer, params)
    if previous:
        sandbox.emit("customer.updated", customer, previous)
    return customer


@route("GET", "/v1/customers/{customer}")
def retrieve_customer(sandbox: Sandbox, _params: dict[str, Any], customer_id: str) -> Object:
    """Return a customer; of a deleted one what is left."""
    return sandbox.deleted(customer_id) or sandbox.get("customer", customer_id)


@route("DELETE", "/v1/customers/{customer}")
def delete_customer(sandbox: Sandbox, _params: dict[str, Any], customer_id: str) -> Object:
    """Delete a customer, with the cards; subscriptions must be canceled before."""
    customer = sandbox.get("customer", customer_id)
    for each in sandbox.objects("subscription").values():
        if each["customer"] == customer_id and each["ended_at"] is None:
            raise invalid(f"Cancel {each['id']} before you delete its customer: this sandbox does not do it for you.")
    for each in sandbox.objects("payment_method").values():
        if each["customer"] == customer_id:
            payment_methods.detach(sandbox, each)
    sandbox.emit("customer.deleted", customer)
    return sandbox.delete("customer", customer_id)


@route("GET", "/v1/customers", takes=("created", "email", "ending_before", "limit", "starting_after", "test_clock"))
def list_customers(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List customers. Unlike Stripe's, the list holds those of test clocks also where none is asked for."""
    return page(sandbox.objects("customer").values(), params, "/v1/customers", equal=("email", "test_clock"))


def _set(sandbox: Sandbox, customer: Object, params: dict[str, Any]) -> Object:
    changes = {name: without_empty(params[name]) for name in PLAIN if name in params}
    if changes.get("address"):
        changes["address"] = ADDRESS | changes["address"]
    if "metadata" in params:
        changes["metadata"] = merged(customer["metadata"], params["metadata"])
    if "invoice_settings" in params:
        asked = {name: without_empty(value) for name, value in params["invoice_settings"].items()}
        if asked.get("default_payment_method"):
            payment_methods.of_customer(sandbox, asked["default_payment_method"], customer["id"])
        changes["invoice_settings"] = customer["invoice_settings"] | asked
    return changed(customer, changes)


def _card_in(params: dict[str, Any]) -> str | None:
    """Return the payment method or token that a new customer brings along."""
    token: str | None = params.get("payment_method") or params.get("source")
    if token is not None and token.startswith("tok_") and cards.card_named(token) is None:
        raise invalid(f"No such token: '{token}'", param="source", code="resource_missing")
    return token
