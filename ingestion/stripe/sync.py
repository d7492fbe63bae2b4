"""The backfill: all that Stripe's lists hold, kept as versions, mirrored and then booked; it can be cut anywhere."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain

from billing_core.clock import utc_now
from billing_core.errors import StripeMirrorIncompleteError, StripeRightMissingError
from billing_core.store.bookings import book_customers
from billing_core.store.stripe_mirror import MirrorScope, ObjectState, unreadable_objects
from billing_core.store.stripe_objects import (
    BackfillRun,
    BackfillWindow,
    StripeAccount,
    as_deleted,
    begin_backfill,
    connect_account,
    finish_backfill,
    finish_window,
    held_objects,
    hold_sync,
    store_objects,
    unknown_customers,
)
from ingestion.pipeline import ImportTarget
from ingestion.stripe.gateway import API_VERSION, PATHS, StripeGateway
from ingestion.stripe.windows import Window, windows

OBJECTS_PER_WRITE = 1_000
"""How many objects are in memory, and in one transaction, at most a page more."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill is with one kind."""

    kind: str
    windows_done: int
    windows: int
    objects: int
    new_versions: int


@dataclass(frozen=True, slots=True)
class BackfillSummary:
    """What a backfill saw and kept; `sentences` say what it could not read, and are empty when it is complete."""

    connection_id: int
    account: StripeAccount
    objects: int
    new_versions: int
    gone_on: bool
    sentences: tuple[str, ...]

    def require_complete(self) -> None:
        """Raise StripeMirrorIncompleteError when something is missing."""
        if self.sentences:
            raise StripeMirrorIncompleteError(list(self.sentences))


Say = Callable[[Progress], None]


def backfill(
    target: ImportTarget,
    gateway: StripeGateway,
    *,
    since: datetime | None = None,
    customer_key: str | None = None,
    progress: Say | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> BackfillSummary:
    """Read the account as a whole, append what is new, mirror and book it; go on with a backfill that was cut off.

    A kind that the key may not read is left out and named in the summary. Raises StripeSyncRunningError,
    StripeModeError, and the gateway's refusals, which leave everything that was read in place.
    """
    account = gateway.account()
    with hold_sync(target.engine, tenant_id=target.tenant_id, actor=target.actor, role=target.role, account=account):
        with target.transaction() as connection:
            scope = connect_account(connection, target.tenant_id, account, customer_key=customer_key, now=clock())
            run = begin_backfill(connection, scope, clock())
        spans = windows(account_created_at=account.created_at, since=since, started_at=run.started_at)
        work = _Backfill(target, gateway, scope, run, spans, progress or _say_nothing, clock)
        missing = work.read_everything()
        with target.transaction() as connection:
            book_customers(connection, scope.tenant_id, scope.connection_id, None, now=clock())
            unreadable = unreadable_objects(connection, scope)
            finish_backfill(
                connection,
                scope,
                run,
                missing=sorted({*missing, *(refusal.kind for refusal in unreadable)}),
                since=since,
                now=clock(),
            )
    return BackfillSummary(
        scope.connection_id,
        account,
        objects=work.total.objects,
        new_versions=work.total.new_versions,
        gone_on=bool(run.done),
        # One right may open several kinds.
        sentences=tuple(dict.fromkeys(str(each) for each in chain(missing.values(), unreadable))),
    )


@dataclass(slots=True)
class _Sums:
    """What one run has seen so far."""

    objects: int = 0
    new_versions: int = 0


@dataclass(frozen=True)
class _Backfill:
    """One backfill at work."""

    target: ImportTarget
    gateway: StripeGateway
    scope: MirrorScope
    run: BackfillRun
    spans: list[Window]
    say: Say
    clock: Callable[[], datetime]
    total: _Sums = field(default_factory=_Sums)

    def read_everything(self) -> dict[str, StripeRightMissingError]:
        """Read every kind; return those that the key may not read."""
        missing = {}
        for kind in PATHS:
            try:
                self._read_kind(kind)
            except StripeRightMissingError as refusal:
                missing[kind] = refusal
        if "customer" not in missing:
            self._complete_customers()
        return missing

    def _read_kind(self, kind: str) -> None:
        so_far = Progress(kind, 0, len(self.spans), 0, 0)
        self.say(so_far)
        with self.target.transaction() as connection:
            held = held_objects(connection, self.scope, kind)
        for span in self.spans:
            if (kind, span.starts_at, span.ends_at) not in self.run.done:
                read = self._read_window(kind, span, held)
                self.total.objects += read.objects
                self.total.new_versions += read.new_versions
                so_far = replace(
                    so_far, objects=so_far.objects + read.objects, new_versions=so_far.new_versions + read.new_versions
                )
            so_far = replace(so_far, windows_done=so_far.windows_done + 1)
            self.say(so_far)

    def _read_window(self, kind: str, span: Window, held: dict[str, datetime]) -> BackfillWindow:
        """Read one window, some pages a transaction; the last one also notes that the window is done."""
        seen: set[str] = set()
        new_versions = 0
        waiting: list[ObjectState] = []
        for page in self.gateway.pages(kind, span.created()):
            waiting += (ObjectState(raw["id"], is_deleted=False, raw=raw) for raw in page)
            seen.update(raw["id"] for raw in page)
            if len(waiting) >= OBJECTS_PER_WRITE:
                new_versions += self._write(kind, waiting, None)
                waiting = []
        vanished = [each for each, created_at in held.items() if each not in seen and span.holds(created_at)]
        waiting += self._asked_one_by_one(kind, vanished)
        done = BackfillWindow(kind, span.starts_at, span.ends_at, len(seen) + len(vanished), new_versions)
        return replace(done, new_versions=new_versions + self._write(kind, waiting, done))

    def _write(self, kind: str, states: list[ObjectState], done: BackfillWindow | None) -> int:
        """Write states, and with the last of a window its checkpoint, in one transaction."""
        now = self.clock()
        with self.target.transaction() as connection:
            new = store_objects(connection, self.scope, kind, states, api_version=API_VERSION, fetched_at=now)
            if done is not None:
                noted = replace(done, new_versions=done.new_versions + new)
                finish_window(connection, self.scope, self.run, noted, now=now)
        return new

    def _asked_one_by_one(self, kind: str, object_ids: Iterable[str]) -> list[ObjectState]:
        """Return the states of objects that are held but no longer listed; most of them are deleted."""
        states, deleted = [], []
        for object_id in object_ids:
            raw = self.gateway.retrieve(kind, object_id)
            if raw is None:
                deleted.append(object_id)
            else:
                states.append(ObjectState(object_id, is_deleted=False, raw=raw))
        if deleted:
            with self.target.transaction() as connection:
                states += as_deleted(connection, self.scope, kind, deleted)
        return states

    def _complete_customers(self) -> None:
        """Fetch the customers that documents name and no list holds; of deleted ones keep what documents say."""
        with self.target.transaction() as connection:
            unknown = unknown_customers(connection, self.scope)
        states = []
        for deleted in unknown:
            raw = self.gateway.retrieve("customer", deleted.object_id)
            states.append(deleted if raw is None else ObjectState(deleted.object_id, is_deleted=False, raw=raw))
        for start in range(0, len(states), OBJECTS_PER_WRITE):
            part = states[start : start + OBJECTS_PER_WRITE]
            self.total.objects += len(part)
            self.total.new_versions += self._write("customer", part, None)


def _say_nothing(_: Progress) -> None:
    """Show no progress."""
