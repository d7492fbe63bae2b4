"""The demo's Stripe account: lived through once in the sandbox, and made again from its journal ever after."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ingestion.demo.diary import began_at, live
from ingestion.demo.shop import Shop
from ingestion.stripe.sandbox.server import SandboxServer

JOURNAL = Path("sandbox") / "demo.journal"
"""Where under MARGINBOOK_HOME the account's requests are kept: `marginbook sandbox --journal` makes it again."""


@contextmanager
def stripe_account(home: Path, end: datetime) -> Iterator[SandboxServer]:
    """Serve the account whose months end at `end`, until the block ends; it is made first where there is none yet."""
    journal = home / JOURNAL
    journal.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    start = int(began_at(end).timestamp())
    if journal.exists() and _begins_at(journal, start):
        with SandboxServer(start=start, journal=journal) as server:
            yield server
        return
    # A start that was cut left a part: the same requests are made again from the first one.
    making = journal.with_name(f"{journal.name}.making")
    making.unlink(missing_ok=True)
    with SandboxServer(start=start, journal=making) as server:
        live(Shop(server.key, server.url), end)
        making.replace(journal)
        yield server


def _begins_at(journal: Path, start: int) -> bool:
    """Tell whether a journal is of these months: a home may outlive the database that its demo was made for."""
    with journal.open(encoding="utf-8") as lines:
        return bool(json.loads(lines.readline())["start"] == start)
