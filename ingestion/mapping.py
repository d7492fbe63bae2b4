"""How the columns of somebody's own file become the fields of a usage event: a small TOML file."""

import codecs
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from billing_core.errors import MappingError
from billing_core.usage import TOKEN_CLASSES
from ingestion.texts import NAME_MAX, is_name

MAPPING_BYTES_MAX = 100_000

CONTEXT_FIELDS = ("service_tier", "batch", "speed", "region", "search_context_size")
FIELDS = (
    "id",
    "at",
    "customer",
    "product",
    "feature",
    "provider",
    "model",
    "usage",
    "context",
    "calls",
    "cost_usd",
    "api_key",
    "project",
    "user",
    "tags",
)
"""The fields of an event in plain form; docs/importing.md says what each means."""

_PUNCTUATION = 'a,;"\t\n'

COLUMN_FIELDS = (*(name for name in FIELDS if name != "context"), *CONTEXT_FIELDS)
"""What a column can be mapped to; the context's parts are named one by one."""

CONSTANT_FIELDS = tuple(name for name in COLUMN_FIELDS if name not in {"id", "at", "usage", "tags"})


@dataclass(frozen=True)
class UsageMapping:
    """Where each field of an event is found. Columns of JSON lines may be dotted paths: "response.usage"."""

    source: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
    usage: Mapping[str, str] = field(default_factory=dict)
    time_zone: str = "UTC"
    delimiter: str = ","
    encoding: str = "utf-8"
    is_plain: bool = False
    """The file speaks our own form: then a field that we do not know is a mistake, not somebody else's column."""

    def column_names(self) -> list[str]:
        """Return every column that the mapping reads."""
        return [*self.columns.values(), *self.tokens.values(), *self.usage.values()]


PLAIN = UsageMapping(
    columns=MappingProxyType(
        {name: f"context.{name}" if name in CONTEXT_FIELDS else name for name in COLUMN_FIELDS},
    ),
    is_plain=True,
)
"""The mapping of files in our own form."""


def read_mapping(path: Path) -> UsageMapping:
    """Read a mapping file; raise MappingError, a sentence, for what cannot be meant."""
    try:
        with path.open("rb") as file:
            text = file.read(MAPPING_BYTES_MAX + 1)
        if len(text) > MAPPING_BYTES_MAX:
            raise MappingError(str(path), f"it has more than {MAPPING_BYTES_MAX:,} bytes; is it the usage file?")
        content = tomllib.loads(text.decode("utf-8-sig"), parse_float=Decimal)
    except OSError as failure:
        raise MappingError(str(path), f"it cannot be read ({failure.strerror})") from failure
    except (ValueError, RecursionError) as failure:
        raise MappingError(str(path), f"it is no TOML ({failure})") from failure
    return parse_mapping(content, name=str(path))


def parse_mapping(content: Mapping[str, Any], *, name: str) -> UsageMapping:
    """Check a mapping's content; `name` names it in refusals."""
    known = {"source", "columns", "constants", "tokens", "usage", "time_zone", "delimiter", "encoding"}
    _refuse_unknown(name, "entry", content, known)
    tables = {table: _table(name, content, table) for table in ("columns", "constants", "tokens", "usage")}
    tables["usage"] = MappingProxyType(_flat(tables["usage"]))
    _refuse_unknown(name, "field in [columns]", tables["columns"], COLUMN_FIELDS)
    _refuse_unknown(name, "field in [constants]", tables["constants"], CONSTANT_FIELDS)
    _refuse_unknown(name, "token class in [tokens]", tables["tokens"], TOKEN_CLASSES)
    for table in ("columns", "tokens", "usage"):
        for entry, column in tables[table].items():
            if not isinstance(column, str) or not column:
                raise MappingError(name, f"[{table}] {entry} is no column's name")
    for entry, value in tables["constants"].items():
        if not isinstance(value, str | int | Decimal) or (isinstance(value, str) and not is_name(value)):
            raise MappingError(name, f"[constants] {entry} is no number and no name of at most {NAME_MAX} characters")
    mapping = UsageMapping(
        source=_text(name, content, "source", None),
        time_zone=_text(name, content, "time_zone", "UTC") or "UTC",
        delimiter=_text(name, content, "delimiter", ",") or ",",
        encoding=_text(name, content, "encoding", "utf-8") or "utf-8",
        columns=tables["columns"],
        constants=tables["constants"],
        tokens=tables["tokens"],
        usage=tables["usage"],
    )
    _refuse_incomplete(name, mapping)
    return mapping


def _refuse_incomplete(name: str, mapping: UsageMapping) -> None:
    for needed in ("at", "provider", "model"):
        if needed not in mapping.columns and needed not in mapping.constants:
            where = "[columns]" if needed == "at" else "[columns] or [constants]"
            raise MappingError(name, f"it does not say where {needed!r} is found; name it in {where}")
    both = sorted(set(mapping.columns) & set(mapping.constants))
    if both:
        raise MappingError(name, f"{both[0]!r} stands in [columns] and in [constants]; keep one")
    ways = [bool(mapping.tokens), bool(mapping.usage), "usage" in mapping.columns]
    if sum(ways) != 1:
        raise MappingError(
            name, "token counts are found in exactly one of [tokens], [usage] and the column of `usage`; give one"
        )
    within = [entry for entry in mapping.usage if any(other.startswith(f"{entry}.") for other in mapping.usage)]
    if within:
        raise MappingError(name, f"[usage] {within[0]} is a count and holds others; give either")
    _refuse_unreadable(name, mapping)


def _refuse_unreadable(name: str, mapping: UsageMapping) -> None:
    """Refuse what no file can be read by."""
    if mapping.source is not None and not is_name(mapping.source):
        raise MappingError(name, f"source is a name of at most {NAME_MAX} printable characters")
    if len(mapping.delimiter) != 1 or mapping.delimiter in '"\r\n\0 ':
        raise MappingError(name, "delimiter is one character, such as a semicolon, and no quote, space or line end")
    try:
        ZoneInfo(mapping.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as failure:
        raise MappingError(name, f"time_zone {mapping.time_zone!r} is no time zone, such as Europe/Berlin") from failure
    try:
        encoded = _PUNCTUATION.encode(mapping.encoding).removeprefix(codecs.BOM_UTF8)
    except (LookupError, UnicodeError) as failure:
        raise MappingError(name, f"encoding {mapping.encoding!r} is unknown, unlike utf-8 or latin-1") from failure
    if encoded != _PUNCTUATION.encode():
        raise MappingError(
            name, f"encoding {mapping.encoding!r} writes line ends in its own way; save the file as utf-8"
        )


def _flat(table: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return nested tables as dotted names: TOML reads a dotted name without quotes as a table."""
    flat: dict[str, Any] = {}
    for entry, value in table.items():
        flat |= _flat(value, f"{above}{entry}.") if isinstance(value, dict) else {f"{above}{entry}": value}
    return flat


def _table(name: str, content: Mapping[str, Any], table: str) -> Mapping[str, Any]:
    found = content.get(table, {})
    if not isinstance(found, dict):
        raise MappingError(name, f"[{table}] is a table of names")
    return MappingProxyType(found)


def _text(name: str, content: Mapping[str, Any], entry: str, default: str | None) -> str | None:
    found = content.get(entry, default)
    if found is not None and not isinstance(found, str):
        raise MappingError(name, f"{entry} is a text")
    return found


def _refuse_unknown(name: str, what: str, given: Mapping[str, Any], known: Any) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise MappingError(name, f"{unknown[0]!r} is no {what}; known are {', '.join(sorted(known))}")
