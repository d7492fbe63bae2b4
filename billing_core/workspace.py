"""Who acts for which tenant, when, on which connection: the first argument of every query and command."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from billing_core.clock import utc_now
from billing_core.store.engine import engine as process_engine
from billing_core.store.tenancy import tenant_transaction


@dataclass(frozen=True)
class Workspace:
    """One tenant's transaction. `now` is aware UTC; `role` is one of store.tenancy.ROLES."""

    tenant_id: int
    actor: str
    role: str
    now: datetime
    connection: Connection


@contextmanager
def open_workspace(
    *, tenant_id: int, actor: str, role: str, now: datetime | None = None, engine: Engine | None = None
) -> Iterator[Workspace]:
    """Open one transaction for one tenant: it commits when the block ends and leaves nothing when it fails."""
    pool = engine if engine is not None else process_engine()
    with tenant_transaction(pool, tenant_id=tenant_id, actor=actor, role=role) as connection:
        yield Workspace(tenant_id, actor, role, now if now is not None else utc_now(), connection)
