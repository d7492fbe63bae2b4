"""The worker program: looks for due jobs every few seconds until it is told to stop, whatever the database does."""

import logging
import signal
import sys
import threading
from collections.abc import Callable
from time import monotonic

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import Engine

from billing_core.clock import utc_now
from billing_core.errors import BillingError, InvalidSettingError, UnsafeDatabaseRoleError
from scheduler.execution import Worker, run_due
from scheduler.jobs import JOBS, Job

LOOK_EVERY_SECONDS = 5
THREADS = 2
STOP_WITHIN_SECONDS = 5.0
BACK_OFF_SECONDS = (1, 2, 5, 10, 20, 30)
"""Pauses after the first, second, … failure to reach the database; the last one stays."""

log = structlog.get_logger()


def log_json_to_stderr() -> None:
    """Let every log line of this process be one JSON object on standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    # The scheduler's own remarks ("skipped, still running") are no news: a round that runs long is normal.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)


def run_worker(
    open_engine: Callable[[], Engine], *, jobs: tuple[Job, ...] = JOBS, look_every_seconds: float = LOOK_EVERY_SECONDS
) -> None:
    """Run `jobs` until SIGTERM or SIGINT, then let what runs end, or roll it back, and return.

    `open_engine` is asked again after every outage, and until the database answers: a worker may start before it.
    Raises InvalidSettingError or UnsafeDatabaseRoleError when the very first try shows that no later one can work.
    """
    stop_signals = {signal.SIGTERM, signal.SIGINT}
    # Blocked here, and so in every thread started below: they wait for sigwait and interrupt no transaction.
    signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)
    rounds = Rounds(open_engine)
    rounds.reach_database()
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(THREADS)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone="UTC",
    )
    for job in jobs:
        often = IntervalTrigger(seconds=look_every_seconds)
        scheduler.add_job(rounds.run, often, args=[job], id=job.name, next_run_time=utc_now())
    scheduler.start()
    log.info("The worker looks for due jobs", jobs=[job.name for job in jobs])
    signal.sigwait(stop_signals)
    rounds.stop_within(STOP_WITHIN_SECONDS, scheduler.shutdown)
    log.info("The worker stopped")


class Rounds:
    """The rounds of one worker's jobs, and what it knows of the database: there, or gone until when."""

    def __init__(self, open_engine: Callable[[], Engine]) -> None:
        self._open_engine = open_engine
        self._worker: Worker | None = None
        self._stopping = threading.Event()
        self._cut = threading.Event()
        self._lock = threading.Lock()
        self._failures = 0
        self._silent_until = 0.0

    def reach_database(self) -> None:
        """Open the pool; a database that does not answer yet is only noted, one that must not be used is refused."""
        try:
            self._reached()
        except (InvalidSettingError, UnsafeDatabaseRoleError):
            raise
        except BillingError as outage:
            self._note_outage(outage)

    def run(self, job: Job) -> None:
        """Run one round of one job; whatever happens is logged, and the worker lives on."""
        if self._stopping.is_set() or monotonic() < self._silent_until:
            return
        try:
            run_due(self._reached(), job)
        except BillingError as outage:
            self._note_outage(outage)
        except Exception:
            # A bug around a job must not end the worker; the next round tries again.
            log.exception("A round failed by a bug", job=job.name)
        else:
            self._note_answer()

    def stop_within(self, seconds: float, shut_down: Callable[[], None]) -> None:
        """Take nothing new, give what runs some seconds to end, then roll it back."""
        self._stopping.set()
        cut = threading.Timer(seconds, self._cut.set)
        cut.start()
        shut_down()
        cut.cancel()

    def _reached(self) -> Worker:
        with self._lock:
            if self._worker is None:
                self._worker = Worker(self._open_engine(), stopping=self._stopping, cut=self._cut)
            return self._worker

    def _note_outage(self, outage: BillingError) -> None:
        with self._lock:
            if monotonic() < self._silent_until:
                return
            pause = BACK_OFF_SECONDS[min(self._failures, len(BACK_OFF_SECONDS) - 1)]
            self._failures += 1
            self._silent_until = monotonic() + pause
            # The next round asks for the pool again, which also starts an embedded database that is gone.
            self._worker = None
        log.error(str(outage), next_try_seconds=pause)

    def _note_answer(self) -> None:
        with self._lock:
            was_away, self._failures = self._failures > 0, 0
        if was_away:
            log.info("The database answers again")
