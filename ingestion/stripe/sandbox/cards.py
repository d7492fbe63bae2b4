"""Test cards: which token or number behaves how when it is charged.

Besides Stripe's own tokens and numbers there is a grammar, so that every decline code is reachable, in steps:

    pm_card_chargeDeclined_<decline code>                          declines every payment
    pm_card_declinesFirst2_chargeDeclined_<decline code>           declines twice, then succeeds
    pm_card_succeedsFirst5_chargeDeclined_<decline code>           succeeds five times, then declines (cards expire)
    pm_card_succeedsFirst5_declinesFirst2_chargeDeclined_<code>    succeeds five times, declines twice, then succeeds

`tok_…` names the same cards as `pm_card_…`. Unlike at Stripe, a card that declines can always be attached.
The decline codes are those of decline_codes.csv (source in the file's head).
"""

import csv
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from ingestion.stripe.sandbox.state import Object, Sandbox

DECLINED = "card_declined"
OWN_ERROR_CODES = {
    "expired_card",
    "incorrect_cvc",
    "incorrect_number",
    "incorrect_zip",
    "invalid_cvc",
    "invalid_expiry_month",
    "invalid_expiry_year",
    "invalid_number",
    "processing_error",
    "authentication_required",
}
"""Declines whose error has a code of its own; every other one is card_declined with its reason as the decline code."""

ADVICE = {
    "hard": "do_not_try_again",
    "hard_mask": "do_not_try_again",
    "retry": "try_again_later",
    "retry_later": "try_again_later",
    "fix_data": "confirm_card_data",
}
"""Which advice an issuer gives with a decline of each class; issuers give none with the other classes."""


class Course(StrEnum):
    """What becomes of a refund to a card, instead of succeeding at once."""

    PENDING = "pending"
    FAILS = "fails"


class Contest(StrEnum):
    """What becomes of a payment that the cardholder contests."""

    LOST = "lost"
    WON = "won"
    INQUIRY = "warning_closed"


@dataclass(frozen=True, slots=True)
class Decline:
    """Why an issuer declines, and whether Stripe ever tries the same card again."""

    code: str
    is_final: bool
    advice_code: str | None

    @property
    def error_code(self) -> str:
        """The `code` of the error and of the failed charge."""
        return self.code if self.code in OWN_ERROR_CODES else DECLINED


@dataclass(frozen=True, slots=True)
class Card:
    """A test card: what is printed on it, and what happens when it is charged for the nth time."""

    brand: str = "visa"
    last4: str = "4242"
    country: str = "US"
    funding: str = "credit"
    decline: Decline | None = None
    succeeds_first: int = 0
    declines_first: int | None = None
    """How often it declines before it succeeds again; None: from then on always."""
    contest: Contest | None = None
    contest_reason: str = "fraudulent"
    refund: Course | None = None

    def decline_at(self, uses: int) -> Decline | None:
        """Return why the next payment is declined after so many uses, or None where it succeeds."""
        if self.decline is None or uses < self.succeeds_first:
            return None
        if self.declines_first is not None and uses >= self.succeeds_first + self.declines_first:
            return None
        return self.decline


BRANDS = {
    "visa": Card(),
    "visa_debit": Card(last4="5556", funding="debit"),
    "mastercard": Card("mastercard", "4444"),
    "mastercard_debit": Card("mastercard", "8210", funding="debit"),
    "amex": Card("amex", "8431"),
    "discover": Card("discover", "1117"),
    "jcb": Card("jcb", "0505"),
    "gb": Card(last4="0000", country="GB"),
    "de": Card(last4="0016", country="DE"),
    "fr": Card(last4="0003", country="FR"),
    "nl": Card(last4="0008", country="NL"),
    "ch": Card(last4="0009", country="CH"),
    "jp": Card("jcb", "0003", country="JP"),
    "ca": Card(last4="0000", country="CA"),
    "au": Card(last4="0006", country="AU"),
    "in": Card(last4="0008", country="IN"),
    "se": Card(last4="0003", country="SE"),
    "createDispute": Card(last4="0259", contest=Contest.LOST),
    "createDisputeWon": Card(last4="0259", contest=Contest.WON),
    "createDisputeProductNotReceived": Card(last4="2685", contest=Contest.LOST, contest_reason="product_not_received"),
    "createDisputeInquiry": Card(last4="1976", contest=Contest.INQUIRY),
    "pendingRefund": Card(last4="7726", refund=Course.PENDING),
    "refundFail": Card(last4="5126", refund=Course.FAILS),
}

DECLINING = {
    "chargeDeclined": ("0002", "generic_decline"),
    "visa_chargeDeclined": ("0002", "generic_decline"),
    "chargeCustomerFail": ("0341", "generic_decline"),
    "chargeDeclinedInsufficientFunds": ("9995", "insufficient_funds"),
    "visa_chargeDeclinedInsufficientFunds": ("9995", "insufficient_funds"),
    "visa_chargeDeclinedLostCard": ("9987", "lost_card"),
    "visa_chargeDeclinedStolenCard": ("9979", "stolen_card"),
    "chargeDeclinedExpiredCard": ("0069", "expired_card"),
    "chargeDeclinedIncorrectCvc": ("0127", "incorrect_cvc"),
    "chargeDeclinedProcessingError": ("0119", "processing_error"),
    "chargeDeclinedFraudulent": ("0019", "fraudulent"),
    "visa_chargeDeclinedVelocityLimitExceeded": ("6975", "card_velocity_exceeded"),
    "radarBlock": ("0019", "highest_risk_level"),
}

NUMBERS = {
    "4242424242424242": "visa",
    "4000056655665556": "visa_debit",
    "5555555555554444": "mastercard",
    "378282246310005": "amex",
    "4000008260000000": "gb",
    "4000002760000016": "de",
    "4000000000000259": "createDispute",
    "4000000000002685": "createDisputeProductNotReceived",
    "4000000000001976": "createDisputeInquiry",
    "4000000000007726": "pendingRefund",
    "4000000000005126": "refundFail",
    "4000000000000002": "chargeDeclined",
    "4000000000000341": "chargeCustomerFail",
    "4000000000009995": "chargeDeclinedInsufficientFunds",
    "4000000000009987": "visa_chargeDeclinedLostCard",
    "4000000000009979": "visa_chargeDeclinedStolenCard",
    "4000000000000069": "chargeDeclinedExpiredCard",
    "4000000000000127": "chargeDeclinedIncorrectCvc",
    "4000000000000119": "chargeDeclinedProcessingError",
    "4000000000004954": "radarBlock",
    "4000000000006975": "visa_chargeDeclinedVelocityLimitExceeded",
}

_GRAMMAR = re.compile(r"(?:succeedsFirst(\d{1,4})_)?(?:declinesFirst(\d{1,4})_)?chargeDeclined_([a-z_]+)")


@cache
def declines() -> dict[str, Decline]:
    """Return every decline code with what follows from it, as decline_codes.csv lists them."""
    text = files(__package__).joinpath("decline_codes.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {
        row["decline_code"]: Decline(
            row["decline_code"],
            is_final=row["stripe_never_executes_auto_retry"] == "1",
            advice_code=ADVICE.get(row["our_class"]),
        )
        for row in rows
    }


def card_named(name: str) -> Card | None:
    """Return the card of a token such as `pm_card_visa` or `tok_visa`, or None for one that does not exist."""
    if not name.startswith(("pm_card_", "tok_")):
        return None
    kind = name.removeprefix("pm_card_").removeprefix("tok_")
    if kind in BRANDS:
        return BRANDS[kind]
    if kind in DECLINING:
        last4, code = DECLINING[kind]
        return Card(last4=last4, decline=declines()[code])
    asked = _GRAMMAR.fullmatch(kind)
    if asked is None or asked[3] not in declines():
        return None
    declines_first = int(asked[2]) if asked[2] else None
    return Card(
        last4="0341",
        decline=declines()[asked[3]],
        succeeds_first=int(asked[1] or 0),
        declines_first=declines_first,
    )


def card_numbered(number: str) -> Card | None:
    """Return the card of a test number, or None for one that is no test card."""
    kind = NUMBERS.get(number.replace(" ", ""))
    return None if kind is None else replace(_named(kind), last4=number.replace(" ", "")[-4:])


def remember(sandbox: Sandbox, payment_method_id: str, card: Card) -> None:
    """Keep how a payment method behaves: Stripe's object does not show it."""
    sandbox.notes.setdefault("card", {})[payment_method_id] = card


def card_of(sandbox: Sandbox, payment_method_id: str) -> Card:
    """Return the card behind a payment method; one that nobody described is a plain Visa."""
    card: Card = sandbox.notes.get("card", {}).get(payment_method_id, BRANDS["visa"])
    return card


def next_decline(sandbox: Sandbox, payment_method_id: str) -> Decline | None:
    """Return why the next payment by a payment method will be declined, or None where it will succeed."""
    uses: int = sandbox.notes.get("card_uses", {}).get(payment_method_id, 0)
    return card_of(sandbox, payment_method_id).decline_at(uses)


def count_use(sandbox: Sandbox, payment_method_id: str) -> None:
    """Count one payment, successful or not, by a payment method."""
    uses = sandbox.notes.setdefault("card_uses", {})
    uses[payment_method_id] = uses.get(payment_method_id, 0) + 1


def details(card: Card, *, exp_month: int = 12, exp_year: int = 2034) -> dict[str, Any]:
    """Return what a charge shows of the card that paid it."""
    shown: Object = {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": card.country,
        "exp_month": exp_month,
        "exp_year": exp_year,
        "fingerprint": f"{card.brand}{card.last4}",
        "funding": card.funding,
        "last4": card.last4,
        "network": card.brand,
    }
    return shown


def _named(kind: str) -> Card:
    card = card_named(f"pm_card_{kind}")
    if card is None:
        raise KeyError(f"The table of numbers names a card that does not exist: {kind}")
    return card
