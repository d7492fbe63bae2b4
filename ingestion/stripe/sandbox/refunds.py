"""Refunds: money given back of a successful payment, never more than is left of it.

A refund succeeds at once, but for two of Stripe's test cards: to `pm_card_pendingRefund` it is pending for a day, and
to `pm_card_refundFail` it fails after a day, and the money comes back.
"""

from typing import Any

from ingestion.stripe.sandbox import balance, cards
from ingestion.stripe.sandbox.cards import Course
from ingestion.stripe.sandbox.cycles import DAY
from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.listing import nested, page
from ingestion.stripe.sandbox.metadata import merged
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox, changed

KIND = "refund"
ARRIVES_AFTER = DAY


def refund_charge(
    sandbox: Sandbox,
    charge: Object,
    amount: int | None,
    *,
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Object:
    """Refund an amount of a charge (by default what is left of it); refuses more than that."""
    if charge["status"] != "succeeded":
        raise invalid("This charge has not succeeded and cannot be refunded.", param="charge")
    left = charge["amount"] - charge["amount_refunded"]
    if left == 0:
        text = f"Charge {charge['id']} has already been refunded."
        raise invalid(text, code="charge_already_refunded", param="charge")
    if _is_taken_back(sandbox, charge):
        text = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise invalid(text, code="charge_disputed", param="charge")
    wanted = left if amount is None else amount
    if wanted <= 0:
        raise invalid("Invalid positive integer", param="amount", code="parameter_invalid_integer")
    if wanted > left:
        currency = charge["currency"].upper()
        text = f"Refund amount ({wanted} {currency}) is greater than unrefunded amount on charge ({left} {currency})"
        raise invalid(text, param="amount")
    return _book(sandbox, charge, wanted, reason=reason, metadata=metadata)


def wake(sandbox: Sandbox, refund: Object) -> None:
    """Let a refund arrive, or fail, when its day is over."""
    charge = sandbox.get("charge", refund["charge"])
    if _course(sandbox, charge) is Course.PENDING:
        previous = changed(refund, {"status": "succeeded", "pending_reason": None})
        sandbox.emit("refund.updated", refund, previous)
        return
    back = balance.book_refund_failure(sandbox, refund)["id"]
    previous = changed(
        refund,
        {"status": "failed", "failure_reason": "expired_or_canceled_card", "failure_balance_transaction": back},
    )
    changed(charge, {"amount_refunded": charge["amount_refunded"] - refund["amount"], "refunded": False})
    sandbox.emit("refund.failed", refund, previous)


@route("POST", "/v1/refunds", takes=("amount", "charge", "metadata", "payment_intent", "reason"))
def create_refund(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """Refund a charge, or the charge of a payment intent, in whole or in part."""
    charge = _charge_of(sandbox, params)
    return refund_charge(
        sandbox, charge, params.get("amount"), reason=params.get("reason"), metadata=params.get("metadata") or None
    )


@route("GET", "/v1/refunds", takes=("created", "ending_before", "limit", "starting_after", "charge", "payment_intent"))
def list_refunds(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List refunds, by charge or payment intent."""
    return page(sandbox.objects(KIND).values(), params, "/v1/refunds", equal=("charge", "payment_intent"))


@route("GET", "/v1/refunds/{refund}")
def retrieve_refund(sandbox: Sandbox, _params: dict[str, Any], refund_id: str) -> Object:
    """Return one refund."""
    return sandbox.get(KIND, refund_id)


@route("POST", "/v1/refunds/{refund}", takes=("metadata",))
def update_refund(sandbox: Sandbox, params: dict[str, Any], refund_id: str) -> Object:
    """Change a refund's metadata, the only thing of it that may change."""
    refund = sandbox.get(KIND, refund_id)
    previous = changed(refund, {"metadata": merged(refund["metadata"], params.get("metadata"))})
    sandbox.emit("refund.updated", refund, previous)
    return refund


def _charge_of(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    if "charge" in params:
        return sandbox.get("charge", params["charge"], param="charge")
    if "payment_intent" not in params:
        raise invalid("One of the following params should be provided for this request: payment_intent or charge.")
    intent = sandbox.get("payment_intent", params["payment_intent"], param="payment_intent")
    if intent["status"] != "succeeded":
        text = f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        raise invalid(text, code="payment_intent_unexpected_state", param="payment_intent")
    return sandbox.get("charge", intent["latest_charge"])


def _course(sandbox: Sandbox, charge: Object) -> Course | None:
    return cards.card_of(sandbox, charge["payment_method"]).refund


def _is_taken_back(sandbox: Sandbox, charge: Object) -> bool:
    """Tell whether a dispute holds the charge's money, or has lost it."""
    if not charge["disputed"]:
        return False
    disputes = [each for each in sandbox.objects("dispute").values() if each["charge"] == charge["id"]]
    return any(not each["is_charge_refundable"] for each in disputes)


def _book(
    sandbox: Sandbox, charge: Object, amount: int, *, reason: str | None, metadata: dict[str, str] | None
) -> Object:
    refund = fixture(KIND) | {
        "id": sandbox.new_id("re"),
        "amount": amount,
        "charge": charge["id"],
        "created": sandbox.now,
        "currency": charge["currency"],
        "destination_details": {"card": {"type": "refund", "reference_status": "pending"}, "type": "card"},
        "metadata": dict(metadata or {}),
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "succeeded",
    }
    course = _course(sandbox, charge)
    if course is not None:
        sandbox.agenda.note(sandbox.now + ARRIVES_AFTER, KIND, refund["id"])
    if course is Course.PENDING:
        refund |= {"status": "pending", "pending_reason": "processing"}
    sandbox.put(KIND, refund)
    refund["balance_transaction"] = balance.book_refund(sandbox, refund)["id"]
    given = charge["amount_refunded"] + amount
    mine = sandbox.notes.setdefault("charge_refunds", {}).setdefault(charge["id"], [])
    mine.append(refund)
    previous = changed(charge, {"amount_refunded": given, "refunded": given == charge["amount"]})
    charge["refunds"] = nested(mine[::-1], charge["refunds"]["url"])
    sandbox.emit("refund.created", refund)
    sandbox.emit("charge.refunded", charge, previous)
    return refund
