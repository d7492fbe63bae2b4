"""Prorations: what a change inside a period gives back and what it charges, by the second."""

from ingestion.stripe.sandbox import subscription_items as items_
from ingestion.stripe.sandbox.amounts import unused
from ingestion.stripe.sandbox.cycles import Span, instant, period_at
from ingestion.stripe.sandbox.invoice_items import prorate
from ingestion.stripe.sandbox.lines import TIMES, product_name
from ingestion.stripe.sandbox.state import Object, Sandbox
from ingestion.stripe.sandbox.subscription_items import Billed


def credit_unused(sandbox: Sandbox, subscription: Object, item: Object, *, at: int) -> None:
    """Give back what was billed for an item's time from an instant to its period's end."""
    billed = items_.last_billed(sandbox, item["id"])
    if billed is None or items_.is_metered(item) or not billed.span.start <= at < billed.span.end:
        return
    amount = unused(billed.amount, starts=billed.span.start, ends=billed.span.end, at=at)
    if amount:
        prorate(
            sandbox,
            subscription,
            item,
            amount=-amount,
            span=Span(at, billed.span.end),
            description=f"Unused time on {_what(sandbox, item)} after {instant(at):%-d %b %Y}",
            credited=billed,
        )


def charge_remaining(sandbox: Sandbox, subscription: Object, item: Object, *, at: int) -> None:
    """Charge what an item's new price and quantity cost from an instant to its period's end."""
    if items_.is_metered(item):
        return
    whole = period_at(subscription["billing_cycle_anchor"], item["price"]["recurring"], at)
    full = items_.expected(sandbox, subscription, item)
    amount = unused(full, starts=whole.start, ends=whole.end, at=at)
    items_.note_billed(sandbox, item["id"], Billed(full, whole))
    if amount:
        row = prorate(
            sandbox,
            subscription,
            item,
            amount=amount,
            span=Span(at, whole.end),
            description=f"Remaining time on {_what(sandbox, item)} after {instant(at):%-d %b %Y}",
        )
        items_.note_billed(sandbox, item["id"], Billed(full, whole, item=row["id"]))


def _what(sandbox: Sandbox, item: Object) -> str:
    name = product_name(sandbox, item["price"])
    return name if item["quantity"] == 1 else f"{item['quantity']} {TIMES} {name}"
