"""When two usage events with one key are the same event: equal body hashes, stable over releases."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from billing_core.usage import TOKEN_CLASSES

Integers = npt.NDArray[np.int64]

_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def stable_hash(content: str) -> int:
    """Return 64 bits of BLAKE2b as a signed integer: the same on every machine and in every release."""
    return int.from_bytes(
        hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=8).digest(), signed=True
    )


def body_hashes(
    *,
    occurred_at_us: Integers,
    customers: Sequence[str | None],
    customer_code: npt.NDArray[Any],
    dimensions: Sequence[str],
    dimension_code: npt.NDArray[Any],
    tokens: Integers,
    calls: Integers,
    reported_pico: Integers,
) -> Integers:
    """Return one signed 64-bit hash per event over everything that decides what is counted and billed.

    `customers` and `dimensions` are the distinct texts that the codes point to (-1 is not allowed). Each field adds
    mix(field + mix(value)), and a class without tokens adds nothing: a class that a later release adds changes no hash.
    """
    total = _field("at", occurred_at_us)
    total += _field("customer", _texts(customers)[customer_code])
    total += _field("dimension", _texts(dimensions)[dimension_code])
    total += _field("calls", calls)
    for index, token_class in enumerate(TOKEN_CLASSES):
        column = tokens[:, index]
        if column.any():
            total += np.where(column != 0, _field(token_class, column), np.uint64(0))
    has_cost = reported_pico >= 0
    if has_cost.any():
        total += np.where(has_cost, _field("reported", reported_pico), np.uint64(0))
    return total.view(np.int64)


def plain_identity(fields: Mapping[str, Any]) -> str:
    """Return a text that two mappings share only when they say the same: sorted, absent values left out."""
    return "\x1f".join(f"{name}={fields[name]!r}" for name in sorted(fields) if fields[name] is not None)


def _texts(values: Sequence[str | None]) -> Integers:
    return np.array([0 if value is None else stable_hash(value) for value in values], dtype=np.int64)


def _field(name: str, values: Integers) -> npt.NDArray[np.uint64]:
    seed = np.uint64(stable_hash(name) & 0xFFFFFFFFFFFFFFFF)
    return _mixed(_mixed(values.astype(np.int64).view(np.uint64)) + seed)


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return the finalizer of splitmix64 (Steele, Lea, Flood 2014), which spreads every bit over all others."""
    values = (values ^ (values >> np.uint64(30))) * _MIX_1
    values = (values ^ (values >> np.uint64(27))) * _MIX_2
    return values ^ (values >> np.uint64(31))
