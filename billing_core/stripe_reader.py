"""Reads the fields of one Stripe object, and names the object and the field where one is not as it must be."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from billing_core.errors import StripeObjectUnreadableError

Raw = Mapping[str, Any]
"""An object as billing_core/stripe_json.py reads it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_MAX = 253_402_300_799
"""The last second of the year 9999."""


def id_of(reference: object) -> str | None:
    """Return the id of a reference, which is the id itself, or the whole object where it was expanded."""
    if isinstance(reference, Mapping):
        reference = reference.get("id")
    return reference if isinstance(reference, str) and reference else None


def listing(value: object) -> Sequence[Any]:
    """Return a list, or an empty one where there is none."""
    return value if isinstance(value, list) else ()


def mapping(value: object) -> Raw:
    """Return an object, or an empty one where there is none."""
    return value if isinstance(value, Mapping) else {}


class ObjectReader:
    """Reads one object's fields and names it when one is not as it must be."""

    def __init__(self, kind: str, raw: Raw, *, whole: "ObjectReader | None" = None) -> None:
        self.kind = kind
        self.raw = raw
        self.object_id: str = whole.object_id if whole is not None else str(raw.get("id"))

    def inside(self, raw: object) -> "ObjectReader":
        """Return a reader of an object inside this one."""
        return ObjectReader(self.kind, raw if isinstance(raw, Mapping) else {}, whole=self)

    def text(self, name: str) -> str:
        """Return a text that must be there."""
        value = self.raw.get(name)
        if not isinstance(value, str):
            raise self.unreadable(name)
        return value

    def reference(self, *names: str) -> str:
        """Return the first of these references that is set."""
        for name in names:
            if (found := id_of(self.raw.get(name))) is not None:
                return found
        raise self.unreadable(names[0])

    def whole(self, name: str) -> int:
        """Return a whole number that must be there."""
        value = self.raw.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.unreadable(name)
        return value

    def instant(self, name: str) -> datetime:
        """Return an instant, which Stripe writes as seconds since 1970, that must be there."""
        seconds = self.whole(name)
        if not 0 <= seconds <= _SECONDS_MAX:
            raise self.unreadable(name)
        return _EPOCH + timedelta(seconds=seconds)

    def instant_or_none(self, name: str) -> datetime | None:
        """Return an instant, or None where there is none."""
        return None if self.raw.get(name) is None else self.instant(name)

    def text_or_none(self, name: str) -> str | None:
        """Return a text, or None where it is absent or empty."""
        return None if not self.raw.get(name) else self.text(name)

    def whole_or_none(self, name: str) -> int | None:
        """Return a whole number, or None where there is none."""
        return None if self.raw.get(name) is None else self.whole(name)

    def decimal_or_none(self, name: str) -> Decimal | None:
        """Return an exact number, which Stripe writes as a number or, in fields named `_decimal`, as text."""
        value = self.raw.get(name)
        if value is None:
            return None
        try:
            exact = Decimal(value) if isinstance(value, str | int | Decimal) else None
        except InvalidOperation:
            exact = None
        if exact is None or not exact.is_finite():
            raise self.unreadable(name)
        return exact

    def sum_of(self, name: str) -> int:
        """Return the sum of the amounts in a list of amounts; 0 without a list."""
        return sum(self.inside(each).whole("amount") for each in listing(self.raw.get(name)))

    def listed(self, name: str) -> "list[ObjectReader]":
        """Return the members of a nested list, which must be there as a whole."""
        nested = self.raw.get(name)
        if not isinstance(nested, Mapping) or nested.get("has_more") or not isinstance(nested.get("data"), list):
            raise self.unreadable(name)
        return [self.inside(each) for each in nested["data"]]

    def unreadable(self, name: str) -> StripeObjectUnreadableError:
        """Return the refusal that names this object and one of its fields."""
        return StripeObjectUnreadableError(self.kind, self.object_id, field=name)
