"""Coupons: what a discount takes off, and for how long."""

from decimal import Decimal
from typing import Any

from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.listing import page
from ingestion.stripe.sandbox.metadata import merged
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox, changed

MADE_WITH = ("amount_off", "currency", "duration", "duration_in_months", "id", "metadata", "name", "percent_off")


@route("POST", "/v1/coupons", takes=MADE_WITH)
def create_coupon(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """Create a coupon: a percentage, or an amount of one currency; once, for some months, or forever."""
    coupon_id = params.get("id") or sandbox.new_id("coupon").removeprefix("coupon_")[:8]
    if coupon_id in sandbox.objects("coupon"):
        raise invalid("Coupon already exists.", param="id", code="resource_already_exists")
    _check(params)
    coupon = fixture("coupon") | {name: params.get(name) for name in MADE_WITH}
    coupon |= {
        "id": coupon_id,
        "created": sandbox.now,
        "currency": params["currency"].lower() if "amount_off" in params else None,
        "duration": params.get("duration", "once"),
        "metadata": merged({}, params.get("metadata")),
        "times_redeemed": 0,
        "valid": True,
    }
    sandbox.emit("coupon.created", sandbox.put("coupon", coupon))
    return coupon


@route("POST", "/v1/coupons/{coupon}", takes=("metadata", "name"))
def update_coupon(sandbox: Sandbox, params: dict[str, Any], coupon_id: str) -> Object:
    """Rename a coupon; what it takes off never changes."""
    coupon = sandbox.get("coupon", coupon_id)
    changes = {name: params[name] for name in ("name",) if name in params}
    if "metadata" in params:
        changes["metadata"] = merged(coupon["metadata"], params["metadata"])
    previous = changed(coupon, changes)
    if previous:
        sandbox.emit("coupon.updated", coupon, previous)
    return coupon


@route("GET", "/v1/coupons/{coupon}")
def retrieve_coupon(sandbox: Sandbox, _params: dict[str, Any], coupon_id: str) -> Object:
    """Return a coupon; of a deleted one what is left."""
    return sandbox.deleted(coupon_id) or sandbox.get("coupon", coupon_id)


@route("DELETE", "/v1/coupons/{coupon}")
def delete_coupon(sandbox: Sandbox, _params: dict[str, Any], coupon_id: str) -> Object:
    """Delete a coupon; discounts already given by it go on."""
    sandbox.emit("coupon.deleted", sandbox.get("coupon", coupon_id))
    return sandbox.delete("coupon", coupon_id)


@route("GET", "/v1/coupons", takes=("created", "ending_before", "limit", "starting_after"))
def list_coupons(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List coupons."""
    return page(sandbox.objects("coupon").values(), params, "/v1/coupons")


def _check(params: dict[str, Any]) -> None:
    if ("amount_off" in params) == ("percent_off" in params):
        raise invalid("Must provide exactly one of percent_off or amount_off.", param="percent_off")
    if "amount_off" in params and ("currency" not in params or params["amount_off"] < 1):
        raise invalid("A positive amount_off needs its currency.", param="currency")
    if "percent_off" in params and not 0 < Decimal(str(params["percent_off"])) <= 100:
        raise invalid("Invalid percent_off: must be greater than 0 and at most 100.", param="percent_off")
    if (params.get("duration") == "repeating") != ("duration_in_months" in params):
        raise invalid(
            "duration_in_months is needed when duration is repeating, and only then.", param="duration_in_months"
        )
