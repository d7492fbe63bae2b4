"""The demo's Stripe account: lived through once in the sandbox, in a process beside, and answering until it is read."""

import contextlib
import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from billing_core.errors import DemoHistoryError
from ingestion.demo.diary import began_at, live
from ingestion.demo.shop import Shop
from ingestion.stripe.sandbox.server import SandboxServer

JOURNAL = Path("sandbox") / "demo.journal"
"""Where under MARGINBOOK_HOME the account's requests are kept: `marginbook sandbox --journal` makes it again."""

ENDING_SECONDS_MAX = 2


class Address(NamedTuple):
    """Where the account answers."""

    url: str
    key: str


@contextmanager
def stripe_account(home: Path, end: datetime) -> Iterator[Callable[[], Address]]:
    """Begin to make the account whose months end at `end`; yield a function that waits for its address.

    The account answers until the block ends. DemoHistoryError says that it could not be made.
    """
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(home / JOURNAL, end, theirs), daemon=True)
    process.start()
    theirs.close()

    def address() -> Address:
        try:
            return Address(*ours.recv())
        except EOFError:
            process.join()
            raise DemoHistoryError(process.exitcode or 0) from None

    try:
        yield address
    finally:
        # The closed pipe tells the other process that nobody reads it any more.
        ours.close()
        process.join()


def _serve(journal: Path, end: datetime, told: Connection) -> None:
    """Make the account, say where it is, and answer until nobody listens."""
    # Ctrl-C reaches both processes: this one ends when the other does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    alone = threading.Event()
    threading.Thread(target=_end_with_parent, args=(told, alone), daemon=True).start()
    journal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    making = journal.with_name(f"{journal.name}.making")
    start = int(began_at(end).timestamp())
    whole = journal.exists() and _begins_at(journal, start)
    if not whole:
        # A start that was cut left a part: the same requests are made again from the first one.
        making.unlink(missing_ok=True)
    with SandboxServer(start=start, journal=journal if whole else making) as server:
        if not whole:
            live(Shop(server.key, server.url), end)
            making.replace(journal)
        told.send((server.url, server.key))
        alone.wait()


def _end_with_parent(told: Connection, alone: threading.Event) -> None:
    """Wait until the other end of the pipe is closed, by its block's end or a kill; then this process ends too."""
    with contextlib.suppress(EOFError):
        told.recv()
    alone.set()
    time.sleep(ENDING_SECONDS_MAX)
    # Still here: then it was in the middle of the diary, which nobody will read any more.
    os._exit(1)


def _begins_at(journal: Path, start: int) -> bool:
    """Tell whether a journal is of these months: a home may outlive the database that its demo was made for."""
    with journal.open(encoding="utf-8") as lines:
        return bool(json.loads(lines.readline())["start"] == start)
