"""The whole of Marginbook as real processes: coming up, going down, and every part killed in between."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from billing_core.store import embedded
from tests.databases import libpq

pytestmark = pytest.mark.fault

PASSWORD_LINE = re.compile(r"^Sign in as owner@localhost with the password (\S+)$", re.MULTILINE)


class Home:
    """One installation: its home, its port, and the `up` processes that a test starts for it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.output = folder.with_suffix(".out")
        self.ups: list[subprocess.Popen[bytes]] = []

    def up(self, **settings: str) -> subprocess.Popen[bytes]:
        environment = {"MARGINBOOK_HOME": str(self.folder), "PORT": str(self.port), "MARGINBOOK_DEMO": "0"}
        with self.output.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "cli", "up"],
                env=os.environ | environment | settings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.ups.append(process)
        return process

    def ready(self) -> subprocess.Popen[bytes]:
        """Start `up` and wait for its ready line."""
        already = self.said().count("ready ")
        process = self.up()
        until(lambda: self.said().count("ready ") > already or process.poll() is not None)
        assert process.poll() is None, self.said()
        return process

    def said(self) -> str:
        return self.output.read_text() if self.output.exists() else ""

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def part(self, name: str) -> psutil.Process:
        """Return the running part of the last `up`."""
        (found,) = [child for child in psutil.Process(self.ups[-1].pid).children() if name in child.cmdline()]
        return found

    def processes(self) -> list[str]:
        """Return this installation's processes, but for those of the database, which belong to another account."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if process.environ().get("MARGINBOOK_HOME") == str(self.folder):
                    found.append(" ".join(process.cmdline()))
        return found

    def database_runs(self) -> bool:
        return embedded.status(self.folder).state == "running"

    def query(self, statement: str) -> list[tuple[object, ...]]:
        url = libpq(embedded.ensure_running(self.folder).superuser_url)
        with psycopg.connect(url, options="-c search_path=marginbook") as connection:
            return connection.execute(statement.encode()).fetchall()

    def clear_up(self) -> None:
        for process in self.ups:
            process.kill()
            process.wait()
        until(lambda: all("postgres" in process for process in self.processes()))
        embedded.stop(self.folder)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(holds: Callable[[], object]) -> None:
    while not holds():
        time.sleep(0.05)


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


def test_a_killed_up_takes_its_parts_along_and_the_next_one_starts_at_once_and_stops_all(home: Home):
    process = home.ready()
    process.kill()
    process.wait()
    process = home.ready()
    assert home.answers()
    process.terminate()
    assert process.wait() == 0
    assert home.processes() == []
    assert not home.database_runs()  # The killed one had started it, and the next one stopped it in its place.


@pytest.mark.parametrize(("name", "called"), [("web", "web program"), ("worker", "worker")])
def test_a_killed_part_is_started_again(home: Home, name: str, called: str):
    home.ready()
    killed = home.part(name)
    killed.kill()
    until(lambda: f"The {called} ended (ended by SIGKILL); it starts again in 0.5 s." in home.said())
    until(lambda: name in str(home.processes()))
    until(home.answers)
    assert home.part(name).pid != killed.pid


def test_the_worker_starts_a_database_that_was_stopped_in_the_middle(home: Home):
    process = home.ready()
    embedded.stop(home.folder)
    until(home.database_runs)
    until(home.answers)
    process.terminate()
    assert process.wait() == 0
    assert (home.processes(), home.database_runs()) == ([], False)


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
