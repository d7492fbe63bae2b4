"""The process's one connection pool to PostgreSQL, and the refusal to work with a role that could pass the wall."""

from functools import lru_cache

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from billing_core.errors import (
    AdminUrlMissingError,
    DatabaseUnavailableError,
    SchemaMissingError,
    UnsafeDatabaseRoleError,
)
from billing_core.store import embedded
from billing_core.store.settings import read_settings

POOL_SIZE = 5
POOL_OVERFLOW = 15


def app_url() -> str:
    """Return the URL of the application role: DATABASE_URL, else that of the embedded server, started if need be."""
    settings = read_settings()
    return settings.database_url or embedded.ensure_running(settings.marginbook_home).app_url


def admin_url() -> str:
    """Return the URL of the owning role: DATABASE_ADMIN_URL, else that of the embedded server."""
    settings = read_settings()
    if settings.database_url is None:
        return embedded.ensure_running(settings.marginbook_home).admin_url
    if settings.database_admin_url is None:
        raise AdminUrlMissingError
    return settings.database_admin_url


@lru_cache(maxsize=1)
def engine() -> Engine:
    """Return the process's pool, opened on first use and checked once."""
    return open_engine(app_url())


def open_engine(url: str) -> Engine:
    """Open a pool for `url` and refuse a role that is superuser, bypasses row level security or owns our tables."""
    pool = create_engine(url, pool_size=POOL_SIZE, max_overflow=POOL_OVERFLOW, pool_pre_ping=True)
    try:
        with pool.connect() as connection:
            _refuse_unsafe_role(connection)
    except OperationalError as failure:
        raise DatabaseUnavailableError(str(failure.orig)) from failure
    except (UnsafeDatabaseRoleError, SchemaMissingError):
        pool.dispose()
        raise
    return pool


def _refuse_unsafe_role(connection: Connection) -> None:
    row = connection.execute(
        text(
            """
            select current_user as name, role.rolsuper or role.rolbypassrls as is_unsafe,
                   to_regclass('marginbook.usage_event') is not null as is_migrated,
                   exists (select from pg_class
                           where relnamespace = to_regnamespace('marginbook') and relowner = role.oid) as is_owner
            from pg_roles role where role.rolname = current_user
            """
        )
    ).one()
    if row.is_unsafe or row.is_owner:
        raise UnsafeDatabaseRoleError(row.name)
    if not row.is_migrated:
        raise SchemaMissingError
