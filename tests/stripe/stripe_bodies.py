"""Bodies of Stripe's objects for tests, from Stripe's own examples."""

import copy
from typing import Any

from ingestion.stripe.sandbox.fixtures import published

AT = 1_767_225_600
"""2026-01-01 00:00 UTC."""
DAY = 86_400


def body(kind: str, object_id: str, **fields: Any) -> dict[str, Any]:
    """Return Stripe's example of an object with an id and some fields set."""
    return {**copy.deepcopy(published(kind)), "id": object_id, "created": AT, **fields}


def nested(*members: dict[str, Any]) -> dict[str, Any]:
    """Return a whole nested list."""
    return {"object": "list", "data": list(members), "has_more": False, "url": "/v1/somewhere"}


def line(line_id: str, amount: int = 2000, *, price: str = "price_1") -> dict[str, Any]:
    """Return an invoice line for January."""
    priced = {"type": "price_details", "price_details": {"price": price, "product": "prod_1"}}
    period = {"start": AT, "end": AT + 31 * DAY}
    return body("line_item", line_id, amount=amount, period=period, pricing=priced, taxes=[])


def invoice(object_id: str, *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a paid invoice over these lines."""
    total = sum(each["amount"] for each in lines)
    usual = {"customer": "cus_1", "status": "paid", "total": total, "lines": nested(*lines)}
    return body("invoice", object_id, **{**usual, **fields})
