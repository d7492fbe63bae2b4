"""What no usage event may be, whoever sends it: each refusal with its sentence, for the whole batch at once."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from billing_core.store.quarantine import BadRow
from billing_core.usage import CALLS_MAX, COUNT_MAX, TOKEN_CLASSES, epoch_us
from billing_core.usage_identity import stable_hash
from ingestion.batch import UsageBatch
from ingestion.texts import is_name

EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""Usage is kept from here on: no provider that we price sold tokens before."""

AHEAD_MAX = timedelta(days=1)
"""How far ahead of our clock an event may lie, for senders whose clocks are wrong."""

KEY_MAX = 300
"""Characters of a key."""

_FIRST_US = epoch_us(datetime.min.replace(tzinfo=UTC))
_LAST_US = epoch_us(datetime.max.replace(tzinfo=UTC))
_COUNT_MAX = np.array([COUNT_MAX[token_class] for token_class in TOKEN_CLASSES])


@dataclass(frozen=True)
class _Check:
    reason: str
    finds: Callable[[UsageBatch, datetime], npt.NDArray[np.bool_]]
    sentence: Callable[[UsageBatch, int, datetime], str]


def split_refused(batch: UsageBatch, *, origin: str, now: datetime) -> tuple[UsageBatch, list[BadRow]]:
    """Return the batch without the rows that cannot be usage, and those rows with a sentence each."""
    refused: dict[int, BadRow] = {}
    for check in _CHECKS:
        for index in np.flatnonzero(check.finds(batch, now)).tolist():
            refused.setdefault(index, _bad_row(batch, index, check, origin=origin, now=now))
    if not refused:
        return batch, []
    keep = np.ones(len(batch), dtype=np.bool_)
    keep[list(refused)] = False
    return _taken(batch, keep), [refused[index] for index in sorted(refused)]


def _bad_row(batch: UsageBatch, index: int, check: _Check, *, origin: str, now: datetime) -> BadRow:
    line = int(batch.line_numbers[index]) if batch.line_numbers is not None else index + 1
    dimension = batch.dimensions[batch.dimension_code[index]]
    known = {
        "key": str(batch.keys[index])[:KEY_MAX],
        "customer": batch.customers[batch.customer_code[index]],
        "provider": dimension.provider,
        "model": dimension.model,
        "tokens": {
            name: int(count) for name, count in zip(TOKEN_CLASSES, batch.tokens[index], strict=True) if count != 0
        },
    }
    content = stable_hash(f"{known}{batch.occurred_at_us[index]}")
    return BadRow(origin, line, check.reason, check.sentence(batch, index, now), content, known)


def _taken(batch: UsageBatch, keep: npt.NDArray[np.bool_]) -> UsageBatch:
    """Return the rows to keep, in every column that has one entry per row, and the names that they still use."""
    positions = np.flatnonzero(keep).tolist()
    customers, customer_code = np.unique(batch.customer_code[keep], return_inverse=True)
    dimensions, dimension_code = np.unique(batch.dimension_code[keep], return_inverse=True)
    per_row: dict[str, Any] = {}
    for column in fields(UsageBatch):
        values = getattr(batch, column.name)
        if column.name in {"customers", "dimensions"} or values is None:
            continue
        per_row[column.name] = values[keep] if isinstance(values, np.ndarray) else [values[at] for at in positions]
    per_row["customers"] = tuple(batch.customers[code] for code in customers.tolist())
    per_row["dimensions"] = tuple(batch.dimensions[code] for code in dimensions.tolist())
    return replace(batch, **(per_row | {"customer_code": customer_code, "dimension_code": dimension_code}))


def _too_early(batch: UsageBatch, _now: datetime) -> npt.NDArray[np.bool_]:
    return np.less(batch.occurred_at_us, epoch_us(EARLIEST))


def _too_late(batch: UsageBatch, now: datetime) -> npt.NDArray[np.bool_]:
    return np.greater(batch.occurred_at_us, epoch_us(now + AHEAD_MAX))


def _bad_key(batch: UsageBatch, _now: datetime) -> npt.NDArray[np.bool_]:
    return np.array([not is_name(key, KEY_MAX) for key in batch.keys], dtype=np.bool_)


def _bad_counts(batch: UsageBatch, _now: datetime) -> npt.NDArray[np.bool_]:
    outside: npt.NDArray[np.bool_] = np.any((batch.tokens < 0) | (batch.tokens > _COUNT_MAX), axis=1)
    return outside


def _bad_calls(batch: UsageBatch, _now: datetime) -> npt.NDArray[np.bool_]:
    return np.logical_or(np.less(batch.calls, 1), np.greater(batch.calls, CALLS_MAX))


def _when(batch: UsageBatch, index: int) -> str:
    # A zone may carry a time out of the years that a date can name.
    microseconds = min(max(int(batch.occurred_at_us[index]), _FIRST_US), _LAST_US)
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    return at.isoformat().replace("+00:00", "Z")


_CHECKS = (
    _Check(
        "time_too_early",
        _too_early,
        lambda batch, index, _now: (
            f"The event's time {_when(batch, index)} lies before {EARLIEST:%Y-%m-%d}: check its column and unit."
        ),
    ),
    _Check(
        "time_too_late",
        _too_late,
        lambda batch, index, now: (
            f"The event's time {_when(batch, index)} lies more than a day ahead of now ({now:%Y-%m-%d %H:%M} UTC): "
            "check the time column, its unit and the sender's clock."
        ),
    ),
    _Check(
        "key",
        _bad_key,
        lambda batch, index, _now: (
            f"The event's key has {len(batch.keys[index])} characters: name one of 1 to {KEY_MAX} printable ones."
        ),
    ),
    _Check(
        "count_out_of_range",
        _bad_counts,
        lambda batch, index, _now: (
            f"A token count of the event is negative or above its limit ({int(batch.tokens[index].max())}): "
            "check the mapping of the columns."
        ),
    ),
    _Check(
        "calls_out_of_range",
        _bad_calls,
        lambda batch, index, _now: (
            f"The event says {int(batch.calls[index])} calls: one event stands for 1 to {CALLS_MAX} calls."
        ),
    ),
)
