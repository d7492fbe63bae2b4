"""Derives the projections of usage again from the ledger alone, and compares them or puts them in place."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import sql
from sqlalchemy import Connection, text

from billing_core.periods import Period, months
from billing_core.store.ledger import ROLL_UP, SQL, lock_projections
from billing_core.store.statements import statement

PROJECTIONS = ("usage_day", "usage_hour", "usage_cost_day", "usage_cost_month")

_DERIVED = sql.SQL("create temp table {table} (like marginbook.{table} including all) on commit drop")

_FINGERPRINTS = sql.SQL(
    """
    select
        (select count(*) from marginbook.{table} where tenant_id = {tenant}) as stored_rows,
        (select count(*) from pg_temp.{table}) as derived_rows,
        (select coalesce(sum(hashtextextended(stored::text, 0)::numeric), 0)
         from marginbook.{table} as stored where tenant_id = {tenant}) as stored_hash,
        (select coalesce(sum(hashtextextended(derived::text, 0)::numeric), 0)
         from pg_temp.{table} as derived) as derived_hash
    """
)
"""Counts, and sums of row hashes: equal whatever the order, different when one byte of one row is."""

_DELETE = sql.SQL("delete from marginbook.{table} where tenant_id = {tenant}")
_INSERT = sql.SQL("insert into marginbook.{table} select * from pg_temp.{table}")


@dataclass(frozen=True)
class ProjectionCheck:
    """One projection, as it stands and as the ledger makes it."""

    projection: str
    stored_rows: int
    derived_rows: int
    stored_hash: int
    derived_hash: int

    @property
    def agrees(self) -> bool:
        """Whether both are byte-equal."""
        return (self.stored_rows, self.stored_hash) == (self.derived_rows, self.derived_hash)

    def __str__(self) -> str:
        """Say what differs."""
        return (
            f"{self.projection}: {self.stored_rows} rows stored, {self.derived_rows} rows derived, "
            f"hashes {self.stored_hash:x} and {self.derived_hash:x}"
        )


def check_projections(connection: Connection, tenant_id: int) -> list[ProjectionCheck]:
    """Return every projection's check, all seen at one instant while imports go on.

    Must be the transaction's first act, because it makes the transaction one snapshot.
    """
    connection.execute(text("set transaction isolation level repeatable read"))
    _derive(connection, tenant_id)
    return _checks(connection, tenant_id)


def rebuild_projections(connection: Connection, tenant_id: int) -> list[ProjectionCheck]:
    """Put the derived projections in the place of the stored ones; return what they were compared to before.

    Imports of the tenant wait until the transaction ends.
    """
    lock_projections(connection, tenant_id, shared=False)
    _derive(connection, tenant_id)
    checks = _checks(connection, tenant_id)
    for check in checks:
        if not check.agrees:
            _run(connection, _DELETE, check.projection, tenant_id)
            _run(connection, _INSERT, check.projection, tenant_id)
    return checks


def _derive(connection: Connection, tenant_id: int) -> None:
    """Fill temporary projections, found before the stored ones under the same names, month by month."""
    for table in PROJECTIONS:
        _run(connection, _DERIVED, table, tenant_id)
    connection.execute(statement(SQL, "stage"))
    span = connection.execute(statement(SQL, "ledger_span"), {"tenant_id": tenant_id}).one()
    for month in _months(span.first_at, span.last_at):
        parameters = {"tenant_id": tenant_id, "starts_at": month.start, "ends_at": month.end}
        connection.execute(statement(SQL, "stage_ledger"), parameters)
        for name in ROLL_UP:
            connection.execute(statement(SQL, name), parameters)
        connection.execute(text("drop table usage_batch_day"))
        connection.execute(text("truncate usage_batch"))


def _months(first_at: datetime | None, last_at: datetime | None) -> list[Period]:
    return [] if first_at is None or last_at is None else months(Period(first_at, last_at + timedelta(microseconds=1)))


def _checks(connection: Connection, tenant_id: int) -> list[ProjectionCheck]:
    checks = []
    for table in PROJECTIONS:
        row = _run(connection, _FINGERPRINTS, table, tenant_id).one()
        checks.append(
            ProjectionCheck(table, row.stored_rows, row.derived_rows, int(row.stored_hash), int(row.derived_hash))
        )
    return checks


def _run(connection: Connection, template: sql.SQL, table: str, tenant_id: int) -> Any:
    composed = template.format(table=sql.Identifier(table), tenant=sql.Literal(tenant_id))
    driver = connection.connection.driver_connection
    return connection.exec_driver_sql(composed.as_string(driver))
