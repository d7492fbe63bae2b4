"""The fields of a `calc` question: reads each as its type, or says in one sentence what it should have been."""

import re
from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from types import NoneType
from typing import Any, TypeVar

from billing_core.errors import InvalidFieldError
from billing_core.periods import YEAR_MAX, YEAR_MIN, time_zone_named

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL = re.compile(r"-?[0-9]{1,50}(\.[0-9]{1,50})?")
_KINDS: dict[type, str] = {
    bool: "a yes or no",
    int: "a bare number",
    Decimal: "a number with a decimal point or an exponent",
    str: "a text",
    list: "a list",
    dict: "an object",
    NoneType: "null",
}
"""What JSON can hold, in a person's words."""

Choice = TypeVar("Choice", bound=StrEnum)

_INSTANT_EXAMPLE = 'write an instant such as "2026-01-31T09:30:00Z"'


def text_field(line: Mapping[str, Any], field: str) -> str:
    """Read a text that must be there."""
    value = _required(line, field)
    if not isinstance(value, str):
        raise InvalidFieldError(field, f"is {_kind(value)}", do="write a text in quotes")
    return value


def whole_field(line: Mapping[str, Any], field: str) -> int:
    """Read a whole number that must be there; 10.0 is none, because a float may have lost its last digits."""
    return _whole(_required(line, field), field)


def list_field(line: Mapping[str, Any], field: str) -> list[Any]:
    """Read a list that must be there."""
    value = _required(line, field)
    if not isinstance(value, list):
        raise InvalidFieldError(field, f"is {_kind(value)}", do="write a list in square brackets")
    return value


def decimals_field(line: Mapping[str, Any], field: str) -> list[Decimal | int]:
    """Read a list of numbers: whole ones as they are, others as text."""
    return [_decimal(value, f"{field}[{index}]") for index, value in enumerate(list_field(line, field))]


def instant_field(line: Mapping[str, Any], field: str) -> datetime:
    """Read an instant with its offset from UTC, which must be there."""
    text = text_field(line, field)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidFieldError(field, f"is no instant ({text[:40]!r})", do=_INSTANT_EXAMPLE) from error
    if instant.tzinfo is None:
        raise InvalidFieldError(field, f"has no offset from UTC ({text[:40]!r})", do=_INSTANT_EXAMPLE)
    if not YEAR_MIN <= instant.year <= YEAR_MAX:
        raise InvalidFieldError(
            field, f"is in the year {instant.year}", do=f"keep to the years {YEAR_MIN} to {YEAR_MAX}"
        )
    return instant


def date_or_instant_field(line: Mapping[str, Any], field: str) -> date | datetime:
    """Read a calendar date such as 2026-01-31, or an instant."""
    text = text_field(line, field)
    if not _DATE.fullmatch(text):
        return instant_field(line, field)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidFieldError(field, f"is no day of the calendar ({text!r})", do="choose one that exists") from error


def local_date_field(line: Mapping[str, Any], field: str, time_zone: tzinfo) -> date:
    """Read a calendar date, or an instant as the date that it is in the time zone."""
    moment = date_or_instant_field(line, field)
    return moment.astimezone(time_zone).date() if isinstance(moment, datetime) else moment


def time_zone_field(line: Mapping[str, Any], field: str) -> tzinfo | None:
    """Read a time zone's name; None where none is given."""
    return None if line.get(field) is None else time_zone_named(text_field(line, field))


def choice_field(line: Mapping[str, Any], field: str, choices: type[Choice]) -> Choice:
    """Read one of the words of an enumeration, which must be there."""
    text = text_field(line, field)
    if text not in list(choices):
        raise InvalidFieldError(field, f"is {text[:40]!r}", do=f"choose one of {', '.join(choices)}")
    return choices(text)


def _required(line: Mapping[str, Any], field: str) -> Any:
    value = line.get(field)
    if value is None:
        raise InvalidFieldError(field, "is missing", do="add it to the line")
    return value


def _whole(value: Any, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidFieldError(field, f"is {_kind(value)}", do="write a whole number, bare and without a point")
    return value


def _decimal(value: Any, field: str) -> Decimal | int:
    """Read a whole number, or a decimal number written as text."""
    if isinstance(value, Decimal):
        raise InvalidFieldError(field, f"is {_kind(value)}", do='write it in quotes, such as "0.25"')
    if not isinstance(value, str):
        return _whole(value, field)
    if not _DECIMAL.fullmatch(value):
        raise InvalidFieldError(
            field, f"is no plain decimal number ({value[:40]!r})", do='write digits, such as "0.25"'
        )
    return Decimal(value)


def _kind(value: Any) -> str:
    """Say in a person's words what was found."""
    kind = _KINDS[type(value)]
    return f"{kind} ({str(value)[:40]})" if isinstance(value, int | Decimal | str) else kind
