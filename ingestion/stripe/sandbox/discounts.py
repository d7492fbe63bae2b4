"""Discounts: a coupon given to a subscription or an invoice, and what it takes off which line."""

from typing import Any

from ingestion.stripe.sandbox.amounts import percent_of, spread
from ingestion.stripe.sandbox.cycles import period_at
from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.state import Object, Sandbox


def give(
    sandbox: Sandbox,
    asked: list[dict[str, Any]] | None,
    *,
    customer: str,
    currency: str,
    subscription: str | None = None,
    invoice: str | None = None,
) -> list[str]:
    """Turn the `discounts` of a request into discounts and return their ids."""
    return [
        each["discount"]
        if "discount" in each
        else _new(
            sandbox, _coupon(sandbox, each, currency), customer=customer, subscription=subscription, invoice=invoice
        )
        for each in asked or []
    ]


def living(sandbox: Sandbox, discount_ids: list[str]) -> list[str]:
    """Return the discounts that still hold at this instant."""
    found = [sandbox.get("discount", each) for each in discount_ids]
    return [each["id"] for each in found if each["end"] is None or each["end"] > sandbox.now]


def left_after(sandbox: Sandbox, discount_ids: list[str], invoice: Object) -> list[str]:
    """Return the discounts that outlive an invoice: one given once goes with the first that it makes smaller."""
    used = {each["discount"] for each in invoice["total_discount_amounts"] if each["amount"]}
    return [each for each in discount_ids if each not in used or _coupon_of(sandbox, each)["duration"] != "once"]


def discount_lines(sandbox: Sandbox, lines: list[Object], discount_ids: list[str]) -> None:
    """Take the discounts off the lines, in their order, each on what those before it have left."""
    for line in lines:
        line["discount_amounts"] = []
    for discount_id in discount_ids:
        coupon = _coupon_of(sandbox, discount_id)
        open_lines = [line for line in lines if line["discountable"] and left_of(line) > 0]
        if not open_lines:
            continue
        left = [left_of(line) for line in open_lines]
        if coupon["percent_off"] is not None:
            amounts = [percent_of(amount, coupon["percent_off"]) for amount in left]
        else:
            amounts = spread(min(coupon["amount_off"], sum(left)), left)
        for line, amount in zip(open_lines, amounts, strict=True):
            line["discount_amounts"].append({"amount": amount, "discount": discount_id})


def left_of(line: Object) -> int:
    """Return a line's amount after its discounts."""
    amount: int = line["amount"] - sum(each["amount"] for each in line["discount_amounts"])
    return amount


def summed(lines: list[Object]) -> list[Object]:
    """Return an invoice's discounts: one row for each, with what its lines add up to."""
    totals: dict[str, int] = {}
    for line in lines:
        for each in line["discount_amounts"]:
            totals[each["discount"]] = totals.get(each["discount"], 0) + each["amount"]
    return [{"amount": amount, "discount": discount_id} for discount_id, amount in totals.items()]


def _coupon(sandbox: Sandbox, asked: dict[str, Any], currency: str) -> Object:
    if "coupon" not in asked:
        raise invalid("The sandbox gives discounts by coupon or discount only.", param="discounts")
    coupon = sandbox.get("coupon", asked["coupon"], param="discounts")
    if coupon["currency"] not in {None, currency}:
        text = f"The coupon {coupon['id']} takes off {coupon['currency']} and cannot be used for {currency}."
        raise invalid(text, param="discounts")
    return coupon


def _coupon_of(sandbox: Sandbox, discount_id: str) -> Object:
    coupon: Object = sandbox.notes["discount_coupon"][discount_id]
    return coupon


def _new(sandbox: Sandbox, coupon: Object, *, customer: str, subscription: str | None, invoice: str | None) -> str:
    ends = None
    if coupon["duration"] == "repeating":
        months = {"interval": "month", "interval_count": coupon["duration_in_months"]}
        ends = period_at(sandbox.now, months, sandbox.now).end
    discount = fixture("discount") | {
        "id": sandbox.new_id("di"),
        "customer": customer,
        "end": ends,
        "invoice": invoice,
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": sandbox.now,
        "subscription": subscription,
    }
    coupon["times_redeemed"] += 1
    # The coupon may be deleted later; discounts already given keep it.
    sandbox.notes.setdefault("discount_coupon", {})[discount["id"]] = coupon
    sandbox.put("discount", discount)
    sandbox.emit("customer.discount.created", discount)
    return str(discount["id"])
