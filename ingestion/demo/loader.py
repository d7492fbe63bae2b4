"""Loads the demo tenant by the ways that anybody's facts come in; a second time changes nothing."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

from billing_core.commands.add_shared_cost import add_shared_cost
from billing_core.commands.first_start import is_demo_loaded, make_demo_tenant, note_demo_loaded
from billing_core.shared_costs import Rule
from billing_core.store.engine import engine
from billing_core.store.tenancy import INSTALLATION
from billing_core.workspace import Workspace, open_workspace
from ingestion.batch import ImportSummary
from ingestion.demo.calendar import end_of, joined_at, months_before
from ingestion.demo.company import COMPANY, CUSTOMERS
from ingestion.demo.history import stripe_account
from ingestion.demo.plans import ACCOUNTS
from ingestion.demo.usage import demo_lines
from ingestion.files import import_usage
from ingestion.pipeline import ImportTarget
from ingestion.stripe.gateway import open_gateway
from ingestion.stripe.sync import backfill

ACTOR = "demo"
ROLE = "service"
SOURCE = "demo"
HOSTING_MINOR = 600_00
"""What the company pays a month for servers, in cents."""


def load_demo(home: Path, say: Callable[[str], None]) -> None:
    """Make the demo tenant where there is none, and fill it: its usage from a file, its revenue from a Stripe account.

    Both end in the hour in which the tenant was made, so that a start that was cut makes the same facts again. In
    `home` the file lies meanwhile, and the account's journal stays.
    """
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    with _alone(home):
        _load(home, say)


def _load(home: Path, say: Callable[[str], None]) -> None:
    with _workspace(INSTALLATION) as installation:
        demo = make_demo_tenant(installation, name=COMPANY)
    with _workspace(demo.tenant_id) as workspace:
        if is_demo_loaded(workspace):
            say("The demo is loaded already: nothing to do.")
            return
    say("Loading demo data: six months of an invented company …")
    target = ImportTarget(engine(), demo.tenant_id, ACTOR, ROLE)
    usage = _import_usage(target, home, demo.made_at)
    say(f"{usage.read:,} usage events are in the books; now what the customers pay …")
    with stripe_account(home, end_of(demo.made_at)) as account, open_gateway(account.key, account.url) as gateway:
        stripe = backfill(target, gateway)
    stripe.require_complete()
    # One transaction: a start that is cut before it adds the shared cost when it comes again.
    with open_workspace(tenant_id=demo.tenant_id, actor=ACTOR, role="owner") as workspace:
        _add_hosting(workspace, demo.made_at)
        note_demo_loaded(workspace, events=usage.read)
    say(
        f"Demo data ready: {usage.read:,} usage events and {stripe.objects:,} Stripe objects of {len(ACCOUNTS)} "
        f"invented customers, in “{COMPANY}”. None of it is real and no money moves; MARGINBOOK_DEMO=0 starts without."
    )


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Let one load run at a time in a home; a second one waits, and finds nothing left to do."""
    with (home / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _import_usage(target: ImportTarget, home: Path, made_at: datetime) -> ImportSummary:
    file = home / "demo.jsonl"
    try:
        with file.open("wb") as lines:
            lines.writelines(demo_lines(made_at))
        return import_usage(target, file, source=SOURCE)
    finally:
        file.unlink(missing_ok=True)


def _add_hosting(workspace: Workspace, made_at: datetime) -> None:
    """Share what the company pays for servers, since its first whole month, by who uses them."""
    first = min(joined_at(customer, end_of(made_at)) for customer in CUSTOMERS)
    add_shared_cost(
        workspace,
        "Hosting",
        amount_minor=HOSTING_MINOR,
        from_month=months_before(first.replace(day=1), -1).date(),
        rule=Rule.USAGE,
        reason="The demo's contract for servers and search",
    )


def _workspace(tenant_id: int) -> AbstractContextManager[Workspace]:
    return open_workspace(tenant_id=tenant_id, actor=ACTOR, role=ROLE)
