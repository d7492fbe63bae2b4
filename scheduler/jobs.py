"""What the worker does by itself: a table of jobs, each with its due times, scope and limit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy import text

from billing_core.books import Outcome
from billing_core.books import check_books as run_checks
from billing_core.errors import ProjectionsDifferError
from billing_core.store.rebuild import check_projections
from billing_core.workspace import Workspace
from scheduler.schedule import Schedule

MONTHS_AHEAD = 3
SESSIONS_PER_RUN_MAX = 10_000
SESSIONS_KEPT_FOR = timedelta(days=1)
DIFFERENCES_SHOWN_MAX = 20

Work = Callable[[Workspace, datetime], Mapping[str, object]]
"""Does a job's work in the workspace's one transaction, for the instant it was due; returns what it did."""


@dataclass(frozen=True)
class Job:
    """One line of the table. `scope` says whether it runs once for the installation or once for every tenant."""

    name: str
    purpose: str
    schedule: Schedule
    work: Work
    scope: Literal["installation", "tenant"]
    limit_seconds: int


def make_partitions(workspace: Workspace, due_at: datetime) -> Mapping[str, object]:
    """Make the usage ledger's partitions of the due month and of the three after it, where they are missing."""
    months = [_month_after(due_at.date(), ahead) for ahead in range(MONTHS_AHEAD + 1)]
    for month in months:
        workspace.connection.execute(text("select make_month_partitions(:month)"), {"month": month})
    return {"from": months[0].isoformat(), "to": months[-1].isoformat()}


def check_rollups(workspace: Workspace, _due_at: datetime) -> Mapping[str, object]:
    """Derive a tenant's rollups again from its ledger; raise ProjectionsDifferError when they are not the same."""
    checks = check_projections(workspace.connection, workspace.tenant_id)
    differences = [check for check in checks if not check.agrees]
    if differences:
        raise ProjectionsDifferError([str(difference) for difference in differences[:DIFFERENCES_SHOWN_MAX]])
    return {"rows": sum(check.derived_rows for check in checks)}


def check_books(workspace: Workspace, _due_at: datetime) -> Mapping[str, object]:
    """Run the checks of a tenant's books and keep what they found.

    A check that is broken fails no run: the result is what the job is for, and a failed run would keep none of it.
    """
    results = run_checks(workspace)
    found = {outcome: [result.name for result in results if result.outcome is outcome] for outcome in Outcome}
    return {"holds": len(found[Outcome.HOLDS]), "broken": found[Outcome.BROKEN], "unknown": found[Outcome.UNKNOWN]}


def clean_sessions(workspace: Workspace, due_at: datetime) -> Mapping[str, object]:
    """Delete the tenant's sign-in sessions that had expired a day before the job was due."""
    deleted = workspace.connection.execute(
        text(
            """
            delete from sign_in_session
            where tenant_id = :tenant_id and session_hash in (
                select session_hash from sign_in_session
                where tenant_id = :tenant_id and expires_at <= :expired_by
                order by expires_at limit :sessions_max
            )
            """
        ),
        {
            "tenant_id": workspace.tenant_id,
            "expired_by": due_at - SESSIONS_KEPT_FOR,
            "sessions_max": SESSIONS_PER_RUN_MAX,
        },
    )
    return {"deleted": deleted.rowcount}


def _month_after(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)


DAILY = timedelta(days=1)

JOBS: tuple[Job, ...] = (
    Job(
        name="make_partitions",
        purpose="Makes the usage ledger's partitions of this month and three ahead, so that no event waits for one.",
        schedule=Schedule(every=DAILY, at=timedelta(hours=0, minutes=10)),
        work=make_partitions,
        scope="installation",
        limit_seconds=60,
    ),
    Job(
        name="check_rollups",
        purpose="Derives each tenant's sums again from the ledger and fails when a single one differs.",
        schedule=Schedule(every=DAILY, at=timedelta(hours=3, minutes=20)),
        work=check_rollups,
        scope="tenant",
        limit_seconds=900,
    ),
    Job(
        name="check_books",
        purpose="Checks each tenant's books: sums against totals, bookings against documents, documents against cash.",
        schedule=Schedule(every=DAILY, at=timedelta(hours=4, minutes=0)),
        work=check_books,
        scope="tenant",
        limit_seconds=900,
    ),
    Job(
        name="clean_sessions",
        purpose="Deletes sign-in sessions that expired more than a day ago.",
        schedule=Schedule(every=DAILY, at=timedelta(hours=2, minutes=40)),
        work=clean_sessions,
        scope="tenant",
        limit_seconds=60,
    ),
)
