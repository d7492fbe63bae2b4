"""How `marginbook up` brings up one whole installation, keeps it up, and takes it down without a trace."""

import contextlib
import errno
import fcntl
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from time import monotonic
from types import FrameType
from typing import Any

from billing_core.errors import AlreadyRunningError, HomeUnusableError, PortTakenError, ProgramEndedError
from billing_core.store.settings import Settings
from cli.children import ORPHAN_SECONDS, Part, how_it_ended, start_part

HOST = "127.0.0.1"
LOOK_EVERY_SECONDS = 0.2
READY_SECONDS_MAX = 120.0
STOP_SECONDS_MAX = 15.0
TRIM_EVERY_SECONDS = 60.0


class _StopAskedError(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM; raised only between two steps, never inside one."""


class Up:
    """One installation coming up, running, and going down again."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._home = settings.marginbook_home
        self._address = f"http://{HOST}:{settings.port}"
        self._say = say
        self._stops_asked = 0
        self._owns_database = False
        self._follows_a_killed_one = False
        logs = self._home / "log"
        port = str(settings.port)
        self._web = Part("web program", ("web", "--port", port), logs / "web.log")
        self._worker = Part("worker", ("worker",), logs / "worker.log")
        self._account: dict[str, str] | None = None

    def run(self) -> None:
        """Bring everything up and stay until Ctrl-C or SIGTERM; then everything that this started is down again.

        Raises a BillingError, with everything down again, when it cannot come up.
        """
        for told in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(told, self._note_stop)
        with self._alone() as note, contextlib.suppress(_StopAskedError):
            try:
                self._find_port_free()
                self._prepare(note)
                self._worker.start()
                self._web.start()
                self._wait_for_web()
                self._say_ready()
                self._keep_up()
            finally:
                self._take_down()
                note({})

    def _note_stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stops_asked += 1

    def _pause(self, seconds: float) -> None:
        time.sleep(seconds)
        if self._stops_asked:
            raise _StopAskedError

    @contextlib.contextmanager
    def _alone(self) -> Iterator[Callable[[dict[str, Any]], None]]:
        """Let one `up` run per home; yield how to note in the lock's file who it is, for the next one to read."""
        try:
            self._home.mkdir(mode=0o711, parents=True, exist_ok=True)
            lock = os.open(self._home / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as refused:
            raise HomeUnusableError(str(self._home), refused.strerror or str(refused)) from refused
        try:
            left = _read_note(lock)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as held:
                if held.errno not in (errno.EAGAIN, errno.EACCES):
                    raise
                address, process_id = left.get("address", "its address"), left.get("process_id", 0)
                raise AlreadyRunningError(address=address, process_id=process_id) from held
            # After a kill -9 the note is still there, and so is the database that it says was started by `up`.
            self._follows_a_killed_one = bool(left)
            self._owns_database = bool(left.get("owns_database"))
            yield lambda note: _write_note(lock, note)
        finally:
            os.close(lock)

    def _find_port_free(self) -> None:
        """Raise PortTakenError when another program has the port; wait for the parts of a killed `up` to let it go."""
        give_up_at = monotonic() + (ORPHAN_SECONDS + 2 if self._follows_a_killed_one else 0)
        while not _is_free(self._settings.port):
            if monotonic() >= give_up_at:
                raise PortTakenError(self._settings.port)
            self._pause(LOOK_EVERY_SECONDS)

    def _prepare(self, note: Callable[[dict[str, Any]], None]) -> None:
        """Let a process of its own do the heavy part: database, tables, first account, demo; it reports in lines."""
        who = {"process_id": os.getpid(), "address": self._address}
        note({**who, "owns_database": self._owns_database})
        process = start_part("prepare")
        try:
            for report in self._reports(process):
                if report.get("owns_database"):
                    self._owns_database = True
                    note({**who, "owns_database": True})
                if "account" in report:
                    self._account = report["account"]
                if "say" in report:
                    self._say(report["say"])
            code = process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        if code > 0:
            sys.exit(code)  # It has said why, on the standard error that it shares with us.
        if code < 0:
            raise ProgramEndedError("preparation", f"It was {how_it_ended(code)}.")

    def _reports(self, process: "subprocess.Popen[bytes]") -> Iterator[dict[str, Any]]:
        """Yield what the preparation reports, line by line, until it closes its output or a stop is asked."""
        if process.stdout is None:
            return
        unread = b""
        while True:
            if select.select([process.stdout], [], [], LOOK_EVERY_SECONDS)[0]:
                chunk = os.read(process.stdout.fileno(), 65536)
                *lines, unread = (unread + chunk).split(b"\n")
                for line in lines:
                    yield json.loads(line)
                if not chunk:
                    return
            self._pause(0)

    def _wait_for_web(self) -> None:
        give_up_at = monotonic() + READY_SECONDS_MAX
        while not _answers(self._settings.port):
            self._pause(LOOK_EVERY_SECONDS)
            ended = self._web.ended()
            if ended is not None or monotonic() > give_up_at:
                what = (
                    f"It ended with {ended}" if ended else f"It did not answer within {READY_SECONDS_MAX:.0f} seconds"
                )
                raise ProgramEndedError("web program", f"{what}; more in {self._web.log}. {self._web.last_words()}")

    def _say_ready(self) -> None:
        self._say(f"ready {self._address}")
        if self._account is not None:
            self._say(f"Sign in as {self._account['email']} with the password {self._account['password']}")
            self._say("This password is shown this once and stored nowhere in clear: keep it.")
            self._account = None
        self._say("Stop with Ctrl-C.")

    def _keep_up(self) -> None:
        trim_at = monotonic() + TRIM_EVERY_SECONDS
        while True:
            self._pause(LOOK_EVERY_SECONDS)
            for part in (self._worker, self._web):
                if (ended := part.ended()) is not None:
                    pause = part.plan_restart()
                    self._say(f"The {part.name} ended ({ended}); it starts again in {pause:g} s. More in {part.log}")
                part.start_if_planned()
                if monotonic() >= trim_at:
                    part.trim_log()
            if monotonic() >= trim_at:
                trim_at += TRIM_EVERY_SECONDS

    def _take_down(self) -> None:
        """End what was started, in an order in which nobody misses anybody; a second Ctrl-C shortens the waiting."""
        if self._stops_asked:
            self._say("Stopping …")
        if self._account is not None:
            self._say_password_of_unfinished_start(self._account)
        until = monotonic() + STOP_SECONDS_MAX
        for part in (self._web, self._worker):
            part.ask_to_stop()
        for part in (self._web, self._worker):
            while part.ended() is None and part.process is not None and monotonic() < until and self._stops_asked < 2:
                time.sleep(LOOK_EVERY_SECONDS / 4)
            part.wait_or_kill(monotonic())
        if self._owns_database:
            # Only now, and only here: what it needs is too large to be carried while everything runs.
            from billing_core.store import embedded

            embedded.stop(self._home)

    def _say_password_of_unfinished_start(self, account: dict[str, str]) -> None:
        self._say(f"An account was made before this stop: {account['email']} with the password {account['password']}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still fading away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _read_note(lock: int) -> dict[str, Any]:
    try:
        note = json.loads(os.pread(lock, 4096, 0) or b"{}")
    except ValueError:
        return {}
    return note if isinstance(note, dict) else {}


def _write_note(lock: int, note: dict[str, Any]) -> None:
    os.ftruncate(lock, 0)
    os.pwrite(lock, json.dumps(note).encode(), 0)
