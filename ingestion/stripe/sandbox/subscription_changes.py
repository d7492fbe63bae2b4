"""Changes to a running subscription: another price or quantity, prorated by the second, and its planned end."""

from typing import Any

from ingestion.stripe.sandbox import discounts, invoicing, proration, renewals, standing, taxes
from ingestion.stripe.sandbox import subscription_items as items_
from ingestion.stripe.sandbox.collection import require_method
from ingestion.stripe.sandbox.cycles import Span, period_at
from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.metadata import merged, without_empty
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox, changed

KIND = "subscription"
TAKES = (
    "cancel_at",
    "cancel_at_period_end",
    "cancellation_details",
    "collection_method",
    "days_until_due",
    "default_payment_method",
    "default_tax_rates",
    "description",
    "discounts",
    "items",
    "metadata",
    "off_session",
    "proration_behavior",
    "proration_date",
    "trial_end",
)


@route("POST", "/v1/subscriptions/{subscription_exposed_id}", takes=TAKES)
def update_subscription(sandbox: Sandbox, params: dict[str, Any], subscription_id: str) -> Object:
    """Change a subscription; a new price or quantity credits the unused time and charges the remaining."""
    subscription = sandbox.get(KIND, subscription_id)
    if subscription["status"] in standing.ENDED and params.keys() - {"metadata", "cancellation_details"}:
        raise invalid("A canceled subscription can only update its cancellation_details and metadata.")
    planned = _planned_items(sandbox, subscription, params.get("items") or [])
    previous = changed(subscription, _plain_changes(sandbox, subscription, params))
    previous |= _plan_end(sandbox, subscription, params)
    if params.get("trial_end") is not None:
        previous |= _move_trial(sandbox, subscription, params["trial_end"])
    if planned is not None:
        before = sandbox.copy(subscription["items"])
        _change_items(sandbox, subscription, planned, params)
        previous["items"] = before
    if previous:
        sandbox.emit("customer.subscription.updated", subscription, previous)
    return subscription


def _plain_changes(sandbox: Sandbox, subscription: Object, params: dict[str, Any]) -> Object:
    """Return the changes of what is simply written down."""
    names = ("collection_method", "days_until_due", "description")
    changes: Object = {name: without_empty(params[name]) for name in names if name in params}
    if "metadata" in params:
        changes["metadata"] = merged(subscription["metadata"], params["metadata"])
    if "cancellation_details" in params:
        changes["cancellation_details"] = {**subscription["cancellation_details"], **params["cancellation_details"]}
    if "default_payment_method" in params:
        method = without_empty(params["default_payment_method"])
        if method is not None:
            require_method(sandbox, method, subscription["customer"], param="default_payment_method")
        changes["default_payment_method"] = method
    if "default_tax_rates" in params:
        rates = params["default_tax_rates"] or None
        changes["default_tax_rates"] = taxes.require_tax_rates(sandbox, rates, "default_tax_rates")
    if "discounts" in params:
        changes["discounts"] = discounts.give(
            sandbox,
            params["discounts"] or None,
            customer=subscription["customer"],
            currency=subscription["currency"],
            subscription=subscription["id"],
        )
    return changes


def _plan_end(sandbox: Sandbox, subscription: Object, params: dict[str, Any]) -> Object:
    """Plan the subscription's end, or take the plan back."""
    period_end = renewals.current_span(sandbox, subscription).end
    if params.get("cancel_at_period_end"):
        ends: int | None = period_end
    elif isinstance(params.get("cancel_at"), int):
        ends = params["cancel_at"]
    elif params.get("cancel_at_period_end") is False or params.get("cancel_at") == "":
        ends = None
    else:
        return {}
    if ends is not None and ends <= sandbox.now:
        raise invalid("`cancel_at` must be in the future.", param="cancel_at")
    if ends is not None:
        behavior = params.get("proration_behavior", "create_prorations")
        renewals.plan_end(sandbox, subscription, ends, proration_behavior=behavior)
    reason = None if ends is None else "cancellation_requested"
    return changed(
        subscription,
        {
            "cancel_at": ends,
            "cancel_at_period_end": ends == period_end,
            "canceled_at": None if ends is None else sandbox.now,
            "cancellation_details": {**subscription["cancellation_details"], "reason": reason},
        },
    )


def _move_trial(sandbox: Sandbox, subscription: Object, asked: int | str) -> Object:
    """End a trial now, with its first real bill, or move its end."""
    if subscription["status"] != "trialing":
        raise invalid("The sandbox moves the end of a running trial only.", param="trial_end")
    ends = sandbox.now if asked == "now" else int(asked)
    if ends < sandbox.now:
        raise invalid("Invalid timestamp: must be an integer Unix timestamp in the future.", param="trial_end")
    start = renewals.current_span(sandbox, subscription).start
    previous = changed(subscription, {"trial_end": ends, "billing_cycle_anchor": ends})
    items_.set_span(items_.items_of(sandbox, subscription), Span(start, ends))
    if ends > sandbox.now:
        renewals.open_span(sandbox, subscription, Span(start, ends))
        renewals.open_trial(sandbox, subscription)
        return previous
    renewals.renew(sandbox, subscription)
    invoice = sandbox.get("invoice", subscription["latest_invoice"])
    if invoice["status"] == "draft":
        renewals.collect_now(sandbox, subscription, invoice)
    return previous


def _planned_items(sandbox: Sandbox, subscription: Object, asked: list[dict[str, Any]]) -> list[Object] | None:
    """Return the items as they will be: changed copies, unchanged ones as they are; None where none is named."""
    if not asked:
        return None
    kept = {item["id"]: item for item in items_.items_of(sandbox, subscription)}
    span = renewals.current_span(sandbox, subscription)
    added = []
    for each in asked:
        if "id" not in each:
            added.append(items_.new_item(sandbox, subscription, each, span=span))
        elif each["id"] not in kept:
            raise invalid(f"No such subscription item: '{each['id']}'", param="items", code="resource_missing")
        elif each.get("deleted"):
            del kept[each["id"]]
        else:
            kept[each["id"]] = _changed_item(sandbox, kept[each["id"]], each)
    prices = [item["price"]["id"] for item in [*kept.values(), *added]]
    if len(set(prices)) < len(prices):
        raise invalid("Two items of a subscription cannot have the same price.", param="items")
    items_.require_together([*kept.values(), *added])
    return [*kept.values(), *added]


def _changed_item(sandbox: Sandbox, item: Object, asked: dict[str, Any]) -> Object:
    price = item["price"] if "price" not in asked else items_.price_of(sandbox, asked)
    after = {**item, "price": price, "plan": items_.plan_of(price)}
    if items_.is_metered(after):
        after.pop("quantity", None)
    else:
        after["quantity"] = asked.get("quantity", item.get("quantity", 1))
    if "metadata" in asked:
        after["metadata"] = merged(item["metadata"], asked["metadata"])
    return after


def _change_items(sandbox: Sandbox, subscription: Object, planned: list[Object], params: dict[str, Any]) -> None:
    """Put new items in the place of the old ones and settle the difference as asked."""
    behavior = params.get("proration_behavior", "create_prorations")
    at = params.get("proration_date", sandbox.now)
    before = {item["id"]: item for item in items_.items_of(sandbox, subscription)}
    after = {item["id"]: item for item in planned}
    old_rhythm, new_rhythm = _rhythm(next(iter(before.values()))), _rhythm(planned[0])
    restarts = old_rhythm != new_rhythm and subscription["status"] != "trialing"
    moved = [name for name in before if restarts or name not in after or _differs(before[name], after[name])]
    prorates = behavior != "none" and subscription["status"] not in {"trialing", "incomplete"}
    if prorates:
        for name in moved:
            proration.credit_unused(sandbox, subscription, before[name], at=at)
    items_.set_items(sandbox, subscription, planned)
    if restarts:
        _restart(sandbox, subscription)
        return
    if prorates:
        for name, item in after.items():
            if name in moved or name not in before:
                proration.charge_remaining(sandbox, subscription, item, at=at)
    if behavior == "always_invoice":
        _invoice_now(sandbox, subscription)


def _restart(sandbox: Sandbox, subscription: Object) -> None:
    """Begin a new period now, at another interval, and bill it at once with what is credited."""
    past = renewals.current_span(sandbox, subscription)
    subscription["billing_cycle_anchor"] = sandbox.now
    span = period_at(sandbox.now, renewals.recurring_of(sandbox, subscription), sandbox.now)
    renewals.open_span(sandbox, subscription, span)
    covers = Span(past.start, sandbox.now) if past.start < sandbox.now else None
    invoice = renewals.bill(sandbox, subscription, reason="subscription_update", past=covers, span=span)
    if invoice is not None:
        renewals.collect_now(sandbox, subscription, invoice)


def _invoice_now(sandbox: Sandbox, subscription: Object) -> None:
    """Bill what is pending for a subscription at once."""
    span = Span(sandbox.now, sandbox.now)
    invoice = renewals.start_invoice(sandbox, subscription, reason="subscription_update", span=span)
    pending = invoicing.take_pending(sandbox, invoice, subscription=subscription["id"])
    if not pending:
        renewals.drop_invoice(sandbox, invoice)
        return
    renewals.issue_draft(sandbox, subscription, invoice, pending)
    renewals.collect_now(sandbox, subscription, invoice)


def _rhythm(item: Object) -> tuple[str, int]:
    recurring = item["price"]["recurring"]
    return recurring["interval"], recurring["interval_count"]


def _differs(before: Object, after: Object) -> bool:
    return before["price"]["id"] != after["price"]["id"] or before.get("quantity") != after.get("quantity")
