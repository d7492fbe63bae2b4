"""From one row of a file to one event of a batch: fields found, checked and split into token classes."""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from billing_core.errors import UsageRowError, shown
from billing_core.pricing_batch import tokens_matrix
from billing_core.store.names import UsageDimension
from billing_core.usage import PriceKey, SplitUsage, epoch_us, provider_of
from billing_core.usage_identity import stable_hash
from ingestion.batch import UsageBatch
from ingestion.checks import KEY_MAX
from ingestion.llm.counts import reported_pico_usd
from ingestion.llm.providers import tokens_of
from ingestion.mapping import CONTEXT_FIELDS, UsageMapping
from ingestion.texts import NAME_MAX, WORD_MAX, block_text, is_name, parsed_json, tags_text

DIMENSION_BYTES_MAX = 2_000
"""All names of one dimension together, as UTF-8: an index of PostgreSQL holds no more than 2,704."""

EQUAL_ROWS_APART_MAX = 200_000
"""Equal rows without an id are told apart by counting them; the count of a row is forgotten after so many others."""

Row = Any
Find = Callable[[Row], Any]

_NAMES = ("customer", "product", "feature", "api_key", "project", "user")
_WHOLE = re.compile(r"\s*(-?[0-9]{1,18})(\.0+)?\s*", re.ASCII)


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
        dimension = self._dimension_code(split.price_key(provider, model), names)
        key = self._key(row, line)
        # Nothing is appended before everything is read: a refused row leaves no half behind.
        self._keys.append(key)
        self._at.append(at_us)
        self._customer.append(self._customers.setdefault(names["customer"], len(self._customers)))
        self._dimension.append(dimension)
        self._tokens.append(split.tokens)
        self._calls.append(calls)
        self._reported.append(reported)
        self._uncounted.append(bool(split.uncounted))
        self._users.append(names["user"])
        self._tags_texts.append(tags)
        self._blocks.append(block_text(usage))
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
        if text and not is_name(text):
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
        return tags_text(_parsed(found, "tags") if isinstance(found, str) else found)

    def _key(self, row: Row, line: bytes) -> str:
        """Return the row's own id, else its content and how many equal rows came before it."""
        found = self._value(row, "id")
        if isinstance(found, str | int) and not isinstance(found, bool) and str(found).strip():
            key = str(found).strip()
            if not is_name(key, KEY_MAX):
                raise UsageRowError("id_text", f"The field 'id' is no text of at most {KEY_MAX} printable characters.")
            return key
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
            _refuse_unstorable(dimension)
            code = self._codes[cut] = self._dimensions.setdefault(dimension, len(self._dimensions))
        return code


def _refuse_unstorable(dimension: UsageDimension) -> None:
    """Refuse words that a response or context said and that are none, and names too long for one index entry."""
    if not is_name(dimension.model):
        raise UsageRowError("name_text", f"The model is no name of at most {NAME_MAX} printable characters.")
    for name in ("service_tier", "speed", "region", "search_context_size"):
        word = getattr(dimension, name)
        if word is not None and not is_name(word, WORD_MAX):
            raise UsageRowError("name_text", f"The {name!r} is no word of at most {WORD_MAX} printable characters.")
    if sum(len(text.encode()) for text in astuple(dimension) if isinstance(text, str)) > DIMENSION_BYTES_MAX:
        raise UsageRowError(
            "name_text", "The names of provider, model, feature, key and project are too long together."
        )


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
                "time", f"The time ({shown(found)}) is none: write it as 2026-11-01T10:00:00Z."
            ) from failure
    if not isinstance(found, str | int | Decimal):
        raise UsageRowError("time", f"The time ({shown(found)}) is none: write it as 2026-11-01T10:00:00Z.")
    try:
        number = Decimal(found)
    except InvalidOperation as failure:
        raise UsageRowError(
            "time", f"The time ({shown(found)}) is none: write it as 2026-11-01T10:00:00Z."
        ) from failure
    if not 10**8 <= number < 10**20:
        raise UsageRowError("time", f"The time ({shown(found)}) is no Unix time in seconds: check its unit.")
    # The unit shows in the number's size: 2001 to 2286 have 10 digits in seconds, 13, 16 and 19 in the smaller units.
    power = (len(str(int(number))) - 8) // 3
    return int(number * 10**6 / 10 ** (3 * max(power, 0)))


def _calls(found: Any) -> int:
    count = 1 if found is None else _count(found)
    if type(count) is not int:
        raise UsageRowError("calls", f"The field 'calls' is no whole number ({shown(found)}).")
    if not -(2**62) < count < 2**62:
        raise UsageRowError("calls", "The field 'calls' is absurdly large: check the mapping of the columns.")
    return count


def _reported(found: Any, split: SplitUsage) -> int:
    """Return the cost that the row or its block reports, in pico-USD; -1 where neither does."""
    if found is None:
        return -1 if split.reported_pico_usd is None else split.reported_pico_usd
    cost = reported_pico_usd(found, "cost_usd")
    return -1 if cost is None else cost


def _count(found: Any) -> Any:
    """Return a count written as a text, also as 12.0, as a number; all else is refused further in, as it is."""
    if found is None or found == "":
        return None
    whole = _WHOLE.fullmatch(found) if isinstance(found, str) else None
    return found if whole is None else int(whole[1])


def _truth(found: Any) -> Any:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    return words.get(found.strip().lower(), found) if isinstance(found, str) else found


def _parsed(text: str, name: str) -> Any:
    try:
        return parsed_json(text)
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
