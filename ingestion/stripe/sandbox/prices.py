"""Prices: what one unit of a product costs, once or per period, by quantity or by metered usage."""

from decimal import Decimal
from typing import Any

from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.listing import page
from ingestion.stripe.sandbox.metadata import merged, without_empty
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox, changed

URL = "/v1/prices"
CHANGEABLE = ("active", "lookup_key", "nickname", "tax_behavior")
AMOUNTS = ("unit_amount", "unit_amount_decimal")
MADE_WITH = (
    *(*CHANGEABLE, *AMOUNTS, "metadata", "transfer_lookup_key"),
    *(
        "billing_scheme",
        "currency",
        "product",
        "product_data",
        "recurring",
        "tiers",
        "tiers_mode",
        "transform_quantity",
    ),
)
FILTERS = ("active", "currency", "product", "type")
INTERVAL_COUNT_MAX = {"day": 1095, "week": 156, "month": 36, "year": 3}


@route("POST", URL, takes=MADE_WITH)
def create_price(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """Create a price, with its product if `product_data` is given."""
    if ("product" in params) == ("product_data" in params):
        raise invalid("You must specify exactly one of: product, product_data.", param="product")
    if "product_data" in params:
        asked = params.pop("product_data")
        product = fixture("product") | {"id": sandbox.new_id("prod"), "active": True, "type": "service"}
        product |= {"created": sandbox.now, "updated": sandbox.now, "name": asked["name"]}
        product["metadata"] = asked.get("metadata", {})
        price = make(sandbox, {**params, "product": product["id"]})
        sandbox.emit("product.created", sandbox.put("product", product))
        return price
    sandbox.get("product", params["product"], param="product")
    return make(sandbox, params)


@route("POST", f"{URL}/{{price}}", takes=(*CHANGEABLE, "metadata", "transfer_lookup_key"))
def update_price(sandbox: Sandbox, params: dict[str, Any], price_id: str) -> Object:
    """Archive or rename a price; its amount and period never change."""
    price = sandbox.get("price", price_id)
    changes = {name: without_empty(params[name]) for name in CHANGEABLE if name in params}
    _take_lookup_key(sandbox, params, price_id)
    if "metadata" in params:
        changes["metadata"] = merged(price["metadata"], params["metadata"])
    previous = changed(price, changes)
    if previous:
        sandbox.emit("price.updated", price, previous)
    return price


@route("GET", f"{URL}/{{price}}")
def retrieve_price(sandbox: Sandbox, _params: dict[str, Any], price_id: str) -> Object:
    """Return a price."""
    return sandbox.get("price", price_id)


@route("GET", URL, takes=(*FILTERS, "created", "ending_before", "limit", "lookup_keys", "recurring", "starting_after"))
def list_prices(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List prices."""
    keys, recurring = params.get("lookup_keys"), params.get("recurring", {})
    found = [
        each
        for each in sandbox.objects("price").values()
        if (keys is None or each["lookup_key"] in keys)
        and all((each["recurring"] or {}).get(name) == value for name, value in recurring.items())
    ]
    return page(found, params, URL, equal=FILTERS)


def make(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """Make a price of checked parameters and tell of it. Tiers are always shown (Stripe: only when expanded)."""
    recurring = params.get("recurring")
    price = fixture("price") | {
        "id": sandbox.new_id("price"),
        "active": params.get("active", True),
        "billing_scheme": params.get("billing_scheme", "per_unit"),
        "created": sandbox.now,
        "currency": params["currency"].lower(),
        "lookup_key": params.get("lookup_key"),
        "metadata": merged({}, params.get("metadata")),
        "nickname": params.get("nickname"),
        "product": params["product"],
        "recurring": None if recurring is None else _recurring(sandbox, recurring),
        "tax_behavior": params.get("tax_behavior", "unspecified"),
        "transform_quantity": params.get("transform_quantity"),
        "type": "one_time" if recurring is None else "recurring",
    }
    price |= _tiered(params) if price["billing_scheme"] == "tiered" else _amounts(params, "unit_amount", is_needed=True)
    _take_lookup_key(sandbox, params, price["id"])
    sandbox.emit("price.created", sandbox.put("price", price))
    return price


def _recurring(sandbox: Sandbox, asked: dict[str, Any]) -> Object:
    interval, count = asked["interval"], asked.get("interval_count", 1)
    if not 1 <= count <= INTERVAL_COUNT_MAX[interval]:
        raise invalid(
            f"Invalid interval_count: must be between 1 and {INTERVAL_COUNT_MAX[interval]} {interval}s.",
            param="recurring[interval_count]",
        )
    meter, usage = asked.get("meter"), asked.get("usage_type", "licensed")
    if (usage == "metered") != (meter is not None):
        raise invalid(
            "A metered price needs recurring[meter], and only a metered price may have one.", param="recurring[meter]"
        )
    if meter is not None:
        sandbox.get("billing.meter", meter, param="recurring[meter]")
    return {
        "interval": interval,
        "interval_count": count,
        "meter": meter,
        "trial_period_days": asked.get("trial_period_days"),
        "usage_type": usage,
    }


def _amounts(asked: dict[str, Any], name: str, *, is_needed: bool = False) -> Object:
    """Return an amount in both its forms: whole, where it is whole, and as a decimal of the minor unit."""
    whole, exact = asked.get(name), asked.get(f"{name}_decimal")
    if whole is not None and exact is not None:
        raise invalid(f"You may only specify one of these parameters: {name}, {name}_decimal.", param=name)
    if whole is None and exact is None:
        if is_needed:
            raise invalid(f"Missing required param: {name}.", param=name, code="parameter_missing")
        return {name: None, f"{name}_decimal": None}
    amount: Decimal = Decimal(whole or 0) if exact is None else exact
    if amount < 0:
        raise invalid("Invalid non-negative integer", param=name, code="parameter_invalid_integer")
    is_whole = amount == amount.to_integral_value()
    return {name: int(amount) if is_whole else None, f"{name}_decimal": _plain(amount)}


def _plain(exact: Decimal) -> str:
    """Write a decimal without needless zeros: 0.50 is 0.5, 2000 is 2000."""
    text = format(exact, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _tiered(params: dict[str, Any]) -> Object:
    asked, mode = params.get("tiers"), params.get("tiers_mode")
    if not asked or mode is None:
        raise invalid("A price with billing_scheme=tiered needs tiers and tiers_mode.", param="tiers")
    bounds = [tier["up_to"] for tier in asked]
    if bounds[-1] != "inf" or any(bound == "inf" for bound in bounds[:-1]) or bounds[:-1] != sorted(set(bounds[:-1])):
        raise invalid("The tiers' up_to must rise, and the last one must be inf.", param="tiers")
    tiers = [
        {"up_to": None if tier["up_to"] == "inf" else tier["up_to"]}
        | _amounts(tier, "unit_amount")
        | _amounts(tier, "flat_amount")
        for tier in asked
    ]
    return {"tiers": tiers, "tiers_mode": mode, "unit_amount": None, "unit_amount_decimal": None}


def _take_lookup_key(sandbox: Sandbox, params: dict[str, Any], price_id: str) -> None:
    """Keep lookup keys unique: taken from the price that has it if `transfer_lookup_key` says so."""
    key = params.get("lookup_key")
    for each in sandbox.objects("price").values() if key else ():
        if each["lookup_key"] == key and each["id"] != price_id:
            if not params.get("transfer_lookup_key"):
                raise invalid(f"A price ({each['id']}) already uses that lookup key.", param="lookup_key")
            each["lookup_key"] = None
