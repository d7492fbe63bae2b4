"""When jobs are due, and when they are tried again."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from billing_core.store.job_runs import JobRun, Outcome
from scheduler.jobs import JOBS
from scheduler.schedule import ATTEMPTS_MAX, RETRY_AFTER, Schedule, due_time, look_again

pytestmark = pytest.mark.unit

AT_3_20 = Schedule(every=timedelta(days=1), at=timedelta(hours=3, minutes=20))


def at(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, second, tzinfo=UTC)


def run(due_at: datetime, outcome: Outcome, finished_at: datetime | None = None) -> JobRun:
    return JobRun(1, "job", due_at, due_at, "worker", finished_at=finished_at or due_at, outcome=outcome)


def test_a_job_is_due_at_its_instant_and_not_a_second_before():
    assert AT_3_20.last_due(at(21, 3, 19, 59)) == at(20, 3, 20)
    assert AT_3_20.last_due(at(21, 3, 20)) == at(21, 3, 20)


def test_the_next_due_time_is_after_now_never_now():
    assert AT_3_20.next_due(at(21, 3, 19, 59)) == at(21, 3, 20)
    assert AT_3_20.next_due(at(21, 3, 20)) == at(22, 3, 20)


def test_hourly_due_times_stand_on_the_same_minute_of_every_hour():
    hourly = Schedule(every=timedelta(hours=1), at=timedelta(minutes=5))
    assert hourly.last_due(at(21, 0, 4)) == at(20, 23, 5)
    assert hourly.next_due(at(21, 0, 4)) == at(21, 0, 5)


def test_a_machine_that_slept_four_days_runs_once_for_the_last_due_time():
    now = at(21, 9)
    assert due_time(AT_3_20, now, []) == at(21, 3, 20)
    assert due_time(AT_3_20, now, [run(at(21, 3, 20), "succeeded")]) is None


def test_a_success_is_not_run_again_before_the_next_due_time():
    runs = [run(at(21, 3, 20), "succeeded")]
    assert due_time(AT_3_20, at(22, 3, 19, 59), runs) is None
    assert look_again(AT_3_20, at(21, 3, 21), runs) == at(22, 3, 20)


def test_an_abandoned_run_is_tried_again_at_once_with_a_due_time_of_its_own():
    assert due_time(AT_3_20, at(21, 3, 25), [run(at(21, 3, 20), "abandoned", at(21, 3, 25))]) == at(21, 3, 25)


def test_a_failed_run_is_tried_again_after_its_pause_and_not_before():
    runs = [run(at(21, 3, 20), "failed", at(21, 3, 30))]
    retry_at = at(21, 3, 30) + RETRY_AFTER
    assert look_again(AT_3_20, at(21, 3, 30), runs) == retry_at
    assert due_time(AT_3_20, retry_at - timedelta(seconds=1), runs) is None
    assert due_time(AT_3_20, retry_at, runs) == retry_at


def test_attempts_end_and_the_job_waits_for_its_next_due_time():
    runs = [run(at(21, 3, 20 + minute), "abandoned") for minute in range(ATTEMPTS_MAX)]
    assert due_time(AT_3_20, at(21, 4), runs[:-1]) == at(21, 4)
    assert due_time(AT_3_20, at(21, 4), runs) is None
    assert look_again(AT_3_20, at(21, 4), runs) == at(22, 3, 20)


def test_a_run_that_goes_on_is_not_started_again():
    assert due_time(AT_3_20, at(21, 4), [run(at(21, 3, 20), "running")]) is None


def test_every_job_has_a_name_of_its_own_a_sentence_and_a_limit_shorter_than_its_period():
    assert len({job.name for job in JOBS}) == len(JOBS)
    for job in JOBS:
        assert job.purpose.endswith(".")
        assert 0 < job.limit_seconds < job.schedule.every.total_seconds()


def test_the_worker_loads_no_library_of_tables_or_pages():
    heavy = ("pandas", "numpy", "pyarrow", "streamlit", "plotly", "alembic", "argon2")
    program = f"import sys, cli, scheduler.runner; print([name for name in {heavy} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert loaded.stdout == "[]\n"
