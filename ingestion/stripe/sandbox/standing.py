"""A subscription's status: which of its invoices' fates moves it where, and its end."""

from enum import StrEnum

from ingestion.stripe.sandbox import invoicing
from ingestion.stripe.sandbox.state import Object, Sandbox, changed

INCOMPLETE_FOR = 23 * 3_600
"""How long a first payment may take before the subscription is given up."""


class Fate(StrEnum):
    """What happened to an invoice of a subscription."""

    PAID = "paid"
    FAILED = "failed"
    LEFT_PAST_DUE = "left past due"
    LEFT_UNPAID = "left unpaid"


class EndState(StrEnum):
    """What becomes of a subscription whose last retry failed; at Stripe a setting of the Dashboard."""

    CANCELED = "canceled"
    UNPAID = "unpaid"
    PAST_DUE = "past_due"


TRANSITIONS: dict[tuple[str, Fate], str] = {
    ("incomplete", Fate.PAID): "active",
    ("incomplete", Fate.FAILED): "incomplete",
    ("trialing", Fate.PAID): "trialing",
    ("trialing", Fate.FAILED): "past_due",
    ("active", Fate.PAID): "active",
    ("active", Fate.FAILED): "past_due",
    ("past_due", Fate.PAID): "active",
    ("past_due", Fate.FAILED): "past_due",
    ("past_due", Fate.LEFT_PAST_DUE): "past_due",
    ("past_due", Fate.LEFT_UNPAID): "unpaid",
    ("unpaid", Fate.PAID): "active",
    ("unpaid", Fate.FAILED): "unpaid",
    ("unpaid", Fate.LEFT_PAST_DUE): "unpaid",
    ("unpaid", Fate.LEFT_UNPAID): "unpaid",
}
"""The only way to a new status; a subscription that has ended stays as it is."""

ENDED = {"canceled", "incomplete_expired"}


def end_state(sandbox: Sandbox) -> EndState:
    """Return what becomes of a subscription whose last retry failed; canceled unless the account says otherwise."""
    state: EndState = sandbox.notes.get("dunning", {}).get("end_state", EndState.CANCELED)
    return state


def set_end_state(sandbox: Sandbox, state: EndState) -> None:
    """Choose what becomes of subscriptions whose last retry failed."""
    sandbox.notes["dunning"] = {"end_state": state}


def follow(sandbox: Sandbox, invoice: Object, fate: Fate) -> None:
    """Move an invoice's subscription where the invoice's fate leads; only its latest invoice counts."""
    subscription_id = invoicing.subscription_of(invoice)
    if subscription_id is None:
        return
    subscription = sandbox.get("subscription", subscription_id)
    if subscription["status"] in ENDED or subscription["latest_invoice"] != invoice["id"]:
        return
    move(sandbox, subscription, TRANSITIONS[subscription["status"], fate])


def move(sandbox: Sandbox, subscription: Object, status: str) -> None:
    """Give a subscription its new status and tell of it, if it is one."""
    previous = changed(subscription, {"status": status})
    if previous:
        sandbox.emit("customer.subscription.updated", subscription, previous)


def end(sandbox: Sandbox, subscription: Object, *, reason: str, status: str = "canceled") -> None:
    """End a subscription now; its open invoices are not collected by themselves any more."""
    is_scheduled = subscription["cancel_at_period_end"] or subscription["cancel_at"] is not None
    changed(
        subscription,
        {
            "cancellation_details": subscription["cancellation_details"] | {"reason": reason},
            "canceled_at": subscription["canceled_at"] if is_scheduled else sandbox.now,
            "ended_at": sandbox.now,
            "status": status,
        },
    )
    for invoice_id in sandbox.notes.get("subscription_invoices", {}).get(subscription["id"], []):
        invoice = sandbox.objects("invoice").get(invoice_id)
        if invoice is not None and invoice["status"] in {"draft", "open"}:
            stop_collecting(sandbox, invoice)
    sandbox.emit("customer.subscription.deleted", subscription)


def stop_collecting(sandbox: Sandbox, invoice: Object) -> None:
    """Leave an invoice as it is: nothing is finalised, charged or retried by itself."""
    nothing = {"auto_advance": False, "automatically_finalizes_at": None, "next_payment_attempt": None}
    previous = changed(invoice, nothing)
    if previous:
        sandbox.emit("invoice.updated", invoice, previous)
