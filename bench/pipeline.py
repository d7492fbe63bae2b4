"""How fast usage comes into the books: the whole pipeline, against a plain COPY of the very same rows, turn by turn."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter

import psycopg

from bench.data_set_a import DataSetA
from bench.installation import Tenant, as_superuser, plain
from bench.progress import say
from ingestion.batch import BATCH_ROWS, ImportSummary, ReadRows
from ingestion.pipeline import UsageImport, open_import, run_import

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ROUNDS = 7
BATCHES_PER_ROUND = 4

# The ledger's columns, checks and two keys, in one piece and without policies.
PLAIN_COPY_TABLE = (
    "create table marginbook.plain_copy (like marginbook.usage_event including defaults including constraints)",
    "alter table marginbook.plain_copy owner to marginbook_owner",
    "alter table marginbook.plain_copy add primary key (tenant_id, customer_id, occurred_at, event_id)",
    "alter table marginbook.plain_copy add unique (tenant_id, source_id, key)",
)
ROWS_OF_TURN = (
    "copy (select * from marginbook.usage_event where recorded_at = %s order by event_id) to stdout (format csv)"
)


@dataclass(frozen=True)
class Rounds:
    """The events of each round, and the seconds that each side took for them."""

    events: int
    pipeline_s: list[float]
    copy_s: list[float]

    @property
    def events_per_second(self) -> float:
        """Median speed of the pipeline."""
        return self.events / median(self.pipeline_s)

    @property
    def copy_events_per_second(self) -> float:
        """Median speed of COPY."""
        return self.events / median(self.copy_s)

    @property
    def against_copy(self) -> float:
        """Median over the rounds of COPY's seconds by the pipeline's: 1 would be as fast as COPY."""
        return median(copy / pipeline for copy, pipeline in zip(self.copy_s, self.pipeline_s, strict=True))


def measure_rounds(tenant: Tenant, scale: float) -> Rounds:
    """Let pipeline and COPY take turns with the same rows; the first turn of each is not counted."""
    as_superuser(tenant.urls, *PLAIN_COPY_TABLE)
    data = DataSetA()
    usage_import = open_import(tenant.target, source="bench", origin="data set A")
    batches = max(1, round(BATCHES_PER_ROUND * scale))
    pipeline_s: list[float] = []
    copy_s: list[float] = []
    for turn in range(ROUNDS + 1):
        at = NOW + timedelta(seconds=turn)
        rows = list(data.read(range(turn * batches, (turn + 1) * batches)))
        pipeline_s.append(_by_pipeline(usage_import, rows, at))
        copy_s.append(_by_copy(tenant, at))
        speeds = [batches * BATCH_ROWS / side[-1] for side in (pipeline_s, copy_s)]
        say(f"turn {turn}: pipeline {speeds[0]:,.0f} events/s, COPY {speeds[1]:,.0f} events/s")
    return Rounds(batches * BATCH_ROWS, pipeline_s[1:], copy_s[1:])


def load(tenant: Tenant, data: DataSetA) -> float:
    """Bring all of a data set into the books; return the seconds, those of making the data included."""
    usage_import = open_import(tenant.target, source="bench", origin="data set A")
    began = perf_counter()

    def tell(so_far: ImportSummary, _bytes_read: int) -> None:
        if so_far.new % (20 * BATCH_ROWS) == 0:
            say(f"loaded {so_far.new:,} events, {so_far.new / (perf_counter() - began):,.0f} events/s")

    summary = run_import(usage_import, data.read(), tell, lambda: NOW)
    if summary.new != data.events or summary.unpriced:
        raise AssertionError(f"Data set A is not whole in the books: {summary}")
    return perf_counter() - began


def _by_pipeline(usage_import: UsageImport, rows: list[ReadRows], at: datetime) -> float:
    began = perf_counter()
    run_import(usage_import, rows, clock=lambda: at)
    return perf_counter() - began


def _by_copy(tenant: Tenant, at: datetime) -> float:
    """Copy the rows that the pipeline has just written, from text made before, in one transaction."""
    text = _rows_of_turn(tenant, at)
    with psycopg.connect(plain(tenant.urls.admin_url)) as connection, connection.cursor() as cursor:
        began = perf_counter()
        with cursor.copy("copy plain_copy from stdin (format csv)") as target:
            target.write(text)
        connection.commit()
        return perf_counter() - began


def _rows_of_turn(tenant: Tenant, at: datetime) -> bytes:
    with (
        psycopg.connect(plain(tenant.urls.superuser_url)) as connection,
        connection.cursor() as cursor,
        cursor.copy(ROWS_OF_TURN, [at]) as copied,
    ):
        return b"".join(copied)
