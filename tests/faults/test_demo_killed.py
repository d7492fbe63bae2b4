"""The demo's load, killed at every stage one after the other: the last start ends where an undisturbed one ends."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from billing_core.store.embedded import ClusterUrls
from billing_core.store.settings import PROJECT_FOLDER
from tests.databases import fresh_database, libpq

pytestmark = pytest.mark.fault

COST = """
    select month, coalesce(c.name, '-'), p.name, calls, cost_pico_usd from usage_cost_month
    left join customer as c using (tenant_id, customer_id) left join product as p using (tenant_id, product_id)
    order by 1, 2, 3
"""
REVENUE = """
    select month, coalesce(c.name, '-'), kind, currency, sum(amount_minor), sum(reporting_pico) from booked_month
    left join customer as c using (tenant_id, customer_id) group by 1, 2, 3, 4 order by 1, 2, 3, 4
"""
OBJECTS = "select kind, object_id, version_number, hash from stripe_object_version order by 1, 2, 3"
HOSTING = "select name, amount_minor from shared_cost"
LOADED = "select act from audit where act = 'demo loaded'"


def load(urls: ClusterUrls, home: Path, point: str) -> int:
    words = [sys.executable, "-m", "tests.faults.demo_child", urls.app_url, str(home), point]
    return subprocess.run(words, cwd=PROJECT_FOLDER, check=False).returncode


def books(urls: ClusterUrls) -> list[list[tuple[object, ...]]]:
    with psycopg.connect(libpq(urls.superuser_url), options="-c search_path=marginbook") as connection:
        return [connection.execute(query.encode()).fetchall() for query in (COST, REVENUE, OBJECTS, HOSTING, LOADED)]


@pytest.fixture
def undisturbed(cluster: ClusterUrls, tmp_path: Path) -> Iterator[list[list[tuple[object, ...]]]]:
    with fresh_database(cluster) as urls:
        assert load(urls, tmp_path / "undisturbed", "never") == 0
        yield books(urls)


def test_a_load_killed_at_every_stage_ends_as_an_undisturbed_one(
    database: ClusterUrls, tmp_path: Path, undisturbed: list[list[tuple[object, ...]]]
):
    home = tmp_path / "home"
    for point in ("usage", "diary", "account", "sync", "note"):
        assert load(database, home, point) == -signal.SIGKILL
    assert load(database, home, "never") == 0

    assert books(database) == undisturbed
    assert undisturbed[3:] == [[("Hosting", 600_00)], [("demo loaded",)]]
    assert sorted(path.name for path in home.rglob("*") if path.is_file()) == ["demo.journal", "demo.lock"]
