"""What the running embedded server is like: private, durable, discreet, and the same everywhere."""

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from billing_core.store import embedded
from billing_core.store.embedded_programs import run_as
from tests.faults.embedded_homes import asked

pytestmark = [pytest.mark.fault, pytest.mark.security]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run one server for the tests of this file, which only look at it."""
    made = tmp_path_factory.mktemp("standing") / "home"
    embedded.ensure_running(made)
    yield made
    embedded.stop(made)
    shutil.rmtree(made)


def test_a_second_call_neither_starts_nor_changes_anything(home):
    first = embedded.ensure_running(home)
    pid = embedded.status(home).pid

    assert embedded.ensure_running(home) == first
    assert embedded.status(home).pid == pid


def test_only_we_may_enter_the_folder_of_the_data_and_the_socket(home):
    folder = (home / "postgres").stat()

    assert (stat.S_IMODE(folder.st_mode), folder.st_uid) == (0o700, os.geteuid())
    assert stat.S_IMODE((home / "postgres" / "data").stat().st_mode) == 0o700


def test_it_listens_on_no_network_address(home):
    assert asked(home, "SELECT current_setting('listen_addresses')") == [("",)]


def test_commits_wait_for_the_disk(home):
    assert asked(home, "SELECT current_setting('fsync'), current_setting('synchronous_commit')") == [("on", "on")]


def test_the_log_names_a_failure_but_not_the_customers_data(home):
    with pytest.raises(psycopg.errors.UniqueViolation, match="Jane Doe"):
        asked(home, "CREATE TEMP TABLE c (name text PRIMARY KEY); INSERT INTO c VALUES ('Jane Doe'), ('Jane Doe')")

    log = (home / "postgres" / "data" / "server.log").read_text()
    assert 'duplicate key value violates unique constraint "c_pkey"' in log
    assert "Jane Doe" not in log


def test_the_interrupt_key_of_the_terminal_that_started_it_does_not_reach_it(home):
    pid = embedded.status(home).pid
    while_starting = run_as(None, [sys.executable, "-c", "import os; print(os.getsid(0))"], home)

    assert pid is not None
    assert os.getsid(0) not in {os.getsid(pid), int(while_starting.stdout)}


def test_text_sorts_and_folds_the_same_on_every_machine(home):
    question = "SELECT array_agg(word ORDER BY word), lower('ÄÖÜ') FROM unnest(ARRAY['a', 'B', 'ä']) word"

    assert asked(home, question) == [(["B", "a", "ä"], "äöü")]
