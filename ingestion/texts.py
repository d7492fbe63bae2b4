"""Which texts of a row are kept: names, short words and tags that can be stored; never the content of a call."""

import json
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from billing_core.errors import UsageRowError

NAME_MAX = 200
"""Characters of a customer's, product's, feature's, model's or key's name."""

WORD_MAX = 64
"""Characters of a tier's, speed's, region's or tag's name."""

TAGS_MAX = 50
"""Tags of one event."""

BLOCK_CHARS_MAX = 8_000
"""A longer usage block is counted, but not kept."""

_BLOCK_DEPTH_MAX = 6
_BLOCK_ITEMS_MAX = 50
_JOINERS = frozenset("\u200c\u200d")  # Persian, Hindi and emoji are written with them.
_UNSTORABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_WORD = re.compile(rf"[\w.:/+-]{{1,{WORD_MAX}}}", re.ASCII)
_WRAPPINGS = ("usage", "usageMetadata", "usage_metadata", "usage_info", "response", "meta")
_BLOCK_WORDS = frozenset(
    {
        "inference_geo",
        "modality",
        "model",
        "modelVersion",
        "model_version",
        "search_context_size",
        "serviceTier",
        "service_tier",
        "speed",
        "traffic_type",
        "trafficType",
        "ttl",
        "type",
    }
)
"""Fields of a usage block whose words are kept; every other text could be content and is left out."""


def is_name(text: str, length_max: int = NAME_MAX) -> bool:
    """Whether a text can be stored and read as a name: not empty, no control characters, no halves of characters."""
    if not 0 < len(text) <= length_max:
        return False
    return text.isprintable() or all(
        character in _JOINERS or unicodedata.category(character) not in _UNSTORABLE for character in text
    )


def printable(text: str) -> str:
    """Return a text that can be shown and stored, such as a file's name, with everything else written out."""
    return "".join(character if is_name(character) else ascii(character)[1:-1] for character in text)


def parsed_json(text: str) -> Any:
    """Read JSON as its standard says, with exact decimals; raise ValueError or RecursionError for what is none."""
    return _DECODER.decode(text)


def tags_text(tags: Any) -> str:
    """Return tags as JSON text with sorted names, or refuse what is no object of short texts."""
    if (
        not isinstance(tags, dict)
        or len(tags) > TAGS_MAX
        or not all(is_name(name, WORD_MAX) and _is_tag(value) for name, value in tags.items())
    ):
        raise UsageRowError("tags", 'The field \'tags\' is no object of short texts, such as {"team": "search"}.')
    return json.dumps(tags, sort_keys=True)


def block_text(usage: Mapping[str, Any]) -> str | None:
    """Return a usage block as JSON, of counts and known words only; of a whole response, only its block."""
    block = usage
    while (inner := next((block[name] for name in _WRAPPINGS if type(block.get(name)) is dict), None)) is not None:
        block = inner
    text = _ENCODER.encode(_counts_and_words(block, depth=1))
    return text if len(text) <= BLOCK_CHARS_MAX else None


def _is_tag(value: Any) -> bool:
    return is_name(value) if isinstance(value, str) else isinstance(value, int) and abs(value) < 10**18


def _counts_and_words(block: Mapping[str, Any], *, depth: int) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in block.items():
        if not _WORD.fullmatch(name):
            continue
        kind = type(value)
        if kind is int or kind is bool or kind is Decimal:
            kept[name] = value
        elif kind is str:
            if name in _BLOCK_WORDS and _WORD.fullmatch(value):
                kept[name] = value
        elif depth < _BLOCK_DEPTH_MAX and kind is dict:
            kept[name] = _counts_and_words(value, depth=depth + 1)
        elif depth < _BLOCK_DEPTH_MAX and kind is list:
            # A list of bare numbers may be a prompt's tokens.
            objects = [item for item in value[:_BLOCK_ITEMS_MAX] if type(item) is dict]
            if objects:
                kept[name] = [_counts_and_words(item, depth=depth + 1) for item in objects]
    return kept


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as failure:
        raise ValueError("a number is beyond all bounds") from failure


_DECODER = json.JSONDecoder(parse_float=_decimal, parse_constant=_no_number)
_ENCODER = json.JSONEncoder(default=str, separators=(",", ":"))
