"""What a test run says at its end: how many tests of each mark ran, and which did not run and why."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from tests.chromium import find_chromium

NO_CHROMIUM = "no Chromium here: install it (Debian: apt-get install chromium), or set CHROMIUM to its program"
OUTCOMES = ("passed", "failed", "error", "skipped")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note each test's own marks for the end of the run; keep browser tests from failing where there is no browser."""
    ours = [line.split(":")[0] for line in config.getini("markers")]
    browser = find_chromium()
    for item in items:
        marks = [mark.name for mark in item.iter_markers() if mark.name in ours]
        item.user_properties.append(("marks", ",".join(sorted(set(marks)))))
        if browser is None and "browser" in marks:
            item.add_marker(pytest.mark.skip(reason=NO_CHROMIUM))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the count of tests per mark, then what did not run."""
    reports = [report for outcome in OUTCOMES for report in terminalreporter.stats.get(outcome, ())]
    for line in summary(reports):
        terminalreporter.write_line(line)


def summary(reports: Iterable[Any]) -> list[str]:
    """Return the closing lines: `mark count` for tests that ran, NOT RUN for those that did not."""
    ran: Counter[str] = Counter()
    not_run: Counter[tuple[str, str]] = Counter()
    for report in reports:
        marks = dict(getattr(report, "user_properties", ())).get("marks", "") or "no mark"
        if report.skipped:
            not_run[marks, reason(report)] += 1
        elif report.when == "call" or report.failed:
            ran.update(marks.split(","))
    lines = [
        "",
        "tests that ran, per mark: " + (", ".join(f"{mark} {count}" for mark, count in sorted(ran.items())) or "none"),
    ]
    lines += [f"NOT RUN: {count} {marks} tests: {why}" for (marks, why), count in sorted(not_run.items())]
    return lines


def reason(report: Any) -> str:
    """Return why a test was skipped, in its own words."""
    words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return words.removeprefix("Skipped: ")
