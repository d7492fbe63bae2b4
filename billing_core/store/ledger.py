"""The usage ledger: stage a batch, claim its keys, append what is new and bring the rollups along, all or nothing."""

import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import sql
from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import IntegrityError

from billing_core.store.statements import statement

if TYPE_CHECKING:
    import pyarrow as pa

SQL = Path(__file__).parent / "sql"
EVENTS_PER_BLOCK = 1_000_000
"""Numbers that one turn of the sequence hands out; a batch takes one block and holds at most so many rows."""

_ROWS_PER_WRITE = 10_000

ROLL_UP = ("sum_batch", "roll_up_day", "roll_up_hour", "roll_up_cost_day", "roll_up_cost_month")
"""In this order: the first sums the batch for the others. A rebuild runs the same statements over the ledger."""


@dataclass(frozen=True)
class Written:
    """What became of a batch's rows, by count, and the exact cost of the new ones."""

    new: int
    duplicate: int
    conflicting: int
    unpriced: int
    cost_pico_usd: int


def ensure_months(connection: Connection, first_at: datetime, last_at: datetime) -> None:
    """Make the missing month partitions from `first_at` to `last_at`, in a transaction before the batch's."""
    connection.execute(_named("make_months"), {"first_at": first_at, "last_at": last_at})


def lock_projections(connection: Connection, tenant_id: int, *, shared: bool) -> None:
    """Hold the tenant's projections until the transaction ends: imports share them, a rebuild has them alone."""
    lock = "select pg_advisory_xact_lock_shared(hashtext('marginbook.projections'), :key)"
    if not shared:
        lock = "select pg_advisory_xact_lock(hashtext('marginbook.projections'), :key)"
    connection.execute(text(lock), {"key": tenant_id % 2**31})


def next_event_block(connection: Connection) -> int:
    """Return the first of EVENTS_PER_BLOCK unused event numbers."""
    return int(connection.execute(text("select nextval('usage_event_block')")).scalar_one())


def stage(connection: Connection, rows: "pa.Table") -> None:
    """Copy rows into the transaction's own `usage_batch`, by the names of their columns; absent ones are null."""
    from pyarrow import csv  # noqa: PLC0415 - the worker, which only checks rollups, stays 40 MB smaller without it.

    connection.execute(_named("stage"))
    copy = sql.SQL("copy usage_batch ({}) from stdin (format csv)").format(
        sql.SQL(", ").join(sql.Identifier(name) for name in rows.column_names)
    )
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(copy) as target:
        for start in range(0, rows.num_rows, _ROWS_PER_WRITE):
            buffer = io.BytesIO()
            part = rows.slice(start, _ROWS_PER_WRITE)
            csv.write_csv(part, buffer, csv.WriteOptions(include_header=False, quoting_style="needed"))
            target.write(buffer.getbuffer())


def append_batch(
    connection: Connection, tenant_id: int, source_id: int, *, recorded_at: datetime, count: int, optimistic: bool
) -> Written:
    """Claim the staged rows' keys, append the new ones to the ledger, add them to the rollups.

    `optimistic` tries all keys at once, which is fastest when none is taken and falls back when one is.
    """
    parameters = {"tenant_id": tenant_id, "source_id": source_id, "recorded_at": recorded_at}
    lock_projections(connection, tenant_id, shared=True)
    duplicate = conflicting = 0
    if not (optimistic and _claim_all(connection, parameters)):
        duplicate, conflicting = _claim_new(connection, parameters)
    new = count - duplicate - conflicting
    unpriced, cost = 0, 0
    if new:
        connection.execute(_named("append_events"), parameters)
        connection.execute(_named("append_raw"), parameters)
        for name in ROLL_UP:
            connection.execute(_named(name), parameters)
        totals = connection.execute(_named("batch_totals")).one()
        unpriced, cost = int(totals.unpriced), int(totals.cost_pico_usd)
    return Written(new, duplicate, conflicting, unpriced, cost)


def _claim_all(connection: Connection, parameters: dict[str, Any]) -> bool:
    """Claim every key, or none and say so: the savepoint keeps a taken key from ending the transaction."""
    try:
        with connection.begin_nested():
            connection.execute(_named("claim_all"), parameters)
    except IntegrityError:
        return False
    return True


def _claim_new(connection: Connection, parameters: dict[str, Any]) -> tuple[int, int]:
    connection.execute(_named("stage_claims"))
    connection.execute(_named("claim_new"), parameters)
    losers = connection.execute(_named("losers"), parameters).one()
    if losers.conflicting:
        connection.execute(_named("keep_conflicts"), parameters)
    if losers.duplicate or losers.conflicting:
        connection.execute(_named("drop_losers"))
    return int(losers.duplicate), int(losers.conflicting)


def _named(name: str) -> TextClause:
    return statement(SQL, name)
