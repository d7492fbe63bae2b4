"""Whole installations of Marginbook as real processes, for tests that start, stop and kill them."""

import contextlib
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import psycopg

from billing_core.store import embedded
from tests.databases import libpq
from tests.waiting import until


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

    def command(self, *arguments: str) -> str:
        """Run another command of this installation to its end and return what it said."""
        environment = os.environ | {"MARGINBOOK_HOME": str(self.folder)}
        command = [sys.executable, "-m", "cli", *arguments]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

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
