"""Invoice lines: what a subscription's item, its usage, a proration or an invoice item looks like on a bill."""

from decimal import Decimal
from typing import Any

from ingestion.stripe.sandbox.cycles import Span
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.state import Object, Sandbox

TIMES = "\N{MULTIPLICATION SIGN}"


def item_line(
    sandbox: Sandbox,
    item: Object,
    amount: int,
    *,
    span: Span,
    quantity: Decimal | int,
    description: str | None = None,
    is_proration: bool = False,
) -> Object:
    """Return the line by which a subscription's item is billed for a period."""
    details = {
        "invoice_item": None,
        "proration": is_proration,
        "proration_details": {"credited_items": None},
        "subscription": item["subscription"],
        "subscription_item": item["id"],
    }
    line = _line(sandbox, amount, currency=item["price"]["currency"], span=span)
    line |= {
        "description": description or f"{_quantity_text(quantity)} {TIMES} {product_name(sandbox, item['price'])}",
        "parent": _parent("subscription_item_details", details),
        "pricing": pricing(item["price"]),
        "subscription": item["subscription"],
        "metadata": dict(item["metadata"]),
    }
    _set_quantity(line, quantity)
    return line


def invoice_item_line(sandbox: Sandbox, item: Object) -> Object:
    """Return the line by which a pending invoice item, or a pending proration, is billed."""
    notes = sandbox.notes.get("proration", {}).get(item["id"])
    span = Span(item["period"]["start"], item["period"]["end"])
    line = _line(sandbox, item["amount"], currency=item["currency"], span=span)
    details = {
        "invoice_item": item["id"],
        "proration": item["proration"],
        "proration_details": {"credited_items": None if notes is None else notes["credited_items"]},
        "subscription": None if notes is None else notes["subscription"],
    }
    if notes is None:
        line["parent"] = _parent("invoice_item_details", details)
    else:
        details["subscription_item"] = notes["subscription_item"]
        line["parent"] = _parent("subscription_item_details", details)
        line["subscription"] = notes["subscription"]
    line |= {
        "description": item["description"],
        "discountable": item["discountable"],
        "metadata": dict(item["metadata"] or {}),
        "pricing": item["pricing"],
    }
    _set_quantity(line, Decimal(item["quantity_decimal"]))
    return line


def pricing(price: Object) -> Object:
    """Return how a line or an invoice item names its price."""
    return {
        "price_details": {"price": price["id"], "product": price["product"]},
        "type": "price_details",
        "unit_amount_decimal": price["unit_amount_decimal"],
    }


def product_name(sandbox: Sandbox, price: Object) -> str:
    """Return the name of what a price is for; a product that is gone leaves its id."""
    product = sandbox.objects("product").get(price["product"])
    return str(price["product"] if product is None else product["name"])


def subscription_item_of(line: Object) -> str | None:
    """Return the subscription item that a line bills, or None for one of another kind."""
    details = line["parent"]["subscription_item_details"]
    return None if details is None else details["subscription_item"]


def _line(sandbox: Sandbox, amount: int, *, currency: str, span: Span) -> Object:
    return fixture("line_item") | {
        "id": sandbox.new_id("il"),
        "amount": amount,
        "subtotal": amount,
        "currency": currency,
        "discountable": True,
        "livemode": sandbox.livemode,
        "period": {"start": span.start, "end": span.end},
        "taxes": [],
        "pretax_credit_amounts": [],
    }


def _parent(kind: str, details: dict[str, Any]) -> Object:
    names = ("invoice_item_details", "subscription_item_details")
    return {name: details if name == kind else None for name in names} | {"type": kind}


def _set_quantity(line: Object, quantity: Decimal | int) -> None:
    line["quantity"] = int(quantity) if quantity == int(quantity) else None
    line["quantity_decimal"] = _quantity_text(quantity)


def _quantity_text(quantity: Decimal | int) -> str:
    return f"{Decimal(quantity).normalize():f}"
