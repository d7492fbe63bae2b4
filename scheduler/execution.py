"""Runs what is due: finds whose turn it is, claims it, does the work in one transaction and records how it ended."""

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from time import monotonic
from typing import cast

import structlog
from psycopg import Connection as DriverConnection
from psycopg import Error as PsycopgError
from sqlalchemy import Connection, Engine

from billing_core.clock import utc_now
from billing_core.errors import (
    BillingError,
    DatabaseUnavailableError,
    JobCutError,
    JobTakenError,
    JobTooSlowError,
)
from billing_core.store.job_runs import (
    WORKER_ACTOR,
    WORKER_ROLE,
    JobRun,
    Outcome,
    abandon_unfinished,
    due_tenants,
    enroll_tenants,
    finish_run,
    hold_job,
    look_again_at,
    runs_since,
    start_run,
)
from billing_core.store.tenancy import INSTALLATION, tenant_transaction
from billing_core.workspace import Workspace
from scheduler.jobs import Job
from scheduler.schedule import due_time, look_again

TENANTS_PER_ROUND_MAX = 500
"""Tenants that one round of one job takes from the due index; the next round takes the next."""

ERROR_LENGTH_MAX = 2_000

CUT_EVERY_SECONDS = 0.5
CANCEL_TIMEOUT_SECONDS = 5.0

SERVER_WAITS_LONGER_SECONDS = 10
"""After a job's limit the worker cancels and knows why; the server's own limit is for a worker that cannot."""

log = structlog.get_logger()


def worker_name() -> str:
    """Return a name for this process that no other process has or will have."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(3)}"


@dataclass(frozen=True)
class Worker:
    """One process that runs jobs. `stopping`: take nothing new; `cut`: roll back what runs, for another worker."""

    engine: Engine
    name: str = field(default_factory=worker_name)
    now: Callable[[], datetime] = utc_now
    stopping: threading.Event = field(default_factory=threading.Event)
    cut: threading.Event = field(default_factory=threading.Event)


def run_due(worker: Worker, job: Job) -> list[JobRun]:
    """Run one job for everybody whose turn it is; return the runs that this worker made, in order.

    Raises DatabaseUnavailableError when the server is gone; what was under way is then taken up by a later round.
    """
    made = []
    for tenant_id in _whose_turn(worker, job):
        if worker.stopping.is_set():
            break
        if (run := _run_if_due(worker, job, tenant_id)) is not None:
            made.append(run)
    return made


def _whose_turn(worker: Worker, job: Job) -> list[int]:
    """Return the tenants to look at; for a job of the installation its scope, when there is something to do."""
    now = worker.now()
    with _transaction(worker, INSTALLATION) as connection:
        if job.scope == "tenant":
            enroll_tenants(connection, job=job.name, due_at=job.schedule.next_due(now))
            return due_tenants(connection, job=job.name, now=now, tenants_max=TENANTS_PER_ROUND_MAX)
        runs = runs_since(connection, tenant_id=INSTALLATION, job=job.name, due_at=job.schedule.last_due(now))
        is_open = any(run.outcome == "running" for run in runs)
        return [INSTALLATION] if is_open or due_time(job.schedule, now, runs) is not None else []


def _run_if_due(worker: Worker, job: Job, tenant_id: int) -> JobRun | None:
    """Run one job for one tenant unless another worker is at it or nothing is due any more."""
    with hold_job(worker.engine, tenant_id=tenant_id, job=job.name, limit_seconds=job.limit_seconds) as is_mine:
        if not is_mine or (run := _claim(worker, job, tenant_id)) is None:
            return None
        return _run_claimed(worker, job, run)


def _claim(worker: Worker, job: Job, tenant_id: int) -> JobRun | None:
    """Clear up after dead workers, then claim the due time, if there is one, in a transaction of its own."""
    now = worker.now()
    with _transaction(worker, tenant_id) as connection:
        for lost in abandon_unfinished(connection, tenant_id=tenant_id, job=job.name, now=now):
            _log_end(lost)
        runs = runs_since(connection, tenant_id=tenant_id, job=job.name, due_at=job.schedule.last_due(now))
        due_at = due_time(job.schedule, now, runs)
        if due_at is None:
            _point_to_next(connection, job, tenant_id, now)
            return None
        run = JobRun(tenant_id=tenant_id, job=job.name, due_at=due_at, started_at=now, worker=worker.name)
        return run if start_run(connection, run) else None


def _run_claimed(worker: Worker, job: Job, run: JobRun) -> JobRun:
    """Do the work; its success is written in its own transaction, its failure after that one was rolled back."""
    try:
        return _work(worker, job, run)
    except DatabaseUnavailableError:
        raise
    except JobCutError as cut:
        return _record(worker, job, run, outcome="abandoned", error=str(cut))
    except BillingError as refusal:
        return _record(worker, job, run, outcome="failed", error=str(refusal))
    except Exception as bug:
        # A bug in one job must not end the worker: it is logged with its traceback and stands in the record.
        log.exception("A job failed by a bug", job=job.name, tenant_id=run.tenant_id, due_at=run.due_at)
        return _record(worker, job, run, outcome="failed", error=f"{type(bug).__name__}: {bug}")


def _work(worker: Worker, job: Job, run: JobRun) -> JobRun:
    cutter = _Cutter(worker.cut, job.limit_seconds)
    try:
        with _transaction(worker, run.tenant_id) as connection, cutter.watching(connection):
            server_limit_ms = (job.limit_seconds + SERVER_WAITS_LONGER_SECONDS) * 1000
            connection.exec_driver_sql(f"set local statement_timeout = {server_limit_ms:d}")
            workspace = Workspace(run.tenant_id, WORKER_ACTOR, WORKER_ROLE, run.started_at, connection)
            summary = job.work(workspace, run.due_at)
            ended = _end(worker, connection, job, replace(run, outcome="succeeded", summary=dict(summary)))
    except DatabaseUnavailableError:
        raise
    except Exception as failure:
        # The server only says that a statement was cancelled; who cancelled it, and why, is known here.
        if cutter.reason is not None:
            raise cutter.reason from failure
        raise
    _log_end(ended)
    return ended


def _record(worker: Worker, job: Job, run: JobRun, *, outcome: Outcome, error: str) -> JobRun:
    """Write an end without success in a transaction of its own; the work's was rolled back."""
    try:
        with _transaction(worker, run.tenant_id) as connection:
            ended = _end(worker, connection, job, replace(run, outcome=outcome, error=error[:ERROR_LENGTH_MAX]))
    except JobTakenError as taken:
        log.warning(str(taken), job=job.name, tenant_id=run.tenant_id, due_at=run.due_at)
        return replace(run, outcome="abandoned", error=str(taken))
    _log_end(ended)
    return ended


def _end(worker: Worker, connection: Connection, job: Job, run: JobRun) -> JobRun:
    """Write a run's end, and when to look at this job again."""
    ended = replace(run, finished_at=worker.now())
    if not finish_run(connection, ended):
        raise JobTakenError
    _point_to_next(connection, job, run.tenant_id, worker.now())
    return ended


def _point_to_next(connection: Connection, job: Job, tenant_id: int, now: datetime) -> None:
    """Let the due index say when the job is to be looked at again for this tenant; the installation needs none."""
    if tenant_id == INSTALLATION:
        return
    runs = runs_since(connection, tenant_id=tenant_id, job=job.name, due_at=job.schedule.last_due(now))
    look_again_at(connection, tenant_id=tenant_id, job=job.name, due_at=look_again(job.schedule, now, runs))


def _transaction(worker: Worker, tenant_id: int) -> AbstractContextManager[Connection]:
    return tenant_transaction(worker.engine, tenant_id=tenant_id, actor=WORKER_ACTOR, role=WORKER_ROLE)


def _log_end(run: JobRun) -> None:
    level = logging.INFO if run.outcome == "succeeded" else logging.WARNING
    log.log(level, "A job ended", **{name: value for name, value in asdict(run).items() if value is not None})


class _Cutter:
    """Cancels a job's statements, again and again, once its limit has passed or the worker must stop."""

    def __init__(self, cut: threading.Event, limit_seconds: int) -> None:
        self.reason: JobTooSlowError | JobCutError | None = None
        self._cut = cut
        self._limit_seconds = limit_seconds
        self._ended = threading.Event()

    @contextmanager
    def watching(self, connection: Connection) -> Iterator[None]:
        driver = cast("DriverConnection[object]", connection.connection.driver_connection)
        watch = threading.Thread(target=self._watch, args=(driver,), name="job limit", daemon=True)
        watch.start()
        try:
            yield
        finally:
            # Before the transaction ends: a late cancel must not hit the connection's next user.
            self._ended.set()
            watch.join()

    def _watch(self, driver: "DriverConnection[object]") -> None:
        give_up_at = monotonic() + self._limit_seconds
        while not self._ended.wait(CUT_EVERY_SECONDS):
            if self._cut.is_set():
                self.reason = JobCutError()
            elif monotonic() >= give_up_at:
                self.reason = JobTooSlowError(self._limit_seconds)
            if self.reason is not None:
                self._cancel(driver)

    @staticmethod
    def _cancel(driver: "DriverConnection[object]") -> None:
        try:
            driver.cancel_safe(timeout=CANCEL_TIMEOUT_SECONDS)
        except PsycopgError as failure:
            # The server is gone or busy: the job's own statement fails by itself, or the next round cancels it.
            log.warning("A job's statement could not be cancelled", error=str(failure))
