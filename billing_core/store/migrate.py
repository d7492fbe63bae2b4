"""Brings a database's schema to the newest version, as its owner."""

from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from billing_core.clock import utc_now
from billing_core.errors import DatabaseUnavailableError
from billing_core.store.catalogue import store_catalogue

MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Upgraded:
    """What an upgrade changed: the schema's version before and after, and how many price versions were added."""

    before: str | None
    after: str | None
    new_prices: int


def upgrade(admin_url: str) -> Upgraded:
    """Run every missing migration and add the price versions that the price book knows and the database does not.

    Several programs may start at once: an advisory lock lets one migrate, the others find the work done. Raises
    DatabaseUnavailableError when the server cannot be reached.
    """
    engine = create_engine(admin_url, poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    try:
        opened = engine.connect()
    except OperationalError as failure:
        raise DatabaseUnavailableError(str(failure.orig)) from failure
    with opened as connection, connection.begin():
        connection.execute(text("select pg_advisory_xact_lock(hashtext('marginbook.migrate'))"))
        config.attributes["connection"] = connection
        before = _version(connection)
        command.upgrade(config, "head")
        upgraded = Upgraded(before, _version(connection), store_catalogue(connection, utc_now()))
    engine.dispose()
    return upgraded


def _version(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table_schema": "marginbook"})
    return context.get_current_revision()
