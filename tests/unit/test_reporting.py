"""The end of a test run tells what ran and what did not."""

from types import SimpleNamespace

import pytest

from tests.reporting import NO_CHROMIUM, summary

pytestmark = pytest.mark.unit


def report(marks: str, outcome: str = "passed", *, when: str = "call", words: str = "") -> SimpleNamespace:
    return SimpleNamespace(
        user_properties=[("marks", marks)],
        when=when,
        passed=outcome == "passed",
        failed=outcome == "failed",
        skipped=outcome == "skipped",
        longrepr=("file", 1, f"Skipped: {words}"),
    )


def test_each_mark_counts_the_tests_that_ran_and_a_test_of_two_marks_counts_in_both():
    reports = [report("unit"), report("unit", "failed"), report("postgres,security"), report("unit", when="setup")]

    assert summary(reports) == ["", "tests that ran, per mark: postgres 1, security 1, unit 2"]


def test_tests_without_a_browser_are_reported_as_not_run_with_their_count_and_reason():
    reports = [report("browser", "skipped", when="setup", words=NO_CHROMIUM)] * 3

    assert summary(reports) == [
        "",
        "tests that ran, per mark: none",
        f"NOT RUN: 3 browser tests: {NO_CHROMIUM}",
    ]


def test_a_skip_without_marks_is_not_silent_either():
    module = SimpleNamespace(skipped=True, failed=False, when="collect", longrepr=("file", 1, "Skipped: no module"))

    assert summary([module])[-1] == "NOT RUN: 1 no mark tests: no module"
