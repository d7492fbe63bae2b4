"""What the tests of the embedded database share: a home of its own per test, and the programs they start."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from billing_core.store import embedded
from billing_core.store.settings import PROJECT_FOLDER
from tests.databases import libpq

ROUNDS = range(int(os.environ.get("FAULT_ROUNDS", "1")))
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="this is about running as root, and this run is not")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Name a home that does not exist yet; stop and remove what a test made there."""
    made = tmp_path / "home"
    yield made
    embedded.stop(made)
    shutil.rmtree(made, ignore_errors=True)


def start_program(act: str, home: Path) -> subprocess.Popen[str]:
    """Start one of the programs of embedded_child."""
    command = [sys.executable, "-m", "tests.faults.embedded_child", act, str(home)]
    return subprocess.Popen(command, cwd=PROJECT_FOLDER, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def asked(home: Path, question: str) -> list[tuple[object, ...]]:
    """Ask the running database as superuser."""
    with psycopg.connect(libpq(embedded.ensure_running(home).superuser_url)) as connection:
        return connection.execute(question.encode()).fetchall()
