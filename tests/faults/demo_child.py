"""A demo being loaded in a process of its own, that kills itself: `python -m tests.faults.demo_child`.

Arguments: database URL, home, and the point at which it ends as by kill -9: `usage`, `diary`, `account`, `sync`, `note`
or `never`. It loads a hundredth of the usage beside the whole Stripe account.
"""

import datetime as dt
import os
import signal
import sys
from functools import partial, wraps
from pathlib import Path

import billing_core.workspace
from billing_core.commands.first_start import make_demo_tenant
from billing_core.store.engine import open_engine
from billing_core.store.tenancy import INSTALLATION
from billing_core.workspace import open_workspace
from ingestion import files
from ingestion.demo import history, loader
from ingestion.demo.company import COMPANY
from ingestion.demo.shop import Shop
from ingestion.demo.usage import demo_lines

EVENTS = 3_000
MADE_AT = dt.datetime(2026, 6, 21, 10, 40, tzinfo=dt.UTC)
SIGN_UPS_BEFORE_DEATH = 12


def main(url: str, home: str, point: str) -> None:
    """Load the demo, or a part of it."""
    pool = open_engine(url)
    billing_core.workspace.process_engine = loader.engine = lambda: pool
    files.BATCH_ROWS = EVENTS // 5
    loader.demo_lines = partial(demo_lines, count=EVENTS)
    POINTS[point]()
    with open_workspace(tenant_id=INSTALLATION, actor="child", role="service", now=MADE_AT) as installation:
        make_demo_tenant(installation, name=COMPANY)
    loader.load_demo(Path(home), lambda _: None)
    pool.dispose()


def die(*_: object, **__: object) -> None:
    """End as a process does that is killed."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_in_usage() -> None:
    """Die after the first batch of usage."""
    loader.import_usage = partial(files.import_usage, progress=die)


def die_in_diary() -> None:
    """Die when a dozen customers have signed up."""
    sign_up, seen = Shop.sign_up, []

    @wraps(sign_up)
    def counted(shop: Shop, account: object) -> None:
        seen.append(account)
        if len(seen) > SIGN_UPS_BEFORE_DEATH:
            die()
        sign_up(shop, account)

    Shop.sign_up = counted


def die_in_account() -> None:
    """Die when the account is complete and its journal has not got its name."""
    live = history.live

    def lived(*given: object) -> None:
        live(*given)
        die()

    history.live = lived


def die_in_sync() -> None:
    """Die when the sync comes to invoices."""
    backfill = loader.backfill

    def watched(*given: object) -> object:
        return backfill(*given, progress=lambda progress: die() if progress.kind == "invoice" else None)

    loader.backfill = watched


def die_before_note() -> None:
    """Die when everything is loaded and nobody has written so."""
    loader.note_demo_loaded = die


POINTS = {
    "usage": die_in_usage,
    "diary": die_in_diary,
    "account": die_in_account,
    "sync": die_in_sync,
    "note": die_before_note,
    "never": lambda: None,
}


if __name__ == "__main__":
    main(*sys.argv[1:])
