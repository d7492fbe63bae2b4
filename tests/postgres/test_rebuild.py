"""Derived tables can be made again from the ledger alone: a difference is found, mended, and written down."""

import threading

import pytest

from billing_core.commands.rebuild import rebuild
from billing_core.store.rebuild import PROJECTIONS, check_projections
from billing_core.workspace import open_workspace
from tests.imports import GPT_PICO, ROLLUPS, Books, event, events, new_tenant

pytestmark = pytest.mark.postgres

TAMPERED = {
    "usage_hour": "update usage_hour set calls = calls + 1",
    "usage_day": "update usage_day set cost_pico_usd = cost_pico_usd + 1",
    "usage_cost_day": "delete from usage_cost_day",
    "usage_cost_month": "insert into usage_cost_month select tenant_id, month, 77, product_id, calls, unpriced_calls, "
    "tokens, unpriced_tokens, cost_pico_usd, list_pico_usd, known_pico_usd from usage_cost_month limit 1",
}


def checked(books: Books) -> dict[str, bool]:
    with books.target.transaction() as connection:
        return {check.projection: check.agrees for check in check_projections(connection, books.tenant_id)}


def mended(books: Books) -> list[str]:
    """Rebuild, and return the projections that were replaced."""
    with open_workspace(tenant_id=books.tenant_id, actor="test", role="service", engine=books.engine) as workspace:
        return [check.projection for check in rebuild(workspace) if not check.agrees]


def some_usage(books: Books) -> None:
    books.take_lines(
        *events(3, product="Writer"),
        event(id="x", customer=None, at="2024-02-29T23:59:59.999999Z"),
        event(id="y", customer="Birch", at="2024-12-31T23:00:00Z", model="nobody-knows", calls=5),
    )


def test_every_rollup_is_checked():
    assert set(PROJECTIONS) == set(ROLLUPS) == set(TAMPERED)


def test_the_books_agree_after_imports_and_without_any_usage(books: Books):
    assert all(checked(books).values())
    some_usage(books)
    some_usage(books)

    assert all(checked(books).values())


@pytest.mark.parametrize("projection", TAMPERED)
def test_a_row_changed_behind_our_back_is_found_and_mended(books: Books, projection):
    some_usage(books)
    before = books.dump()
    books.change(TAMPERED[projection])

    assert {name for name, agrees in checked(books).items() if not agrees} == {projection}
    assert mended(books) == [projection]
    assert books.dump() == before
    assert mended(books) == []


def test_two_changes_that_cancel_out_in_the_sum_are_found(books: Books):
    books.take_lines(event(id="1"), event(id="2", customer="Birch"))
    books.change(
        "update usage_cost_month set cost_pico_usd = cost_pico_usd + case customer_id when 1 then 5 else -5 end"
    )

    assert not checked(books)["usage_cost_month"]


def test_all_rollups_come_back_from_empty_tables(books: Books):
    some_usage(books)
    before = books.dump()
    for table in ROLLUPS:
        books.change(f"delete from {table}")

    assert mended(books) == list(PROJECTIONS)
    assert books.dump() == before


def test_a_rebuild_touches_no_other_tenant(books: Books):
    some_usage(books)
    other = Books(books.urls, books.engine, books.folder, new_tenant(books.urls, "south"), books.numbers)
    some_usage(other)
    books.change(f"update usage_day set calls = 0 where tenant_id = {other.tenant_id}")

    assert mended(books) == []
    assert all(checked(books).values())
    assert mended(other) == ["usage_day"]


def test_the_audit_says_what_was_replaced(books: Books):
    some_usage(books)
    books.change("update usage_day set calls = 0")
    mended(books)
    (line,) = books.asked("select act, target, actor, after from audit where act <> 'usage.import'")

    assert (line["act"], line["target"], line["actor"]) == ("rebuild projections", f"tenant {books.tenant_id}", "test")
    assert list(line["after"]) == ["usage_day"]
    assert line["after"]["usage_day"].startswith("usage_day: 3 rows stored, 3 rows derived, hashes ")


def test_a_rebuild_while_imports_run_loses_nothing_and_counts_nothing_twice(
    books: Books, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("ingestion.files.BATCH_ROWS", 25)
    path = books.file(events(500))
    batches_seen = []
    importing = threading.Thread(target=lambda: books.take(path, progress=lambda now, _: batches_seen.append(now.new)))
    importing.start()
    checks = 0
    while importing.is_alive():
        assert all(checked(books).values())
        books.change("update usage_day set calls = calls + 1")
        mended(books)
        checks += 1
    importing.join()
    mended(books)

    assert checks >= 2
    assert (batches_seen[-1], books.costs()) == (500, {"Acme": 500 * GPT_PICO})
    assert all(checked(books).values())
    assert books.seen("select sum(calls) as calls from usage_day") == [{"calls": 500}]
