"""Real worker processes: killed in the middle of a job, told to stop, left without their database."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from billing_core.store import embedded
from billing_core.store.embedded import ClusterUrls
from billing_core.store.migrate import upgrade
from tests.databases import libpq
from tests.waiting import until

pytestmark = pytest.mark.fault

WORKER = '''
"""A worker with one job, which says in a file that it is in the middle, and goes on when another file appears."""
import os, sys, time
from datetime import timedelta
from pathlib import Path
from sqlalchemy import text
from billing_core.store.engine import open_engine
from scheduler.jobs import Job
from scheduler.runner import log_json_to_stderr, run_worker
from scheduler.schedule import Schedule

url, folder = sys.argv[1], Path(sys.argv[2])

def work(workspace, due_at):
    workspace.connection.execute(text(
        "insert into tenant (slug, name, reporting_currency, is_demo, recorded_at) "
        "values ('t' || :pid, 'T', 'usd', false, now())"), {"pid": os.getpid()})
    (folder / f"middle-{os.getpid()}").touch()
    while not (folder / "go").exists():
        workspace.connection.execute(text("select pg_sleep(0.05)"))
    return {"pid": os.getpid()}

every_year = Schedule(every=timedelta(days=365))
log_json_to_stderr()
run_worker(lambda: open_engine(url), look_every_seconds=0.2, jobs=(
    Job(name="slow", purpose="Waits.", schedule=every_year, work=work, scope="installation", limit_seconds=120),))
'''


class Workers:
    """Worker processes of one test, in one folder, on one database."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        with (self.folder / f"log-{len(self.processes)}").open("wb") as log:
            process = subprocess.Popen([sys.executable, "-c", WORKER, self.url, str(self.folder)], stderr=log)
        self.processes.append(process)
        return process

    def in_the_middle(self) -> list[int]:
        return [int(path.name.removeprefix("middle-")) for path in self.folder.glob("middle-*")]

    def go_on(self) -> None:
        (self.folder / "go").touch()

    def said(self, number: int = 0) -> list[dict[str, object]]:
        return [json.loads(line) for line in (self.folder / f"log-{number}").read_text().splitlines()]

    def runs(self) -> list[tuple[str, object]]:
        with psycopg.connect(libpq(self.url)) as connection:
            connection.execute("set local app.tenant_id = '0'")
            return connection.execute("select outcome, summary ->> 'pid' from job_run order by due_at").fetchall()

    def tenants(self) -> list[str]:
        with psycopg.connect(libpq(self.url)) as connection:
            connection.execute("set local app.tenant_id = '0'")
            return [row[0] for row in connection.execute("select slug from tenant").fetchall()]


@pytest.fixture
def workers(database: ClusterUrls, tmp_path: Path) -> Iterator[Workers]:
    these = Workers(database.app_url, tmp_path)
    yield these
    for process in these.processes:
        process.kill()
        process.wait()


def test_of_five_workers_one_runs_the_job(workers: Workers):
    for _ in range(5):
        workers.start()
    until(workers.in_the_middle)
    until(lambda: all(workers.said(number) for number in range(5)))
    workers.go_on()
    until(lambda: workers.runs()[0][0] != "running")
    assert workers.runs() == [("succeeded", str(workers.in_the_middle()[0]))]
    assert len(workers.in_the_middle()) == 1


def test_a_worker_killed_in_the_middle_of_a_job_keeps_nothing_and_another_runs_it(workers: Workers):
    first = workers.start()
    until(workers.in_the_middle)
    assert workers.runs() == [("running", None)]
    first.kill()
    first.wait()
    second = workers.start()
    until(lambda: second.pid in workers.in_the_middle())
    assert workers.in_the_middle().count(first.pid) == 1  # The kill did hit the middle of the job.
    workers.go_on()
    until(lambda: workers.runs()[-1][0] == "succeeded")
    assert workers.runs() == [("abandoned", None), ("succeeded", str(second.pid))]
    assert workers.tenants() == [f"t{second.pid}"]


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_told_to_stop_finishes_a_short_job_and_ends_well(workers: Workers, told: signal.Signals):
    process = workers.start()
    until(workers.in_the_middle)
    process.send_signal(told)
    workers.go_on()
    assert process.wait() == 0
    assert workers.runs() == [("succeeded", str(process.pid))]


def test_a_worker_told_to_stop_rolls_a_long_job_back_and_ends_well(workers: Workers):
    process = workers.start()
    until(workers.in_the_middle)
    process.terminate()
    assert process.wait() == 0
    assert workers.runs() == [("abandoned", None)]
    assert workers.tenants() == []


def test_a_worker_outlives_its_database_and_goes_on_when_it_is_back(tmp_path: Path):
    urls = embedded.ensure_running(tmp_path / "home")
    upgrade(urls.admin_url)
    workers = Workers(urls.app_url, tmp_path)
    process = workers.start()
    try:
        until(workers.in_the_middle)
        embedded.stop(tmp_path / "home")
        until(lambda: any("cannot be reached" in str(line["event"]) for line in workers.said()))
        assert process.poll() is None
        workers.go_on()
        embedded.ensure_running(tmp_path / "home")
        until(lambda: any(outcome == "succeeded" for outcome, _ in workers.runs()))
        assert workers.runs() == [("abandoned", None), ("succeeded", str(process.pid))]
        assert {"event": "The database answers again", "level": "info"}.items() <= workers.said()[-1].items()
    finally:
        process.terminate()
        process.wait()
        embedded.stop(tmp_path / "home")
    assert process.returncode == 0


def test_a_worker_that_starts_before_its_database_waits_for_it(tmp_path: Path):
    urls = embedded.ensure_running(tmp_path / "home")
    embedded.stop(tmp_path / "home")
    workers = Workers(urls.app_url, tmp_path)
    workers.go_on()
    process = workers.start()
    try:
        until(lambda: any("cannot be reached" in str(line["event"]) for line in workers.said()))
        embedded.ensure_running(tmp_path / "home")
        until(lambda: any("no Marginbook tables" in str(line["event"]) for line in workers.said()))
        upgrade(urls.admin_url)
        until(workers.runs)
        until(lambda: workers.runs() == [("succeeded", str(process.pid))])
    finally:
        process.terminate()
        process.wait()
        embedded.stop(tmp_path / "home")
