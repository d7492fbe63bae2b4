"""From columns to books: check, price, hash, then claim, append and roll up in one transaction a batch."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Connection, Engine

from billing_core.clock import utc_now
from billing_core.errors import UsageFileError
from billing_core.price_book import PriceBook, UnpricedReason
from billing_core.pricing_batch import price_batch
from billing_core.store.audit import AuditLine, append_audit
from billing_core.store.catalogue import price_book_of
from billing_core.store.ledger import append_batch, ensure_months, next_event_block, stage
from billing_core.store.names import NameBook, Names, UsageDimension, numbers_of, remember, source_number
from billing_core.store.quarantine import BadRow, quarantine
from billing_core.store.tenancy import tenant_transaction
from billing_core.usage import TOKEN_CLASSES, PriceKey
from billing_core.usage_identity import body_hashes, plain_identity
from ingestion.arrow import integers, texts
from ingestion.batch import ImportSummary, Integers, ReadRows, UsageBatch
from ingestion.checks import split_refused

REFUSALS_SHOWN = 5
"""How many refused rows a summary carries; all of them are in quarantine."""

_NO_VERSION = 0
"""price_version_id of a row that no price of ours made."""


@dataclass(frozen=True)
class ImportTarget:
    """For whom usage comes in, and who brings it."""

    engine: Engine
    tenant_id: int
    actor: str
    role: str

    def transaction(self) -> AbstractContextManager[Connection]:
        """Open one transaction of this tenant."""
        return tenant_transaction(self.engine, tenant_id=self.tenant_id, actor=self.actor, role=self.role)


@dataclass(frozen=True)
class Prepared:
    """A batch that is checked, priced and hashed, and lacks only the numbers that the database gives."""

    rows: pa.Table
    customers: tuple[str | None, ...]
    customer_code: Integers
    dimensions: tuple[UsageDimension, ...]
    dimension_code: Integers
    refused: tuple[BadRow, ...]
    read: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass
class UsageImport:
    """One import of one source: its price book, the names it knows, and how its last batch went."""

    target: ImportTarget
    source: str
    origin: str
    book: PriceBook
    version_ids: Integers
    names: NameBook = field(default_factory=NameBook)
    optimistic: bool = True

    def prepare(self, rows: ReadRows, now: datetime) -> Prepared:
        """Check, price and hash what was read; touches no database."""
        if rows.batch is None or not len(rows.batch):
            return Prepared(
                pa.Table.from_arrays([], names=[]), (), _none(), (), _none(), tuple(rows.refused), rows.read, None, None
            )
        batch, outside = split_refused(rows.batch, origin=self.origin, now=now)
        return Prepared(
            _columns(batch, self.book, self.version_ids),
            tuple(batch.customers),
            batch.customer_code,
            tuple(batch.dimensions),
            batch.dimension_code,
            (*rows.refused, *outside),
            rows.read,
            _instant(batch.occurred_at_us.min()) if len(batch) else None,
            _instant(batch.occurred_at_us.max()) if len(batch) else None,
        )

    def write(self, prepared: Prepared, now: datetime) -> ImportSummary:
        """Write one batch: all of it is in the books afterwards, or none."""
        if prepared.first_at is not None and prepared.last_at is not None:
            with self.target.transaction() as connection:
                ensure_months(connection, prepared.first_at, prepared.last_at)
        with self.target.transaction() as connection:
            summary, names = self._write(connection, prepared, now)
        remember(self.names, prepared.customers, prepared.dimensions, names)
        self.optimistic = summary.duplicate + summary.conflicting == 0
        return summary

    def _write(self, connection: Connection, prepared: Prepared, now: datetime) -> tuple[ImportSummary, Names]:
        tenant_id = self.target.tenant_id
        source_id = source_number(connection, tenant_id, self.source, now)
        quarantine(connection, prepared.refused, tenant_id=tenant_id, source_id=source_id, recorded_at=now)
        names = numbers_of(
            connection,
            tenant_id,
            book=self.names,
            customers=prepared.customers,
            dimensions=prepared.dimensions,
            now=now,
        )
        summary = ImportSummary(
            read=prepared.read,
            quarantined=len(prepared.refused),
            first_at=prepared.first_at,
            last_at=prepared.last_at,
            refusals=prepared.refused[:REFUSALS_SHOWN],
        )
        count = prepared.rows.num_rows
        if count:
            stage(connection, _numbered(prepared, names, next_event_block(connection)))
            written = append_batch(
                connection, tenant_id, source_id, recorded_at=now, count=count, optimistic=self.optimistic
            )
            summary = replace(summary, **asdict(written))
        self._audit(connection, summary, now)
        return summary, names

    def _audit(self, connection: Connection, summary: ImportSummary, now: datetime) -> None:
        counts = ("read", "new", "duplicate", "conflicting", "quarantined", "unpriced")
        after: dict[str, Any] = {name: getattr(summary, name) for name in counts}
        line = AuditLine(
            "usage.import",
            f"{self.source}: {self.origin}",
            self.target.actor,
            self.target.role,
            after={**after, "cost_pico_usd": str(summary.cost_pico_usd)},
        )
        append_audit(connection, self.target.tenant_id, line, now)


def open_import(target: ImportTarget, *, source: str, origin: str) -> UsageImport:
    """Start an import: read the tenant's price book (catalogue and own prices) and its versions' numbers once."""
    with target.transaction() as connection:
        book, version_ids = price_book_of(connection, target.tenant_id)
    return UsageImport(target, source, origin, book, np.array(version_ids, dtype=np.int64))


def run_import(
    usage_import: UsageImport,
    batches: Iterable[ReadRows],
    progress: Callable[[ImportSummary, int], None] | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> ImportSummary:
    """Take every batch through the pipeline; while one is written, the next is read, checked and priced.

    `progress` gets the summary so far and the bytes read. A failure leaves whole batches only: the same import again
    finds them as duplicates and goes on.
    """
    total = ImportSummary()
    pending: tuple[Future[ImportSummary], int] | None = None

    def finish() -> None:
        """Wait for the batch under way; its failure is raised here."""
        nonlocal total, pending
        if pending is not None:
            (written, bytes_read), pending = pending, None
            total = _added(total, written.result())
            if progress is not None:
                progress(total, bytes_read)

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="usage-writer") as writer:
        try:
            for rows in batches:
                now = clock()
                prepared = usage_import.prepare(rows, now)
                finish()
                pending = writer.submit(usage_import.write, prepared, now), rows.bytes_read
                # The next batch is read into the memory of this one.
                del rows, prepared
        except UsageFileError:
            # "What came before is imported" is said only where it is so.
            finish()
            raise
        finish()
    return total


def _columns(batch: UsageBatch, book: PriceBook, version_ids: Integers) -> pa.Table:
    """Price and hash a checked batch; return the staging columns that need no number of the database."""
    prices = price_batch(
        book,
        [_price_key(dimension) for dimension in batch.dimensions],
        key_code=batch.dimension_code,
        occurred_at_us=batch.occurred_at_us,
        tokens=batch.tokens,
        calls=batch.calls,
        reported_pico=batch.reported_pico,
        uncounted=batch.uncounted,
    )
    hashes = body_hashes(
        occurred_at_us=batch.occurred_at_us,
        customers=batch.customers,
        customer_code=batch.customer_code,
        dimensions=[plain_identity(asdict(dimension)) for dimension in batch.dimensions],
        dimension_code=batch.dimension_code,
        tokens=batch.tokens,
        calls=batch.calls,
        reported_pico=batch.reported_pico,
    )
    columns: dict[str, Any] = {
        # Without a zone, which tenancy says is UTC: writing the zone takes longer than all other columns together.
        "occurred_at": integers(batch.occurred_at_us, kind=pa.timestamp("us")),
        "price_version_id": integers(np.where(prices.version >= 0, version_ids[prices.version], _NO_VERSION)),
        "cost_pico_usd": integers(prices.cost_pico, ~prices.priced),
        "list_pico_usd": integers(prices.list_pico, ~prices.list_priced),
        "calls": integers(batch.calls),
        "key": texts(batch.keys),
        "body_hash": integers(hashes),
    }
    if not prices.priced.all():
        columns["known_pico_usd"] = integers(prices.known_pico, prices.priced)
        columns["unpriced_reason"] = texts(_REASON_WORDS[prices.reason].tolist())
    for index, token_class in enumerate(TOKEN_CLASSES):
        counts = batch.tokens[:, index]
        if counts.any():
            columns[token_class] = integers(counts, counts == 0)
    for name, words in (("end_user", batch.end_users), ("tags", batch.tags), ("block", batch.blocks)):
        if words is not None:
            columns[name] = texts(words)
    return pa.Table.from_arrays(list(columns.values()), names=list(columns))


_REASON_WORDS: npt.NDArray[np.object_] = np.array(
    [None, *(reason.name.lower() for reason in UnpricedReason if reason is not UnpricedReason.PRICED)], dtype=object
)


def _numbered(prepared: Prepared, names: Names, first_event: int) -> pa.Table:
    """Add the database's numbers to the staging columns."""
    count = prepared.rows.num_rows
    return (
        prepared.rows.append_column("event_id", integers(np.arange(first_event, first_event + count)))
        .append_column("customer_id", integers(np.array(names.customer_ids)[prepared.customer_code]))
        .append_column("dimension_id", integers(np.array(names.dimension_ids)[prepared.dimension_code]))
    )


def _price_key(dimension: UsageDimension) -> PriceKey:
    return PriceKey(
        dimension.provider,
        dimension.model,
        dimension.service_tier or "",
        dimension.batch or False,
        dimension.speed or "",
        dimension.region or "",
        dimension.search_context_size or "",
    )


def _added(one: ImportSummary, other: ImportSummary) -> ImportSummary:
    firsts = [at for at in (one.first_at, other.first_at) if at is not None]
    lasts = [at for at in (one.last_at, other.last_at) if at is not None]
    counts = ("read", "new", "duplicate", "conflicting", "quarantined", "unpriced", "cost_pico_usd")
    return ImportSummary(
        **{name: getattr(one, name) + getattr(other, name) for name in counts},
        first_at=min(firsts, default=None),
        last_at=max(lasts, default=None),
        refusals=(*one.refusals, *other.refusals)[:REFUSALS_SHOWN],
    )


def _none() -> Integers:
    return np.empty(0, dtype=np.int64)


def _instant(microseconds: np.int64) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(microseconds))
