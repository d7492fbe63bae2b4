"""How a part that ended is started again, and how its log stays short."""

from pathlib import Path

import pytest

from cli import children
from cli.children import LOG_BYTES_MAX, PAUSES_SECONDS, STEADY_SECONDS, Part, how_it_ended

pytestmark = pytest.mark.unit


def part(folder: Path) -> Part:
    return Part("worker", ("worker",), folder / "log" / "worker.log")


def test_pauses_before_restarts_grow_to_a_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(children, "monotonic", lambda: 1.0)
    this = part(tmp_path)
    assert [this.plan_restart() for _ in range(8)] == [*PAUSES_SECONDS, PAUSES_SECONDS[-1], PAUSES_SECONDS[-1]]


def test_a_part_that_ran_steadily_starts_as_quickly_as_the_first_time(tmp_path, monkeypatch):
    now = [1.0]
    monkeypatch.setattr(children, "monotonic", lambda: now[0])
    this = part(tmp_path)
    this.plan_restart()
    now[0] = STEADY_SECONDS - 1
    assert this.plan_restart() == PAUSES_SECONDS[1]
    now[0] = STEADY_SECONDS
    assert this.plan_restart() == PAUSES_SECONDS[0]


def test_how_a_process_ended_is_said_in_words():
    assert [how_it_ended(code) for code in (0, 3, -9)] == ["exit code 0", "exit code 3", "ended by SIGKILL"]


def test_a_log_over_its_limit_moves_aside_once_and_goes_on_empty(tmp_path):
    this = part(tmp_path)
    this.trim_log()
    this.log.write_bytes(b"x" * LOG_BYTES_MAX)
    this.trim_log()
    assert this.log.stat().st_size == LOG_BYTES_MAX
    this.log.write_bytes(b"x" * (LOG_BYTES_MAX + 1))
    this.trim_log()
    assert this.log.stat().st_size == 0
    assert this.log.with_suffix(".log.1").stat().st_size == LOG_BYTES_MAX + 1


def test_the_last_words_are_the_last_line_that_is_not_empty(tmp_path):
    this = part(tmp_path)
    assert this.last_words() == ""
    this.trim_log()
    this.log.write_text("first\nlast\n\n")
    assert this.last_words() == "last"
    this.log.write_text("y" * 5_000)
    assert this.last_words() == "y" * 2_000


def test_what_does_not_run_is_stopped_already(tmp_path):
    this = part(tmp_path)
    this.ask_to_stop()
    assert this.wait_or_kill(0.0)
    assert this.ended() is None
