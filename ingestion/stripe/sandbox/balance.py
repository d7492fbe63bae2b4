"""The account's balance: what each payment, refund and dispute moved, in US dollars, and what Stripe took for it."""

import csv
import json
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from billing_core import currencies
from ingestion.stripe.sandbox import cards
from ingestion.stripe.sandbox.amounts import BASIS_POINTS, half_up, share
from ingestion.stripe.sandbox.cycles import DAY, instant, month_of, next_month
from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.listing import page
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox

KIND = "balance_transaction"
SETTLEMENT = "usd"
HOME_COUNTRY = "US"
AVAILABLE_AFTER = 2 * DAY

# Stripe's published US prices of 2026; a dispute won gives the amount back, not this fee.
CARD_BASIS_POINTS = 290
CARD_FIXED_MINOR = 30
INTERNATIONAL_BASIS_POINTS = 150
CONVERSION_BASIS_POINTS = 100
BILLING_BASIS_POINTS = 70
DISPUTE_FEE_MINOR = 1_500


class Settled(NamedTuple):
    """An amount in the balance's currency, and the rate by which it came there (None: it was in it)."""

    amount_minor: int
    exchange_rate: Decimal | None


@cache
def exchange_rates() -> dict[tuple[int, str], Decimal]:
    """Return US dollars for one unit of a currency, by calendar month (1 to 12) and currency."""
    text = files(__package__).joinpath("exchange_rates.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {
        (int(row["month"]), currency): Decimal(rate)
        for row in rows
        for currency, rate in row.items()
        if currency != "month"
    }


def settled(amount_minor: int, currency: str, at: int) -> Settled:
    """Convert an amount into the balance's currency at the month's rate; refuse a currency without one."""
    if currency == SETTLEMENT:
        return Settled(amount_minor, None)
    rate = exchange_rates().get((instant(at).month, currency))
    if rate is None:
        raise invalid(f"The sandbox has no exchange rate for {currency}: use one of its currencies.", param="currency")
    digits = currencies.currency(SETTLEMENT).exponent - currencies.currency(currency).exponent
    return Settled(half_up(amount_minor * Fraction(rate) * Fraction(10) ** digits), rate)


def payment_fees(amount_minor: int, *, is_international: bool, is_converted: bool) -> list[Object]:
    """Return Stripe's fees on a payment of so many US cents: 2.9 % + 30, abroad 1.5 %, for another currency 1 %."""
    found = [("Stripe processing fees", share(amount_minor, CARD_BASIS_POINTS, BASIS_POINTS) + CARD_FIXED_MINOR)]
    if is_international:
        found.append(("International card fee", share(amount_minor, INTERNATIONAL_BASIS_POINTS, BASIS_POINTS)))
    if is_converted:
        found.append(("Currency conversion fee", share(amount_minor, CONVERSION_BASIS_POINTS, BASIS_POINTS)))
    return [_fee(text, amount) for text, amount in found]


def book_charge(sandbox: Sandbox, charge: Object) -> Object:
    """Book a successful payment with its fees."""
    came = settled(charge["amount"], charge["currency"], sandbox.now)
    country = cards.card_of(sandbox, charge["payment_method"]).country
    fees = payment_fees(
        came.amount_minor,
        is_international=country != HOME_COUNTRY,
        is_converted=came.exchange_rate is not None,
    )
    _count_volume(sandbox, came.amount_minor)
    return _book(sandbox, "charge", came, source=charge["id"], fees=fees, description=charge["description"])


def book_refund(sandbox: Sandbox, refund: Object) -> Object:
    """Book a refund: the money goes, the payment's fee does not come back."""
    went = settled(-refund["amount"], refund["currency"], sandbox.now)
    return _book(sandbox, "refund", went, source=refund["id"], description="REFUND FOR CHARGE")


def book_refund_failure(sandbox: Sandbox, refund: Object) -> Object:
    """Book a refund that failed: exactly what had gone comes back, whatever the rate is by now."""
    went = sandbox.get(KIND, refund["balance_transaction"])
    return _book(sandbox, "refund_failure", _reversed(went), source=refund["id"], description="REFUND FAILURE")


def book_dispute(sandbox: Sandbox, dispute: Object) -> Object:
    """Book a dispute as it opens: its amount is withdrawn and its fee taken, in one row."""
    went = settled(-dispute["amount"], dispute["currency"], sandbox.now)
    fees = [_fee("Dispute fee", DISPUTE_FEE_MINOR)]
    text = f"Chargeback withdrawal for {dispute['charge']}"
    return _book(sandbox, "adjustment", went, category="dispute", source=dispute["id"], fees=fees, description=text)


def book_dispute_won(sandbox: Sandbox, dispute: Object) -> Object:
    """Book a dispute won: exactly what was withdrawn comes back, whatever the rate is by now."""
    back = _reversed(dispute["balance_transactions"][0])
    text = f"Chargeback reversal for {dispute['charge']}"
    return _book(sandbox, "adjustment", back, category="dispute_reversal", source=dispute["id"], description=text)


def bill_month(sandbox: Sandbox, month: str) -> None:
    """Book Stripe Billing's own fee on a month's paid volume, as a row of its own on the first of the next."""
    volume: int = sandbox.notes["billing_volume"][month]
    fee = share(volume, BILLING_BASIS_POINTS, BASIS_POINTS)
    if fee:
        text = f"Billing - Usage Fee ({month})"
        _book(sandbox, "stripe_fee", Settled(-fee, None), category="fee", source=None, description=text)


def make_available(sandbox: Sandbox, transaction_id: str) -> None:
    """Let a booked amount become available."""
    sandbox.get(KIND, transaction_id)["status"] = "available"


@route(
    "GET",
    "/v1/balance_transactions",
    takes=("created", "ending_before", "limit", "starting_after", "type", "source", "currency"),
)
def list_balance_transactions(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List the balance's movements."""
    rows = sandbox.objects(KIND).values()
    return page(rows, params, "/v1/balance_transactions", equal=("type", "source", "currency"))


@route("GET", "/v1/balance_transactions/{id}")
def retrieve_balance_transaction(sandbox: Sandbox, _params: dict[str, Any], transaction_id: str) -> Object:
    """Return one movement."""
    return sandbox.get(KIND, transaction_id)


def _reversed(row: Object) -> Settled:
    rate = row["exchange_rate"]
    return Settled(-row["amount"], None if rate is None else Decimal(str(rate)))


def _book(
    sandbox: Sandbox,
    kind: str,
    moved: Settled,
    *,
    source: str | None,
    description: str | None,
    category: str | None = None,
    fees: list[Object] | None = None,
) -> Object:
    fee = sum(each["amount"] for each in fees or [])
    row = fixture(KIND) | {
        "id": sandbox.new_id("txn"),
        "amount": moved.amount_minor,
        "available_on": sandbox.now + AVAILABLE_AFTER,
        "created": sandbox.now,
        "currency": SETTLEMENT,
        "description": description,
        # JSON carries the rate as a plain number.
        "exchange_rate": None if moved.exchange_rate is None else json.loads(str(moved.exchange_rate)),
        "fee": fee,
        "fee_details": fees or [],
        "net": moved.amount_minor - fee,
        "reporting_category": category or kind,
        "source": source,
        "status": "pending",
        "type": kind,
        "balance_type": "payments",
    }
    sandbox.agenda.note(row["available_on"], KIND, row["id"])
    return sandbox.put(KIND, row)


def _fee(description: str, amount_minor: int) -> Object:
    return {
        "amount": amount_minor,
        "application": None,
        "currency": SETTLEMENT,
        "description": description,
        "type": "stripe_fee",
    }


def _count_volume(sandbox: Sandbox, amount_minor: int) -> None:
    """Add a payment to its month's volume; the first one has the month billed at its end."""
    volumes = sandbox.notes.setdefault("billing_volume", {})
    month = month_of(sandbox.now)
    if month not in volumes:
        volumes[month] = 0
        sandbox.agenda.note(next_month(sandbox.now), "billing_month", month)
    volumes[month] += amount_minor
