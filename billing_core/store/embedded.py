"""The embedded database of an installation: started when asked for, stopped only when told."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

import psycopg
from psycopg import sql
from psycopg.pq import Ping
from sqlalchemy import URL

from billing_core.errors import EmbeddedDatabaseError
from billing_core.store.embedded_server import OWN_SERVER, PORT, PREPARED, SUPERUSER, Server, write_whole

DATABASE = "marginbook"


@dataclass(frozen=True)
class ClusterUrls:
    """How each role reaches one database of the embedded cluster."""

    app_url: str
    admin_url: str
    backup_url: str
    superuser_url: str


@dataclass(frozen=True)
class ClusterStatus:
    """Whether the embedded database runs, and where it is."""

    state: Literal["absent", "stopped", "starting", "running"]
    folder: Path
    pid: int | None


def ensure_running(home: Path) -> ClusterUrls:
    """Return how to reach the embedded database below `home`, making and starting it first where needed.

    Any number of processes may call this at once. It returns within milliseconds when the server runs.
    Raise EmbeddedDatabaseError with a sentence when the database cannot be made or started.
    """
    server = Server(_folder(home))
    if _is_prepared(server) and server.ping() == Ping.OK:
        return urls(server)
    try:
        home.mkdir(mode=0o711, parents=True, exist_ok=True)
        server.folder.mkdir(mode=0o700, exist_ok=True)
        with server.alone():
            server.make()
            server.start()
            _prepare(server)
    except OSError as refused:
        raise EmbeddedDatabaseError(
            f"The database cannot be made or started in {server.folder} ({refused.strerror or refused})",
            f"make room or give this user the folder, choose another MARGINBOOK_HOME, {OWN_SERVER}",
        ) from refused
    return urls(server)


def stop(home: Path) -> bool:
    """Stop the embedded database, cutting its sessions; return whether it was running."""
    server = Server(_folder(home))
    if not server.data.exists():
        return False
    with server.alone():
        return server.stop()


def status(home: Path) -> ClusterStatus:
    """Say whether the embedded database runs, without starting it."""
    server = Server(_folder(home))
    if not server.data.exists():
        return ClusterStatus("absent", server.folder, None)
    answer = server.ping()
    if answer == Ping.OK:
        return ClusterStatus("running", server.folder, server.pid())
    return ClusterStatus("starting" if answer == Ping.REJECT else "stopped", server.folder, server.pid())


def urls(server: Server, database: str = DATABASE) -> ClusterUrls:
    """Return the URLs of one database in a running cluster."""
    where = {"host": str(server.socket_folder()), "port": str(PORT)}
    return ClusterUrls(
        app_url=_url("marginbook_app", database, where),
        admin_url=_url("marginbook_owner", database, where),
        backup_url=_url("marginbook_backup", database, where),
        superuser_url=_url(SUPERUSER, database, where),
    )


def roles_sql() -> str:
    """Return the SQL that makes the roles and the schema; it can be run again at any time."""
    return files("billing_core.store").joinpath("roles.sql").read_text(encoding="utf-8")


def _folder(home: Path) -> Path:
    return home.absolute() / "postgres"


def _url(role: str, database: str, where: Mapping[str, str]) -> str:
    url = URL.create("postgresql+psycopg", username=role, database=database, query=dict(where))
    return url.render_as_string(hide_password=False)


def _prepared_as() -> str:
    return hashlib.sha256(roles_sql().encode()).hexdigest()


def _is_prepared(server: Server) -> bool:
    try:
        return (server.folder / PREPARED).read_text() == _prepared_as()
    except OSError:
        return False


def _prepare(server: Server) -> None:
    """Make the database, roles and schema once; the note of it lets later callers skip the lock."""
    if _is_prepared(server):
        return
    host = str(server.socket_folder())
    with psycopg.connect(host=host, port=PORT, user=SUPERUSER, dbname="postgres", autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    with psycopg.connect(host=host, port=PORT, user=SUPERUSER, dbname=DATABASE, autocommit=True) as connection:
        connection.execute(roles_sql().encode())
    write_whole(server.folder / PREPARED, _prepared_as())
