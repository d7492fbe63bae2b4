"""Credit notes: what an invoice is made smaller by, before its payment, or after it with the money given back."""

from typing import Any

from ingestion.stripe.sandbox import collection, invoicing
from ingestion.stripe.sandbox.amounts import price_amount, share
from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.listing import cut, nested, page
from ingestion.stripe.sandbox.payments import payments_of
from ingestion.stripe.sandbox.refunds import refund_charge
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox, changed

KIND = "credit_note"
TAKES = (
    "amount",
    "credit_amount",
    "invoice",
    "lines",
    "memo",
    "metadata",
    "out_of_band_amount",
    "reason",
    "refund_amount",
    "refunds",
)


@route("POST", "/v1/credit_notes", takes=TAKES)
def create_credit_note(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """Credit an invoice: an open one is then owed less, of a paid one the amount is refunded or credited."""
    invoice = sandbox.get("invoice", params["invoice"], param="invoice")
    if invoice["status"] not in {"open", "paid", "uncollectible"}:
        text = f"You can only create credit notes for finalized invoices; this one is {invoice['status']}."
        raise invalid(text, param="invoice")
    lines = _lines(sandbox, invoice, params)
    total = sum(_total(line) for line in lines)
    before = invoice["pre_payment_credit_notes_amount"] + invoice["post_payment_credit_notes_amount"]
    if total <= 0 or before + total > invoice["total"]:
        left = invoice["total"] - before
        text = f"The credit note's total ({total}) must be above 0 and at most what is left of the invoice ({left})."
        raise invalid(text, param="amount")
    pre = min(total, invoice["amount_remaining"])
    _require_settled(sandbox, params, post=total - pre)
    note = _new(sandbox, invoice, lines, params, pre=pre)
    note["refunds"] = _refunds(sandbox, invoice, params)
    _apply(sandbox, invoice, note, params)
    sandbox.emit("credit_note.created", note)
    return note


@route(
    "GET",
    "/v1/credit_notes",
    takes=("created", "customer", "ending_before", "invoice", "limit", "starting_after"),
)
def list_credit_notes(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List credit notes, by invoice or customer."""
    return page(sandbox.objects(KIND).values(), params, "/v1/credit_notes", equal=("invoice", "customer"))


@route("GET", "/v1/credit_notes/{id}")
def retrieve_credit_note(sandbox: Sandbox, _params: dict[str, Any], note_id: str) -> Object:
    """Return one credit note with its first ten lines."""
    return sandbox.get(KIND, note_id)


@route("GET", "/v1/credit_notes/{credit_note}/lines", takes=("ending_before", "limit", "starting_after"))
def list_credit_note_lines(sandbox: Sandbox, params: dict[str, Any], note_id: str) -> Object:
    """Return a credit note's lines page by page."""
    sandbox.get(KIND, note_id)
    return cut(list(sandbox.notes["credit_note_lines"][note_id]), params, f"/v1/credit_notes/{note_id}/lines")


@route("POST", "/v1/credit_notes/{id}/void", takes=())
def void_credit_note(sandbox: Sandbox, _params: dict[str, Any], note_id: str) -> Object:
    """Void a credit note of an open invoice: the invoice is owed again."""
    note = sandbox.get(KIND, note_id)
    invoice = sandbox.get("invoice", note["invoice"])
    if note["status"] == "void" or invoice["status"] != "open" or note["post_payment_amount"]:
        raise invalid("You can only void an issued credit note of an open invoice.")
    changed(note, {"status": "void", "voided_at": sandbox.now})
    _owe(sandbox, invoice, -note["pre_payment_amount"])
    sandbox.emit("credit_note.voided", note)
    return note


def _lines(sandbox: Sandbox, invoice: Object, params: dict[str, Any]) -> list[Object]:
    if ("amount" in params) == ("lines" in params):
        raise invalid("You must pass either `amount` or `lines`.", param="amount")
    if "amount" in params:
        text = params.get("memo") or "Credit"
        return [_line(sandbox, "custom_line_item", params["amount"], description=text)]
    found = []
    for each in params["lines"]:
        if each["type"] == "invoice_line_item":
            found.append(_invoice_line(sandbox, invoice, each))
        else:
            found.append(_custom_line(sandbox, each))
    return found


def _invoice_line(sandbox: Sandbox, invoice: Object, asked: dict[str, Any]) -> Object:
    """Return the line that credits an amount, or units, of an invoice's line, its discounts and taxes in proportion."""
    every = {line["id"]: line for line in invoicing.lines_of(sandbox, invoice["id"])}
    source = every.get(asked.get("invoice_line_item", ""))
    if source is None:
        raise invalid("The invoice has no such line.", param="lines[0][invoice_line_item]", code="resource_missing")
    whole = source["amount"]
    if "amount" in asked:
        amount = asked["amount"]
    else:
        amount = share(whole, int(asked.get("quantity") or source["quantity"]), source["quantity"])
    if not 0 < amount <= whole - _credited(sandbox, source["id"]):
        raise invalid("The amount is more than is left of the invoice's line.", param="lines[0][amount]")
    line = _line(sandbox, "invoice_line_item", amount, description=source["description"])
    line["invoice_line_item"] = source["id"]
    line["quantity"] = asked.get("quantity")
    line["discount_amounts"] = [
        each | {"amount": share(each["amount"], amount, whole)} for each in source["discount_amounts"]
    ]
    line["discount_amount"] = sum(each["amount"] for each in line["discount_amounts"])
    line["taxes"] = [
        tax
        | {
            "amount": share(tax["amount"], amount, whole),
            "taxable_amount": share(tax["taxable_amount"], amount, whole),
        }
        for tax in source["taxes"]
    ]
    return line


def _custom_line(sandbox: Sandbox, asked: dict[str, Any]) -> Object:
    quantity = asked.get("quantity", 1)
    unit = asked.get("unit_amount_decimal", asked.get("unit_amount"))
    if unit is None:
        raise invalid("A custom line needs a unit_amount.", param="lines[0][unit_amount]")
    amount = price_amount({"billing_scheme": "per_unit", "unit_amount_decimal": unit}, quantity)
    line = _line(sandbox, "custom_line_item", amount, description=asked.get("description"))
    line |= {"quantity": quantity, "unit_amount": asked.get("unit_amount"), "unit_amount_decimal": str(unit)}
    return line


def _line(sandbox: Sandbox, kind: str, amount: int, *, description: str | None) -> Object:
    line = fixture("credit_note_line_item") | {
        "id": sandbox.new_id("cnli"),
        "amount": amount,
        "description": description,
        "discount_amount": 0,
        "livemode": sandbox.livemode,
        "taxes": [],
        "type": kind,
    }
    line.pop("invoice_line_item", None)
    return line


def _credited(sandbox: Sandbox, line_id: str) -> int:
    """Return what earlier credit notes have taken off an invoice's line."""
    living = [note for note in sandbox.objects(KIND).values() if note["status"] == "issued"]
    lines = [line for note in living for line in sandbox.notes["credit_note_lines"][note["id"]]]
    return sum(int(line["amount"]) for line in lines if line.get("invoice_line_item") == line_id)


def _excluding_tax(line: Object) -> int:
    included = sum(tax["amount"] for tax in line["taxes"] if tax["tax_behavior"] == "inclusive")
    return int(line["amount"] - line["discount_amount"] - included)


def _total(line: Object) -> int:
    return _excluding_tax(line) + sum(int(tax["amount"]) for tax in line["taxes"])


def _require_settled(sandbox: Sandbox, params: dict[str, Any], *, post: int) -> None:
    """Refuse a credit after payment unless it says where all of its money goes."""
    goes = params.get("refund_amount", 0) + params.get("credit_amount", 0) + params.get("out_of_band_amount", 0)
    for each in params.get("refunds") or []:
        refund = sandbox.get("refund", each["refund"], param="refunds")
        goes += each.get("amount_refunded", refund["amount"])
    if goes != post:
        text = (
            "The sum of credit amount, refund amount and out of band amount must equal the amount that is credited "
            f"after payment ({post}); it is {goes}."
        )
        raise invalid(text, param="amount")


def _new(sandbox: Sandbox, invoice: Object, lines: list[Object], params: dict[str, Any], *, pre: int) -> Object:
    note_id = sandbox.new_id("cn")
    mine = sandbox.notes.setdefault("invoice_credit_notes", {}).setdefault(invoice["id"], [])
    mine.append(note_id)
    total = sum(_total(line) for line in lines)
    discounts = [each for line in lines for each in line["discount_amounts"]]
    note = fixture(KIND) | {
        "id": note_id,
        "amount": total,
        "created": sandbox.now,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "discount_amount": sum(each["amount"] for each in discounts),
        "discount_amounts": discounts,
        "effective_at": sandbox.now,
        "invoice": invoice["id"],
        "lines": nested(lines, f"/v1/credit_notes/{note_id}/lines"),
        "livemode": sandbox.livemode,
        "memo": params.get("memo"),
        "metadata": dict(params.get("metadata") or {}),
        "number": f"{invoice['number']}-CN-{len(mine):02d}",
        "out_of_band_amount": params.get("out_of_band_amount"),
        "pdf": f"https://pay.stripe.com/credit_notes/{note_id}/pdf",
        "post_payment_amount": total - pre,
        "pre_payment_amount": pre,
        "reason": params.get("reason"),
        "refunds": [],
        "status": "issued",
        "subtotal": sum(line["amount"] for line in lines),
        "subtotal_excluding_tax": sum(_excluding_tax(line) + line["discount_amount"] for line in lines),
        "total": total,
        "total_excluding_tax": sum(_excluding_tax(line) for line in lines),
        "total_taxes": [tax for line in lines for tax in line["taxes"]],
        "type": "pre_payment" if pre == total else "post_payment" if pre == 0 else "mixed",
    }
    sandbox.notes.setdefault("credit_note_lines", {})[note_id] = lines
    return sandbox.put(KIND, note)


def _refunds(sandbox: Sandbox, invoice: Object, params: dict[str, Any]) -> list[Object]:
    """Make the asked refund of the invoice's payment, and name the refunds that the note accounts for."""
    named = [
        _named(each["refund"], each.get("amount_refunded", sandbox.get("refund", each["refund"])["amount"]))
        for each in params.get("refunds") or []
    ]
    amount = params.get("refund_amount", 0)
    if amount:
        refund = refund_charge(sandbox, _charge_of(sandbox, invoice), amount, reason="requested_by_customer")
        named.append(_named(refund["id"], amount))
    return named


def _named(refund_id: str, amount: int) -> Object:
    return {"amount_refunded": amount, "payment_record_refund": None, "refund": refund_id, "type": "refund"}


def _charge_of(sandbox: Sandbox, invoice: Object) -> Object:
    for row in payments_of(sandbox, invoice["id"]):
        if row["status"] == "paid" and row["payment"]["type"] == "payment_intent":
            intent = sandbox.get("payment_intent", row["payment"]["payment_intent"])
            return sandbox.get("charge", intent["latest_charge"])
    raise invalid("This invoice was not paid by a charge that could be refunded.", param="refund_amount")


def _apply(sandbox: Sandbox, invoice: Object, note: Object, params: dict[str, Any]) -> None:
    """Make the invoice smaller, and put what is credited on the customer's balance."""
    _owe(sandbox, invoice, note["pre_payment_amount"])
    post = invoice["post_payment_credit_notes_amount"] + note["post_payment_amount"]
    changed(invoice, {"post_payment_credit_notes_amount": post})
    credit = params.get("credit_amount", 0)
    if credit:
        customer = sandbox.get("customer", invoice["customer"])
        previous = changed(customer, {"balance": customer["balance"] - credit})
        sandbox.emit("customer.updated", customer, previous)


def _owe(sandbox: Sandbox, invoice: Object, less: int) -> None:
    """Owe less of an invoice, or more again; one of which nothing is left is paid."""
    if less == 0:
        return
    intent_row = next((row for row in payments_of(sandbox, invoice["id"]) if row["status"] == "open"), None)
    previous = changed(
        invoice,
        {
            "amount_due": invoice["amount_due"] - less,
            "amount_remaining": invoice["amount_remaining"] - less,
            "pre_payment_credit_notes_amount": invoice["pre_payment_credit_notes_amount"] + less,
        },
    )
    if intent_row is not None:
        intent_row["amount_requested"] = invoice["amount_remaining"]
        sandbox.get("payment_intent", intent_row["payment"]["payment_intent"])["amount"] = invoice["amount_remaining"]
    sandbox.emit("invoice.updated", invoice, previous)
    if invoice["amount_remaining"] == 0:
        collection.settle_without_payment(sandbox, invoice)
