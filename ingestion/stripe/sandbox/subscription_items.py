"""The items of a subscription: one price and quantity each, with the period that is billed."""

from decimal import Decimal
from typing import Any, NamedTuple

from ingestion.stripe.sandbox import discounts
from ingestion.stripe.sandbox.amounts import percent_of, price_amount
from ingestion.stripe.sandbox.cycles import Span
from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.listing import nested, page
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox

KIND = "subscription_item"


class Billed(NamedTuple):
    """What was last billed for an item's whole period, after discounts: the measure of every proration in it."""

    amount: int
    span: Span
    invoice: str | None = None
    line: str | None = None
    item: str | None = None
    """The pending invoice item that bills it, where it is not yet a line of an invoice."""


def new_item(sandbox: Sandbox, subscription: Object, asked: dict[str, Any], *, span: Span) -> Object:
    """Make one item of a subscription from a request's price and quantity."""
    price = price_of(sandbox, asked)
    is_metered = price["recurring"]["usage_type"] == "metered"
    if is_metered and "quantity" in asked:
        raise invalid("Metered prices take no quantity: report their usage as meter events.", param="items")
    item = fixture(KIND) | {
        "id": sandbox.new_id("si"),
        "created": sandbox.now,
        "current_period_end": span.end,
        "current_period_start": span.start,
        "metadata": dict(asked.get("metadata") or {}),
        "plan": plan_of(price),
        "price": price,
        "subscription": subscription["id"],
    }
    if is_metered:
        item.pop("quantity", None)
    else:
        item["quantity"] = asked.get("quantity", 1)
    return item


def price_of(sandbox: Sandbox, asked: dict[str, Any]) -> Object:
    """Return the recurring price that a request's item names."""
    if "price" not in asked:
        raise invalid("Every item of a subscription needs a price.", param="items")
    price = sandbox.get("price", asked["price"], param="items[0][price]")
    if price["type"] != "recurring":
        text = "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`."
        raise invalid(text, param="items[0][price]")
    if not price["active"]:
        raise invalid(
            "The price specified is inactive. This field only accepts active prices.", param="items[0][price]"
        )
    return price


def items_of(sandbox: Sandbox, subscription: Object) -> list[Object]:
    """Return all items of a subscription, oldest first; the subscription itself shows the first ten."""
    found: list[Object] = sandbox.notes["items"][subscription["id"]]
    return found


def set_items(sandbox: Sandbox, subscription: Object, items: list[Object]) -> None:
    """Give a subscription its items."""
    require_together(items)
    for item in items:
        sandbox.put(KIND, item)
    sandbox.notes.setdefault("items", {})[subscription["id"]] = items
    subscription["items"] = nested(items, f"/v1/subscription_items?subscription={subscription['id']}")


def require_together(items: list[Object]) -> None:
    """Refuse items that do not bill in one currency and at one interval."""
    rhythms = {(each["price"]["recurring"]["interval"], each["price"]["recurring"]["interval_count"]) for each in items}
    if len(rhythms) > 1:
        raise invalid("All items of a subscription must have the same billing interval in the sandbox.", param="items")
    if len({each["price"]["currency"] for each in items}) > 1:
        raise invalid("All items of a subscription must have the same currency.", param="items")
    if not items:
        raise invalid("A subscription needs at least one item.", param="items")


def set_span(items: list[Object], span: Span) -> None:
    """Move items into a billing period."""
    for item in items:
        item |= {"current_period_start": span.start, "current_period_end": span.end}


def span_of(item: Object) -> Span:
    """Return the billing period that an item is in."""
    return Span(item["current_period_start"], item["current_period_end"])


def is_metered(item: Object) -> bool:
    """Tell whether an item is billed by its usage, in arrears."""
    return bool(item["price"]["recurring"]["usage_type"] == "metered")


def full_amount(item: Object) -> int:
    """Return what an item costs for a whole period."""
    return price_amount(item["price"], item["quantity"])


def expected(sandbox: Sandbox, subscription: Object, item: Object) -> int:
    """Return what an item costs for a whole period after the percentages that are off."""
    amount = full_amount(item)
    for discount_id in discounts.living(sandbox, subscription["discounts"]):
        percent = sandbox.notes["discount_coupon"][discount_id]["percent_off"]
        if percent is not None:
            amount -= percent_of(amount, percent)
    return amount


def note_billed(sandbox: Sandbox, item_id: str, billed: Billed) -> None:
    """Keep what an item was billed for its period."""
    sandbox.notes.setdefault("billed", {})[item_id] = billed


def last_billed(sandbox: Sandbox, item_id: str) -> Billed | None:
    """Return what an item was last billed for its period, or None (a trial, or usage)."""
    found: Billed | None = sandbox.notes.get("billed", {}).get(item_id)
    return found


def plan_of(price: Object) -> Object:
    """Return a price as the plan that older integrations read."""
    recurring = price["recurring"]
    same = ("active", "billing_scheme", "created", "currency", "livemode", "metadata", "nickname", "product")
    amount = price["unit_amount_decimal"]
    return {name: price.get(name) for name in same} | {
        "id": price["id"],
        "object": "plan",
        "amount": price["unit_amount"],
        "amount_decimal": None if amount is None else str(Decimal(str(amount))),
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "meter": recurring["meter"],
        "tiers_mode": price["tiers_mode"],
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": recurring["usage_type"],
    }


@route("GET", "/v1/subscription_items", takes=("ending_before", "limit", "starting_after", "subscription"))
def list_subscription_items(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List a subscription's items."""
    subscription = sandbox.get("subscription", params["subscription"], param="subscription")
    return page(items_of(sandbox, subscription), params, "/v1/subscription_items")


@route("GET", "/v1/subscription_items/{item}")
def retrieve_subscription_item(sandbox: Sandbox, _params: dict[str, Any], item_id: str) -> Object:
    """Return one item."""
    return sandbox.get(KIND, item_id)
