"""The commands `marginbook db`: start, stop and look at the embedded database, copy it out and in."""

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billing_core.errors import DatabaseNotOursError, DatabaseUnavailableError

if TYPE_CHECKING:
    from billing_core.store.settings import Settings

db_app = typer.Typer(no_args_is_help=True, help="The embedded database: start, stop, look into it, dump, restore.")

HINT = (
    "You are marginbook_app, behind the tenants' wall: rows show after  BEGIN; SET LOCAL app.tenant_id = '1';  "
    "Leave with \\q."
)


@db_app.command()
def start() -> None:
    """Start the database, making it first where there is none, and say how to reach it."""
    settings = _embedded("start", "start it with its own tools")
    from billing_core.store import embedded

    urls = embedded.ensure_running(settings.marginbook_home)
    typer.echo(f"The database runs in {settings.marginbook_home}: look into it with `marginbook db shell`.")
    typer.echo(f"Programs reach it at {urls.app_url}")


@db_app.command()
def stop() -> None:
    """Stop the database; programs that use it lose their connection."""
    settings = _embedded("stop", "stop it with its own tools")
    from billing_core.store import embedded

    stopped = embedded.stop(settings.marginbook_home)
    typer.echo("The database is stopped." if stopped else "The database was not running.")


@db_app.command()
def status() -> None:
    """Say whether the database runs; the exit code is 0 when it does, else 1."""
    from billing_core.store import embedded
    from billing_core.store.settings import read_settings

    settings = read_settings()
    if settings.database_url is not None:
        typer.echo(f"Your own server answers: {_version(settings.database_url)}.")
        return
    found = embedded.status(settings.marginbook_home)
    process = f", process {found.pid}" if found.pid else ""
    typer.echo(f"The embedded database is {found.state}{process} ({found.folder}).")
    if found.state != "running":
        raise typer.Exit(1)


@db_app.command()
def shell() -> None:
    """Open psql as the application role."""
    from sqlalchemy import make_url

    from billing_core.store.backup import libpq_url
    from billing_core.store.embedded_programs import client_program
    from billing_core.store.engine import app_url

    url = make_url(app_url())
    carried = str(client_program("psql"))
    # The carried psql speaks no TLS, which a server elsewhere may ask for; psql of the system does.
    program = carried if "host" in url.query else shutil.which("psql") or carried
    if url.password is not None:
        # Not on the command line, where every user of the machine could read it.
        os.environ["PGPASSWORD"] = url.password
    sys.stdout.flush()
    typer.echo(HINT, err=True)
    without_password = libpq_url(url.set(password=None).render_as_string(hide_password=False))
    os.execv(program, [program, without_password])  # noqa: S606 - psql takes this process's place and its terminal.


@db_app.command()
def dump(file: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")]) -> None:
    """Write the whole database, all tenants, into one file."""
    by_hand = f"run `pg_dump --format=custom --schema=marginbook --file={file}` as its role marginbook_backup"
    settings = _embedded("dump", by_hand)
    from billing_core.store import backup

    backup.dump(settings.marginbook_home, file)
    typer.echo(f"Dumped into {file} ({file.stat().st_size:,} bytes). Keep it safe: it holds every tenant's data.")


@db_app.command()
def restore(file: Annotated[Path, typer.Argument(help="A file that `marginbook db dump` wrote.")]) -> None:
    """Fill an empty database from a dump; only from one of your own, for a dump can contain programs."""
    by_hand = (
        f"run roles.sql and then `pg_restore --clean --if-exists --single-transaction {file}` as its administrator"
    )
    settings = _embedded("restore", by_hand)
    from billing_core.store import backup

    backup.restore(settings.marginbook_home, file)
    typer.echo(f"Restored from {file} into {settings.marginbook_home}.")


def _embedded(act: str, remedy: str) -> "Settings":
    """Return the settings, or refuse because the database is not ours to `act` on."""
    from billing_core.store.settings import read_settings

    settings = read_settings()
    if settings.database_url is not None:
        raise DatabaseNotOursError(act, remedy)
    return settings


def _version(url: str) -> str:
    import psycopg

    from billing_core.store.backup import libpq_url

    try:
        with psycopg.connect(libpq_url(url), connect_timeout=10) as connection:
            return f"PostgreSQL {connection.info.server_version // 10000}"
    except psycopg.OperationalError as failure:
        raise DatabaseUnavailableError(str(failure)) from failure
