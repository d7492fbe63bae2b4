"""What a database may do to an import: refuse a step, run out of room, give up, go away. Nothing is half written."""

import random
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from billing_core.errors import BillingError, DatabaseBusyError, DatabaseFullError, DatabaseUnavailableError
from tests.databases import libpq
from tests.imports import FACTS, GPT_PICO, ROLLUPS, Books, event, events
from tests.waiting import until

pytestmark = pytest.mark.fault

STEPS = [table for table in (*FACTS, *ROLLUPS, "audit") if table != "usage_conflict"]
"""Every table that an import of new rows writes."""


def some_lines() -> list[dict | str]:
    return [*events(20, product="Writer"), "oops"]


def nothing(books: Books) -> bool:
    return not any(books.dump().values()) and books.count("audit") == 0


@pytest.mark.parametrize("table", STEPS)
def test_a_step_that_fails_leaves_nothing_of_its_batch(books: Books, table):
    path = books.file(some_lines())
    books.change(f"alter table {table} add constraint broken check (false) not valid")
    with pytest.raises(IntegrityError, match="broken"):
        books.take(path)
    assert nothing(books)

    books.change(f"alter table {table} drop constraint broken")
    assert books.take(path).new == 20
    assert books.costs() == {"Acme": 20 * GPT_PICO}


def test_a_conflict_that_cannot_be_kept_leaves_nothing_of_its_batch(books: Books):
    books.take_lines(event(), source="web")
    before = books.dump()
    books.change("revoke insert on usage_conflict from marginbook_app")
    with pytest.raises(ProgrammingError, match="permission denied for table usage_conflict"):
        books.take_lines(event(id="new"), event(calls=2), source="web")

    assert books.dump() == before


def test_the_batches_before_the_failing_one_are_whole(books: Books, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ingestion.files.BATCH_ROWS", 10)
    books.change("alter table usage_hour add constraint broken check (calls <= 20)")
    with pytest.raises(IntegrityError, match="broken"):
        books.take_lines(*events(50))

    assert books.count("usage_event") == books.count("usage_key") == books.count("usage_raw") == 20
    assert books.costs() == {"Acme": 20 * GPT_PICO}
    assert books.count("audit") == 2


SAID: list[tuple[str, str, type[BillingError]]] = [
    ("53100", "could not extend file: No space left on device", DatabaseFullError),
    ("53200", "out of memory", DatabaseFullError),
    ("53400", "temporary file size exceeds temp_file_limit", DatabaseFullError),
    ("58030", "could not write: Input/output error", DatabaseFullError),
    ("XX000", "could not extend file: File too large", DatabaseFullError),
    ("40P01", "deadlock detected", DatabaseBusyError),
    ("40001", "could not serialize access", DatabaseBusyError),
    ("57014", "canceling statement due to statement timeout", DatabaseBusyError),
    ("55P03", "canceling statement due to lock timeout", DatabaseBusyError),
    ("25006", "cannot execute INSERT in a read-only transaction", DatabaseBusyError),
    ("57P01", "terminating connection due to administrator command", DatabaseUnavailableError),
    ("57P03", "the database system is starting up", DatabaseUnavailableError),
    ("08006", "connection failure", DatabaseUnavailableError),
]


@pytest.mark.parametrize(("state", "words", "refusal"), SAID, ids=[state for state, _, _ in SAID])
def test_what_a_server_may_do_to_anybody_is_said_in_a_sentence(books: Books, state, words, refusal):
    raised = text(f"do $$ begin raise exception '{words}' using errcode = '{state}'; end $$")
    with pytest.raises(refusal) as said, books.target.transaction() as connection:
        connection.execute(raised)

    assert words in str(said.value)
    assert "not written" in str(said.value) or "nothing of it was written" in str(said.value)
    assert str(said.value).endswith(".")


@pytest.mark.parametrize("state", ["42501", "23514", "XX000", "22P05", "54000"])
def test_a_bug_is_no_sentence(books: Books, state):
    raised = text(f"do $$ begin raise exception 'a bug' using errcode = '{state}'; end $$")
    with pytest.raises(DBAPIError, match="a bug"), books.target.transaction() as connection:
        connection.execute(raised)


@contextmanager
def held(books: Books, table: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Hold a table, so that whoever writes it waits."""
    with psycopg.connect(libpq(books.urls.superuser_url)) as connection:
        connection.execute(f"lock table marginbook.{table} in share row exclusive mode".encode())
        yield connection


def waiting(books: Books) -> list[int]:
    rows = books.asked(
        "select pid from pg_stat_activity where datname = current_database() and usename = 'marginbook_app' "
        "and wait_event_type = 'Lock'"
    )
    return [row["pid"] for row in rows]


def disturbed(books: Books, disturb: Callable[[int], None]) -> list[BillingError]:
    """Import while a rollup is held, disturb the backend that waits for it, and return what the import said."""
    path = books.file(some_lines())
    said: list[BillingError] = []

    def take() -> None:
        try:
            books.take(path)
        except BillingError as refusal:
            said.append(refusal)

    importing = threading.Thread(target=take)
    with held(books, "usage_hour"):
        importing.start()
        until(lambda: waiting(books))
        disturb(waiting(books)[0])
        importing.join()
    assert nothing(books)
    assert books.take(path).new == 20
    return said


def test_an_import_that_is_cancelled_says_so(books: Books):
    (said,) = disturbed(books, lambda pid: books.asked(f"select pg_cancel_backend({pid})"))

    assert str(said).startswith(
        "The database gave up what was under way (canceling statement due to user request), and"
    )


def test_an_import_whose_connection_is_ended_says_so(books: Books):
    (said,) = disturbed(books, lambda pid: books.asked(f"select pg_terminate_backend({pid})"))

    assert isinstance(said, DatabaseUnavailableError)
    assert "What was under way was not written" in str(said)


def test_an_import_that_waits_longer_than_its_limit_says_so(books: Books):
    name = books.asked("select current_database() as name")[0]["name"]
    books.change(f"alter role marginbook_app in database {name} set statement_timeout = '300ms'")
    books.engine.dispose()
    with (
        held(books, "usage_day"),
        pytest.raises(DatabaseBusyError, match="canceling statement due to statement timeout"),
    ):
        books.take_lines(*some_lines())

    assert nothing(books)


def wide_lines() -> list[dict]:
    """Return 8 MB of usage in one batch, which nothing can compress."""
    chance = random.Random(7)
    return [
        line | {"tags": {f"tag-{number}": f"{chance.getrandbits(796):0199x}" for number in range(10)}}
        for line in events(4_000)
    ]


def data_folder(books: Books) -> Path:
    """Return the folder of the server's data; its socket lies there too."""
    return Path(str(make_url(books.urls.app_url).query["host"]))


@pytest.fixture
def small_disk(books: Books) -> Iterator[Path]:
    """Mount a disk of 3 MB that belongs to the server; only root can, and not in every container."""
    folder = Path(tempfile.mkdtemp())
    owner = data_folder(books).stat().st_uid
    options = ["-t", "tmpfs", "-o", f"size=3m,mode=0700,uid={owner}", "tmpfs", str(folder)]
    mounted = shutil.which("mount") and subprocess.run(["mount", *options], check=False, capture_output=True)  # noqa: S607 - a system's program
    if not mounted or mounted.returncode:
        folder.rmdir()
        pytest.skip("a small disk to fill cannot be mounted here: only root may, outside of a container")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S607 - a system's program
    folder.rmdir()


def test_a_disk_that_is_full_is_said_in_a_sentence(books: Books, small_disk: Path):
    path = books.file(wide_lines())
    name = books.asked("select current_database() as name")[0]["name"]
    with psycopg.connect(libpq(books.urls.superuser_url), autocommit=True) as connection:
        connection.execute(f"create tablespace small_{name} location '{small_disk}'".encode())
        connection.execute(f"grant create on tablespace small_{name} to marginbook_app".encode())
        connection.execute(
            f"alter role marginbook_app in database {name} set temp_tablespaces = 'small_{name}'".encode()
        )
        books.engine.dispose()
        with pytest.raises(DatabaseFullError, match=r"No space left on device.*make room where its data lies"):
            books.take(path)
        assert nothing(books)

        connection.execute(f"alter role marginbook_app in database {name} reset temp_tablespaces".encode())
        books.engine.dispose()
        assert books.take(path).new == 4_000
        connection.execute(f"drop tablespace small_{name}".encode())
