"""Currencies: digits, steps and smallest charges as Stripe's API counts them, and which codes are currencies at all."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from billing_core.errors import AmountStepError, AmountTooSmallError, InvalidCurrencyError

UNPUBLISHED_NOTE = "not in Stripe's published list: exponent 2, step 1 and no smallest charge are assumed"


@dataclass(frozen=True, slots=True)
class Currency:
    """What the API's whole minor units of one currency mean."""

    code: str
    """ISO 4217, lower case, as Stripe writes it."""
    exponent: int
    """Digits between the major unit and the minor unit that the API takes: 0, 2 or 3."""
    step: int
    """An amount in minor units is a multiple of this."""
    minimum_minor: int | None
    """The smallest charge; None where none is published."""
    note: str


def currency(code: str) -> Currency:
    """Return the currency of an ISO 4217 code, whatever its case.

    A real code without an entry of its own in Stripe's list gets exponent 2, step 1 and no minimum (currencies.csv says
    so). Raises InvalidCurrencyError for anything else.
    """
    known = known_currencies()
    # `isascii` first: the Kelvin sign would become a plain k in lower case.
    found = known.get(code) or (known.get(code.lower()) if code.isascii() else None)
    if found is None:
        raise InvalidCurrencyError(code)
    return found


def require_chargeable(amount_minor: int, code: str) -> None:
    """Refuse an amount that cannot be charged: off the currency's step, or below its smallest charge.

    0 passes, because nothing is collected then. Stripe compares the smallest charge in the settlement currency, after
    conversion: call this with the amount in that currency.
    """
    its = currency(code)
    if amount_minor % its.step:
        raise AmountStepError(amount_minor, its.code, step=its.step)
    minimum_minor = its.minimum_minor or 0
    if amount_minor < minimum_minor and amount_minor != 0:
        raise AmountTooSmallError(amount_minor, its.code, minimum_minor=minimum_minor)


@cache
def known_currencies() -> Mapping[str, Currency]:
    """Return every currency that Marginbook bills in, by its lower-case code; read once from the two lists."""
    assumed = {
        row["currency"]: Currency(row["currency"], exponent=2, step=1, minimum_minor=None, note=UNPUBLISHED_NOTE)
        for row in _rows("iso_4217.csv")
    }
    published = {
        row["currency"]: Currency(
            row["currency"],
            exponent=int(row["api_exponent"]),
            step=int(row["amount_step"]),
            minimum_minor=int(row["min_charge_api_amount"]) if row["min_charge_api_amount"] else None,
            note=row["note"],
        )
        for row in _rows("currencies.csv")
    }
    return MappingProxyType(dict(sorted((assumed | published).items())))


def _rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of one of the lists beside this file, without the notes above its header."""
    text = files("billing_core").joinpath(name).read_text(encoding="utf-8")
    yield from csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
