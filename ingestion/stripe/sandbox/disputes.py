"""Disputes: opened by the clock some days after a payment with a dispute card, answered, and decided.

A payment's dispute opens three days after it. Evidence is due 14 days later; without any the dispute is then lost. With
evidence the bank decides 30 days after the opening as the card says: `pm_card_createDispute` loses,
`pm_card_createDisputeWon` wins (and wins without evidence too, on its due day). As at Stripe, evidence whose
`uncategorized_text` is `winning_evidence` or `losing_evidence` decides at once.
"""

from typing import Any

from ingestion.stripe.sandbox import balance, cards
from ingestion.stripe.sandbox.cards import Contest
from ingestion.stripe.sandbox.cycles import DAY
from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.listing import page
from ingestion.stripe.sandbox.metadata import merged
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox, changed

KIND = "dispute"
DUE_AFTER = 14 * DAY
DECIDED_AFTER = 30 * DAY
OPEN = {"needs_response", "under_review", "warning_needs_response", "warning_under_review"}
AT_ONCE = {"winning_evidence": "won", "losing_evidence": "lost"}


def contest(sandbox: Sandbox, charge: Object) -> None:
    """Open the dispute of a charge, unless all its money has been given back before."""
    amount = charge["amount"] - charge["amount_refunded"]
    if amount == 0 or charge["disputed"]:
        return
    card = cards.card_of(sandbox, charge["payment_method"])
    is_inquiry = card.contest is Contest.INQUIRY
    due_by = sandbox.now + DUE_AFTER
    dispute = fixture(KIND) | {
        "id": sandbox.new_id("du"),
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": sandbox.now,
        "currency": charge["currency"],
        "is_charge_refundable": is_inquiry,
        "livemode": sandbox.livemode,
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": card.brand,
                "case_type": "inquiry" if is_inquiry else "chargeback",
                "network": card.brand,
                "network_reason_code": "10.4" if card.contest_reason == "fraudulent" else "13.1",
            },
            "type": "card",
        },
        "reason": card.contest_reason,
        "status": "warning_needs_response" if is_inquiry else "needs_response",
    }
    dispute["evidence"] = dict.fromkeys(dispute["evidence"]) | {"enhanced_evidence": {}}
    dispute["evidence_details"] = {
        "due_by": due_by,
        "enhanced_eligibility": {},
        "has_evidence": False,
        "past_due": False,
        "submission_count": 0,
        "submission_method": "not_submitted",
    }
    sandbox.put(KIND, dispute)
    changed(charge, {"disputed": True})
    sandbox.emit("charge.dispute.created", dispute)
    if not is_inquiry:
        dispute["balance_transactions"].append(balance.book_dispute(sandbox, dispute))
        sandbox.emit("charge.dispute.funds_withdrawn", dispute)
    sandbox.agenda.note(due_by, KIND, dispute["id"])
    sandbox.agenda.note(sandbox.now + DECIDED_AFTER, KIND, dispute["id"])


def wake(sandbox: Sandbox, dispute: Object) -> None:
    """Decide a dispute whose evidence is overdue, or that the bank has looked at long enough."""
    if dispute["status"] not in OPEN:
        return
    card = cards.card_of(sandbox, sandbox.get("charge", dispute["charge"])["payment_method"])
    outcome = str(card.contest or Contest.LOST)
    if dispute["evidence_details"]["submission_count"] == 0:
        changed(dispute["evidence_details"], {"past_due": True})
        _decide(sandbox, dispute, outcome)
    elif sandbox.now >= dispute["created"] + DECIDED_AFTER:
        _decide(sandbox, dispute, outcome)


@route("GET", "/v1/disputes", takes=("created", "ending_before", "limit", "starting_after", "charge", "payment_intent"))
def list_disputes(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List disputes, by charge or payment intent."""
    return page(sandbox.objects(KIND).values(), params, "/v1/disputes", equal=("charge", "payment_intent"))


@route("GET", "/v1/disputes/{dispute}")
def retrieve_dispute(sandbox: Sandbox, _params: dict[str, Any], dispute_id: str) -> Object:
    """Return one dispute."""
    return sandbox.get(KIND, dispute_id)


@route("POST", "/v1/disputes/{dispute}", takes=("evidence", "metadata", "submit"))
def update_dispute(sandbox: Sandbox, params: dict[str, Any], dispute_id: str) -> Object:
    """Give evidence; it is submitted with it, once and for all, unless `submit` is false."""
    dispute = sandbox.get(KIND, dispute_id)
    evidence = dict(params.get("evidence") or {})
    changes: Object = {}
    if "metadata" in params:
        changes["metadata"] = merged(dispute["metadata"], params["metadata"])
    if evidence:
        _require_answerable(dispute)
        changes["evidence"] = dispute["evidence"] | evidence
        changes["evidence_details"] = {**dispute["evidence_details"], "has_evidence": True}
    submits = params.get("submit", bool(evidence))
    if submits:
        _require_answerable(dispute)
        details = {**dispute["evidence_details"], **changes.get("evidence_details", {})}
        changes["evidence_details"] = {**details, "submission_count": 1, "submission_method": "manual"}
        changes["status"] = "warning_under_review" if _is_inquiry(dispute) else "under_review"
    sandbox.emit("charge.dispute.updated", dispute, changed(dispute, changes))
    told = dispute["evidence"]["uncategorized_text"]
    if submits and told in AT_ONCE and not _is_inquiry(dispute):
        _decide(sandbox, dispute, AT_ONCE[told])
    return dispute


@route("POST", "/v1/disputes/{dispute}/close", takes=())
def close_dispute(sandbox: Sandbox, _params: dict[str, Any], dispute_id: str) -> Object:
    """Accept a dispute: it is lost, and nothing brings it back."""
    dispute = sandbox.get(KIND, dispute_id)
    if dispute["status"] not in OPEN:
        raise invalid("This dispute is already closed.")
    _decide(sandbox, dispute, "warning_closed" if _is_inquiry(dispute) else "lost")
    return dispute


def _decide(sandbox: Sandbox, dispute: Object, outcome: str) -> None:
    previous = changed(dispute, {"status": outcome})
    if outcome == "won":
        dispute["balance_transactions"].append(balance.book_dispute_won(sandbox, dispute))
        sandbox.emit("charge.dispute.funds_reinstated", dispute)
    sandbox.emit("charge.dispute.closed", dispute, previous)


def _require_answerable(dispute: Object) -> None:
    if dispute["status"] not in {"needs_response", "warning_needs_response"}:
        raise invalid("This dispute has already been answered or closed: its evidence can no longer change.")


def _is_inquiry(dispute: Object) -> bool:
    return bool(dispute["payment_method_details"]["card"]["case_type"] == "inquiry")
