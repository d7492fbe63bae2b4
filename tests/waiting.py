"""Waiting in tests: for what must come, without saying how soon."""

import time
from collections.abc import Callable

import pytest

LOOKS_MAX = 6_000
"""Ends what waits in vain, so that it fails instead of hanging; about five minutes, no measure of speed."""


def until(holds: Callable[[], object]) -> None:
    """Return when it holds; fail the test when it never does."""
    for _ in range(LOOKS_MAX):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("What this test waits for did not come.")
