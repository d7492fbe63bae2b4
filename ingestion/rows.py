"""From one row of a file to one event of a batch: fields found, checked and split into token classes."""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from billing_core.errors import BillingError, UsageRowError
from billing_core.money import pico_usd
from billing_core.pricing_batch import tokens_matrix
from billing_core.store.names import UsageDimension
from billing_core.usage import PriceKey, SplitUsage, epoch_us, provider_of
from billing_core.usage_identity import stable_hash
from ingestion.batch import UsageBatch
from ingestion.llm.providers import tokens_of
from ingestion.mapping import CONTEXT_FIELDS, UsageMapping

NAME_MAX = 200
"""Characters of a customer's, product's, feature's, model's or key's name."""

TEXT_IN_BLOCK_MAX = 64
"""Longer texts are left out of the stored usage block: it holds counts and words, never content."""

EQUAL_ROWS_APART_MAX = 200_000
"""Equal rows without an id are told apart by counting them; the count of a row is forgotten after so many others."""

Row = Any
Find = Callable[[Row], Any]

_NAMES = ("customer", "product", "feature", "api_key", "project", "user")


@dataclass
class EventColumns:
    """The events read so far, column by column, until they are taken as a batch."""

    mapping: UsageMapping
    finders: Mapping[str, Find]
    token_finders: Mapping[str, Find]
    usage_finders: Mapping[tuple[str, ...], Find]
    equal_rows: "OrderedDict[int, int]" = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        """Start empty; the zone is looked up once."""
        self._zone = ZoneInfo(self.mapping.time_zone)
        self._clear()

    def __len__(self) -> int:
        """Return the number of events held."""
        return len(self._keys)

    def add(self, row: Row, line: bytes, line_number: int) -> None:
        """Read one row; raise BillingError, the sentence for quarantine, when it cannot be an event."""
        at_us = _time(self._value(row, "at"), self._zone)
        names = {name: self._name(row, name) for name in _NAMES}
        provider = provider_of(self._needed_name(row, "provider"))
        model = self._needed_name(row, "model")
        usage = self._usage(row)
        split = tokens_of(provider, usage, self._context(row))
        calls = _calls(self._value(row, "calls"))
        reported = _reported(self._value(row, "cost_usd"), split)
        tags = self._tags(row)
        key = self._key(row, line)
        # Nothing is appended before everything is read: a refused row leaves no half behind.
        self._keys.append(key)
        self._at.append(at_us)
        self._customer.append(self._customers.setdefault(names["customer"], len(self._customers)))
        self._dimension.append(self._dimension_code(split.price_key(provider, model), names))
        self._tokens.append(split.tokens)
        self._calls.append(calls)
        self._reported.append(reported)
        self._uncounted.append(bool(split.uncounted))
        self._users.append(names["user"])
        self._tags_texts.append(tags)
        self._blocks.append(_block_text(usage))
        self._lines.append(line_number)

    def take(self) -> UsageBatch:
        """Return the events held as one batch, and start anew."""
        batch = UsageBatch(
            keys=self._keys,
            occurred_at_us=np.array(self._at, dtype=np.int64),
            customers=tuple(self._customers),
            customer_code=np.array(self._customer, dtype=np.int64),
            dimensions=tuple(self._dimensions),
            dimension_code=np.array(self._dimension, dtype=np.int64),
            tokens=tokens_matrix(self._tokens),
            calls=np.array(self._calls, dtype=np.int64),
            reported_pico=np.array(self._reported, dtype=np.int64),
            uncounted=np.array(self._uncounted, dtype=np.bool_),
            end_users=self._users if any(self._users) else None,
            tags=self._tags_texts if any(self._tags_texts) else None,
            blocks=self._blocks,
            line_numbers=np.array(self._lines, dtype=np.int64),
        )
        self._clear()
        return batch

    def _clear(self) -> None:
        self._keys: list[str] = []
        self._at: list[int] = []
        self._customers: dict[str | None, int] = {}
        self._customer: list[int] = []
        self._dimensions: dict[UsageDimension, int] = {}
        self._codes: dict[tuple[Any, ...], int] = {}
        self._dimension: list[int] = []
        self._tokens: list[Mapping[str, int]] = []
        self._calls: list[int] = []
        self._reported: list[int] = []
        self._uncounted: list[bool] = []
        self._users: list[str | None] = []
        self._tags_texts: list[str | None] = []
        self._blocks: list[str | None] = []
        self._lines: list[int] = []

    def _value(self, row: Row, name: str) -> Any:
        find = self.finders.get(name)
        found = None if find is None else find(row)
        return self.mapping.constants.get(name) if found is None or found == "" else found

    def _name(self, row: Row, name: str) -> str | None:
        found = self._value(row, name)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, str | int):
            raise UsageRowError("name_type", f"The field {name!r} is no text: give a name or leave it out.")
        text = str(found).strip()
        if len(text) > NAME_MAX or not text.isprintable():
            raise UsageRowError(
                "name_text", f"The field {name!r} is no name of at most {NAME_MAX} printable characters."
            )
        return text or None

    def _needed_name(self, row: Row, name: str) -> str:
        found = self._name(row, name)
        if found is None:
            raise UsageRowError("missing_field", f"The field {name!r} is missing: without it no price can be found.")
        return found

    def _usage(self, row: Row) -> Mapping[str, Any]:
        if self.token_finders:
            return {
                name: count for name, find in self.token_finders.items() if (count := _count(find(row))) is not None
            }
        if self.usage_finders:
            return _nested(
                {path: count for path, find in self.usage_finders.items() if (count := _count(find(row))) is not None}
            )
        found = self._value(row, "usage")
        if isinstance(found, str):
            found = _parsed(found, "usage")
        if not isinstance(found, dict):
            raise UsageRowError(
                "missing_field", "The field 'usage' is missing or no JSON object: give the usage block."
            )
        return found

    def _context(self, row: Row) -> dict[str, Any]:
        context: dict[str, Any] = {}
        for name in CONTEXT_FIELDS:
            found = self._value(row, name)
            if found is not None:
                context[name] = _truth(found) if name == "batch" else found
        return context

    def _tags(self, row: Row) -> str | None:
        found = self._value(row, "tags")
        if found is None:
            return None
        tags = _parsed(found, "tags") if isinstance(found, str) else found
        if not isinstance(tags, dict) or not all(
            isinstance(value, str | int | bool) and len(str(value)) <= NAME_MAX for value in tags.values()
        ):
            raise UsageRowError("tags", 'The field \'tags\' is no object of short texts, such as {"team": "search"}.')
        return json.dumps(tags, sort_keys=True)

    def _key(self, row: Row, line: bytes) -> str:
        """Return the row's own id, else its content and how many equal rows came before it."""
        found = self._value(row, "id")
        if isinstance(found, str | int) and not isinstance(found, bool) and str(found).strip():
            return str(found).strip()
        if found is not None and found != "":
            raise UsageRowError(
                "id_type", "The field 'id' is no text or number: give the call's own id or leave it out."
            )
        content = stable_hash(line.decode("utf-8", "backslashreplace"))
        before = self.equal_rows.pop(content, 0)
        self.equal_rows[content] = before + 1
        if len(self.equal_rows) > EQUAL_ROWS_APART_MAX:
            self.equal_rows.popitem(last=False)
        return f"row:{content & 0xFFFFFFFFFFFFFFFF:016x}:{before + 1}"

    def _dimension_code(self, price_key: PriceKey, names: Mapping[str, str | None]) -> int:
        cut = (price_key, names["product"], names["feature"], names["api_key"], names["project"])
        code = self._codes.get(cut)
        if code is None:
            dimension = UsageDimension(
                price_key.provider,
                price_key.model,
                product=names["product"],
                feature=names["feature"],
                service_tier=price_key.service_tier or None,
                batch=price_key.batch,
                speed=price_key.speed or None,
                region=price_key.region or None,
                search_context_size=price_key.search_context_size or None,
                api_key=names["api_key"],
                project=names["project"],
            )
            code = self._codes[cut] = self._dimensions.setdefault(dimension, len(self._dimensions))
        return code


def _time(found: Any, zone: ZoneInfo) -> int:
    """Return microseconds since 1970 UTC of an ISO 8601 text or of Unix seconds, milli-, micro- or nanoseconds."""
    if found is None or isinstance(found, bool):
        raise UsageRowError(
            "missing_field", "The field 'at' is missing: give the time of the call, such as 2026-11-01T10:00:00Z."
        )
    if isinstance(found, str) and not found.strip().replace(".", "", 1).isdigit():
        try:
            instant = datetime.fromisoformat(found.strip())
            return epoch_us(instant if instant.tzinfo is not None else instant.replace(tzinfo=zone))
        except (ValueError, OverflowError) as failure:
            raise UsageRowError(
                "time", f"The time {found[:40]!r} is none: write it as 2026-11-01T10:00:00Z."
            ) from failure
    try:
        number = Decimal(found)
    except (InvalidOperation, TypeError, ValueError) as failure:
        raise UsageRowError(
            "time", f"The time {str(found)[:40]!r} is none: write it as 2026-11-01T10:00:00Z."
        ) from failure
    if not number.is_finite() or not 10**8 <= number < 10**20:
        raise UsageRowError("time", f"The time {str(found)[:40]} is no Unix time in seconds: check its unit.")
    # The unit shows in the number's size: 2001 to 2286 have 10 digits in seconds, 13, 16 and 19 in the smaller units.
    power = (len(str(int(number))) - 8) // 3
    return int(number * 10**6 / 10 ** (3 * max(power, 0)))


def _calls(found: Any) -> int:
    count = 1 if found is None else _count(found)
    if type(count) is not int:
        raise UsageRowError("calls", f"The field 'calls' is no whole number ({str(found)[:40]!r}).")
    if not -(2**62) < count < 2**62:
        raise UsageRowError("calls", "The field 'calls' is absurdly large: check the mapping of the columns.")
    return count


def _reported(found: Any, split: SplitUsage) -> int:
    """Return the cost that the row or its block reports, in pico-USD; -1 where neither does."""
    if found is None:
        return -1 if split.reported_pico_usd is None else split.reported_pico_usd
    if isinstance(found, bool) or not isinstance(found, str | int | Decimal):
        raise UsageRowError("cost", "The field 'cost_usd' is no amount: write dollars as 0.0042.")
    try:
        cost = pico_usd(str(found))
    except BillingError as refusal:
        raise UsageRowError("cost", str(refusal)) from refusal
    if not 0 <= cost < 2**62:
        raise UsageRowError("cost", f"The reported cost {str(found)[:40]} is negative or absurd: check its column.")
    return cost


def _count(found: Any) -> Any:
    """Return a count written as a text as a number; everything else goes on as it is and is refused further in."""
    if found is None or found == "":
        return None
    if isinstance(found, str):
        text = found.strip()
        return int(text) if text.lstrip("-").isdigit() and len(text) < 20 else text
    return found


def _truth(found: Any) -> Any:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    return words.get(found.strip().lower(), found) if isinstance(found, str) else found


def _parsed(text: str, name: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as failure:
        raise UsageRowError(
            "json", f"The field {name!r} is no JSON: give the object as the provider returned it."
        ) from failure


def _nested(flat: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for path, value in flat.items():
        place = block
        for part in path[:-1]:
            place = place.setdefault(part, {})
        place[path[-1]] = value
    return block


def _block_text(usage: Mapping[str, Any]) -> str:
    """Return the usage block as JSON, of counts and short words only; of a whole response, only its block."""
    inner = next((usage[name] for name in ("usage", "usageMetadata") if isinstance(usage.get(name), dict)), usage)
    return json.dumps(_plain(inner, depth=0), default=str)


def _plain(value: Any, *, depth: int) -> Any:
    if isinstance(value, dict):
        kept = {name: _plain(part, depth=depth + 1) for name, part in value.items() if depth < 6}
        return {name: part for name, part in kept.items() if part is not None and len(name) <= TEXT_IN_BLOCK_MAX}
    if isinstance(value, list):
        return [_plain(part, depth=depth + 1) for part in value[:50]] if depth < 6 else None
    if isinstance(value, str) and len(value) > TEXT_IN_BLOCK_MAX:
        return None
    return value
