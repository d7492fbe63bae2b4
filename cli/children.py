"""Programs that another program starts, watches, starts again and ends; none of them outlives it."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

WITH_PARENT = "--with-parent"
"""The option by which a program that `up` started knows that its standard input is its parent's sign of life."""

ORPHAN_SECONDS = 10.0
PAUSES_SECONDS = (0.5, 1, 2, 5, 10, 30)
"""Pauses before the first, second, … restart; the last one stays."""

STEADY_SECONDS = 60.0
"""A program that ran this long starts at once when it ends: what went wrong before is over."""

LOG_BYTES_MAX = 5_000_000
LAST_WORDS_BYTES = 2_000


def end_with_parent() -> None:
    """End this process when the one that started it ends, however that one dies: then our standard input closes."""
    lifeline = os.dup(sys.stdin.fileno())
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device, not a file of ours.
        os.dup2(nothing.fileno(), sys.stdin.fileno())
    # The thread inherits the mask: a signal that it could take would never reach the main thread's own handling.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    threading.Thread(target=_follow, args=(lifeline,), name="parent", daemon=True).start()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ORPHAN_SECONDS)
    os._exit(1)


def start_part(*arguments: str, log: Path | None = None) -> subprocess.Popen[bytes]:
    """Start `marginbook` with these arguments as a part of this process: it ends when this one does.

    Its session is its own, so that Ctrl-C reaches only `up`, which then ends its parts in order. Without a log its
    output is a pipe and its errors are ours.
    """
    command = [sys.executable, "-m", "cli", *arguments, WITH_PARENT]
    if log is None:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )


def how_it_ended(code: int) -> str:
    """Say a process's return code in words."""
    if code >= 0:
        return f"exit code {code}"
    return f"ended by {signal.Signals(-code).name}"


@dataclass
class Part:
    """One program that is to run all the time; its output goes to a log of bounded size."""

    name: str
    arguments: tuple[str, ...]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    _started_at: float = 0.0
    _restarts: int = 0
    _start_at: float | None = field(default=None)

    def start(self) -> None:
        """Start it now."""
        self.trim_log()
        self.process = start_part(*self.arguments, log=self.log)
        self._started_at = monotonic()
        self._start_at = None

    def ended(self) -> str | None:
        """Say how it ended, or None while it runs or waits for its next start."""
        if self.process is None or (code := self.process.poll()) is None:
            return None
        return how_it_ended(code)

    def plan_restart(self) -> float:
        """Plan the next start and return in how many seconds that is: longer each time, unless it had run steadily."""
        self._release()
        if monotonic() - self._started_at >= STEADY_SECONDS:
            self._restarts = 0
        pause = PAUSES_SECONDS[min(self._restarts, len(PAUSES_SECONDS) - 1)]
        self._restarts += 1
        self._start_at = monotonic() + pause
        return pause

    def start_if_planned(self) -> None:
        """Start it when its pause is over."""
        if self._start_at is not None and monotonic() >= self._start_at:
            self.start()

    def ask_to_stop(self) -> None:
        """Ask it to end; it need not run."""
        self._start_at = None
        if self.process is not None:
            self.process.terminate()

    def wait_or_kill(self, until: float) -> bool:
        """Wait for its end until that moment of the monotonic clock, then kill it; return whether it ended itself."""
        if self.process is None:
            return True
        try:
            self.process.wait(max(0.0, until - monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False
        finally:
            self._release()
        return True

    def last_words(self) -> str:
        """Return the last line that it wrote."""
        try:
            with self.log.open("rb") as log:
                log.seek(-min(LAST_WORDS_BYTES, self.log.stat().st_size), os.SEEK_END)
                lines = log.read().decode(errors="replace").strip().splitlines()
        except FileNotFoundError:
            return ""
        return lines[-1] if lines else ""

    def trim_log(self) -> None:
        """Keep the log short: what is too much moves to one older file. Writers only ever append, and go on."""
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES_MAX:
            shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)

    def _release(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        self.process = None
