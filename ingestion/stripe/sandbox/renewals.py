"""What a subscription's time brings: the first bill, renewals at period ends, trials that end, planned ends."""

from decimal import Decimal

from ingestion.stripe.sandbox import discounts, invoicing, meters, standing
from ingestion.stripe.sandbox import subscription_items as items_
from ingestion.stripe.sandbox.amounts import price_amount, unused
from ingestion.stripe.sandbox.collection import finalise_and_collect
from ingestion.stripe.sandbox.cycles import DAY, Span, instant, period_at
from ingestion.stripe.sandbox.invoicing import Billing
from ingestion.stripe.sandbox.lines import item_line, product_name, subscription_item_of
from ingestion.stripe.sandbox.proration import credit_unused
from ingestion.stripe.sandbox.state import Object, Sandbox, changed
from ingestion.stripe.sandbox.subscription_items import Billed

TRIAL_TOLD_BEFORE = 3 * DAY


def wake(sandbox: Sandbox, subscription: Object) -> None:
    """Do what is due for a subscription at this instant, if anything is."""
    status = subscription["status"]
    if status in standing.ENDED:
        return
    if status == "incomplete":
        if sandbox.now >= subscription["created"] + standing.INCOMPLETE_FOR:
            _expire(sandbox, subscription)
        return
    if subscription["cancel_at"] is not None and sandbox.now >= subscription["cancel_at"]:
        finish(sandbox, subscription)
    elif sandbox.now >= current_span(sandbox, subscription).end:
        renew(sandbox, subscription)


def open_trial(sandbox: Sandbox, subscription: Object) -> None:
    """Have it told that a trial ends in three days, or at once where it is shorter."""
    ends = subscription["trial_end"]
    if ends - TRIAL_TOLD_BEFORE <= sandbox.now:
        sandbox.emit("customer.subscription.trial_will_end", subscription)
    else:
        sandbox.agenda.note(ends - TRIAL_TOLD_BEFORE, "trial", subscription["id"])


def tell_trial_ends(sandbox: Sandbox, subscription: Object) -> None:
    """Tell that a trial ends in three days, unless it has ended or been moved."""
    if subscription["status"] == "trialing" and subscription["trial_end"] == sandbox.now + TRIAL_TOLD_BEFORE:
        sandbox.emit("customer.subscription.trial_will_end", subscription)


def plan_end(sandbox: Sandbox, subscription: Object, at: int, *, proration_behavior: str) -> None:
    """Have a subscription end at an instant; one inside a period credits the rest unless that is unwanted."""
    sandbox.notes.setdefault("end_prorates", {})[subscription["id"]] = proration_behavior != "none"
    sandbox.agenda.note(at, "subscription", subscription["id"])


def current_span(sandbox: Sandbox, subscription: Object) -> Span:
    """Return the billing period that a subscription is in."""
    return items_.span_of(items_.items_of(sandbox, subscription)[0])


def open_span(sandbox: Sandbox, subscription: Object, span: Span) -> None:
    """Move a subscription into a billing period, and have it looked at when that ends."""
    items_.set_span(items_.items_of(sandbox, subscription), span)
    if subscription["cancel_at_period_end"]:
        subscription["cancel_at"] = span.end
    sandbox.agenda.note(span.end, "subscription", subscription["id"])


def recurring_of(sandbox: Sandbox, subscription: Object) -> Object:
    """Return the interval at which a subscription bills."""
    recurring: Object = items_.items_of(sandbox, subscription)[0]["price"]["recurring"]
    return recurring


def renew(sandbox: Sandbox, subscription: Object) -> None:
    """Begin the next period and draft its bill: the licences ahead, the usage behind, and what was pending."""
    past = current_span(sandbox, subscription)
    recurring = recurring_of(sandbox, subscription)
    span = period_at(subscription["billing_cycle_anchor"], recurring, past.end)
    before = {name: subscription[name] for name in ("status", "latest_invoice")}
    was_trial = subscription["status"] == "trialing"
    if was_trial:
        subscription["status"] = "active"
    open_span(sandbox, subscription, span)
    # What is used in a trial is free.
    invoice = bill(sandbox, subscription, reason="subscription_cycle", past=None if was_trial else past, span=span)
    previous = {name: value for name, value in before.items() if subscription[name] != value}
    sandbox.emit("customer.subscription.updated", subscription, previous)
    if invoice is not None and subscription["status"] == "unpaid":
        standing.stop_collecting(sandbox, invoice)


def finish(sandbox: Sandbox, subscription: Object) -> None:
    """End a subscription as planned: bill the last period's usage, credit what is left of one that is cut short."""
    past = current_span(sandbox, subscription)
    end = min(past.end, sandbox.now)
    if end < past.end and sandbox.notes["end_prorates"][subscription["id"]]:
        for item in items_.items_of(sandbox, subscription):
            credit_unused(sandbox, subscription, item, at=end)
    reason = subscription["cancellation_details"]["reason"] or "cancellation_requested"
    invoice = bill(sandbox, subscription, reason="subscription_cycle", past=Span(past.start, end), span=None)
    standing.end(sandbox, subscription, reason=reason)
    if invoice is not None:
        changed(invoice, {"auto_advance": True})
        invoicing.advance_later(sandbox, invoice)


def bill(sandbox: Sandbox, subscription: Object, *, reason: str, past: Span | None, span: Span | None) -> Object | None:
    """Draft an invoice for the usage of the period past and the licences of the one to come; None for neither."""
    items = items_.items_of(sandbox, subscription)
    covers = past or Span(sandbox.now, sandbox.now)
    invoice = start_invoice(sandbox, subscription, reason=reason, span=covers)
    added = invoicing.take_pending(sandbox, invoice, subscription=subscription["id"])
    for item in items:
        if not items_.is_metered(item):
            added += [] if span is None else [_licence_line(sandbox, subscription, item, span)]
        elif past is not None:
            line = _usage_line(sandbox, subscription, item, past)
            added += [] if span is None and line["amount"] == 0 else [line]
    if not added:
        drop_invoice(sandbox, invoice)
        return None
    return issue_draft(sandbox, subscription, invoice, added)


def start_invoice(sandbox: Sandbox, subscription: Object, *, reason: str, span: Span) -> Object:
    """Return an empty draft for a subscription."""
    billing = Billing(subscription["collection_method"], subscription["days_until_due"])
    return invoicing.draft(
        sandbox,
        subscription["customer"],
        currency=subscription["currency"],
        reason=reason,
        span=span,
        billing=billing,
        subscription=subscription,
    )


def issue_draft(sandbox: Sandbox, subscription: Object, invoice: Object, added: list[Object]) -> Object:
    """Put lines on a subscription's draft and make it the latest invoice."""
    discount_ids = discounts.living(sandbox, subscription["discounts"])
    invoicing.add_lines(
        sandbox, invoice, added, discount_ids=discount_ids, tax_rates=subscription["default_tax_rates"] or []
    )
    subscription["discounts"] = discounts.left_after(sandbox, discount_ids, invoice)
    subscription["latest_invoice"] = invoice["id"]
    mine = sandbox.notes.setdefault("subscription_invoices", {}).setdefault(subscription["id"], [])
    mine.append(invoice["id"])
    _note_billed(sandbox, invoice, added)
    sandbox.emit("invoice.created", invoice)
    return invoice


def collect_now(sandbox: Sandbox, subscription: Object, invoice: Object) -> None:
    """Finalise and charge a subscription's invoice without waiting; one that is sent keeps its hour as a draft."""
    if subscription["collection_method"] == "charge_automatically":
        finalise_and_collect(sandbox, invoice)


def drop_invoice(sandbox: Sandbox, invoice: Object) -> None:
    """Forget a draft on which nothing came to stand."""
    del sandbox.objects("invoice")[invoice["id"]]
    del sandbox.notes["lines"][invoice["id"]]


def _licence_line(sandbox: Sandbox, subscription: Object, item: Object, span: Span) -> Object:
    """Return an item's line for a period: free in a trial, in part where the period before the anchor is short."""
    name = product_name(sandbox, item["price"])
    quantity = item["quantity"]
    if subscription["status"] == "trialing":
        text = f"Trial period for {name}"
        return item_line(sandbox, item, 0, span=span, quantity=quantity, description=text)
    amount = items_.full_amount(item)
    if subscription["billing_cycle_anchor"] <= span.start:
        return item_line(sandbox, item, amount, span=span, quantity=quantity)
    whole = period_at(subscription["billing_cycle_anchor"], item["price"]["recurring"], span.start)
    part = unused(amount, starts=whole.start, ends=whole.end, at=span.start)
    text = f"Time on {name} until {instant(span.end):%-d %b %Y}"
    return item_line(sandbox, item, part, span=span, quantity=quantity, description=text, is_proration=True)


def _usage_line(sandbox: Sandbox, subscription: Object, item: Object, past: Span) -> Object:
    """Return an item's line for the usage of a period that is over."""
    meter_id = item["price"]["recurring"]["meter"]
    used = Decimal(0)
    if meter_id is not None:
        used = meters.usage(sandbox, meter_id, subscription["customer"], start=past.start, end=past.end)
    return item_line(sandbox, item, price_amount(item["price"], used), span=past, quantity=used)


def _note_billed(sandbox: Sandbox, invoice: Object, added: list[Object]) -> None:
    """Keep what each item was billed, after discounts, as the measure of later prorations."""
    for line in added:
        item_id = subscription_item_of(line)
        is_usage = item_id is None or items_.is_metered(sandbox.get(items_.KIND, item_id))
        if item_id is None or is_usage or line["parent"]["subscription_item_details"]["invoice_item"] is not None:
            continue
        span = Span(line["period"]["start"], line["period"]["end"])
        billed = Billed(discounts.left_of(line), span, invoice["id"], line["id"])
        items_.note_billed(sandbox, item_id, billed)


def _expire(sandbox: Sandbox, subscription: Object) -> None:
    """Give a subscription up whose first payment never came, and void its invoice."""
    invoice = sandbox.get("invoice", subscription["latest_invoice"])
    previous = changed(subscription, {"status": "incomplete_expired", "ended_at": sandbox.now})
    sandbox.emit("customer.subscription.updated", subscription, previous)
    if invoice["status"] == "open":
        invoicing.void(sandbox, invoice)
