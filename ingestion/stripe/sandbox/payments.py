"""Payments: payment intents, the charges that attempt them, and which payment paid which invoice."""

from typing import Any

from ingestion.stripe.sandbox import balance, cards
from ingestion.stripe.sandbox.cards import Card, Decline
from ingestion.stripe.sandbox.cycles import DAY
from ingestion.stripe.sandbox.errors import StripeRefusal, invalid
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.listing import nested, page
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox, changed

CONTESTED_AFTER = 3 * DAY
"""How long after a payment with a dispute card its dispute opens."""

INTENT_TEXTS = {
    "manual": "Payment for Invoice",
    "subscription_create": "Subscription creation",
    "subscription_cycle": "Subscription update",
    "subscription_update": "Subscription update",
}

DECLINE_TEXTS = {
    "authentication_required": "Your card was declined. This transaction requires authentication.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "incorrect_number": "Your card number is incorrect.",
    "insufficient_funds": "Your card has insufficient funds.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
}


def open_for_invoice(sandbox: Sandbox, invoice: Object) -> Object:
    """Give a finalised invoice its payment intent, and note that this is what is to pay it."""
    intent = _new_intent(sandbox, invoice["amount_remaining"], invoice["currency"], customer=invoice["customer"])
    intent["description"] = INTENT_TEXTS[invoice["billing_reason"]]
    intent["payment_details"] = {"customer_reference": None, "order_reference": invoice["id"]}
    sandbox.emit("payment_intent.created", intent)
    note_payment(sandbox, invoice, {"type": "payment_intent", "payment_intent": intent["id"]})
    return intent


def note_payment(sandbox: Sandbox, invoice: Object, payment: Object) -> Object:
    """Note that a payment is to pay what an invoice is still owed."""
    row = fixture("invoice_payment") | {
        "id": sandbox.new_id("inpay"),
        "amount_requested": invoice["amount_remaining"],
        "created": sandbox.now,
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": sandbox.livemode,
        "payment": payment,
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }
    sandbox.notes.setdefault("invoice_payments", {}).setdefault(invoice["id"], []).append(row)
    return sandbox.put("invoice_payment", row)


def payments_of(sandbox: Sandbox, invoice_id: str) -> list[Object]:
    """Return what has paid, or is to pay, an invoice, oldest first."""
    found: list[Object] = sandbox.notes.get("invoice_payments", {}).get(invoice_id, [])
    return found


def open_payment(sandbox: Sandbox, invoice_id: str) -> Object | None:
    """Return the payment that is to pay an invoice, or None where nothing is open."""
    return next((row for row in payments_of(sandbox, invoice_id) if row["status"] == "open"), None)


def row_of(sandbox: Sandbox, invoice_id: str, intent: Object) -> Object:
    """Return the row by which a payment intent is to pay an invoice."""
    rows = payments_of(sandbox, invoice_id)
    return next(row for row in rows if row["payment"].get("payment_intent") == intent["id"])


def intent_of(sandbox: Sandbox, invoice: Object) -> Object:
    """Return the payment intent that is to pay an invoice."""
    row = open_payment(sandbox, invoice["id"])
    if row is None:
        return open_for_invoice(sandbox, invoice)
    return sandbox.get("payment_intent", row["payment"]["payment_intent"])


def settle_payment(sandbox: Sandbox, row: Object, amount: int) -> None:
    """Note that an invoice's payment has been paid."""
    transitions = {"canceled_at": None, "paid_at": sandbox.now}
    changed(row, {"status": "paid", "amount_paid": amount, "status_transitions": transitions})
    sandbox.emit("invoice_payment.paid", row)


def cancel_open(sandbox: Sandbox, invoice: Object) -> None:
    """Take back the payment intent of an invoice that nobody is to pay any more."""
    row = open_payment(sandbox, invoice["id"])
    if row is None:
        return
    changed(row, {"status": "canceled", "status_transitions": {"canceled_at": sandbox.now, "paid_at": None}})
    intent = sandbox.get("payment_intent", row["payment"]["payment_intent"])
    reason = "void_invoice" if invoice["status"] == "void" else None
    previous = changed(intent, {"status": "canceled", "canceled_at": sandbox.now, "cancellation_reason": reason})
    sandbox.emit("payment_intent.canceled", intent, previous)


def attempt(sandbox: Sandbox, intent: Object, payment_method: str) -> Object:
    """Charge a payment intent's amount to a card and return the charge, which may have failed."""
    card = cards.card_of(sandbox, payment_method)
    decline = cards.next_decline(sandbox, payment_method)
    cards.count_use(sandbox, payment_method)
    charge = _new_charge(sandbox, intent, payment_method)
    changed(intent, {"latest_charge": charge["id"], "payment_method": payment_method})
    if decline is None:
        _succeed(sandbox, intent, charge, card)
    else:
        _fail(sandbox, intent, charge, decline)
    return charge


def refusal(decline: Decline, charge: Object | None, intent: Object | None) -> StripeRefusal:
    """Return the answer for a declined card: 402 with the reason, the charge and the payment intent."""
    return StripeRefusal(
        402,
        "card_error",
        _decline_text(decline),
        code=decline.error_code,
        decline_code=_shown_code(decline),
        advice_code=decline.advice_code,
        charge=None if charge is None else charge["id"],
        payment_intent=intent,
    )


def decline_behind(charge: Object) -> Decline | None:
    """Return why a charge failed, or None where it did not."""
    return None if charge["failure_code"] is None else cards.declines()[charge["outcome"]["reason"]]


@route(
    "GET", "/v1/charges", takes=("created", "ending_before", "limit", "starting_after", "customer", "payment_intent")
)
def list_charges(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List charges, failed ones too."""
    rows = sandbox.objects("charge").values()
    return page(rows, params, "/v1/charges", equal=("customer", "payment_intent"))


@route("GET", "/v1/charges/{charge}")
def retrieve_charge(sandbox: Sandbox, _params: dict[str, Any], charge_id: str) -> Object:
    """Return one charge."""
    return sandbox.get("charge", charge_id)


@route("GET", "/v1/payment_intents", takes=("created", "ending_before", "limit", "starting_after", "customer"))
def list_payment_intents(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List payment intents."""
    rows = sandbox.objects("payment_intent").values()
    return page(rows, params, "/v1/payment_intents", equal=("customer",))


@route("GET", "/v1/payment_intents/{intent}")
def retrieve_payment_intent(sandbox: Sandbox, _params: dict[str, Any], intent_id: str) -> Object:
    """Return one payment intent."""
    return sandbox.get("payment_intent", intent_id)


@route(
    "POST",
    "/v1/payment_intents",
    takes=("amount", "confirm", "currency", "customer", "description", "metadata", "off_session", "payment_method"),
)
def create_payment_intent(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """Make a payment outside of any invoice; with `confirm` it is charged at once."""
    if params["amount"] <= 0:
        raise invalid("This value must be greater than or equal to 1.", param="amount")
    customer = params.get("customer")
    if customer is not None:
        sandbox.get("customer", customer, param="customer")
    intent = _new_intent(sandbox, params["amount"], params["currency"].lower(), customer=customer)
    intent["description"] = params.get("description")
    intent["metadata"] = params.get("metadata") or {}
    sandbox.emit("payment_intent.created", intent)
    if params.get("payment_method"):
        sandbox.get("payment_method", params["payment_method"], param="payment_method")
        changed(intent, {"payment_method": params["payment_method"], "status": "requires_confirmation"})
    return confirm_payment_intent(sandbox, {}, intent["id"]) if params.get("confirm") else intent


@route("POST", "/v1/payment_intents/{intent}/confirm", takes=("off_session", "payment_method"))
def confirm_payment_intent(sandbox: Sandbox, params: dict[str, Any], intent_id: str) -> Object:
    """Charge a payment intent that belongs to no invoice."""
    intent = sandbox.get("payment_intent", intent_id)
    if intent["status"] in {"succeeded", "canceled"}:
        text = f"You cannot confirm this PaymentIntent because it has a status of {intent['status']}."
        raise invalid(text, code="payment_intent_unexpected_state")
    method = params.get("payment_method") or intent["payment_method"]
    if method is None:
        raise invalid("You cannot confirm this PaymentIntent because it's missing a payment method.")
    sandbox.get("payment_method", method, param="payment_method")
    charge = attempt(sandbox, intent, method)
    decline = decline_behind(charge)
    if decline is not None:
        raise refusal(decline, charge, intent)
    return intent


@route(
    "GET",
    "/v1/invoice_payments",
    takes=("created", "ending_before", "limit", "starting_after", "invoice", "payment", "status"),
)
def list_invoice_payments(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List which payments pay which invoices, by invoice or by payment."""
    rows = list(sandbox.objects("invoice_payment").values())
    asked = params.get("payment", {})
    for name in ("type", "payment_intent", "payment_record"):
        if name in asked:
            rows = [row for row in rows if row["payment"].get(name) == asked[name]]
    return page(rows, params, "/v1/invoice_payments", equal=("invoice", "status"))


@route("GET", "/v1/invoice_payments/{invoice_payment}")
def retrieve_invoice_payment(sandbox: Sandbox, _params: dict[str, Any], payment_id: str) -> Object:
    """Return one payment of an invoice."""
    return sandbox.get("invoice_payment", payment_id)


def _new_intent(sandbox: Sandbox, amount: int, currency: str, *, customer: str | None) -> Object:
    intent = fixture("payment_intent") | {
        "id": sandbox.new_id("pi"),
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "capture_method": "automatic",
        "confirmation_method": "automatic",
        "created": sandbox.now,
        "currency": currency,
        "customer": customer,
        "livemode": sandbox.livemode,
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    }
    intent["client_secret"] = f"{intent['id']}_secret_sandbox"
    return sandbox.put("payment_intent", intent)


def _new_charge(sandbox: Sandbox, intent: Object, payment_method: str) -> Object:
    shown = cards.details(cards.card_of(sandbox, payment_method))
    charge = fixture("charge") | {
        "id": sandbox.new_id("ch"),
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "captured": False,
        "created": sandbox.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "livemode": sandbox.livemode,
        "metadata": dict(intent["metadata"]),
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": payment_method,
        "payment_method_details": {"card": shown, "type": "card"},
        "refunded": False,
        "status": "failed",
    }
    charge["refunds"] = nested([], f"/v1/charges/{charge['id']}/refunds")
    return sandbox.put("charge", charge)


def _succeed(sandbox: Sandbox, intent: Object, charge: Object, card: Card) -> None:
    outcome = {"network_status": "approved_by_network", "risk_level": "normal", "type": "authorized"}
    charge |= {
        "amount_captured": charge["amount"],
        "captured": True,
        "outcome": _outcome(**outcome, seller_message="Payment complete."),
        "paid": True,
        "status": "succeeded",
    }
    charge["balance_transaction"] = balance.book_charge(sandbox, charge)["id"]
    sandbox.emit("charge.succeeded", charge)
    previous = changed(intent, {"status": "succeeded", "amount_received": intent["amount"], "last_payment_error": None})
    sandbox.emit("payment_intent.succeeded", intent, previous)
    if card.contest is not None:
        sandbox.agenda.note(sandbox.now + CONTESTED_AFTER, "charge", charge["id"])


def _fail(sandbox: Sandbox, intent: Object, charge: Object, decline: Decline) -> None:
    is_blocked = decline.code == "highest_risk_level"
    charge |= {
        "failure_code": decline.error_code,
        "failure_message": _decline_text(decline),
        "outcome": _outcome(
            advice_code=decline.advice_code,
            network_status="not_sent_to_network" if is_blocked else "declined_by_network",
            reason=decline.code,
            risk_level="highest" if is_blocked else "normal",
            seller_message=(
                "Stripe blocked this payment as too risky."
                if is_blocked
                else "The bank did not return any further details with this decline."
            ),
            type="blocked" if is_blocked else "issuer_declined",
        ),
    }
    error = refusal(decline, charge, None).error
    previous = changed(intent, {"status": "requires_payment_method", "last_payment_error": error})
    sandbox.emit("charge.failed", charge)
    sandbox.emit("payment_intent.payment_failed", intent, previous)


def _outcome(**known: Any) -> Object:
    names = ("advice_code", "network_advice_code", "network_decline_code", "reason", "risk_level")
    return dict.fromkeys(names) | known


def _shown_code(decline: Decline) -> str:
    """Return the decline code of the error: what Radar blocks is called fraudulent there."""
    return "fraudulent" if decline.code == "highest_risk_level" else decline.code


def _decline_text(decline: Decline) -> str:
    return DECLINE_TEXTS.get(decline.code, "Your card was declined.")
