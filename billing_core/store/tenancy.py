"""The only place that opens transactions: each one carries its tenant, actor and role, or sees nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from billing_core.errors import BillingError, DatabaseBusyError, DatabaseFullError, DatabaseUnavailableError

INSTALLATION = 0
"""The scope of what exists before a tenant is known: sign-in, tenants, the worker's own runs."""

ROLES = ("owner", "finance", "support", "viewer", "service")

_SETTINGS = sql.SQL(
    "set local app.tenant_id = {}; set local app.actor = {}; set local app.role = {}; set local timezone = 'UTC'"
)
"""UTC inside, whatever the server's zone is: a time without a zone that is copied in is UTC too."""

# By SQLSTATE, or the class that its first two characters are (PostgreSQL's manual, appendix A).
_GONE = ("08", "57P01", "57P02", "57P03", "57P04")
_NO_ROOM = ("53100", "53200", "53400", "58030")
_GIVEN_UP = ("25006", "25P03", "25P04", "40", "53300", "55P03", "57014")


@contextmanager
def tenant_transaction(engine: Engine, *, tenant_id: int, actor: str, role: str) -> Iterator[Connection]:
    """Open one transaction that sees and writes one tenant's rows only; commit at its end, or leave nothing.

    The settings are literals in SET LOCAL, because Citus hands on neither set_config nor bound parameters.
    Raises DatabaseUnavailableError when the server cannot be reached or goes away, DatabaseFullError when it has no
    room, DatabaseBusyError when it gives up; everything else is a bug and is raised as it is.
    """
    if role not in ROLES:
        raise ValueError(f"Unknown role {role!r}: use one of {', '.join(ROLES)}.")
    settings = _SETTINGS.format(sql.Literal(str(int(tenant_id))), sql.Literal(actor), sql.Literal(role))
    try:
        with engine.begin() as connection:
            driver = connection.connection.driver_connection
            connection.exec_driver_sql(settings.as_string(driver))
            yield connection
    except (DBAPIError, psycopg.Error) as failure:
        if (refusal := _refusal(failure)) is not None:
            raise refusal from failure
        raise


def _refusal(failure: DBAPIError | psycopg.Error) -> BillingError | None:
    """Return the sentence for what a server may do to anybody; None for a bug. COPY fails past SQLAlchemy."""
    cause = failure.orig if isinstance(failure, DBAPIError) else failure
    state = getattr(cause, "sqlstate", None) or ""
    said = str(cause).strip().splitlines() or ["no answer"]
    is_cut = isinstance(failure, DBAPIError) and failure.connection_invalidated
    if is_cut or state.startswith(_GONE) or (not state and isinstance(cause, psycopg.OperationalError)):
        return DatabaseUnavailableError(said[0])
    # A limit on the size of files comes as an internal error, with the system's own words.
    if state.startswith(_NO_ROOM) or said[0].endswith(("File too large", "Disk quota exceeded")):
        return DatabaseFullError(said[0])
    return DatabaseBusyError(said[0]) if state.startswith(_GIVEN_UP) else None
