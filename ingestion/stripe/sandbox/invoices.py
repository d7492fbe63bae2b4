"""Invoices as requests see them: made by hand, finalised, paid, voided, written off and listed."""

from typing import Any

from ingestion.stripe.sandbox import collection, discounts, invoicing, payments, taxes
from ingestion.stripe.sandbox.cycles import Span
from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.expand import on_request
from ingestion.stripe.sandbox.invoicing import Billing
from ingestion.stripe.sandbox.listing import cut, page
from ingestion.stripe.sandbox.metadata import merged, without_empty
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox, changed

KIND = "invoice"
HOME_CURRENCY = "usd"


@route(
    "POST",
    "/v1/invoices",
    takes=(
        "customer",
        "auto_advance",
        "collection_method",
        "currency",
        "days_until_due",
        "default_payment_method",
        "default_tax_rates",
        "description",
        "discounts",
        "metadata",
        "pending_invoice_items_behavior",
    ),
)
def create_invoice(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """Draft an invoice by hand from the customer's pending invoice items."""
    if "customer" not in params:
        raise invalid("Missing required param: customer.", param="customer", code="parameter_missing")
    customer = sandbox.get("customer", params["customer"], param="customer")
    method = params.get("collection_method", "charge_automatically")
    if method == "send_invoice" and "days_until_due" not in params:
        text = "If `collection_method` is `send_invoice`, you must specify `days_until_due`."
        raise invalid(text, param="days_until_due")
    own = params.get("default_payment_method")
    if own is not None:
        collection.require_method(sandbox, own, customer["id"], param="default_payment_method")
    invoice = invoicing.draft(
        sandbox,
        customer["id"],
        currency=_currency(sandbox, customer, params),
        reason="manual",
        span=Span(sandbox.now, sandbox.now),
        billing=Billing(
            method,
            params.get("days_until_due"),
            own,
            params.get("auto_advance", False),
        ),
    )
    invoice["description"] = params.get("description")
    invoice["metadata"] = dict(params.get("metadata") or {})
    takes = params.get("pending_invoice_items_behavior", "exclude") == "include"
    given = discounts.give(
        sandbox,
        params.get("discounts") or None,
        customer=customer["id"],
        currency=invoice["currency"],
        invoice=invoice["id"],
    )
    rates = taxes.require_tax_rates(sandbox, params.get("default_tax_rates") or None, "default_tax_rates")
    added = invoicing.take_pending(sandbox, invoice, subscription=None) if takes else []
    invoicing.add_lines(sandbox, invoice, added, discount_ids=given, tax_rates=rates)
    sandbox.emit("invoice.created", invoice)
    return invoice


@route(
    "GET",
    "/v1/invoices",
    takes=(
        "created",
        "ending_before",
        "limit",
        "starting_after",
        "collection_method",
        "customer",
        "status",
        "subscription",
    ),
)
def list_invoices(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List invoices."""
    rows = list(sandbox.objects(KIND).values())
    if "subscription" in params:
        rows = [row for row in rows if invoicing.subscription_of(row) == params["subscription"]]
    return page(rows, params, "/v1/invoices", equal=("customer", "status", "collection_method"))


@route("GET", "/v1/invoices/{invoice}")
def retrieve_invoice(sandbox: Sandbox, _params: dict[str, Any], invoice_id: str) -> Object:
    """Return one invoice with its first ten lines."""
    return sandbox.get(KIND, invoice_id)


@route("GET", "/v1/invoices/{invoice}/lines", takes=("ending_before", "limit", "starting_after"))
def list_lines(sandbox: Sandbox, params: dict[str, Any], invoice_id: str) -> Object:
    """Return an invoice's lines page by page, in the invoice's own order."""
    sandbox.get(KIND, invoice_id)
    return cut(list(invoicing.lines_of(sandbox, invoice_id)), params, f"/v1/invoices/{invoice_id}/lines")


@route("POST", "/v1/invoices/{invoice}", takes=("auto_advance", "default_payment_method", "description", "metadata"))
def update_invoice(sandbox: Sandbox, params: dict[str, Any], invoice_id: str) -> Object:
    """Change what may be changed of an invoice; its lines and amounts are not among it."""
    invoice = sandbox.get(KIND, invoice_id)
    if params.get("default_payment_method"):
        own = params["default_payment_method"]
        collection.require_method(sandbox, own, invoice["customer"], param="default_payment_method")
    names = ("description", "default_payment_method")
    changes: Object = {name: without_empty(params[name]) for name in names if name in params}
    if "metadata" in params:
        changes["metadata"] = merged(invoice["metadata"], params["metadata"])
    previous = changed(invoice, changes)
    if params.get("auto_advance") is True and invoice["status"] == "draft" and not invoice["auto_advance"]:
        previous |= changed(invoice, {"auto_advance": True})
        invoicing.advance_later(sandbox, invoice)
    elif params.get("auto_advance") is False:
        nothing = {"auto_advance": False, "automatically_finalizes_at": None, "next_payment_attempt": None}
        previous |= changed(invoice, nothing)
    if previous:
        sandbox.emit("invoice.updated", invoice, previous)
    return invoice


@route("POST", "/v1/invoices/{invoice}/finalize", takes=("auto_advance",))
def finalize_invoice(sandbox: Sandbox, params: dict[str, Any], invoice_id: str) -> Object:
    """Finalise a draft; with automatic collection it is charged at once."""
    invoice = sandbox.get(KIND, invoice_id)
    if "auto_advance" in params and invoice["status"] == "draft":
        invoice["auto_advance"] = params["auto_advance"]
    collection.finalise_and_collect(sandbox, invoice)
    return invoice


@route("POST", "/v1/invoices/{invoice}/pay", takes=("off_session", "paid_out_of_band", "payment_method"))
def pay_invoice(sandbox: Sandbox, params: dict[str, Any], invoice_id: str) -> Object:
    """Charge an invoice now; a declined card is answered with 402."""
    invoice = sandbox.get(KIND, invoice_id)
    if invoice["status"] == "paid":
        raise invalid("Invoice is already paid.")
    if invoice["status"] == "void":
        raise invalid("This invoice is voided and cannot be paid.")
    method = params.get("payment_method")
    if method is not None:
        collection.require_method(sandbox, method, invoice["customer"], param="payment_method")
    if invoice["status"] == "draft":
        invoicing.finalise(sandbox, invoice)
    if invoice["amount_remaining"] == 0:
        collection.settle(sandbox, invoice)
    elif params.get("paid_out_of_band"):
        collection.pay_out_of_band(sandbox, invoice)
    else:
        collection.pay(sandbox, invoice, method)
    return invoice


@route("POST", "/v1/invoices/{invoice}/send", takes=())
def send_invoice(sandbox: Sandbox, _params: dict[str, Any], invoice_id: str) -> Object:
    """Send an invoice to its customer; a draft is finalised first. No mail leaves the sandbox."""
    invoice = sandbox.get(KIND, invoice_id)
    if invoice["collection_method"] != "send_invoice":
        raise invalid("You can only manually send an invoice if its collection method is 'send_invoice'.")
    if invoice["status"] == "draft":
        collection.finalise_and_collect(sandbox, invoice)
    sandbox.emit("invoice.sent", invoice)
    return invoice


@route("POST", "/v1/invoices/{invoice}/void", takes=())
def void_invoice(sandbox: Sandbox, _params: dict[str, Any], invoice_id: str) -> Object:
    """Void an invoice: it keeps its number and is owed no more."""
    invoice = sandbox.get(KIND, invoice_id)
    invoicing.void(sandbox, invoice)
    return invoice


@route("POST", "/v1/invoices/{invoice}/mark_uncollectible", takes=())
def mark_uncollectible(sandbox: Sandbox, _params: dict[str, Any], invoice_id: str) -> Object:
    """Write an open invoice off."""
    invoice = sandbox.get(KIND, invoice_id)
    invoicing.give_up(sandbox, invoice)
    return invoice


@route("DELETE", "/v1/invoices/{invoice}", takes=())
def delete_invoice(sandbox: Sandbox, _params: dict[str, Any], invoice_id: str) -> Object:
    """Delete a draft made by hand."""
    invoice = sandbox.get(KIND, invoice_id)
    if invoice["status"] != "draft" or invoicing.subscription_of(invoice) is not None:
        raise invalid("You can only delete draft invoices that were not created by a subscription.")
    left = sandbox.delete(KIND, invoice_id)
    sandbox.emit("invoice.deleted", invoice)
    return left


@on_request("invoice", "payments")
def payments_list(sandbox: Sandbox, invoice: Object) -> Object:
    """Return what `expand[]=payments` shows: the payments of an invoice."""
    rows = payments.payments_of(sandbox, invoice["id"])
    return {"object": "list", "data": rows, "has_more": False, "url": f"/v1/invoice_payments?invoice={invoice['id']}"}


def _currency(sandbox: Sandbox, customer: Object, params: dict[str, Any]) -> str:
    """Return the asked currency, else the one of what waits for the customer, else the account's."""
    if "currency" in params:
        return str(params["currency"]).lower()
    for item_id in sandbox.notes.get("pending_items", {}).get(customer["id"], []):
        return str(sandbox.get("invoiceitem", item_id)["currency"])
    return HOME_CURRENCY
