"""The ledger has no foreign keys (docs/decisions/0006): every number in it has its row all the same."""

from datetime import UTC, datetime

import psycopg
import pytest

from bench.data_set_a import DataSetA
from billing_core.store.engine import open_engine
from ingestion.pipeline import ImportTarget, open_import, run_import
from tests.builders import books
from tests.databases import libpq

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LEADS_TO = {
    "customer_id": "customer",
    "dimension_id": "usage_dimension",
    "source_id": "usage_source",
    "price_version_id": "catalogue_price",
}
HOLDERS = ("usage_event", "usage_day", "usage_hour", "usage_cost_day", "usage_cost_month")


def numbers(connection, holder: str) -> list[str]:
    """Return which of the numbers a table holds."""
    asked = "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
    names = {name for (name,) in connection.execute(asked, [f"marginbook.{holder}"]).fetchall()}
    return sorted(names & LEADS_TO.keys())


@pytest.fixture
def connection(database):
    """Import the same 3,000 events from two sources and twice from one, then look past every wall."""
    with books(database.superuser_url) as tenant:
        pass
    engine = open_engine(database.app_url)
    target = ImportTarget(engine, tenant.tenant_id, "test", "service")
    for source in ("one", "other", "one"):
        run_import(open_import(target, source=source, origin="a test"), DataSetA(3_000).read(), clock=lambda: NOW)
    engine.dispose()
    with psycopg.connect(libpq(database.superuser_url)) as connection:
        connection.execute("set search_path = marginbook")
        yield connection


def test_no_number_in_ledger_and_rollups_is_without_its_row(connection):
    orphans = {
        (holder, number): connection.execute(
            f"select count(*) from {holder} where {number} <> 0 and not exists ("
            f"select from {LEADS_TO[number]} named where named.{number} = {holder}.{number}"
            f"{'' if number == 'price_version_id' else f' and named.tenant_id = {holder}.tenant_id'})"
        ).fetchone()[0]
        for holder in HOLDERS
        for number in numbers(connection, holder)
    }

    assert len(orphans) == 4 + 3 + 2 + 1 + 1
    assert set(orphans.values()) == {0}


def test_every_event_has_its_key_and_every_key_its_event(connection):
    counted = connection.execute(
        "select count(*), count(usage_key.event_id), count(usage_event.event_id) from usage_event "
        "full join usage_key using (tenant_id, source_id, key, event_id, occurred_at)"
    ).fetchone()

    assert counted == (2 * 3_000, 2 * 3_000, 2 * 3_000)
