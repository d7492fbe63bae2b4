"""Connections to Stripe, the versions of its objects, and how far the backfill of each connection is."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, text

from billing_core.errors import StripeModeError, StripeSyncRunningError
from billing_core.store.ledger import SQL, lock_projections
from billing_core.store.statements import statement
from billing_core.store.stripe_mirror import MirrorScope, ObjectState, put_objects, remap_customers
from billing_core.store.tenancy import tenant_transaction
from billing_core.stripe_json import canonical, parse, state_hash
from billing_core.stripe_mapping import MetadataKeys

CUSTOMER_KEY = "customer_id"
SEGMENT_KEY = "segment"
"""The metadata keys of a connection for which nobody named others."""

UNFINISHED_LIVES = timedelta(days=1)
"""A backfill that was cut off longer ago is not gone on with: its first windows would be too old."""

LOCK_LIVES_MS = 7 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class StripeAccount:
    """The account that a key opens, in one mode."""

    account_id: str
    name: str
    livemode: bool
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class BackfillRun:
    """A backfill that is under way: when it began, and the windows that are done, as (kind, start, end)."""

    started_at: datetime
    done: frozenset[tuple[str, datetime, datetime]]


@dataclass(frozen=True, slots=True)
class BackfillWindow:
    """One window of one kind, and what it brought."""

    kind: str
    starts_at: datetime
    ends_at: datetime
    objects: int
    new_versions: int


@contextmanager
def hold_sync(engine: Engine, *, tenant_id: int, actor: str, role: str, account: StripeAccount) -> Iterator[None]:
    """Be the only sync of one tenant and account; raises StripeSyncRunningError at once when another is at work.

    The lock lives in an open transaction of its own: it is free the moment this process or its connection dies.
    """
    with tenant_transaction(engine, tenant_id=tenant_id, actor=actor, role=role) as connection:
        name = {"name": f"marginbook.stripe.{tenant_id}.{account.account_id}.{account.livemode}"}
        if not connection.scalar(text("select pg_try_advisory_xact_lock(hashtextextended(:name, 0))"), name):
            raise StripeSyncRunningError(account.account_id)
        connection.exec_driver_sql(f"set local idle_in_transaction_session_timeout = {LOCK_LIVES_MS:d}")
        yield


def connect_account(
    connection: Connection, tenant_id: int, account: StripeAccount, *, customer_key: str | None, now: datetime
) -> MirrorScope:
    """Return the tenant's connection to an account, made at first sight; a customer key that is named is kept.

    Raises StripeModeError when the tenant's other connections are in the other mode.
    """
    parameters = {
        "tenant_id": tenant_id,
        "account_id": account.account_id,
        "livemode": account.livemode,
        "name": account.name,
        "customer_key": customer_key or CUSTOMER_KEY,
        "segment_key": SEGMENT_KEY,
        "now": now,
    }
    other = "select 1 from stripe_connection where tenant_id = :tenant_id and livemode <> :livemode limit 1"
    if connection.scalar(text(other), parameters):
        raise StripeModeError(key_mode=_mode(account.livemode), mirrored_mode=_mode(not account.livemode))
    connection.execute(
        text(
            """
            insert into stripe_connection (
                tenant_id, account_id, livemode, name, customer_key, segment_key, recorded_at)
            values (:tenant_id, :account_id, :livemode, :name, :customer_key, :segment_key, :now)
            on conflict (tenant_id, account_id, livemode) do nothing
            """
        ),
        parameters,
    )
    row = connection.execute(
        text(
            "select connection_id, customer_key, segment_key from stripe_connection "
            "where tenant_id = :tenant_id and account_id = :account_id and livemode = :livemode"
        ),
        parameters,
    ).one()
    scope = MirrorScope(tenant_id, row.connection_id, MetadataKeys(customer_key or row.customer_key, row.segment_key))
    if scope.keys.customer_key != row.customer_key:
        connection.execute(
            text(
                "update stripe_connection set customer_key = :customer_key "
                "where tenant_id = :tenant_id and connection_id = :connection_id"
            ),
            scope.parameters(customer_key=customer_key),
        )
        remap_customers(connection, scope)
    return scope


def store_objects(
    connection: Connection,
    scope: MirrorScope,
    kind: str,
    states: Sequence[ObjectState],
    *,
    api_version: str,
    fetched_at: datetime,
) -> int:
    """Append a version of every object whose state is new, put the mirror's rows of those in place; return how many."""
    lock_projections(connection, scope.tenant_id, shared=True)
    newest = {state.object_id: state for state in states}
    appended = connection.execute(
        statement(SQL, "append_stripe_versions"),
        scope.parameters(
            kind=kind,
            api_version=api_version,
            fetched_at=fetched_at,
            fetched=canonical(list(map(_fetched, newest.values()))),
        ),
    )
    versions = {row.object_id: row.version_number for row in appended}
    stood = [object_id for object_id, version_number in versions.items() if version_number > 1]
    put_objects(connection, scope, kind, [newest[each] for each in versions], stood=stood)
    return len(versions)


def held_objects(connection: Connection, scope: MirrorScope, kind: str) -> dict[str, datetime]:
    """Return the objects of a kind that are held and not deleted, with the instants of their creation."""
    rows = connection.execute(statement(SQL, "held_stripe_objects"), scope.parameters(kind=kind))
    return {row.object_id: row.created_at for row in rows}


def as_deleted(connection: Connection, scope: MirrorScope, kind: str, object_ids: Sequence[str]) -> list[ObjectState]:
    """Return the last states of objects that Stripe has deleted: of those it tells nothing but that they are."""
    asked = scope.parameters(kind=kind, object_ids=list(object_ids))
    rows = connection.execute(statement(SQL, "last_stripe_states"), asked)
    return [ObjectState(row.object_id, is_deleted=True, raw=parse(row.raw) | {"deleted": True}) for row in rows]


def unknown_customers(connection: Connection, scope: MirrorScope) -> list[ObjectState]:
    """Return what documents say of customers that the mirror lacks, as the states of deleted ones."""
    rows = connection.execute(statement(SQL, "unknown_stripe_customers"), scope.parameters())
    return [
        ObjectState(
            row.stripe_customer_id,
            is_deleted=True,
            raw={
                "id": row.stripe_customer_id,
                "object": "customer",
                "deleted": True,
                "created": int(row.created_at.timestamp()),
                "name": row.name,
                "email": row.email,
            },
        )
        for row in rows
    ]


def begin_backfill(connection: Connection, scope: MirrorScope, now: datetime) -> BackfillRun:
    """Return the newest backfill when it was cut off not long ago, else begin one."""
    newest = connection.execute(
        text(
            "select started_at, finished_at from stripe_backfill "
            "where tenant_id = :tenant_id and connection_id = :connection_id order by started_at desc limit 1"
        ),
        scope.parameters(),
    ).one_or_none()
    if newest is not None and newest.finished_at is None and now - newest.started_at <= UNFINISHED_LIVES:
        done = connection.execute(
            text(
                "select kind, window_start, window_end from stripe_backfill_window where tenant_id = :tenant_id "
                "and connection_id = :connection_id and started_at = :started_at"
            ),
            scope.parameters(started_at=newest.started_at),
        )
        return BackfillRun(newest.started_at, frozenset((row.kind, row.window_start, row.window_end) for row in done))
    # Later than the one before, even where a clock was set back.
    started_at = now if newest is None else max(now, newest.started_at + timedelta(microseconds=1))
    connection.execute(
        text(
            "insert into stripe_backfill (tenant_id, connection_id, started_at, missing, objects, new_versions) "
            "values (:tenant_id, :connection_id, :started_at, '{}', 0, 0)"
        ),
        scope.parameters(started_at=started_at),
    )
    return BackfillRun(started_at, frozenset())


def finish_window(
    connection: Connection, scope: MirrorScope, run: BackfillRun, window: BackfillWindow, *, now: datetime
) -> None:
    """Note in the transaction of its last rows that a window is done."""
    connection.execute(
        text(
            """
            insert into stripe_backfill_window (tenant_id, connection_id, started_at, kind, window_start, window_end,
                                                objects, new_versions, finished_at)
            values (:tenant_id, :connection_id, :started_at, :kind, :starts_at, :ends_at, :objects, :new_versions, :now)
            """
        ),
        scope.parameters(
            started_at=run.started_at,
            kind=window.kind,
            starts_at=window.starts_at,
            ends_at=window.ends_at,
            objects=window.objects,
            new_versions=window.new_versions,
            now=now,
        ),
    )


def finish_backfill(
    connection: Connection,
    scope: MirrorScope,
    run: BackfillRun,
    *,
    missing: Sequence[str],
    since: datetime | None,
    now: datetime,
) -> None:
    """Note that a backfill has ended, what it could not read, and before when it did not look."""
    connection.execute(
        text(
            """
            update stripe_backfill as backfill
            set finished_at = :now, missing = :missing, since = :since,
                (objects, new_versions) = (
                    select coalesce(sum(done.objects), 0), coalesce(sum(done.new_versions), 0)
                    from stripe_backfill_window as done
                    where done.tenant_id = backfill.tenant_id and done.connection_id = backfill.connection_id
                      and done.started_at = backfill.started_at)
            where tenant_id = :tenant_id and connection_id = :connection_id and started_at = :started_at
            """
        ),
        scope.parameters(started_at=run.started_at, missing=list(missing), since=since, now=now),
    )


def _fetched(state: ObjectState) -> dict[str, Any]:
    created = state.raw.get("created")
    return {
        "object_id": state.object_id,
        "hash": state_hash(state.raw).hex(),
        "created_at": datetime.fromtimestamp(created, tz=UTC).isoformat() if isinstance(created, int) else None,
        "is_deleted": state.is_deleted,
        "raw": state.raw,
    }


def _mode(livemode: bool) -> str:
    return "live" if livemode else "test"
