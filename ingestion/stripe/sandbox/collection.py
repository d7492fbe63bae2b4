"""Collecting an invoice: which card is charged, what a decline leads to, and when it is tried again.

Retries stand 3, 5 and 7 days after the attempt before (Stripe's Smart Retries choose their times by statistics; a
fixed schedule is Stripe's other setting). After the last one the subscription is canceled, left unpaid or left past due
(`standing.set_end_state`). A card whose decline is final is not charged again: the attempt is counted, nothing moves
(docs.stripe.com/billing/revenue-recovery/smart-retries).
"""

from ingestion.stripe.sandbox import invoicing, payments, standing
from ingestion.stripe.sandbox.cards import Decline
from ingestion.stripe.sandbox.cycles import DAY
from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.standing import EndState, Fate
from ingestion.stripe.sandbox.state import Object, Sandbox, changed

RETRY_AFTER_DAYS = (3, 5, 7)


def finalise_and_collect(sandbox: Sandbox, invoice: Object) -> None:
    """Finalise a draft and, where it is charged automatically, make its first attempt."""
    invoicing.finalise(sandbox, invoice)
    if invoice["amount_remaining"] == 0:
        settle(sandbox, invoice)
    elif not invoice["auto_advance"]:
        invoice["next_payment_attempt"] = None
    elif invoice["collection_method"] == "charge_automatically":
        attempt_automatically(sandbox, invoice)


def attempt_automatically(sandbox: Sandbox, invoice: Object) -> None:
    """Make the first attempt or the next retry, and plan the one after."""
    method = method_for(sandbox, invoice)
    if method is None:
        _failed(sandbox, invoice, is_automatic=True, next_attempt=None)
    elif _last_decline(sandbox, invoice) == (method, True):
        _failed(sandbox, invoice, is_automatic=True, next_attempt=_next_attempt(sandbox, invoice))
    else:
        _charge(sandbox, invoice, method, is_automatic=True)


def pay(sandbox: Sandbox, invoice: Object, method: str | None) -> None:
    """Charge an open invoice now, on request; a declined card is refused with 402 and leaves the schedule alone."""
    chosen = method or method_for(sandbox, invoice)
    if chosen is None:
        raise invalid(
            "There is no `default_payment_method` set on this Customer or Invoice. Please set a default payment method "
            "before attempting to pay."
        )
    charge = _charge(sandbox, invoice, chosen, is_automatic=invoice["attempt_count"] == 0)
    decline = payments.decline_behind(charge)
    if decline is not None:
        intent = sandbox.get("payment_intent", charge["payment_intent"])
        raise payments.refusal(decline, charge, intent)


def pay_out_of_band(sandbox: Sandbox, invoice: Object) -> None:
    """Note that an invoice was paid outside of Stripe: no charge, no fee."""
    payments.cancel_open(sandbox, invoice)
    record = {"type": "payment_record", "payment_record": sandbox.new_id("prec")}
    row = payments.note_payment(sandbox, invoice, record)
    payments.settle_payment(sandbox, row, invoice["amount_remaining"])
    settle(sandbox, invoice)


def settle(sandbox: Sandbox, invoice: Object) -> None:
    """Mark an invoice as paid and let its subscription follow."""
    previous = changed(
        invoice,
        {
            "amount_paid": invoice["amount_paid"] + invoice["amount_remaining"],
            "amount_remaining": 0,
            "attempted": True,
            "auto_advance": False,
            "next_payment_attempt": None,
            "status": "paid",
            "status_transitions": invoice["status_transitions"] | {"paid_at": sandbox.now},
        },
    )
    sandbox.emit("invoice.updated", invoice, previous)
    sandbox.emit("invoice.paid", invoice)
    sandbox.emit("invoice.payment_succeeded", invoice)
    standing.follow(sandbox, invoice, Fate.PAID)


def settle_without_payment(sandbox: Sandbox, invoice: Object) -> None:
    """Mark an open invoice as paid of which nothing is owed any more."""
    payments.cancel_open(sandbox, invoice)
    settle(sandbox, invoice)


def method_for(sandbox: Sandbox, invoice: Object) -> str | None:
    """Return the payment method that would be charged: the invoice's, its subscription's, or its customer's."""
    defaults = [invoice["default_payment_method"]]
    subscription_id = invoicing.subscription_of(invoice)
    if subscription_id is not None:
        defaults.append(sandbox.get("subscription", subscription_id)["default_payment_method"])
    defaults.append(customer_method(sandbox, invoice["customer"]))
    # A card that was detached cannot be charged any more.
    return next((each for each in defaults if each and sandbox.get("payment_method", each)["customer"]), None)


def require_method(sandbox: Sandbox, method_id: str, customer_id: str, *, param: str) -> None:
    """Refuse a payment method that is not the customer's."""
    method = sandbox.get("payment_method", method_id, param=param)
    if method["customer"] != customer_id:
        text = (
            f"The customer does not have a payment method with the ID {method_id}. The payment method must be attached "
            "to the customer."
        )
        raise invalid(text, param=param, code="resource_missing")


def customer_method(sandbox: Sandbox, customer_id: str) -> str | None:
    """Return the customer's own default payment method, or None."""
    default: str | None = sandbox.get("customer", customer_id)["invoice_settings"]["default_payment_method"]
    return default


def _charge(sandbox: Sandbox, invoice: Object, method: str, *, is_automatic: bool) -> Object:
    intent = payments.intent_of(sandbox, invoice)
    charge = payments.attempt(sandbox, intent, method)
    decline = payments.decline_behind(charge)
    if decline is None:
        if is_automatic:
            invoice["attempt_count"] += 1
        payments.settle_payment(sandbox, payments.row_of(sandbox, invoice["id"], intent), charge["amount"])
        settle(sandbox, invoice)
    else:
        _remember(sandbox, invoice, method, decline)
        next_attempt = _next_attempt(sandbox, invoice) if is_automatic else invoice["next_payment_attempt"]
        _failed(sandbox, invoice, is_automatic=is_automatic, next_attempt=next_attempt)
    return charge


def _failed(sandbox: Sandbox, invoice: Object, *, is_automatic: bool, next_attempt: int | None) -> None:
    is_last = is_automatic and next_attempt is None and invoice["attempt_count"] >= len(RETRY_AFTER_DAYS)
    if invoice["billing_reason"] == "subscription_create":
        next_attempt = None  # A first payment is not retried: the subscription stays incomplete.
    previous = changed(
        invoice,
        {
            "attempt_count": invoice["attempt_count"] + (1 if is_automatic else 0),
            "attempted": True,
            "next_payment_attempt": next_attempt,
        },
    )
    if is_automatic and next_attempt is not None:
        sandbox.agenda.note(next_attempt, "invoice", invoice["id"])
    sandbox.emit("invoice.payment_failed", invoice)
    sandbox.emit("invoice.updated", invoice, previous)
    if invoice["status"] != "open":
        return
    standing.follow(sandbox, invoice, Fate.FAILED)
    if is_last:
        _give_up(sandbox, invoice)


def _give_up(sandbox: Sandbox, invoice: Object) -> None:
    """Do with the subscription what the account chose for a last failed retry."""
    subscription_id = invoicing.subscription_of(invoice)
    if subscription_id is None:
        return
    subscription = sandbox.get("subscription", subscription_id)
    if subscription["status"] in standing.ENDED or subscription["latest_invoice"] != invoice["id"]:
        return
    chosen = standing.end_state(sandbox)
    if chosen is EndState.CANCELED:
        standing.end(sandbox, subscription, reason="payment_failed")
    elif chosen is EndState.UNPAID:
        standing.follow(sandbox, invoice, Fate.LEFT_UNPAID)
    else:
        standing.follow(sandbox, invoice, Fate.LEFT_PAST_DUE)


def _next_attempt(sandbox: Sandbox, invoice: Object) -> int | None:
    """Return when to try again after one more failed attempt, or None after the last."""
    failed: int = invoice["attempt_count"]
    if not invoice["auto_advance"] or failed >= len(RETRY_AFTER_DAYS):
        return None
    return sandbox.now + RETRY_AFTER_DAYS[failed] * DAY


def _last_decline(sandbox: Sandbox, invoice: Object) -> tuple[str, bool] | None:
    """Return the card that was last declined for an invoice, and whether the decline was final."""
    found: tuple[str, bool] | None = sandbox.notes.get("last_decline", {}).get(invoice["id"])
    return found


def _remember(sandbox: Sandbox, invoice: Object, method: str, decline: Decline) -> None:
    sandbox.notes.setdefault("last_decline", {})[invoice["id"]] = (method, decline.is_final)
