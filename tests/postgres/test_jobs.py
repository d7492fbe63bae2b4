"""Jobs on a real database: claimed once, run in one transaction, recorded, tried again."""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from billing_core.clock import utc_now
from billing_core.errors import JobCutError, JobTooSlowError, ProjectionsDifferError
from billing_core.store.engine import open_engine
from billing_core.store.job_runs import JobRun, hold_job, start_run
from billing_core.store.tenancy import INSTALLATION, tenant_transaction
from billing_core.workspace import Workspace
from scheduler import jobs
from scheduler.execution import Worker, run_due
from scheduler.jobs import JOBS, Job, check_rollups
from scheduler.schedule import ATTEMPTS_MAX, RETRY_AFTER, Schedule
from tests.databases import ClusterUrls

pytestmark = pytest.mark.postgres

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DUE = datetime(2026, 11, 21, 3, tzinfo=UTC)


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Calls:
    """A job's work that notes for whom and for which due time it was called, then does `then`."""

    seen: list[tuple[int, datetime]] = field(default_factory=list)
    then: Callable[[Workspace], object] = lambda _workspace: None

    def __call__(self, workspace: Workspace, due_at: datetime) -> Mapping[str, object]:
        self.seen.append((workspace.tenant_id, due_at))
        self.then(workspace)
        return {"seen": len(self.seen)}


@pytest.fixture
def engine(database: ClusterUrls) -> Iterator[Engine]:
    pool = open_engine(database.app_url)
    yield pool
    pool.dispose()


def job(
    work: Callable[[Workspace, datetime], Mapping[str, object]], scope: str = "installation", limit: int = 30
) -> Job:
    at_three = Schedule(every=timedelta(days=1), at=timedelta(hours=3))
    return Job(name="example", purpose="Shows.", schedule=at_three, work=work, scope=scope, limit_seconds=limit)


def add_tenants(engine: Engine, count: int) -> list[int]:
    with tenant_transaction(engine, tenant_id=INSTALLATION, actor="test", role="service") as connection:
        rows = connection.execute(
            text(
                "insert into tenant (slug, name, reporting_currency, is_demo, recorded_at) "
                "select 't' || n, 'T' || n, 'usd', false, now() from generate_series(1, :count) n returning tenant_id"
            ),
            {"count": count},
        )
        return [row.tenant_id for row in rows]


def recorded(engine: Engine, tenant_id: int = INSTALLATION) -> list[JobRun]:
    with tenant_transaction(engine, tenant_id=tenant_id, actor="test", role="owner") as connection:
        rows = connection.execute(
            text("select * from job_run where tenant_id = :tenant_id order by due_at"), {"tenant_id": tenant_id}
        )
        return [JobRun(**row) for row in rows.mappings()]


def test_a_due_job_takes_the_instant_it_was_due_and_is_recorded(engine: Engine):
    calls, worker = Calls(), Worker(engine, now=Clock())
    run_due(worker, job(calls))
    assert calls.seen == [(INSTALLATION, DUE)]
    assert recorded(engine) == [
        JobRun(
            INSTALLATION,
            "example",
            due_at=DUE,
            started_at=NOON,
            worker=worker.name,
            finished_at=NOON,
            outcome="succeeded",
            summary={"seen": 1},
        )
    ]


def test_a_job_that_ran_waits_for_its_next_due_time(engine: Engine):
    calls, clock = Calls(), Clock()
    worker = Worker(engine, now=clock)
    for clock.now in (NOON, NOON, DUE + timedelta(days=1, seconds=-1), DUE + timedelta(days=1)):
        run_due(worker, job(calls))
    assert calls.seen == [(INSTALLATION, DUE), (INSTALLATION, DUE + timedelta(days=1))]


def test_five_days_asleep_are_one_run_per_tenant(engine: Engine):
    calls, clock = Calls(), Clock()
    tenants = add_tenants(engine, 2)
    worker = Worker(engine, now=clock)
    run_due(worker, job(calls, "tenant"))
    assert calls.seen == []  # Both are enrolled for tomorrow: nothing of theirs is due yet.
    clock.now = NOON + timedelta(days=5)
    run_due(worker, job(calls, "tenant"))
    run_due(worker, job(calls, "tenant"))
    assert calls.seen == [(tenant, DUE + timedelta(days=5)) for tenant in tenants]


def test_the_due_index_points_to_the_next_due_time_after_a_run(engine: Engine):
    clock = Clock()
    (tenant,) = add_tenants(engine, 1)
    worker = Worker(engine, now=clock)
    for clock.now in (NOON, NOON + timedelta(days=1)):
        run_due(worker, job(Calls(), "tenant"))
    with tenant_transaction(engine, tenant_id=INSTALLATION, actor="test", role="service") as connection:
        due = connection.execute(text("select tenant_id, job, due_at from tenant_due")).all()
    assert due == [(tenant, "example", DUE + timedelta(days=2))]


def test_five_workers_at_once_run_each_tenants_job_once(engine: Engine):
    clock, calls = Clock(), Calls()
    tenants = add_tenants(engine, 20)
    run_due(Worker(engine, now=clock), job(calls, "tenant"))
    clock.now = NOON + timedelta(days=1)
    together = threading.Barrier(5)

    def work(_number: int) -> list[JobRun]:
        together.wait()
        return run_due(Worker(engine, now=clock), job(calls, "tenant"))

    with ThreadPoolExecutor(5) as pool:
        made = [run for runs in pool.map(work, range(5)) for run in runs]
    assert sorted(run.tenant_id for run in made) == tenants
    assert sorted(calls.seen) == [(tenant, DUE + timedelta(days=1)) for tenant in tenants]


def test_a_job_that_another_worker_is_running_is_left_to_it(engine: Engine):
    calls = Calls()
    with hold_job(engine, tenant_id=INSTALLATION, job="example", limit_seconds=30) as is_mine:
        assert is_mine
        assert run_due(Worker(engine, now=Clock()), job(calls)) == []
    assert calls.seen == []


def test_work_and_success_are_one_transaction_and_a_failure_keeps_neither(engine: Engine):
    def write_then_fail(workspace: Workspace) -> None:
        workspace.connection.execute(
            text(
                "insert into tenant (slug, name, reporting_currency, is_demo, recorded_at) "
                "values ('half', 'Half', 'usd', false, now())"
            )
        )
        raise ProjectionsDifferError(["one"])

    (run,) = run_due(Worker(engine, now=Clock()), job(Calls(then=write_then_fail)))
    assert (run.outcome, run.error) == ("failed", str(ProjectionsDifferError(["one"])))
    assert recorded(engine) == [run]
    with tenant_transaction(engine, tenant_id=INSTALLATION, actor="test", role="service") as connection:
        assert connection.execute(text("select slug from tenant")).all() == []


def test_a_bug_in_a_job_is_recorded_and_does_not_end_the_worker(engine: Engine):
    def divide(_workspace: Workspace) -> float:
        return 1 / 0

    (run,) = run_due(Worker(engine, now=Clock()), job(Calls(then=divide)))
    assert (run.outcome, run.error) == ("failed", "ZeroDivisionError: division by zero")


def test_a_failed_job_is_tried_again_after_its_pause_at_most_three_times(engine: Engine):
    def refuse(_workspace: Workspace) -> None:
        raise ProjectionsDifferError(["one"])

    calls, clock = Calls(then=refuse), Clock()
    worker = Worker(engine, now=clock)
    for _ in range(ATTEMPTS_MAX + 2):
        run_due(worker, job(calls))
        run_due(worker, job(calls))
        clock.now += RETRY_AFTER
    assert [due_at for _, due_at in calls.seen] == [DUE, NOON + RETRY_AFTER, NOON + 2 * RETRY_AFTER]
    clock.now = NOON + timedelta(days=1)
    run_due(worker, job(calls))
    assert len(calls.seen) == ATTEMPTS_MAX + 1


def test_a_run_whose_worker_is_gone_is_abandoned_and_run_again_at_once(engine: Engine):
    (tenant,) = add_tenants(engine, 1)
    clock, calls = Clock(), Calls()
    worker = Worker(engine, now=clock)
    run_due(worker, job(calls, "tenant"))
    clock.now = noticed_at = NOON + timedelta(days=1)
    dead = JobRun(tenant, "example", DUE + timedelta(days=1), clock.now, "dead/1/abc")
    with tenant_transaction(engine, tenant_id=tenant, actor="test", role="service") as connection:
        start_run(connection, dead)
    (again,) = run_due(worker, job(calls, "tenant"))
    error = "The worker dead/1/abc died before the job ended: nothing of it was kept."
    assert recorded(engine, tenant) == [replace(dead, finished_at=noticed_at, outcome="abandoned", error=error), again]
    assert calls.seen == [(tenant, noticed_at)]


def test_a_job_over_its_limit_is_cancelled_and_says_so(engine: Engine):
    calls = Calls(then=lambda workspace: workspace.connection.execute(text("select pg_sleep(600)")))
    (run,) = run_due(Worker(engine, now=Clock()), job(calls, limit=1))
    assert (run.outcome, run.error) == ("failed", str(JobTooSlowError(1)))


def test_a_worker_that_must_stop_rolls_its_job_back_and_leaves_it_to_the_next(engine: Engine):
    worker = Worker(engine, now=Clock())

    def sleep(workspace: Workspace) -> None:
        worker.cut.set()
        workspace.connection.execute(text("select pg_sleep(600)"))

    (run,) = run_due(worker, job(Calls(then=sleep)))
    assert (run.outcome, run.error) == ("abandoned", str(JobCutError()))
    (again,) = run_due(Worker(engine, now=Clock(NOON + timedelta(seconds=1))), job(Calls()))
    assert again.outcome == "succeeded"


def test_a_worker_that_lost_its_claim_keeps_nothing(engine: Engine):
    def lose_the_claim(workspace: Workspace) -> None:
        with tenant_transaction(engine, tenant_id=INSTALLATION, actor="other", role="service") as connection:
            connection.execute(text("update job_run set outcome = 'abandoned' where tenant_id = 0"))
        workspace.connection.execute(
            text(
                "insert into tenant (slug, name, reporting_currency, is_demo, recorded_at) "
                "values ('half', 'Half', 'usd', false, now())"
            )
        )

    (run,) = run_due(Worker(engine, now=Clock()), job(Calls(then=lose_the_claim)))
    assert run.outcome == "abandoned"
    with tenant_transaction(engine, tenant_id=INSTALLATION, actor="test", role="service") as connection:
        assert connection.execute(text("select slug from tenant")).all() == []


def the_job(name: str) -> Job:
    return next(job for job in JOBS if job.name == name)


def test_partitions_exist_for_the_due_month_and_three_after_it(engine: Engine):
    now = utc_now()
    (run,) = run_due(Worker(engine), the_job("make_partitions"))
    months = [now.year * 12 + now.month - 1 + ahead for ahead in range(4)]
    names = {f"{ledger}_{m // 12}{m % 12 + 1:02}" for m in months for ledger in ("usage_event", "usage_raw")}
    with tenant_transaction(engine, tenant_id=INSTALLATION, actor="test", role="service") as connection:
        found = connection.scalars(text("select inhrelid::regclass::text from pg_inherits")).all()
    assert run.outcome == "succeeded"
    assert names <= {name.removeprefix("marginbook.") for name in found}


def test_sessions_are_deleted_a_day_after_they_expired_and_not_before(engine: Engine):
    (tenant,) = add_tenants(engine, 1)
    expired_by = DUE - timedelta(days=1)
    add_sessions(engine, tenant, {b"kept": expired_by + timedelta(seconds=1), b"gone": expired_by})
    with tenant_transaction(engine, tenant_id=tenant, actor="test", role="service") as connection:
        summary = jobs.clean_sessions(Workspace(tenant, "test", "service", NOON, connection), DUE)
        left = connection.scalars(text("select session_hash from sign_in_session")).all()
    assert (summary, left) == ({"deleted": 1}, [b"kept"])


def add_sessions(engine: Engine, tenant: int, expiries: Mapping[bytes, datetime]) -> None:
    with tenant_transaction(engine, tenant_id=INSTALLATION, actor="test", role="service") as connection:
        user = connection.scalar(
            text(
                "insert into user_account (email, name, recorded_at) values ('a@example.com', 'A', now()) "
                "returning user_id"
            )
        )
        connection.execute(
            text("insert into membership values (:tenant, :user, 'owner', now())"), {"tenant": tenant, "user": user}
        )
    with tenant_transaction(engine, tenant_id=tenant, actor="test", role="service") as connection:
        connection.execute(
            text(
                "insert into sign_in_session (tenant_id, session_hash, user_id, created_at, expires_at) "
                "values (:tenant, :hash, :user, now(), :expires_at)"
            ),
            [{"tenant": tenant, "user": user, "hash": key, "expires_at": at} for key, at in expiries.items()],
        )


def test_rollups_that_differ_from_the_ledger_fail_the_check(engine: Engine):
    (tenant,) = add_tenants(engine, 1)
    with tenant_transaction(engine, tenant_id=tenant, actor="test", role="service") as connection:
        connection.execute(
            text("insert into usage_cost_month values (:tenant, '2026-11-01', 1, 0, 1, 0, 1, 0, 1, 1, 0)"),
            {"tenant": tenant},
        )
    clock = Clock()
    worker = Worker(engine, now=clock)
    for clock.now in (NOON, NOON + timedelta(days=1)):
        made = run_due(worker, the_job("check_rollups"))
    assert [run.outcome for run in made] == ["failed"]
    assert "usage_cost_month: 1 rows stored, 0 rows derived" in str(made[0].error)


def test_equal_rollups_pass_the_check(engine: Engine):
    (tenant,) = add_tenants(engine, 1)
    with tenant_transaction(engine, tenant_id=tenant, actor="test", role="service") as connection:
        assert check_rollups(Workspace(tenant, "test", "service", NOON, connection), DUE) == {"rows": 0}


def test_the_checks_of_the_books_are_kept_whatever_they_find(engine: Engine):
    (tenant,) = add_tenants(engine, 1)
    with tenant_transaction(engine, tenant_id=tenant, actor="test", role="service") as connection:
        connection.execute(
            text("insert into usage_cost_month values (:tenant, '2026-11-01', 1, 0, 1, 0, 1, 0, 1, 1, 0)"),
            {"tenant": tenant},
        )
    clock = Clock()
    worker = Worker(engine, now=clock)
    for clock.now in (NOON, NOON + timedelta(days=1)):
        made = run_due(worker, the_job("check_books"))
    (run,) = made
    assert (run.outcome, dict(run.summary or {})["broken"]) == (
        "succeeded",
        ["cuts_add_up", "usage_rollups_agree"],
    )
    with tenant_transaction(engine, tenant_id=tenant, actor="test", role="owner") as connection:
        kept = connection.execute(text("select name from books_check where outcome = 'broken'")).all()
    assert sorted(kept) == [("cuts_add_up",), ("usage_rollups_agree",)]
