"""The embedded database of an installation: started when asked for, stopped only when told."""

import contextlib
import hashlib
from collections.abc import Iterator
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
State = Literal["absent", "stopped", "starting", "running"]
STATES: dict[Ping, State] = {Ping.OK: "running", Ping.REJECT: "starting"}


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

    state: State
    folder: Path
    pid: int | None


def ensure_running(home: Path) -> ClusterUrls:
    """Return how to reach the embedded database below `home`, making and starting it first where needed.

    Any number of processes may call this at once. It returns within milliseconds when the server runs.
    Raise EmbeddedDatabaseError with a sentence when the database cannot be made or started.
    """
    server = Server(_folder(home))
    if _is_prepared(server) and server.ping() == Ping.OK:
        return _urls(server)
    with _said_in_a_sentence(server):
        home.mkdir(mode=0o711, parents=True, exist_ok=True)
        server.folder.mkdir(mode=0o700, exist_ok=True)
        with server.alone():
            server.make()
            server.start()
            _prepare(server)
    return _urls(server)


def stop(home: Path) -> bool:
    """Stop the embedded database, cutting its sessions; return whether it was running."""
    server = Server(_folder(home))
    with _said_in_a_sentence(server):
        if not server.data.exists():
            return False
        with server.alone():
            return server.stop()


def status(home: Path) -> ClusterStatus:
    """Say whether the embedded database runs, without starting it."""
    server = Server(_folder(home))
    with _said_in_a_sentence(server):
        if not server.data.exists():
            return ClusterStatus("absent", server.folder, None)
        return ClusterStatus(STATES.get(server.ping(), "stopped"), server.folder, server.pid())


def roles_sql() -> str:
    """Return the SQL that makes the roles and the schema; it can be run again at any time."""
    return files("billing_core.store").joinpath("roles.sql").read_text(encoding="utf-8")


def _folder(home: Path) -> Path:
    return home.absolute() / "postgres"


def _urls(server: Server) -> ClusterUrls:
    return ClusterUrls(
        app_url=_url(server, "marginbook_app"),
        admin_url=_url(server, "marginbook_owner"),
        backup_url=_url(server, "marginbook_backup"),
        superuser_url=_url(server, SUPERUSER),
    )


def _url(server: Server, role: str) -> str:
    where = {"host": str(server.socket_folder()), "port": str(PORT)}
    return URL.create("postgresql+psycopg", username=role, database=DATABASE, query=where).render_as_string()


@contextlib.contextmanager
def _said_in_a_sentence(server: Server) -> Iterator[None]:
    try:
        yield
    except (OSError, psycopg.Error) as refused:
        reason = refused.strerror if isinstance(refused, OSError) and refused.strerror else str(refused).strip()
        raise EmbeddedDatabaseError(
            f"The database in {server.folder} cannot be used ({reason})",
            f"let the account that made it start Marginbook, make room, choose another MARGINBOOK_HOME, {OWN_SERVER}",
        ) from refused


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
