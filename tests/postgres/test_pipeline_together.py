"""Several imports at once: each event once, one number per name, and nobody waits for ever."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing_core.store.rebuild import check_projections
from ingestion.batch import ImportSummary
from tests.imports import GPT_PICO, Books, event

pytestmark = pytest.mark.postgres

START = datetime(2025, 3, 31, 20, tzinfo=UTC)


def many_events(number: int) -> list[dict[str, Any]]:
    """Return events of 12 customers over two months, all new to the database."""
    return [
        event(
            id=f"req-{index}",
            at=(START + timedelta(minutes=index)).isoformat(),
            customer=f"C{index % 12}",
            product=f"P{index % 3}",
            feature=f"F{index % 5}",
        )
        for index in range(number)
    ]


def together(books: Books, files: list[list[dict[str, Any]]]) -> list[ImportSummary]:
    """Import files at the same time, each in a thread with connections of its own."""
    paths = [books.file(lines) for lines in files]
    with ThreadPoolExecutor(len(paths)) as threads:
        return list(threads.map(books.take, paths))


def agrees(books: Books) -> bool:
    with books.target.transaction() as connection:
        return all(check.agrees for check in check_projections(connection, books.tenant_id))


@pytest.mark.parametrize("imports", [2, 4])
def test_of_overlapping_files_imported_at_once_each_event_counts_once(books: Books, monkeypatch, imports):
    monkeypatch.setattr("ingestion.files.BATCH_ROWS", 40)
    made = many_events(600)
    chance = random.Random(imports)
    files = [chance.sample(made, 400) for _ in range(imports)]
    files[0] = made[::-1]
    summaries = together(books, files)

    assert sum(summary.new for summary in summaries) == len(made)
    assert sum(summary.duplicate for summary in summaries) == sum(map(len, files)) - len(made)
    assert books.costs() == {f"C{number}": 50 * GPT_PICO for number in range(12)}
    assert agrees(books)
    assert [books.count(table) for table in ("customer", "customer_alias", "product", "usage_source")] == [12, 12, 3, 1]
    assert books.count("usage_dimension") == 15


def test_the_same_file_imported_twice_at_once_is_one(books: Books):
    made = many_events(300)
    first, second = together(books, [made, made])

    assert {first.new, second.new} == {0, 300}
    assert books.count("usage_event") == books.count("usage_key") == 300


def test_of_two_bodies_for_one_key_imported_at_once_one_counts_and_the_other_waits(books: Books):
    made = many_events(200)
    others = [line | {"calls": 2} for line in made]
    summaries = together(books, [made, others])

    assert sum(summary.new for summary in summaries) == sum(summary.conflicting for summary in summaries) == 200
    assert books.count("usage_conflict") == 200
    assert books.seen("select sum(calls) as calls from usage_cost_day")[0]["calls"] in {200, 400}


def test_the_same_bad_rows_imported_twice_at_once_are_kept_once(books: Books):
    lines = [*many_events(50), *({"id": number} for number in range(200))]
    together(books, [lines, lines])

    assert books.count("quarantine") == 200
