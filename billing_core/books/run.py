"""Running the checks: each at the same instant, its result kept as a fact."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from sqlalchemy import text

from billing_core.books.checks import CHECKS, Check
from billing_core.books.comparing import Row
from billing_core.workspace import Workspace


class Outcome(StrEnum):
    """What a check found."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found; `rows` are the first that are not as they must be."""

    name: str
    outcome: Outcome
    expected: str
    found: str
    rows: tuple[Row, ...]

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.name}: {self.outcome}, expected {self.expected}, found {self.found}"


def check_books(workspace: Workspace) -> list[CheckResult]:
    """Run every check and keep the results; all see one instant while imports go on.

    Must be the transaction's first act, because it makes the transaction one snapshot.
    """
    workspace.connection.execute(text("set transaction isolation level repeatable read"))
    unread = _why_stripe_is_unknown(workspace)
    results = [_result(workspace, check, unread) for check in CHECKS]
    record_checks(workspace, results)
    return results


def record_checks(workspace: Workspace, results: Sequence[CheckResult]) -> None:
    """Append the results as facts of this instant."""
    workspace.connection.execute(
        text(
            """
            insert into books_check (tenant_id, checked_at, name, outcome, expected, found, rows)
            values (:tenant_id, :now, :name, :outcome, :expected, :found, cast(:rows as jsonb))
            """
        ),
        [
            {
                "tenant_id": workspace.tenant_id,
                "now": workspace.now,
                "name": result.name,
                "outcome": result.outcome.value,
                "expected": result.expected,
                "found": result.found,
                "rows": json.dumps([asdict(row) for row in result.rows]),
            }
            for result in results
        ],
    )


def _result(workspace: Workspace, check: Check, unread: str | None) -> CheckResult:
    if check.needs_stripe and unread is not None:
        return CheckResult(check.name, Outcome.UNKNOWN, check.counts, unread, ())
    compared = check.compare(workspace)
    outcome = Outcome.BROKEN if compared.broken else Outcome.HOLDS
    expected, found = compared.compared, compared.compared - compared.broken
    return CheckResult(check.name, outcome, f"{expected:,} {check.counts}", f"{found:,} {check.counts}", compared.rows)


def _why_stripe_is_unknown(workspace: Workspace) -> str | None:
    """Return why nothing can be said about Stripe's objects; None when it can."""
    accounts = workspace.connection.execute(
        text(
            """
            select account_id, newest.missing
            from stripe_connection
            left join (
                select distinct on (connection_id) connection_id, missing
                from stripe_backfill
                where tenant_id = :tenant_id and finished_at is not null
                order by connection_id, started_at desc
            ) as newest using (connection_id)
            where tenant_id = :tenant_id order by account_id
            """
        ),
        {"tenant_id": workspace.tenant_id},
    ).all()
    if not accounts:
        return "no Stripe account is connected"
    unread = [account.account_id for account in accounts if account.missing is None]
    if unread:
        return f"the first reading of {', '.join(unread)} has not ended"
    gaps = [f"of {account.account_id} {', '.join(account.missing)}" for account in accounts if account.missing]
    return f"not everything could be read: {'; '.join(gaps)} is missing" if gaps else None
