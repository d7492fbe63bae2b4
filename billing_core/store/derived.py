"""Projections derived a second time, into temporary tables of the same names: compared, or put in place."""

from dataclasses import dataclass
from typing import Any

from psycopg import sql
from sqlalchemy import Connection

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


def derive_into(connection: Connection, table: str, tenant_id: int) -> None:
    """Make an empty temporary table like a projection: by the same name it is found before it."""
    _run(connection, _DERIVED, table, tenant_id)


def compare_derived(connection: Connection, table: str, tenant_id: int) -> ProjectionCheck:
    """Compare a projection's rows of one tenant with the derived ones."""
    row = _run(connection, _FINGERPRINTS, table, tenant_id).one()
    return ProjectionCheck(table, row.stored_rows, row.derived_rows, int(row.stored_hash), int(row.derived_hash))


def replace_stored(connection: Connection, table: str, tenant_id: int) -> None:
    """Put the derived rows in the place of the stored ones."""
    _run(connection, _DELETE, table, tenant_id)
    _run(connection, _INSERT, table, tenant_id)


def _run(connection: Connection, template: sql.SQL, table: str, tenant_id: int) -> Any:
    composed = template.format(table=sql.Identifier(table), tenant=sql.Literal(tenant_id))
    driver = connection.connection.driver_connection
    return connection.exec_driver_sql(composed.as_string(driver))
