"""Who runs which job of which tenant, for which due time, and how it ended: locks, claims and their records."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Engine, text

from billing_core.store.tenancy import tenant_transaction

WORKER_ACTOR = "worker"
WORKER_ROLE = "service"

RUNS_READ_MAX = 50
"""Runs of one job since one due time that are looked at; attempts end long before."""

LOCK_SPARE_SECONDS = 60
"""How much longer than its job a lock lives at most: time to write the outcome."""


Outcome = Literal["running", "succeeded", "failed", "abandoned"]


@dataclass(frozen=True)
class JobRun:
    """One run of one job: due, started, ended, and what came of it (`running` while it goes on)."""

    tenant_id: int
    job: str
    due_at: datetime
    started_at: datetime
    worker: str
    finished_at: datetime | None = None
    outcome: Outcome = "running"
    summary: Mapping[str, object] | None = None
    error: str | None = None


@contextmanager
def hold_job(engine: Engine, *, tenant_id: int, job: str, limit_seconds: int) -> Iterator[bool]:
    """Hold the lock of one job and tenant; yield False at once when another worker holds it.

    The lock lives in an open transaction of its own: it is free the moment this process or its connection dies.
    """
    with tenant_transaction(engine, tenant_id=tenant_id, actor=WORKER_ACTOR, role=WORKER_ROLE) as connection:
        name = {"name": f"marginbook.job.{job}.{tenant_id}"}
        is_mine = connection.scalar(text("select pg_try_advisory_xact_lock(hashtextextended(:name, 0))"), name)
        lives_ms = (limit_seconds + LOCK_SPARE_SECONDS) * 1000
        connection.exec_driver_sql(f"set local idle_in_transaction_session_timeout = {lives_ms:d}")
        yield bool(is_mine)


def abandon_unfinished(connection: Connection, *, tenant_id: int, job: str, now: datetime) -> list[JobRun]:
    """Mark runs without an end as abandoned and return them; only the holder of the job's lock may say so."""
    rows = connection.execute(
        text(
            """
            update job_run
            set outcome = 'abandoned', finished_at = :now,
                error = 'The worker ' || worker || ' died before the job ended: nothing of it was kept.'
            where tenant_id = :tenant_id and job = :job and outcome = 'running'
            returning *
            """
        ),
        {"tenant_id": tenant_id, "job": job, "now": now},
    )
    return [JobRun(**row) for row in rows.mappings()]


def runs_since(connection: Connection, *, tenant_id: int, job: str, due_at: datetime) -> list[JobRun]:
    """Return the runs that were due at `due_at` or later, oldest first."""
    rows = connection.execute(
        text(
            """
            select * from job_run
            where tenant_id = :tenant_id and job = :job and due_at >= :due_at
            order by due_at limit :runs_max
            """
        ),
        {"tenant_id": tenant_id, "job": job, "due_at": due_at, "runs_max": RUNS_READ_MAX},
    )
    return [JobRun(**row) for row in rows.mappings()]


def start_run(connection: Connection, run: JobRun) -> bool:
    """Claim the run's due time; False when somebody has it already."""
    claimed = connection.execute(
        text(
            """
            insert into job_run (tenant_id, job, due_at, started_at, worker, outcome)
            values (:tenant_id, :job, :due_at, :started_at, :worker, :outcome)
            on conflict (tenant_id, job, due_at) do nothing
            """
        ),
        asdict(run),
    )
    return claimed.rowcount == 1


def finish_run(connection: Connection, run: JobRun) -> bool:
    """Write how a run ended; False when it is no longer this worker's, because another declared it abandoned."""
    finished = connection.execute(
        text(
            """
            update job_run
            set outcome = :outcome, finished_at = :finished_at, summary = cast(:summary as jsonb), error = :error
            where tenant_id = :tenant_id and job = :job and due_at = :due_at and worker = :worker
              and outcome = 'running'
            """
        ),
        asdict(run) | {"summary": None if run.summary is None else json.dumps(run.summary)},
    )
    return finished.rowcount == 1


def enroll_tenants(connection: Connection, *, job: str, due_at: datetime) -> int:
    """Give every tenant that the due index lacks its first due time; return how many that were (scope 0)."""
    enrolled = connection.execute(
        text(
            """
            insert into tenant_due (tenant_id, job, due_at)
            select tenant_id, :job, :due_at from tenant
            where not exists (select from tenant_due d where d.tenant_id = tenant.tenant_id and d.job = :job)
            on conflict (tenant_id, job) do nothing
            """
        ),
        {"job": job, "due_at": due_at},
    )
    return enrolled.rowcount


def due_tenants(connection: Connection, *, job: str, now: datetime, tenants_max: int) -> list[int]:
    """Return the tenants whose turn it is, longest waiting first (scope 0)."""
    rows = connection.execute(
        text(
            """
            select tenant_id from tenant_due
            where job = :job and due_at <= :now
            order by due_at, tenant_id limit :tenants_max
            """
        ),
        {"job": job, "now": now, "tenants_max": tenants_max},
    )
    return [row.tenant_id for row in rows]


def look_again_at(connection: Connection, *, tenant_id: int, job: str, due_at: datetime) -> None:
    """Move a tenant's entry in the due index; the installation (0) has none."""
    connection.execute(
        text("update tenant_due set due_at = :due_at where tenant_id = :tenant_id and job = :job"),
        {"tenant_id": tenant_id, "job": job, "due_at": due_at},
    )
