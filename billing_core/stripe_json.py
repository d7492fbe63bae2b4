"""Stripe's JSON as text and as values: decimals stay exact, and one state has one canonical form and hash."""

import hashlib
import json
import re
from decimal import Decimal
from typing import Any

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_MARK = "\u0000"
_MARKED = re.compile(r'"\\u0000([-0-9.]+)"')

LINKS = frozenset({"hosted_invoice_url", "invoice_pdf", "receipt_url", "pdf"})
"""Fields that Stripe signs anew at each fetch: what only differs in them is the same state."""


def parse(body: str) -> Any:
    """Return the values of a JSON text; numbers with a decimal point are exact Decimals, never floats.

    U+0000, which PostgreSQL keeps in no text, becomes U+FFFD.
    """
    without_nul = _NUL.sub(r"\1\\ufffd", body) if "\\u0000" in body else body
    return json.loads(without_nul, parse_float=Decimal)


def canonical(values: Any) -> str:
    """Return the JSON text of values as `parse` gives them: keys sorted, no blanks, decimals digit by digit."""
    marked = json.dumps(values, sort_keys=True, separators=(",", ":"), default=_marked)
    # json writes Decimals as nothing else than text; the mark, which parse() lets no text have, takes the quotes off.
    return _MARKED.sub(r"\1", marked) if "\\u0000" in marked else marked


def state_hash(raw: dict[str, Any]) -> bytes:
    """Return the SHA-256 of an object's state, its fleeting links left out."""
    lasting = {name: value for name, value in raw.items() if name not in LINKS}
    return hashlib.sha256(canonical(lasting).encode()).digest()


def _marked(value: object) -> str:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} is no value of JSON")
    # Without zeros at the end, so that 0.90 and 0.9 are one state.
    plain = format(value, "f")
    return _MARK + (plain.rstrip("0").rstrip(".") if "." in plain else plain)
