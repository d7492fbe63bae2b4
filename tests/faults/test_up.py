"""Coming up and going down: one command, one ready line, and nothing left behind."""

import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from billing_core.store import embedded
from tests.faults.installations import Home
from tests.waiting import until

pytestmark = pytest.mark.fault

PASSWORD_LINE = re.compile(r"^Sign in as owner@localhost with the password (\S+)$", re.MULTILINE)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    this = Home(tmp_path / "home")
    yield this
    this.clear_up()


def test_up_says_ready_and_the_first_password_and_sigterm_leaves_nothing(home: Home):
    process = home.ready()
    assert home.answers()
    assert f"\nready http://127.0.0.1:{home.port}\n" in home.said()
    assert len(PASSWORD_LINE.findall(home.said())) == 1
    process.terminate()
    assert process.wait() == 0
    assert home.processes() == []
    assert not home.database_runs()
    assert "Traceback" not in home.said()


def test_the_first_password_is_said_once_and_stored_nowhere_in_clear(home: Home):
    process = home.ready()
    (password,) = PASSWORD_LINE.findall(home.said())
    process.terminate()
    process.wait()
    process = home.ready()
    assert PASSWORD_LINE.findall(home.said()) == [password]
    assert home.query("select count(*) from user_account where password_hash like '$argon2id$%'") == [(1,)]
    process.terminate()
    process.wait()
    with_it = [path for path in home.folder.rglob("*") if path.is_file() and password.encode() in path.read_bytes()]
    assert with_it == []


def test_a_lost_password_is_replaced_from_the_command_line(home: Home):
    home.ready()
    before = home.query("select password_hash from user_account")
    said = home.command("reset-password", "OWNER@localhost")
    assert re.fullmatch(r"owner@localhost signs in with the password \S+ from now on: it is shown this once\.\n", said)
    assert home.query("select password_hash from user_account") != before


def test_ctrl_c_stops_everything(home: Home):
    process = home.ready()
    process.send_signal(signal.SIGINT)
    assert process.wait() == 0
    assert (home.processes(), home.database_runs()) == ([], False)
    assert "Traceback" not in home.said()


@pytest.mark.parametrize("after", ["", "Starting the database", "Database ready", "Sign in"])
def test_a_stop_during_the_start_leaves_nothing_running(home: Home, after: str):
    process = home.up()
    until(lambda: (home.folder / "up.lock").exists() and after in home.said())
    process.terminate()
    assert process.wait() == 0
    assert (home.processes(), home.database_runs()) == ([], False)
    assert "Traceback" not in home.said()
    home.ready()  # And the next start works.


def test_a_database_that_ran_before_stays_up(home: Home):
    embedded.ensure_running(home.folder)
    process = home.ready()
    process.terminate()
    assert process.wait() == 0
    assert home.database_runs()


def test_a_second_up_says_where_the_first_one_is(home: Home):
    first = home.ready()
    second = home.up()
    assert second.wait() == 1
    assert f"Marginbook already runs here, at http://127.0.0.1:{home.port} (process {first.pid})" in home.said()
    assert home.answers()


def test_a_taken_port_is_a_sentence_and_starts_nothing(home: Home):
    with socket.create_server(("127.0.0.1", home.port)):
        process = home.up()
        assert process.wait() == 1
    assert f"Port {home.port} is taken by another program" in home.said()
    assert home.processes() == []
    assert not (home.folder / "postgres").exists()


def test_a_home_that_cannot_be_made_is_a_sentence(home: Home):
    home.folder.write_text("a file, no folder")
    assert home.up().wait() == 1
    assert f"Marginbook cannot keep its data in {home.folder}" in home.said()
    home.folder.unlink()


def test_two_installations_run_side_by_side_and_share_nothing(home: Home, tmp_path: Path):
    other = Home(tmp_path / "other")
    try:
        home.ready()
        other.ready()
        home.query(
            "insert into tenant (slug, name, reporting_currency, is_demo, recorded_at) "
            "values ('only-here', 'Here', 'usd', false, now()) returning 1"
        )
        assert (home.answers(), other.answers()) == (True, True)
        assert home.query("select slug from tenant order by 1") == [("my-company",), ("only-here",)]
        assert other.query("select slug from tenant order by 1") == [("my-company",)]
        home.ups[-1].terminate()
        assert home.ups[-1].wait() == 0
        assert other.answers()
    finally:
        other.clear_up()


def test_with_a_demo_the_first_page_is_not_empty(home: Home):
    process = home.up(MARGINBOOK_DEMO="")
    until(lambda: "\nready " in home.said() or process.poll() is not None)
    assert "invented customers, in “Demo: Inkwell AI”" in home.said()
    assert home.query("select slug, is_demo from tenant order by 1") == [("demo", True), ("my-company", False)]
    assert home.query("select count(*) from usage_event") == [(300_000,)]
    process.terminate()
    assert process.wait() == 0


def test_without_a_demo_an_installation_starts_empty(home: Home):
    home.ready()
    assert home.query("select slug, is_demo from tenant") == [("my-company", False)]
    assert home.query("select count(*) from usage_event") == [(0,)]


def test_nothing_is_written_outside_the_home(home: Home, tmp_path: Path):
    elsewhere = tmp_path / "person"
    elsewhere.mkdir()
    process = home.up(HOME=str(elsewhere), TMPDIR=str(elsewhere))
    until(lambda: "ready " in home.said())
    process.terminate()
    assert process.wait() == 0
    assert list(elsewhere.rglob("*")) == []


def test_migrate_says_what_it_did_and_that_there_is_nothing_left_to_do(home: Home):
    first, second = home.command("migrate"), home.command("migrate")
    assert re.fullmatch(r"The tables went from nothing to \d{4}\.\n[1-9]\d+ new prices were added .*\n", first)
    assert re.fullmatch(r"The tables are at version \d{4}: nothing to do\.\n", second)
