"""The only place that opens transactions: each one carries its tenant, actor and role, or sees nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from billing_core.errors import DatabaseUnavailableError

INSTALLATION = 0
"""The scope of what exists before a tenant is known: sign-in, tenants, the worker's own runs."""

ROLES = ("owner", "finance", "support", "viewer", "service")


@contextmanager
def tenant_transaction(engine: Engine, *, tenant_id: int, actor: str, role: str) -> Iterator[Connection]:
    """Open one transaction that sees and writes one tenant's rows only; commit at its end, or leave nothing.

    The settings are literals in SET LOCAL, because Citus hands on neither set_config nor bound parameters.
    Raises DatabaseUnavailableError when the server cannot be reached or goes away.
    """
    if role not in ROLES:
        raise ValueError(f"Unknown role {role!r}: use one of {', '.join(ROLES)}.")
    settings = sql.SQL("set local app.tenant_id = {}; set local app.actor = {}; set local app.role = {}").format(
        sql.Literal(str(int(tenant_id))), sql.Literal(actor), sql.Literal(role)
    )
    try:
        with engine.begin() as connection:
            driver = connection.connection.driver_connection
            connection.exec_driver_sql(settings.as_string(driver))
            yield connection
    except OperationalError as failure:
        if failure.connection_invalidated or failure.orig is None or getattr(failure.orig, "sqlstate", None) is None:
            raise DatabaseUnavailableError(str(failure.orig)) from failure
        raise
