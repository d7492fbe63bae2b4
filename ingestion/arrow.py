"""Columns as Arrow arrays, made from their bytes: Arrow's own readers would load pandas, which is 45 MB of memory."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def integers(values: Integers, absent: Bools | None = None, kind: Any = None) -> pa.Array:
    """Return whole numbers, or instants where `kind` says so; null where `absent` is true."""
    whole = np.ascontiguousarray(values, dtype=np.int64)
    valid = None if absent is None else pa.py_buffer(np.packbits(~absent, bitorder="little"))
    return pa.Array.from_buffers(pa.int64() if kind is None else kind, len(whole), [valid, pa.py_buffer(whole)])


def texts(values: Sequence[str | None]) -> pa.Array:
    """Return texts; None is null."""
    encoded = [b"" if value is None else value.encode() for value in values]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int32)
    np.cumsum([len(each) for each in encoded], out=offsets[1:])
    valid = None
    if None in values:
        valid = pa.py_buffer(np.packbits([value is not None for value in values], bitorder="little"))
    buffers = [valid, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)
