"""What `up` lets a process of its own do before it starts the parts: database, tables, first owner, demo."""

import json
import signal
from contextlib import AbstractContextManager

from billing_core.commands.first_start import (
    demo_tenant,
    has_usage,
    is_demo_loaded,
    lone_tenant,
    make_first_owner,
)
from billing_core.store import embedded
from billing_core.store.engine import admin_url
from billing_core.store.migrate import upgrade
from billing_core.store.settings import Settings
from billing_core.store.tenancy import INSTALLATION
from billing_core.workspace import Workspace, open_workspace

ACTOR = "first start"
STOPS = {signal.SIGTERM, signal.SIGINT}


def prepare(settings: Settings) -> None:
    """Do it all, and report each step as one line of JSON on standard output."""
    if settings.database_url is None:
        _start_database(settings)
    upgraded = upgrade(admin_url())
    if upgraded.before != upgraded.after:
        report(say=f"Database ready: tables at version {upgraded.after}, {upgraded.new_prices} prices.")
    with as_service(INSTALLATION) as installation:
        owner = make_first_owner(installation)
    if owner is not None:
        report(account={"email": owner.email, "password": owner.password})
    if settings.marginbook_demo and _wants_demo():
        # Here, because it brings large libraries along, which a start without a demo does not need.
        from ingestion.demo.loader import load_demo

        load_demo(settings.marginbook_home, lambda sentence: report(say=sentence))


def report(**what: object) -> None:
    """Write one line for the program that started this one."""
    print(json.dumps(what), flush=True)  # noqa: T201 - standard output is the pipe to `up`.


def as_service(tenant_id: int) -> AbstractContextManager[Workspace]:
    """Open a transaction of the installation's own service for one tenant, or for the installation (0)."""
    return open_workspace(tenant_id=tenant_id, actor=ACTOR, role="service")


def _start_database(settings: Settings) -> None:
    """Start the embedded database; a stop that is asked meanwhile waits, so that no half-started server is left."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    try:
        if embedded.status(settings.marginbook_home).state in {"absent", "stopped"}:
            report(owns_database=True, say=f"Starting the database in {settings.marginbook_home} …")
        embedded.ensure_running(settings.marginbook_home)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wants_demo() -> bool:
    """Tell whether the demo was begun but is not complete, or nobody has any usage yet."""
    with as_service(INSTALLATION) as installation:
        demo, alone = demo_tenant(installation), lone_tenant(installation)
    if demo is not None:
        with as_service(demo.tenant_id) as workspace:
            return not is_demo_loaded(workspace)
    if alone is None:
        return False
    with as_service(alone) as workspace:
        return not has_usage(workspace)
