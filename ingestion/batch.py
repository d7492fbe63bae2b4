"""A batch of usage events in columns: what every source makes and the pipeline takes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from billing_core.store.names import UsageDimension
from billing_core.store.quarantine import BadRow

Integers = npt.NDArray[np.int64]

BATCH_ROWS = 50_000
"""Rows per transaction: large enough that the rollups pay, small enough for 300 MB of memory."""

BATCH_BYTES_MAX = 50_000_000
"""Bytes of a file per transaction: where rows are long, a batch has fewer of them."""


@dataclass(frozen=True)
class UsageBatch:
    """Columns of one length n; names are distinct lists that codes point to.

    Times are microseconds since 1970 UTC, `reported_pico` is -1 where the source reports no cost. `tokens` is
    [n, number of token classes]. `tags` and `blocks` hold JSON texts. `line_numbers` say where rows stood.
    """

    keys: Sequence[str]
    occurred_at_us: Integers
    customers: Sequence[str | None]
    customer_code: Integers
    dimensions: Sequence[UsageDimension]
    dimension_code: Integers
    tokens: Integers
    calls: Integers
    reported_pico: Integers
    uncounted: npt.NDArray[np.bool_] | None = None
    end_users: Sequence[str | None] | None = None
    tags: Sequence[str | None] | None = None
    blocks: Sequence[str | None] | None = None
    line_numbers: Integers | None = None

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.occurred_at_us)


@dataclass(frozen=True)
class ReadRows:
    """What a reader hands over at a time: good rows in columns, refused ones with their sentences."""

    batch: UsageBatch | None
    refused: Sequence[BadRow] = ()
    read: int = 0
    bytes_read: int = 0


@dataclass(frozen=True)
class ImportSummary:
    """What an import did so far: read = new + duplicate + conflicting + quarantined; cost is of new, priced events."""

    read: int = 0
    new: int = 0
    duplicate: int = 0
    conflicting: int = 0
    quarantined: int = 0
    unpriced: int = 0
    cost_pico_usd: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    refusals: Sequence[BadRow] = field(default=())
    """The first few refused rows, to be shown."""
