"""Subscriptions: begun, shown, listed and canceled; what time brings stands in renewals, changes in their own file."""

from typing import Any

from ingestion.stripe.sandbox import cards, discounts, payments, renewals, standing, taxes
from ingestion.stripe.sandbox import subscription_items as items_
from ingestion.stripe.sandbox.collection import customer_method, require_method
from ingestion.stripe.sandbox.cycles import DAY, Span, period_at
from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.invoice_items import release
from ingestion.stripe.sandbox.listing import page
from ingestion.stripe.sandbox.proration import credit_unused
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox, changed

KIND = "subscription"
TOGETHER_MAX = 20
"""Stripe's limit of items in one subscription."""


@route(
    "POST",
    "/v1/subscriptions",
    takes=(
        "customer",
        "items",
        "billing_cycle_anchor",
        "cancel_at",
        "cancel_at_period_end",
        "collection_method",
        "currency",
        "days_until_due",
        "default_payment_method",
        "default_tax_rates",
        "description",
        "discounts",
        "metadata",
        "off_session",
        "payment_behavior",
        "proration_behavior",
        "trial_end",
        "trial_period_days",
    ),
)
def create_subscription(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """Begin a subscription: its first invoice is finalised and charged at once."""
    customer = sandbox.get("customer", params["customer"], param="customer")
    asked = params.get("items") or []
    if not 1 <= len(asked) <= TOGETHER_MAX:
        raise invalid(f"A subscription needs between 1 and {TOGETHER_MAX} items.", param="items")
    recurring = items_.price_of(sandbox, asked[0])["recurring"]
    trial_ends = _trial_end(sandbox, params)
    anchor = trial_ends or params.get("billing_cycle_anchor") or sandbox.now
    span = Span(sandbox.now, trial_ends or period_at(anchor, recurring, sandbox.now).end)
    subscription = _new(sandbox, customer, params, anchor=anchor, trial_ends=trial_ends)
    items_.set_items(sandbox, subscription, [items_.new_item(sandbox, subscription, each, span=span) for each in asked])
    subscription["currency"] = items_.items_of(sandbox, subscription)[0]["price"]["currency"]
    _require_one_currency(customer, subscription)
    _require_payable(sandbox, subscription, params)
    subscription["discounts"] = discounts.give(
        sandbox,
        params.get("discounts") or None,
        customer=customer["id"],
        currency=subscription["currency"],
        subscription=subscription["id"],
    )
    _plan_end(sandbox, subscription, params, span=span)
    sandbox.put(KIND, subscription)
    renewals.open_span(sandbox, subscription, span)
    _bill_first(sandbox, subscription, params, span=span)
    return subscription


@route(
    "GET",
    "/v1/subscriptions",
    takes=("created", "ending_before", "limit", "starting_after", "collection_method", "customer", "price", "status"),
)
def list_subscriptions(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List subscriptions; the canceled ones only when asked for by status."""
    rows = list(sandbox.objects(KIND).values())
    asked = params.get("status")
    if asked is None:
        rows = [row for row in rows if row["status"] not in standing.ENDED]
    elif asked == "ended":
        rows = [row for row in rows if row["status"] in standing.ENDED]
    elif asked != "all":
        rows = [row for row in rows if row["status"] == asked]
    if "price" in params:
        rows = [row for row in rows if params["price"] in _price_ids(sandbox, row)]
    return page(rows, params, "/v1/subscriptions", equal=("customer", "collection_method"))


@route("GET", "/v1/subscriptions/{subscription_exposed_id}")
def retrieve_subscription(sandbox: Sandbox, _params: dict[str, Any], subscription_id: str) -> Object:
    """Return one subscription."""
    return sandbox.get(KIND, subscription_id)


@route(
    "DELETE", "/v1/subscriptions/{subscription_exposed_id}", takes=("cancellation_details", "invoice_now", "prorate")
)
def cancel_subscription(sandbox: Sandbox, params: dict[str, Any], subscription_id: str) -> Object:
    """End a subscription now; `prorate` credits the time not used, `invoice_now` bills what is pending."""
    subscription = sandbox.get(KIND, subscription_id)
    if subscription["status"] in standing.ENDED:
        raise invalid(f"No such subscription: '{subscription_id}'", param="id", code="resource_missing", status=404)
    given = params.get("cancellation_details") or {}
    subscription["cancellation_details"] |= given
    if subscription["status"] == "incomplete":
        standing.end(sandbox, subscription, reason="cancellation_requested", status="incomplete_expired")
        return subscription
    if params.get("prorate"):
        for item in items_.items_of(sandbox, subscription):
            credit_unused(sandbox, subscription, item, at=sandbox.now)
    invoice = None
    if params.get("invoice_now"):
        past = Span(renewals.current_span(sandbox, subscription).start, sandbox.now)
        invoice = renewals.bill(sandbox, subscription, reason="manual", past=past, span=None)
    if invoice is not None:
        renewals.collect_now(sandbox, subscription, invoice)
    standing.end(sandbox, subscription, reason="cancellation_requested")
    release(sandbox, subscription)
    return subscription


def _new(sandbox: Sandbox, customer: Object, params: dict[str, Any], *, anchor: int, trial_ends: int | None) -> Object:
    method = params.get("default_payment_method")
    if method is not None:
        require_method(sandbox, method, customer["id"], param="default_payment_method")
    sends = params.get("collection_method") == "send_invoice"
    if sends and "days_until_due" not in params:
        text = "You must specify `days_until_due` when `collection_method` is `send_invoice`."
        raise invalid(text, param="days_until_due")
    return fixture(KIND) | {
        "id": sandbox.new_id("sub"),
        "billing_cycle_anchor": anchor,
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
        "cancel_at_period_end": False,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": params.get("collection_method", "charge_automatically"),
        "created": sandbox.now,
        "customer": customer["id"],
        "days_until_due": params.get("days_until_due"),
        "default_payment_method": method,
        "default_tax_rates": taxes.require_tax_rates(
            sandbox, params.get("default_tax_rates") or None, "default_tax_rates"
        ),
        "description": params.get("description"),
        "livemode": sandbox.livemode,
        "metadata": dict(params.get("metadata") or {}),
        "start_date": sandbox.now,
        "status": "active" if trial_ends is None else "trialing",
        "test_clock": customer.get("test_clock"),
        "trial_end": trial_ends,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": None if trial_ends is None else sandbox.now,
    }


def _trial_end(sandbox: Sandbox, params: dict[str, Any]) -> int | None:
    asked = params.get("trial_end")
    if asked is not None and asked != "now":
        if asked <= sandbox.now:
            raise invalid("Invalid timestamp: must be an integer Unix timestamp in the future.", param="trial_end")
        return int(asked)
    days = params.get("trial_period_days")
    return sandbox.now + days * DAY if days else None


def _plan_end(sandbox: Sandbox, subscription: Object, params: dict[str, Any], *, span: Span) -> None:
    """Have a subscription end at its period's end or at an instant, if that was asked for."""
    if params.get("cancel_at_period_end"):
        planned: int | None = span.end
    else:
        asked = params.get("cancel_at")
        planned = asked if isinstance(asked, int) else None
    if planned is not None:
        subscription |= {
            "cancel_at": planned,
            "cancel_at_period_end": planned == span.end,
            "canceled_at": sandbox.now,
            "cancellation_details": subscription["cancellation_details"] | {"reason": "cancellation_requested"},
        }
        behavior = params.get("proration_behavior", "create_prorations")
        renewals.plan_end(sandbox, subscription, planned, proration_behavior=behavior)


def _require_one_currency(customer: Object, subscription: Object) -> None:
    if customer["currency"] not in {None, subscription["currency"]}:
        raise invalid(
            "You cannot combine currencies on a single customer. This customer already has invoices or subscriptions "
            f"in {customer['currency']}."
        )


def _require_payable(sandbox: Sandbox, subscription: Object, params: dict[str, Any]) -> None:
    """Refuse a subscription that could not be charged, before anything is kept of it."""
    is_free = subscription["trial_end"] is not None or not any(
        not items_.is_metered(item) and items_.full_amount(item) for item in items_.items_of(sandbox, subscription)
    )
    if is_free or subscription["collection_method"] == "send_invoice":
        return
    behavior = params.get("payment_behavior", "allow_incomplete")
    method = subscription["default_payment_method"] or customer_method(sandbox, subscription["customer"])
    if behavior == "default_incomplete":
        return
    if method is None:
        text = (
            "This customer has no attached payment source or default payment method. Please consider adding a default "
            "payment method."
        )
        raise invalid(text, code="resource_missing")
    decline = cards.next_decline(sandbox, method)
    if behavior == "error_if_incomplete" and decline is not None:
        raise payments.refusal(decline, None, None)


def _bill_first(sandbox: Sandbox, subscription: Object, params: dict[str, Any], *, span: Span) -> None:
    waits = params.get("payment_behavior") == "default_incomplete" and subscription["status"] == "active"
    invoice = renewals.bill(sandbox, subscription, reason="subscription_create", past=None, span=span)
    is_charged = subscription["collection_method"] == "charge_automatically"
    if invoice is not None and is_charged and invoice["amount_due"] > 0:
        # Until its first payment has come.
        subscription["status"] = "incomplete"
        sandbox.agenda.note(sandbox.now + standing.INCOMPLETE_FOR, KIND, subscription["id"])
    sandbox.emit("customer.subscription.created", subscription)
    if subscription["trial_end"] is not None:
        renewals.open_trial(sandbox, subscription)
    if invoice is None:
        return
    if waits:
        changed(invoice, {"auto_advance": False})
    renewals.collect_now(sandbox, subscription, invoice)


def _price_ids(sandbox: Sandbox, subscription: Object) -> set[str]:
    return {item["price"]["id"] for item in items_.items_of(sandbox, subscription)}
