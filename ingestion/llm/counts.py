"""How counts, parts of counts and costs are read from a provider's JSON, and what is refused."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from billing_core.errors import InvalidFieldError, ReportedCostInvalidError, TokenPartsExceedTotalError
from billing_core.usage import TOKENS_MAX, checked_count

COST_USD_MAX = 1_000_000
"""The most one event can cost: int64 pico-USD holds nine times as much."""

_PICO_DIGITS = 12
_EMPTY: Mapping[str, Any] = {}


def count(block: Mapping[str, Any], field: str, count_max: int = TOKENS_MAX) -> int:
    """Read a count; absent or null is 0."""
    value = block.get(field)
    if value is None:
        return 0
    if type(value) is int and 0 <= value <= count_max:
        return value
    return checked_count(field, value, count_max)


def first_count(block: Mapping[str, Any], *fields: str) -> int:
    """Read the first of several fields that is there; gateways copy one count under several names."""
    for field in fields:
        if block.get(field) is not None:
            return count(block, field)
    return 0


def inner(block: Mapping[str, Any], *fields: str) -> Mapping[str, Any]:
    """Return the object in the first of several fields that is there; empty if none is."""
    for field in fields:
        value = block.get(field)
        if value is not None:
            if not isinstance(value, Mapping):
                raise InvalidFieldError(field, "is no object", do="send the usage block as the API returned it")
            return value
    return _EMPTY


def items(block: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    """Return the list of objects in a field; empty if it is not there."""
    value = block.get(field)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise InvalidFieldError(field, "is no list of objects", do="send the usage block as the API returned it")
    return value


def word(block: Mapping[str, Any], field: str) -> str:
    """Read a word; absent or null is empty."""
    value = block.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidFieldError(field, "is no text", do='write it in quotes, such as "default"')
    return value


def rest(total: int, total_name: str, parts: int, parts_name: str) -> int:
    """Return what is left of a total beside its parts; more parts than total is refused."""
    if parts > total:
        raise TokenPartsExceedTotalError(part=parts_name, part_count=parts, total=total_name, total_count=total)
    return total - parts


def reported_pico_usd(value: object, field: str) -> int | None:
    """Read a cost in USD that a provider reported as whole pico-USD, half-even; absent is None.

    3.03e-05 is exactly 30,300,000: a float is taken as the shortest decimal that means it, which is what was sent.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise ReportedCostInvalidError(field, value)
    try:
        usd = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation as error:
        raise ReportedCostInvalidError(field, value) from error
    if not usd.is_finite() or not 0 <= usd <= COST_USD_MAX:
        raise ReportedCostInvalidError(field, value)
    if usd.as_tuple().exponent >= -_PICO_DIGITS:  # type: ignore[operator]  # finite: the exponent is a number
        return int(usd.scaleb(_PICO_DIGITS))
    return int(usd.quantize(Decimal(1).scaleb(-_PICO_DIGITS)).scaleb(_PICO_DIGITS))
