"""An import, or its database, killed at every point: the same import again ends where an undisturbed one ends."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from billing_core.errors import DatabaseFullError, DatabaseUnavailableError
from billing_core.store import embedded
from billing_core.store.engine import open_engine
from billing_core.store.migrate import upgrade
from billing_core.store.rebuild import check_projections
from billing_core.store.settings import PROJECT_FOLDER
from tests.databases import libpq, run_as_superuser
from tests.imports import FACTS, ROLLUPS, Books, event, new_tenant
from tests.waiting import until

pytestmark = pytest.mark.fault

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
EVERY_STEP = [table for table in (*FACTS, *ROLLUPS, "audit") if table not in {"usage_conflict", "customer_alias"}]
STEPS = EVERY_STEP if ROUNDS > 1 else ["quarantine", "usage_key", "usage_event", "usage_cost_month", "audit"]
BATCH = 100
MANY = 2_000
AT_WORK = (
    "select pid, query, wait_event_type from pg_stat_activity "
    "where datname = current_database() and usename = 'marginbook_app' and state <> 'idle'"
)


def lines(number: int) -> list[dict | str]:
    """Return usage of every kind: known again by ids and by content, bad, unpriced, twice in the file."""
    made: list[dict | str] = []
    for index in range(number):
        kind = index % 10
        line = event(
            id=f"req-{index}", customer=f"C{index % 7}", product=f"P{index % 3}", at=1_740_996_000 + index * 977
        )
        changes = {1: {"id": None}, 2: {"id": f"req-{index - 2}"}, 3: {"provider": "house"}, 4: {"at": 0}}
        made.append("oops" if kind == 5 else line | changes.get(kind, {}))
    return made


def start(books: Books, path: Path, **options: object) -> subprocess.Popen[str]:
    """Import a file in a process of its own."""
    words = [books.urls.app_url, str(books.tenant_id), str(BATCH), str(path)]
    command = [sys.executable, "-m", "tests.faults.import_child", *words]
    return subprocess.Popen(
        command, cwd=PROJECT_FOLDER, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def batches(books: Books) -> int:
    return books.count("audit")


def assert_as_undisturbed(books: Books, path: Path) -> None:
    """Import again, and compare with a tenant into which nothing disturbed the same import."""
    books.take(path)
    undisturbed = replace(books, tenant_id=new_tenant(books.urls, f"calm-{books.tenant_id}"))
    undisturbed.take(path)
    refused = "select line_number, reason, sentence, fields from quarantine order by 1"
    conflicts = "select key, body_hash, tokens from usage_conflict order by 1, 2"

    assert books.ledger() == undisturbed.ledger()
    assert books.rollups() == undisturbed.rollups()
    assert books.seen(refused) == undisturbed.seen(refused)
    assert books.seen(conflicts) == undisturbed.seen(conflicts)
    assert [len(books.seen(f"select name from {table}")) for table in ("customer", "product")] == [7, 3]
    with books.target.transaction() as connection:
        assert all(check.agrees for check in check_projections(connection, books.tenant_id))


@pytest.mark.parametrize("after", [1, 4, *range(5, ROUNDS + 4)])
def test_an_import_killed_after_some_batches_goes_on_where_it_was(books: Books, after):
    path = books.file(lines(MANY))
    child = start(books, path)
    until(lambda: batches(books) >= after % 15)
    child.kill()
    said, _ = child.communicate()
    until(lambda: not books.asked(AT_WORK))

    assert child.returncode == -signal.SIGKILL
    assert after % 15 <= batches(books) < MANY // BATCH, said
    assert_as_undisturbed(books, path)


@pytest.mark.parametrize("table", STEPS)
def test_an_import_killed_in_the_middle_of_a_batch_leaves_nothing_of_it(books: Books, table):
    path = books.file(lines(2 * BATCH))
    waiting = f"{AT_WORK} and wait_event_type = 'Lock'"
    books.asked("select make_month_partitions('2025-03-01')")
    with psycopg.connect(libpq(books.urls.superuser_url)) as holder:
        holder.execute(f"lock table marginbook.{table} in share row exclusive mode".encode())
        child = start(books, path)
        until(lambda: books.asked(waiting))
        (held,) = books.asked(waiting)
        child.kill()
        child.communicate()
    until(lambda: not books.asked(f"select from pg_stat_activity where pid = {held['pid']}"))

    assert f"into {table} " in held["query"]  # The kill did hit this statement.
    assert child.returncode == -signal.SIGKILL
    assert not any(books.dump().values())
    assert_as_undisturbed(books, path)


@pytest.fixture
def own_home(tmp_path: Path) -> Iterator[Path]:
    """Name a folder for a database that a test may kill."""
    home = tmp_path / "home"
    yield home
    embedded.stop(home)


def own_books(home: Path) -> Books:
    """Open books in a database of their own."""
    urls = embedded.ensure_running(home)
    # A killed process loses nothing that the system has; only a power cut would.
    run_as_superuser(urls, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    upgrade(urls.admin_url)
    folder = home.parent / "files"
    folder.mkdir(exist_ok=True)
    return Books(urls, open_engine(urls.app_url), folder, new_tenant(urls))


def test_an_import_whose_database_is_killed_says_so_and_goes_on_after_its_restart(own_home: Path):
    books = own_books(own_home)
    path = books.file(lines(MANY))
    child = start(books, path)
    until(lambda: batches(books) >= 3)
    postmaster = embedded.status(own_home).pid
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)
    _, said = child.communicate()
    with pytest.raises(DatabaseUnavailableError, match="start it with `marginbook db start`, or check DATABASE_URL"):
        books.take(path)
    embedded.ensure_running(own_home)

    assert child.returncode == 1
    assert said.startswith("The database cannot be reached (")
    assert "What was under way was not written; start it with `marginbook db start`" in said
    assert 3 <= batches(books) < MANY // BATCH
    kept = books.count("usage_event")
    assert (
        kept == books.count("usage_key") == books.seen("select sum(calls) as calls from usage_cost_month")[0]["calls"]
    )
    assert_as_undisturbed(books, path)
    books.engine.dispose()


def test_an_import_whose_database_may_not_grow_says_so_and_goes_on_when_there_is_room(own_home: Path):
    # The limit is above a segment of the write-ahead log, whose writer may not fail.
    limit = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (17_000_000, resource.RLIM_INFINITY)); "
    begin = (
        "from pathlib import Path; from billing_core.store import embedded; embedded.ensure_running(Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", limit + begin, str(own_home)], cwd=PROJECT_FOLDER, check=True)
    books = own_books(own_home)
    wide = {f"tag-{number}": os.urandom(95).hex() for number in range(10)}
    path = books.file(
        [event(id=f"req-{index}", tags=wide | {"n": index, "x": os.urandom(95).hex()}) for index in range(9_000)]
    )
    with pytest.raises(DatabaseFullError, match=r"has no room to write \(could not .*File too large"):
        books.take(path)
    assert not any(books.dump().values())

    embedded.stop(own_home)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    embedded.ensure_running(own_home)
    assert books.take(path).new == 9_000
    books.engine.dispose()


def test_without_a_database_an_import_says_what_to_do(tmp_path: Path):
    path = tmp_path / "calls.jsonl"
    path.write_text("{}\n")
    done = subprocess.run(
        [sys.executable, "-m", "cli", "import", "usage", str(path)],
        cwd=PROJECT_FOLDER,
        env=os.environ | {"DATABASE_URL": f"postgresql://marginbook_app@/marginbook?host={tmp_path}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The database cannot be reached (connection is bad: ")
    assert done.stderr.endswith("`marginbook db start`, or check DATABASE_URL, then do it again.\n")
    assert done.stderr.count("\n") == 1
