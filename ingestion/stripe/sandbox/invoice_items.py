"""Invoice items: amounts that wait for a customer's next invoice, prorations among them."""

from decimal import Decimal
from typing import Any

from ingestion.stripe.sandbox import discounts, invoicing, taxes
from ingestion.stripe.sandbox.amounts import price_amount
from ingestion.stripe.sandbox.cycles import Span
from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.lines import invoice_item_line, pricing, product_name
from ingestion.stripe.sandbox.listing import page
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox
from ingestion.stripe.sandbox.subscription_items import Billed

KIND = "invoiceitem"


def new_item(
    sandbox: Sandbox, customer: str, amount: int, *, currency: str, span: Span, description: str | None
) -> Object:
    """Return a new pending invoice item of one unit."""
    item = fixture(KIND) | {
        "id": sandbox.new_id("ii"),
        "amount": amount,
        "currency": currency,
        "customer": customer,
        "date": sandbox.now,
        "description": description,
        "discountable": amount > 0,
        "livemode": sandbox.livemode,
        "net_amount": amount,
        "parent": None,
        "period": {"start": span.start, "end": span.end},
        "pricing": None,
        "proration": False,
        "quantity": 1,
        "quantity_decimal": "1",
    }
    waiting = sandbox.notes.setdefault("pending_items", {}).setdefault(customer, [])
    waiting.append(item["id"])
    return sandbox.put(KIND, item)


def prorate(
    sandbox: Sandbox,
    subscription: Object,
    item: Object,
    *,
    amount: int,
    span: Span,
    description: str,
    credited: Billed | None = None,
) -> Object:
    """Return a pending proration of a subscription's item; its amount is already after discounts."""
    row = new_item(
        sandbox,
        subscription["customer"],
        amount,
        currency=subscription["currency"],
        span=span,
        description=description,
    )
    details = {"subscription": subscription["id"], "subscription_item": item["id"]}
    row |= {
        "discountable": False,
        "parent": {"subscription_details": details, "type": "subscription_details"},
        "pricing": pricing(item["price"]),
        "proration": True,
        "quantity": item["quantity"],
        "quantity_decimal": str(item["quantity"]),
        "proration_details": {"credited_items": _credited_items(credited), "discount_amounts": []},
    }
    lines = None
    if credited is not None and credited.line is not None:
        lines = {"invoice": credited.invoice, "invoice_line_items": [credited.line]}
    sandbox.notes.setdefault("proration", {})[row["id"]] = details | {"credited_items": lines}
    sandbox.notes.setdefault("item_subscription", {})[row["id"]] = subscription["id"]
    sandbox.emit("invoiceitem.created", row)
    return row


def release(sandbox: Sandbox, subscription: Object) -> None:
    """Let what is pending for a subscription that has ended stand on any next invoice of its customer."""
    owners = sandbox.notes.get("item_subscription", {})
    for item_id in sandbox.notes.get("pending_items", {}).get(subscription["customer"], []):
        if owners.get(item_id) == subscription["id"]:
            del owners[item_id]


@route(
    "POST",
    "/v1/invoiceitems",
    takes=(
        "customer",
        "amount",
        "currency",
        "description",
        "invoice",
        "metadata",
        "period",
        "pricing",
        "quantity",
        "discountable",
        "subscription",
        "unit_amount_decimal",
    ),
)
def create_invoice_item(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """Have an amount, or a quantity at a one-time price, wait for the customer's next invoice or stand on a draft."""
    customer = sandbox.get("customer", params["customer"], param="customer")
    quantity = params.get("quantity", 1)
    price = _price(sandbox, params)
    if price is not None:
        amount, currency = price_amount(price, quantity), price["currency"]
    elif "unit_amount_decimal" in params:
        unit = {"billing_scheme": "per_unit", "unit_amount_decimal": params["unit_amount_decimal"]}
        amount, currency = price_amount(unit, quantity), _currency(params)
    elif "amount" in params:
        amount, currency = params["amount"], _currency(params)
    else:
        raise invalid("You must pass either `amount`, `unit_amount_decimal` or `pricing`.", param="amount")
    period = params.get("period") or {"start": sandbox.now, "end": sandbox.now}
    text = params.get("description") or (None if price is None else product_name(sandbox, price))
    span = Span(period["start"], period["end"])
    item = new_item(sandbox, customer["id"], amount, currency=currency, span=span, description=text)
    item["metadata"] = dict(params.get("metadata") or {})
    item["pricing"] = None if price is None else pricing(price)
    item |= {"quantity": int(quantity), "quantity_decimal": str(Decimal(quantity))}
    item["discountable"] = params.get("discountable", amount > 0)
    if params.get("subscription"):
        sandbox.get("subscription", params["subscription"], param="subscription")
        sandbox.notes.setdefault("item_subscription", {})[item["id"]] = params["subscription"]
        item["parent"] = {
            "subscription_details": {"subscription": params["subscription"], "subscription_item": None},
            "type": "subscription_details",
        }
    sandbox.emit("invoiceitem.created", item)
    if params.get("invoice"):
        _put_on(sandbox, item, sandbox.get("invoice", params["invoice"], param="invoice"))
    return item


@route(
    "GET",
    "/v1/invoiceitems",
    takes=("created", "ending_before", "limit", "starting_after", "customer", "invoice", "pending"),
)
def list_invoice_items(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List invoice items; `pending` says whether they still wait."""
    rows = [row | {"created": row["date"]} for row in sandbox.objects(KIND).values()]
    if "pending" in params:
        rows = [row for row in rows if (row["invoice"] is None) is params["pending"]]
    found = page(rows, params, "/v1/invoiceitems", equal=("customer", "invoice"))
    for row in found["data"]:
        del row["created"]
    return found


@route("GET", "/v1/invoiceitems/{invoiceitem}")
def retrieve_invoice_item(sandbox: Sandbox, _params: dict[str, Any], item_id: str) -> Object:
    """Return one invoice item."""
    return sandbox.get(KIND, item_id)


@route("DELETE", "/v1/invoiceitems/{invoiceitem}", takes=())
def delete_invoice_item(sandbox: Sandbox, _params: dict[str, Any], item_id: str) -> Object:
    """Forget an invoice item that still waits."""
    item = sandbox.get(KIND, item_id)
    if item["invoice"] is not None:
        raise invalid("You can only delete an invoice item that is not attached to an invoice.")
    sandbox.notes["pending_items"][item["customer"]].remove(item_id)
    left = sandbox.delete(KIND, item_id)
    sandbox.emit("invoiceitem.deleted", item)
    return left


def _credited_items(credited: Billed | None) -> Object | None:
    """Name what a proration gives back: lines of an invoice, or what is itself still pending."""
    if credited is None:
        return None
    if credited.item is not None:
        return {"invoice_item": credited.item, "invoice_line_item_details": None, "type": "invoice_item"}
    details = {"invoice": credited.invoice, "invoice_line_items": [credited.line]}
    return {"invoice_item": None, "invoice_line_item_details": details, "type": "invoice_line_items"}


def _price(sandbox: Sandbox, params: dict[str, Any]) -> Object | None:
    asked = (params.get("pricing") or {}).get("price")
    if asked is None:
        return None
    price = sandbox.get("price", asked, param="pricing[price]")
    if price["type"] != "one_time":
        text = "The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`."
        raise invalid(text, param="pricing[price]")
    return price


def _currency(params: dict[str, Any]) -> str:
    if "currency" not in params:
        raise invalid("Missing required param: currency.", param="currency", code="parameter_missing")
    return str(params["currency"]).lower()


def _put_on(sandbox: Sandbox, item: Object, invoice: Object) -> None:
    """Put an item on a draft at once, instead of waiting."""
    if invoice["status"] != "draft":
        raise invalid("This invoice is no longer editable.", code="invoice_not_editable", param="invoice")
    if invoice["customer"] != item["customer"] or invoice["currency"] != item["currency"]:
        raise invalid("The invoice is another customer's or in another currency.", param="invoice")
    sandbox.notes["pending_items"][item["customer"]].remove(item["id"])
    item["invoice"] = invoice["id"]
    line = invoice_item_line(sandbox, item)
    rates = taxes.require_tax_rates(sandbox, [rate["id"] for rate in invoice["default_tax_rates"]], "invoice")
    living = discounts.living(sandbox, invoice["discounts"])
    invoicing.add_lines(sandbox, invoice, [line], discount_ids=living, tax_rates=rates)
