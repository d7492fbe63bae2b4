"""Two tenants with one row in every table, for tests of the wall between them; rows are made from the catalogue."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from billing_core.store.embedded import ClusterUrls
from tests.databases import libpq

NORTH, SOUTH, INSTALLATION = 1, 2, 0
WHEN = datetime(2026, 11, 21, 12, tzinfo=UTC)
REFUSED = -1

# Words that a check of the table asks for; everything else is made from the column's type.
SPECIAL: dict[tuple[str, str], Any] = {
    ("tenant", "reporting_currency"): "usd",
    ("membership", "role"): "owner",
    ("own_price", "valid_until"): None,
    ("command", "state"): "done",
    ("job_run", "outcome"): "succeeded",
    ("stripe_customer_match", "how"): "person",
    ("fx_rate", "currency"): "eur",
    ("shared_cost", "from_month"): date(2026, 11, 1),
    ("shared_cost", "rule"): "evenly",
    ("books_check", "outcome"): "holds",
}
COLUMNS = """
    select attname, format_type(atttypid, atttypmod), attidentity <> ''
    from pg_attribute where attrelid = to_regclass('marginbook.' || %s) and attnum > 0 and not attisdropped
    order by attnum
"""
FOREIGN_KEYS = """
    select (select attname from pg_attribute where attrelid = conrelid and attnum = here) as here,
           confrelid::regclass::text as parent,
           (select attname from pg_attribute where attrelid = confrelid and attnum = there) as there
    from pg_constraint, unnest(conkey, confkey) as pair (here, there)
    where contype = 'f' and conrelid = to_regclass('marginbook.' || %s)
"""
TABLES = """
    select relname from pg_class
    where relnamespace = 'marginbook'::regnamespace and relkind in ('r', 'p') and not relispartition
      and relname not in ('alembic_version', 'catalogue_price')
    order by oid
"""

Row = dict[str, Any]


@dataclass(frozen=True)
class TenantsApart:
    """How to reach the database, its tables in the order they were made, and the row that each tenant has in each."""

    urls: ClusterUrls
    tables: list[str]
    rows: dict[tuple[str, int], Row]
    columns: dict[str, list[tuple[str, str, bool]]]
    parents: dict[str, list[tuple[str, str, str]]]

    def new_row(self, table: str, tenant_id: int, number: int) -> Row:
        """Return a row that may be inserted: its own words by `number`, its parents those of the tenant."""
        row = {
            name: SPECIAL.get((table, name), _value(kind, number))
            for name, kind, is_identity in self.columns[table]
            if not is_identity
        }
        for here, parent, there in self.parents[table]:
            row[here] = self.rows[parent.removeprefix("marginbook."), tenant_id][there]
        return row | ({"tenant_id": tenant_id} if self.has_tenant(table) else {})

    def has_tenant(self, table: str) -> bool:
        """Whether its rows name their tenant; the tenants' own table gives the number itself."""
        return table != "tenant" and any(name == "tenant_id" for name, *_ in self.columns[table])


def fill(urls: ClusterUrls) -> TenantsApart:
    """Give the tenants north and south one row in every table, past every wall."""
    with psycopg.connect(libpq(urls.superuser_url), autocommit=True) as connection:
        connection.execute("set search_path = marginbook")
        connection.execute("select make_month_partitions(%s::date)", [WHEN.date()])
        tables = [name for (name,) in connection.execute(TABLES).fetchall()]
        made = TenantsApart(
            urls,
            tables,
            {},
            {table: connection.execute(COLUMNS, [table]).fetchall() for table in tables},
            {table: connection.execute(FOREIGN_KEYS, [table]).fetchall() for table in tables},
        )
        for table in tables:
            for tenant_id in (NORTH, SOUTH):
                values = made.new_row(table, tenant_id, tenant_id)
                inserted = connection.execute(insert(table, values) + sql.SQL(" returning *"), values)
                names = [column.name for column in inserted.description or ()]
                made.rows[table, tenant_id] = dict(zip(names, inserted.fetchone() or (), strict=True))
    return made


def insert(table: str, values: Row) -> sql.Composed:
    """Return the statement that inserts the values."""
    return sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(map(sql.Placeholder, values)),
    )


@contextmanager
def acting(urls: ClusterUrls, tenant_id: int | None, role: str | None = "service") -> Iterator[psycopg.Connection[Any]]:
    """Open a transaction of the application's role with these settings (None: not set), and roll it back."""
    with psycopg.connect(libpq(urls.app_url)) as connection:
        settings = {"app.tenant_id": tenant_id, "app.role": role}
        for name, value in settings.items():
            if value is not None:
                connection.execute(sql.SQL("set local {} = {}").format(sql.SQL(name), sql.Literal(str(value))))
        yield connection
        connection.rollback()


def attempt(connection: psycopg.Connection[Any], statement: Any, values: Row | None = None) -> int:
    """Try a statement inside a savepoint that is undone; return the rows it touched, REFUSED when it was refused."""
    try:
        with connection.transaction(force_rollback=True):
            return connection.execute(statement, values).rowcount
    except psycopg.errors.InsufficientPrivilege:
        return REFUSED
    except psycopg.errors.UniqueViolation:
        return 1  # The wall let it pass, for keys are looked at after policies; only this row was there already.


def _value(kind: str, number: int) -> Any:
    made = {
        "bigint": number,
        "integer": number,
        "numeric": number,
        "boolean": True,
        "text": f"word-{number}",
        "text[]": [f"word-{number}"],
        "date": date(2026, 11, number),
        "timestamp with time zone": WHEN,
        "jsonb": Jsonb({"number": number}),
        "bytea": bytes([number]),
        "uuid": f"00000000-0000-0000-0000-{number:012}",
    }
    return made[kind]
