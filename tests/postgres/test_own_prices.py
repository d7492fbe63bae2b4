"""A tenant's own prices: they outrank the catalogue from their first day on, for that tenant and nobody else."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from billing_core.commands.set_own_price import set_own_price
from billing_core.commands.tenants import create_tenant
from billing_core.errors import OwnPriceInvalidError
from billing_core.price_book import OwnVersion
from billing_core.price_book.per_million import parse_rates
from billing_core.store.embedded import ClusterUrls
from billing_core.workspace import open_workspace
from ingestion.batch import ImportSummary
from ingestion.files import import_usage
from ingestion.pipeline import ImportTarget

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MAY = datetime(2026, 5, 1, tzinfo=UTC)
OWN = OwnVersion("own/openai/gpt-4o@2026-05-01", "openai", "gpt-4o", MAY, {"input": 2_000_000, "output": 8_000_000})


@pytest.fixture
def engine(database: ClusterUrls) -> Iterator[Engine]:
    pool = create_engine(database.app_url)
    yield pool
    pool.dispose()


def tenant(engine: Engine, slug: str) -> int:
    with open_workspace(tenant_id=0, actor="test", role="service", now=NOW, engine=engine) as installation:
        return create_tenant(installation, slug=slug, name=slug.title())


def finance(engine: Engine, tenant_id: int, role: str = "finance"):
    return open_workspace(tenant_id=tenant_id, actor="fay", role=role, now=NOW, engine=engine)


def import_call(engine: Engine, tenant_id: int, folder: Path, at: str) -> ImportSummary:
    call = {"id": at, "at": at, "customer": "acme", "provider": "openai", "model": "gpt-4o"}
    file = folder / f"calls-{tenant_id}-{len(list(folder.iterdir()))}.jsonl"
    file.write_text(json.dumps({**call, "usage": {"prompt_tokens": 1_000_000, "completion_tokens": 100_000}}) + "\n")
    return import_usage(ImportTarget(engine, tenant_id, "fay", "finance"), file)


def test_an_own_price_holds_from_its_first_instant_and_for_its_tenant_only(engine: Engine, tmp_path: Path):
    ours, theirs = tenant(engine, "ours"), tenant(engine, "theirs")
    with finance(engine, ours) as workspace:
        set_own_price(workspace, OWN, reason="contract 7")

    by_catalogue = 1_000_000 * 2_500_000 + 100_000 * 10_000_000
    by_contract = 1_000_000 * 2_000_000 + 100_000 * 8_000_000
    assert import_call(engine, ours, tmp_path, "2026-04-30T23:59:59.999999Z").cost_pico_usd == by_catalogue
    assert import_call(engine, ours, tmp_path, "2026-05-01T00:00:00Z").cost_pico_usd == by_contract
    assert import_call(engine, theirs, tmp_path, "2026-05-01T00:00:00Z").cost_pico_usd == by_catalogue

    with finance(engine, ours) as workspace:
        rows = workspace.connection.execute(
            text(
                "select cost_pico_usd, list_pico_usd, price_version_id >= 1000000000 "
                "from usage_event order by occurred_at"
            )
        ).all()
    assert [tuple(row) for row in rows] == [
        (by_catalogue, by_catalogue, False),
        (by_contract, by_catalogue, True),
    ]


def test_setting_a_price_writes_one_audit_line_with_its_reason(engine: Engine):
    ours = tenant(engine, "ours")
    with finance(engine, ours) as workspace:
        set_own_price(workspace, OWN, reason=" contract 7 ")
    with finance(engine, ours) as workspace:
        lines = workspace.connection.execute(text("select actor, role, act, target, reason from audit")).all()
    assert [tuple(line) for line in lines] == [("fay", "finance", "set own price", OWN.id, "contract 7")]


def test_a_refused_price_leaves_nothing(engine: Engine):
    ours = tenant(engine, "ours")
    with finance(engine, ours) as workspace:
        set_own_price(workspace, OWN, reason="contract 7")
    with pytest.raises(OwnPriceInvalidError, match="its id is taken"), finance(engine, ours) as workspace:
        set_own_price(workspace, OWN, reason="contract 8")
    with pytest.raises(OwnPriceInvalidError, match="nobody says why"), finance(engine, ours) as workspace:
        set_own_price(workspace, OWN, reason="  ")
    with finance(engine, ours) as workspace:
        counts = workspace.connection.execute(
            text("select (select count(*) from own_price), (select count(*) from audit)")
        ).one()
    assert tuple(counts) == (1, 1)


@pytest.mark.parametrize("role", ["viewer", "support", "service"])
def test_only_owner_and_finance_may_set_prices(engine: Engine, role: str):
    ours = tenant(engine, "ours")
    with pytest.raises(Exception, match="row-level security"), finance(engine, ours, role) as workspace:
        set_own_price(workspace, OWN, reason="contract 7")


def test_rates_are_read_as_dollars_per_million_tokens_and_per_thousand_calls():
    assert parse_rates("own", ["input=2.50", "output = 10", "web_search=10"]) == {
        "input": 2_500_000,  # $2.50 / 1,000,000 tokens = 2.5e-6 dollars = 2,500,000 pico-dollars
        "output": 10_000_000,
        "web_search": 10_000_000_000,  # $10 / 1,000 searches = one cent
    }


@pytest.mark.parametrize(
    ("rates", "sentence"),
    [
        (["inpt=2.50"], "is no rate"),
        (["input"], "is no rate"),
        (["input=1", "input=2"], "has two rates"),
        (["input=0.0000001"], "no whole number of pico-dollars"),
    ],
)
def test_rates_that_cannot_be_meant_are_refused(rates: list[str], sentence: str):
    with pytest.raises(OwnPriceInvalidError, match=sentence):
        parse_rates("own", rates)
