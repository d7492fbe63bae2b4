"""A customer's months worked out a second time, from the raw JSON alone, with nothing of the program's own code.

What goes in is what came from outside: the lines of the usage file and Stripe's objects as they were fetched. Rates are
typed from the providers' public price lists (US dollars per million tokens, October 2026).
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

Json = dict[str, Any]

# Model: input, cache read, cache write for five minutes, for an hour, output.
DOLLARS_PER_MILLION = {
    "claude-haiku-4-5": ("1", "0.10", "1.25", "2", "5"),
    "claude-sonnet-4-5": ("3", "0.30", "3.75", "6", "15"),
    "claude-sonnet-5-5": ("2", "0.10", "2.50", "4", "10"),
    "gpt-5.4-nano": ("0.20", "0.02", "0", "0", "1.25"),
    "gpt-5.4-mini": ("0.75", "0.075", "0", "0", "4.50"),
    "gpt-5.4 in a batch": ("1.25", "0.13", "0", "0", "7.50"),
    "gpt-5.5": ("5", "0.50", "0", "0", "30"),
}
LONG_CONTEXT = 200_000
"""From here on some models cost more; no call of the customers worked out here is that long."""


def cost_of_month(usage: Iterable[Json], customer: str, month: date) -> Fraction:
    """Return the dollars that a customer's calls of a month cost."""
    of_month = (line for line in usage if line.get("customer") == customer and line["at"][:7] == f"{month:%Y-%m}")
    return sum((_cost(line) for line in of_month), Fraction(0))


def _cost(line: Json) -> Fraction:
    model = line["model"] + (" in a batch" if line.get("context", {}).get("batch") else "")
    block = line["usage"]
    if line["provider"] == "anthropic":
        written = block["cache_creation"]
        counts = [
            block["input_tokens"],
            block["cache_read_input_tokens"],
            written["ephemeral_5m_input_tokens"],
            written["ephemeral_1h_input_tokens"],
        ]
    else:
        cached = block["input_tokens_details"]["cached_tokens"]
        counts = [block["input_tokens"] - cached, cached, 0, 0]
    assert sum(counts) < LONG_CONTEXT * line["calls"]
    rates = [Fraction(rate) for rate in DOLLARS_PER_MILLION[model]]
    return (
        sum((count * rate for count, rate in zip([*counts, block["output_tokens"]], rates, strict=True)), Fraction(0))
        / 1_000_000
    )


class Account:
    """Stripe's objects by kind and id, and what they say about one customer."""

    def __init__(self, objects: dict[str, dict[str, Json]], customer: str) -> None:
        self._objects = objects
        self._payer = next(
            each["id"] for each in objects["customer"].values() if each["metadata"].get("customer_id") == customer
        )

    def revenue_of_month(self, month: date) -> Fraction:
        """Return the dollars earned in a month: lines by the second, less discounts and credit notes."""
        start, end = _midnight(month), _midnight(following(month))
        earned = Fraction(0)
        for invoice in self._of_payer("invoice"):
            if invoice["status"] in {"draft", "void"}:
                continue
            rate = self._rate(invoice)
            for line in invoice["lines"]["data"]:
                discount = sum(each["amount"] for each in line["discount_amounts"])
                for cents in (line["amount"], -discount):
                    earned += (_until(line, cents, end) - _until(line, cents, start)) * rate / 100
            earned -= sum(
                (
                    (self._credited(note, invoice, end) - self._credited(note, invoice, start)) * rate / 100
                    for note in self._objects["credit_note"].values()
                    if note["invoice"] == invoice["id"]
                ),
                Fraction(0),
            )
        return earned

    def fees_of_month(self, month: date) -> Fraction:
        """Return the dollars that Stripe kept of the customer's payments and refunds in a month."""
        mine = {each["id"] for kind in ("charge", "refund") for each in self._of_payer(kind)}
        return sum(
            (
                Fraction(row["fee"], 100)
                for row in self._objects["balance_transaction"].values()
                if row["source"] in mine and _midnight(month) <= row["created"] < _midnight(following(month))
            ),
            Fraction(0),
        )

    def _of_payer(self, kind: str) -> list[Json]:
        if kind == "refund":
            charges = {each["id"] for each in self._of_payer("charge")}
            return [each for each in self._objects["refund"].values() if each["charge"] in charges]
        return [each for each in self._objects[kind].values() if each["customer"] == self._payer]

    def _rate(self, invoice: Json) -> Fraction:
        """Return the dollars for one unit of the invoice's currency, as its own payment was converted."""
        if invoice["currency"] == "usd":
            return Fraction(1)
        intents = {
            each["payment"]["payment_intent"]
            for each in self._objects["invoice_payment"].values()
            if each["invoice"] == invoice["id"]
        }
        (charge,) = (
            each
            for each in self._objects["charge"].values()
            if each["payment_intent"] in intents and each["status"] == "succeeded"
        )
        converted = self._objects["balance_transaction"][charge["balance_transaction"]]
        return Fraction(str(converted["exchange_rate"]))

    def _credited(self, note: Json, invoice: Json, instant: int) -> Fraction:
        """Return the cents taken back before an instant: nothing before the note's day, then by the lines' seconds."""
        noted_on = datetime.fromtimestamp(note["effective_at"] or note["created"], UTC).date()
        if _midnight(noted_on) >= instant:
            return Fraction(0)
        (credited,) = note["lines"]["data"]
        (line,) = invoice["lines"]["data"]
        return _until(line, credited["amount"], instant)


def _until(line: Json, cents: int, instant: int) -> Fraction:
    """Return the whole cents of an amount that are earned before an instant, half-even."""
    start, end = line["period"]["start"], line["period"]["end"]
    if end <= start:
        return Fraction(cents if start < instant else 0)
    return Fraction(round(Fraction(cents * (min(max(instant, start), end) - start), end - start)))


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def following(month: date) -> date:
    """Return the first day of the next month."""
    return (month + timedelta(days=31)).replace(day=1)
