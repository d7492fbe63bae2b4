"""When a job is due, and when a run that did not succeed is tried again: pure rules over instants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from billing_core.store.job_runs import JobRun

ATTEMPTS_MAX = 3
"""Runs per scheduled due time; then the job waits for the next one, so that no job kills workers for ever."""

RETRY_AFTER = timedelta(minutes=5)
"""How long after a failure the next attempt comes. After an abandoned run it comes at once."""

_MIDNIGHT = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Schedule:
    """A job is due every `every`, counted from `at` after midnight UTC. `every` divides a day, or is whole days."""

    every: timedelta
    at: timedelta = timedelta()

    def last_due(self, now: datetime) -> datetime:
        """Return the latest due time that is not after `now`; earlier ones that were missed are covered by it."""
        first = _MIDNIGHT + self.at
        return first + (now - first) // self.every * self.every

    def next_due(self, now: datetime) -> datetime:
        """Return the first due time after `now`."""
        return self.last_due(now) + self.every


def due_time(schedule: Schedule, now: datetime, runs: Sequence[JobRun]) -> datetime | None:
    """Return the due time that a run starting now would be for, or None when nothing is due.

    `runs` are those due at `schedule.last_due(now)` or later, oldest first, none of them running. A second attempt
    is due now: its row is its own, and the row of the attempt that did not succeed stays as it ended.
    """
    if not runs:
        return schedule.last_due(now)
    attempt_at = _next_attempt(runs)
    return now if attempt_at is not None and attempt_at <= now else None


def look_again(schedule: Schedule, now: datetime, runs: Sequence[JobRun]) -> datetime:
    """Return when the due index should point to this job next, after the last of `runs` ended."""
    return _next_attempt(runs) or schedule.next_due(now)


def _next_attempt(runs: Sequence[JobRun]) -> datetime | None:
    """Return when the last run is tried again; None when it succeeded, still runs, or was the last attempt."""
    if len(runs) >= ATTEMPTS_MAX:
        return None
    last = runs[-1]
    ended_at = last.finished_at or last.started_at
    pauses = {"abandoned": timedelta(), "failed": RETRY_AFTER}
    return ended_at + pauses[last.outcome] if last.outcome in pauses else None
