"""Copying the embedded database out into one file, and such a file into an empty database."""

import os
import subprocess
import tempfile
from pathlib import Path

import psycopg

from billing_core.errors import BackupFailedError, DatabaseNotEmptyError
from billing_core.store import embedded
from billing_core.store.embedded_programs import client_program

SCHEMA = "marginbook"
RIGHT_FILE = "name a file that `marginbook db dump` wrote"
TABLES_OF_OURS = "SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace(%s) AND relkind IN ('r', 'p')"


def dump(home: Path, file: Path) -> None:
    """Write all tables, of all tenants, into a new file that only this user may read; whole or not at all.

    It is done by the backup role: under FORCE ROW LEVEL SECURITY PostgreSQL refuses the owner's dump.
    """
    if file.exists():
        raise BackupFailedError("dumped", file, "the file is there already", "name a new one")
    if embedded.status(home).state == "absent":
        raise BackupFailedError("dumped", file, f"there is none in {home} yet", "set MARGINBOOK_HOME to where it is")
    urls = embedded.ensure_running(home)
    try:
        # Beside its place, so that the last step is a rename; made for this user only.
        handle, unfinished = tempfile.mkstemp(prefix=f"{file.name}.", suffix=".part", dir=file.parent)
    except OSError as refused:
        raise BackupFailedError(
            "dumped", file, str(refused.strerror), "name a file in a folder you may write to"
        ) from None
    os.close(handle)
    try:
        what = ["--format=custom", f"--schema={SCHEMA}", f"--file={unfinished}"]
        failure = _run("pg_dump", f"--dbname={libpq_url(urls.backup_url)}", *what)
        if failure:
            raise BackupFailedError("dumped", file, failure, "free the cause and dump again")
        with Path(unfinished).open("rb") as written:
            os.fsync(written.fileno())
        Path(unfinished).rename(file)
    finally:
        Path(unfinished).unlink(missing_ok=True)


def restore(home: Path, file: Path) -> None:
    """Fill an empty database from a dump, in one transaction: whole or not at all.

    Raise DatabaseNotEmptyError when the database has tables, BackupFailedError when the file is no dump.
    """
    # Its list of contents first, so that a wrong file makes no database.
    failure = _run("pg_restore", "--list", str(file))
    if failure:
        raise BackupFailedError("restored", file, failure, RIGHT_FILE)
    url = libpq_url(embedded.ensure_running(home).superuser_url)
    with psycopg.connect(url, autocommit=True) as connection:
        counted = connection.execute(TABLES_OF_OURS, [SCHEMA]).fetchone()
        if counted is not None and counted[0]:
            raise DatabaseNotEmptyError(counted[0])
        # The dump brings the schema along; the empty one of roles.sql makes way inside the same transaction.
        how = ["--single-transaction", "--exit-on-error", "--clean", "--if-exists"]
        failure = _run("pg_restore", f"--dbname={url}", *how, str(file))
        if failure:
            raise BackupFailedError("restored", file, failure, RIGHT_FILE)
        connection.execute(embedded.roles_sql().encode())
        connection.execute("ANALYZE")


def libpq_url(url: str) -> str:
    """Return a URL as psycopg and PostgreSQL's own programs read it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _run(program: str, *arguments: str) -> str:
    """Run a client program; return its complaint when it failed, else nothing."""
    command = [str(client_program(program)), *arguments]
    ran = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
    )
    if ran.returncode == 0:
        return ""
    complaints = [line.split("error: ", 1)[1] for line in ran.stderr.splitlines() if "error: " in line]
    return complaints[0] if complaints else f"{program} ended with code {ran.returncode}"
