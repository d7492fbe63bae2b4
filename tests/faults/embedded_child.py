"""The programs that the fault tests start and kill: `python -m tests.faults.embedded_child ensure|commit|fill HOME`."""

import resource
import sys
from itertools import count
from pathlib import Path

import psycopg

from billing_core.errors import BillingError
from billing_core.store import embedded
from tests.databases import libpq


def ensure(home: Path) -> None:
    """Say which cluster runs, and since when."""
    urls = embedded.ensure_running(home)
    with psycopg.connect(libpq(urls.superuser_url)) as connection:
        asked = "SELECT system_identifier, pg_postmaster_start_time() FROM pg_control_system()"
        sys.stdout.write(f"{connection.execute(asked).fetchone()}\n")


def commit(home: Path) -> None:
    """Commit numbers one by one, and say each one after its commit, until the end."""
    with psycopg.connect(libpq(embedded.ensure_running(home).admin_url), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS told (number bigint PRIMARY KEY)")
        row = connection.execute("SELECT coalesce(max(number), 0) FROM told").fetchone()
        for number in count(1 + (row[0] if row else 0)):
            connection.execute("INSERT INTO told VALUES (%s)", [number])
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


def fill(home: Path) -> None:
    """Make a database where no file may grow over 100 kB, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    try:
        ensure(home)
    finally:
        # The measuring of coverage still has a file to write, and a cut one spoils the whole run's report.
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


if __name__ == "__main__":
    try:
        {"ensure": ensure, "commit": commit, "fill": fill}[sys.argv[1]](Path(sys.argv[2]))
    except BillingError as refusal:
        sys.exit(str(refusal))
