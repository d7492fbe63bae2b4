"""An invoice's life up to its payment: drafted from lines, summed up, finalised with its number, voided."""

from typing import Any, NamedTuple

from ingestion.stripe.sandbox import discounts, payments, taxes
from ingestion.stripe.sandbox.cycles import DAY, HOUR, Span
from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.lines import invoice_item_line
from ingestion.stripe.sandbox.listing import nested
from ingestion.stripe.sandbox.state import Object, Sandbox, changed

KIND = "invoice"
DRAFT_FOR = HOUR
"""How long an invoice stays a draft before it is finalised and collected by itself."""


class Billing(NamedTuple):
    """How an invoice is to be collected."""

    collection_method: str = "charge_automatically"
    days_until_due: int | None = None
    default_payment_method: str | None = None
    auto_advance: bool = True


def draft(
    sandbox: Sandbox,
    customer_id: str,
    *,
    currency: str,
    reason: str,
    span: Span,
    billing: Billing,
    subscription: Object | None = None,
) -> Object:
    """Return a new draft invoice without lines."""
    customer = sandbox.get("customer", customer_id)
    if customer["currency"] is None:
        customer["currency"] = currency
    invoice_id = sandbox.new_id("in")
    invoice = fixture("invoice") | {
        "id": invoice_id,
        "account_country": "US",
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": billing.auto_advance,
        "billing_reason": reason,
        "collection_method": billing.collection_method,
        "created": sandbox.now,
        "currency": currency,
        "customer": customer_id,
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_tax_exempt": customer.get("tax_exempt"),
        "default_payment_method": billing.default_payment_method,
        "due_date": None if billing.days_until_due is None else sandbox.now + billing.days_until_due * DAY,
        "livemode": sandbox.livemode,
        "lines": nested([], f"/v1/invoices/{invoice_id}/lines"),
        "parent": None if subscription is None else _parent(subscription),
        "period_start": span.start,
        "period_end": span.end,
        "starting_balance": 0,
        "status": "draft",
        "total_discount_amounts": [],
        "total_taxes": [],
        "total_pretax_credit_amounts": [],
    }
    invoice["status_transitions"] = dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at"))
    if billing.auto_advance:
        advance_later(sandbox, invoice)
    sandbox.notes.setdefault("lines", {})[invoice_id] = []
    sum_up(sandbox, invoice)
    return sandbox.put("invoice", invoice)


def advance_later(sandbox: Sandbox, invoice: Object) -> None:
    """Have a draft finalised and collected by itself an hour from now."""
    at = sandbox.now + DRAFT_FOR
    invoice["automatically_finalizes_at"] = at
    if invoice["collection_method"] == "charge_automatically":
        invoice["next_payment_attempt"] = at
    sandbox.agenda.note(at, "invoice", invoice["id"])


def lines_of(sandbox: Sandbox, invoice_id: str) -> list[Object]:
    """Return all lines of an invoice; the invoice itself shows the first ten."""
    found: list[Object] = sandbox.notes["lines"][invoice_id]
    return found


def add_lines(
    sandbox: Sandbox, invoice: Object, added: list[Object], *, discount_ids: list[str], tax_rates: list[Object]
) -> None:
    """Put lines on a draft, with its discounts and taxes, and sum it up."""
    lines = lines_of(sandbox, invoice["id"])
    for line in added:
        line["invoice"] = invoice["id"]
    lines += added
    discounts.discount_lines(sandbox, lines, discount_ids)
    for line in added:
        taxes.tax_line(line, tax_rates)
    invoice["discounts"] = list(discount_ids)
    invoice["default_tax_rates"] = tax_rates
    sum_up(sandbox, invoice)


def take_pending(sandbox: Sandbox, invoice: Object, *, subscription: str | None) -> list[Object]:
    """Turn the customer's pending invoice items that belong on this invoice into lines."""
    waiting = sandbox.notes.setdefault("pending_items", {}).setdefault(invoice["customer"], [])
    found = []
    for item_id in list(waiting):
        item = sandbox.get("invoiceitem", item_id)
        owner = sandbox.notes.get("item_subscription", {}).get(item_id)
        if item["currency"] == invoice["currency"] and owner in {None, subscription}:
            waiting.remove(item_id)
            item["invoice"] = invoice["id"]
            found.append(invoice_item_line(sandbox, item))
    return found


def sum_up(sandbox: Sandbox, invoice: Object) -> None:
    """Reckon an invoice's totals from its lines."""
    lines = lines_of(sandbox, invoice["id"])
    subtotal = sum(line["amount"] for line in lines)
    off = sum(line["amount"] - discounts.left_of(line) for line in lines)
    every = [tax for line in lines for tax in line["taxes"]]
    included = sum(tax["amount"] for tax in every if tax["tax_behavior"] == "inclusive")
    on_top = sum(tax["amount"] for tax in every if tax["tax_behavior"] == "exclusive")
    total = subtotal - off + on_top
    invoice |= {
        "amount_due": max(total, 0),
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": max(total, 0),
        "amount_shipping": 0,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - included,
        "total": total,
        "total_discount_amounts": discounts.summed(lines),
        "total_excluding_tax": total - included - on_top,
        "total_taxes": taxes.summed(lines),
        "lines": nested(lines, invoice["lines"]["url"]),
    }


def finalise(sandbox: Sandbox, invoice: Object) -> None:
    """Give a draft its number, take what the customer's balance holds, and open it; nothing is charged yet."""
    if invoice["status"] != "draft":
        raise invalid("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    customer = sandbox.get("customer", invoice["customer"])
    starts = customer["balance"]
    owed = invoice["total"] + starts
    due = max(owed, 0)
    ends = min(owed, 0)
    number = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
    customer["next_invoice_sequence"] += 1
    if ends != starts:
        sandbox.emit("customer.updated", customer, changed(customer, {"balance": ends}))
    previous = changed(
        invoice,
        {
            "amount_due": due,
            "amount_remaining": due,
            "automatically_finalizes_at": None,
            "effective_at": sandbox.now,
            "ending_balance": ends,
            "number": number,
            "starting_balance": starts,
            "status": "open",
            "status_transitions": invoice["status_transitions"] | {"finalized_at": sandbox.now},
        },
    )
    if invoice["due_date"] is not None:
        sandbox.agenda.note(invoice["due_date"], KIND, invoice["id"])
    sandbox.emit("invoice.finalized", invoice)
    sandbox.emit("invoice.updated", invoice, previous)
    if due:
        payments.open_for_invoice(sandbox, invoice)


def void(sandbox: Sandbox, invoice: Object) -> None:
    """Void an open or uncollectible invoice: it stays in the list with its number and is owed no more."""
    if invoice["status"] not in {"open", "uncollectible"}:
        text = f"You can only pass in open or uncollectible invoices. This invoice isn't: it is {invoice['status']}."
        raise invalid(text)
    close(sandbox, invoice, "void", "voided_at")
    payments.cancel_open(sandbox, invoice)
    sandbox.emit("invoice.voided", invoice)


def give_up(sandbox: Sandbox, invoice: Object) -> None:
    """Mark an open invoice as uncollectible: written off, though it may still be paid."""
    if invoice["status"] != "open":
        text = f"You can only mark open invoices as uncollectible. This invoice isn't: it is {invoice['status']}."
        raise invalid(text)
    invoice["status_details"] = {"uncollectible": {"reason": "user_forgiven"}}
    close(sandbox, invoice, "uncollectible", "marked_uncollectible_at")
    sandbox.emit("invoice.marked_uncollectible", invoice)


def close(sandbox: Sandbox, invoice: Object, status: str, transition: str) -> None:
    """Move an invoice into a state in which nothing more is attempted by itself."""
    previous = changed(
        invoice,
        {
            "auto_advance": False,
            "next_payment_attempt": None,
            "status": status,
            "status_transitions": invoice["status_transitions"] | {transition: sandbox.now},
        },
    )
    sandbox.emit("invoice.updated", invoice, previous)


def subscription_of(invoice: Object) -> str | None:
    """Return the id of the subscription that an invoice bills, or None."""
    parent: dict[str, Any] | None = invoice["parent"]
    return None if parent is None else parent["subscription_details"]["subscription"]


def _parent(subscription: Object) -> Object:
    details = {"metadata": dict(subscription["metadata"]), "subscription": subscription["id"]}
    return {"quote_details": None, "subscription_details": details, "type": "subscription_details"}
