"""An import holds little memory, whatever the size of its file (`make chaos` does it with 2 GB)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from billing_core.store.settings import PROJECT_FOLDER
from ingestion.batch import BATCH_ROWS
from tests.imports import Books

pytestmark = pytest.mark.fault

MEMORY_MAX_MB = 300
FILE_MB = int(os.environ.get("IMPORT_MB", "2000" if "FAULT_ROUNDS" in os.environ else "60"))
LINE = (
    '{{"id":"req-{number:012d}-8f14e45fceea167a5a36dedd4bea2543","at":"2025-{month:02d}-{day:02d}T{hour:02d}:00:00Z",'
    '"customer":"customer-{customer:05d}","product":"Writer","feature":"feature-{feature}","provider":"openai",'
    '"model":"gpt-4o-2024-08-06","usage":{{"prompt_tokens":{tokens},"completion_tokens":300,"total_tokens":{total},'
    '"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},'
    '"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0}}}}}}\n'
)


def big_file(path: Path, size_mb: int) -> int:
    """Write a file of at least so many megabytes, in time's order, and return how many lines it has."""
    number = 0
    with path.open("w", encoding="ascii") as file:
        while file.tell() < size_mb * 1_000_000:
            file.writelines(line(each) for each in range(number, number + 10_000))
            number += 10_000
    return number


def line(number: int) -> str:
    day = number // 20_000
    return LINE.format(
        number=number,
        month=day // 28 % 12 + 1,
        day=day % 28 + 1,
        hour=number // 1000 % 24,
        customer=number * 7919 % 4000,
        feature=number % 5,
        tokens=1000 + number % 997,
        total=1300 + number % 997,
    )


def test_memory_stays_small_and_does_not_grow_with_the_file(books: Books):
    path = books.folder / "big.jsonl"
    lines = big_file(path, FILE_MB)
    command = [sys.executable, "-m", "tests.faults.import_child", books.urls.app_url, "1", str(BATCH_ROWS), str(path)]
    done = subprocess.run(command, cwd=PROJECT_FOLDER, capture_output=True, text=True, check=False)
    told = [json.loads(each) for each in done.stdout.splitlines()]
    path.unlink()

    assert (done.returncode, done.stderr) == (0, "")
    assert told[-1]["new"] == books.count("usage_event") == lines
    assert told[-1]["peak_mb"] < MEMORY_MAX_MB, told[-1]
    settled = told[len(told) // 2]["peak_mb"]
    assert told[-1]["peak_mb"] <= settled * 11 // 10, "it grew by more than a tenth in the second half"
