"""Brings a database's schema to the newest version, as its owner."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from billing_core.clock import utc_now
from billing_core.store.catalogue import store_catalogue

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(admin_url: str) -> None:
    """Run every missing migration and add the price versions that the price book knows and the database does not.

    Several programs may start at once: an advisory lock lets one migrate, the others find the work done.
    """
    engine = create_engine(admin_url, poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(hashtext('marginbook.migrate'))"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        store_catalogue(connection, utc_now())
    engine.dispose()
