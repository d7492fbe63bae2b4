"""The demo tenant and the first owner: made once, loaded through the pipeline, complete or begun again."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from billing_core.commands.first_start import (
    has_usage,
    is_demo_loaded,
    lone_tenant,
    make_demo_tenant,
    make_first_owner,
    note_demo_loaded,
)
from billing_core.store.engine import open_engine
from billing_core.store.tenancy import INSTALLATION
from billing_core.workspace import Workspace, open_workspace
from cli import prepare
from ingestion.demo import loader
from ingestion.demo.company import COMPANY, PREVIEW
from ingestion.demo.history import JOURNAL
from ingestion.demo.usage import demo_lines
from tests.databases import ClusterUrls

pytestmark = pytest.mark.postgres

EVENTS = 3_000
"""A hundredth of the demo's usage, beside its whole Stripe account."""


@pytest.fixture
def engine(database: ClusterUrls, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    pool = open_engine(database.app_url)
    for module in ("billing_core.workspace.process_engine", "ingestion.demo.loader.engine"):
        monkeypatch.setattr(module, lambda: pool)
    monkeypatch.setattr(loader, "demo_lines", partial(demo_lines, count=EVENTS))
    yield pool
    pool.dispose()


def scope(tenant_id: int):
    return open_workspace(tenant_id=tenant_id, actor="test", role="service")


def load(folder: Path) -> list[str]:
    said: list[str] = []
    loader.load_demo(folder, said.append)
    return said


def demo_id() -> int:
    with scope(INSTALLATION) as installation:
        return make_demo_tenant(installation, name=COMPANY).tenant_id


def books(workspace: Workspace) -> list[tuple[object, ...]]:
    """Every row of the coarsest rollups of cost and of revenue, and how many facts there are."""
    connection = workspace.connection
    cost = connection.execute(text("select * from usage_cost_month order by 1, 2, 3, 4")).all()
    booked = connection.execute(text("select * from booked_month order by 1, 2, 3, 4, 5, 6, 7")).all()
    facts = connection.execute(
        text("select (select count(*) from usage_event), (select count(*) from stripe_object_version)")
    )
    return [*(tuple(row) for row in (*cost, *booked)), *(tuple(row) for row in facts)]


@pytest.mark.usefixtures("engine")
def test_the_first_owner_is_made_once_and_only_once():
    with scope(INSTALLATION) as installation:
        first, second = make_first_owner(installation), make_first_owner(installation)
    assert (first is not None, second) == (True, None)
    with scope(INSTALLATION) as installation:
        assert installation.connection.execute(text("select role from membership")).all() == [("owner",)]


@pytest.mark.usefixtures("engine")
def test_a_loaded_demo_is_complete_priced_and_changes_nothing_the_second_time(tmp_path: Path):
    with scope(INSTALLATION) as installation:
        make_first_owner(installation)
    assert f"{EVENTS:,} usage events and " in load(tmp_path)[-1]
    with scope(demo_id()) as workspace:
        before = books(workspace)
        assert before[-1][0] == EVENTS
        assert workspace.connection.scalar(text("select count(*) from quarantine")) == 0
        unpriced = text("select distinct d.model from usage_day r join usage_dimension d using (dimension_id) "
                        "where r.unpriced_calls > 0")  # fmt: skip
        assert workspace.connection.scalars(unpriced).all() == [PREVIEW.name]
        assert workspace.connection.scalar(text("select count(*) from stripe_customer")) == 30
        assert is_demo_loaded(workspace)
    assert load(tmp_path) == ["The demo is loaded already: nothing to do."]
    with scope(demo_id()) as workspace:
        assert books(workspace) == before
    left = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {Path("demo.lock"), JOURNAL}


@pytest.mark.usefixtures("engine")
def test_a_demo_that_was_cut_goes_on_with_the_same_account_and_counts_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    journal = tmp_path / JOURNAL
    with monkeypatch.context() as patch:
        patch.setattr(loader, "note_demo_loaded", cut)
        with pytest.raises(KeyboardInterrupt):
            load(tmp_path)
    account = journal.read_bytes()
    with scope(demo_id()) as workspace:
        before = books(workspace)
        assert not is_demo_loaded(workspace)

    load(tmp_path)
    assert journal.read_bytes() == account
    with scope(demo_id()) as workspace:
        assert (books(workspace), is_demo_loaded(workspace)) == (before, True)


@pytest.mark.usefixtures("engine")
def test_an_account_that_was_cut_while_it_was_made_is_made_again_with_the_same_objects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr(loader, "note_demo_loaded", lambda *_, **__: None)
        load(tmp_path)
    with scope(demo_id()) as workspace:
        before = books(workspace)
    journal = tmp_path / JOURNAL
    requests = journal.read_bytes().splitlines(keepends=True)
    journal.with_name("demo.journal.making").write_bytes(b"".join(requests[: len(requests) // 2]))
    journal.unlink()

    load(tmp_path)
    assert len(journal.read_bytes().splitlines()) == len(requests)
    with scope(demo_id()) as workspace:
        assert books(workspace) == before


@pytest.mark.usefixtures("engine")
def test_a_fresh_installation_wants_a_demo_and_one_with_usage_does_not():
    with scope(INSTALLATION) as installation:
        make_first_owner(installation)
        own = lone_tenant(installation)
    assert own is not None
    assert prepare._wants_demo()
    with scope(own) as workspace:
        workspace.connection.execute(
            text("insert into usage_cost_month values (:own, '2026-11-01', 0, 0, 1, 0, 1, 0, 1, 1, 0)"), {"own": own}
        )
        assert has_usage(workspace)
    assert not prepare._wants_demo()


@pytest.mark.usefixtures("engine")
def test_a_demo_that_was_begun_is_wanted_until_it_is_complete():
    with scope(INSTALLATION) as installation:
        make_first_owner(installation)
    demo = demo_id()
    assert prepare._wants_demo()
    with scope(demo) as workspace:
        note_demo_loaded(workspace, events=EVENTS)
    assert not prepare._wants_demo()


@pytest.mark.usefixtures("engine")
def test_the_demo_is_open_to_who_has_an_account():
    with scope(INSTALLATION) as installation:
        make_first_owner(installation)
    tenant = demo_id()
    with scope(INSTALLATION) as installation:
        roles = installation.connection.execute(
            text("select role from membership where tenant_id = :tenant"), {"tenant": tenant}
        )
        assert roles.all() == [("owner",)]
