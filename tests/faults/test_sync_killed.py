"""A sync killed at named points: the next one goes on and ends with the tables of an undisturbed one."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from billing_core.store.settings import PROJECT_FOLDER
from billing_core.store.stripe_mirror import check_mirror, mirror_tables
from ingestion.stripe.gateway import PATHS
from ingestion.stripe.sandbox.faults import Fault, FaultKind
from ingestion.stripe.sync import backfill
from tests.databases import libpq
from tests.imports import Books, new_tenant
from tests.stripe.small_shop import SmallShop, open_shop
from tests.waiting import until

pytestmark = [pytest.mark.fault, pytest.mark.stripe]

STEPS = [
    "stripe_object_version",
    "invoice_line",
    "stripe_backfill_window",
    "stripe_customer_match",
    "booked_day",
    "booked_month",
]
"""Tables in the order in which a sync comes to write them; a held lock on one stops it there."""

AT_WORK = (
    "select pid, query from pg_stat_activity where datname = current_database() and usename = 'marginbook_app' "
    "and state = 'active' and wait_event_type = 'Lock'"
)
BOOKED = {
    "booked_day": "select c.name, b.day, b.kind, b.currency, b.amount_minor, b.reporting_pico from booked_day b "
    "join customer c using (customer_id)",
    "booked_month": "select c.name, b.month, b.kind, b.currency, b.amount_minor, b.reporting_pico from booked_month b "
    "join customer c using (customer_id)",
    "plan_span": "select c.name, s.subscription_id, s.starts_at, s.ends_at, s.mrr_minor from plan_span s "
    "join customer c using (customer_id)",
    "customer_standing": "select c.name, s.status, s.first_paid_on from customer_standing s "
    "join customer c using (customer_id)",
}


@pytest.fixture(scope="module")
def shop() -> Iterator[SmallShop]:
    """Open one shop for all kills: a sync changes nothing in it."""
    with open_shop("Acme", "Birch", days=35) as opened:
        yield opened


def start(books: Books, shop: SmallShop) -> subprocess.Popen[str]:
    """Run the real program in a process of its own."""
    where = {"DATABASE_URL": books.urls.app_url, "STRIPE_API_BASE": shop.server.url, "STRIPE_API_KEY": shop.server.key}
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "sync", "stripe", "--tenant", "north"],
        cwd=PROJECT_FOLDER,
        env=os.environ | where,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def go_on(books: Books, shop: SmallShop) -> bool:
    """Sync in this process; return whether it went on with what was cut off."""
    with shop.gateway() as gateway:
        return backfill(books.target, gateway).gone_on


def everything(books: Books) -> dict[str, list[str]]:
    """Return every row of versions, mirror and bookings, without the tenant's numbers and the times of fetching."""
    numbers = "- 'tenant_id' - 'connection_id' - 'fetched_at'"
    tables = [*mirror_tables(), "stripe_object_version"]
    questions = {table: f"select (to_jsonb(t) {numbers})::text as row from {table} t" for table in tables}
    return {name: sorted(map(repr, books.seen(question))) for name, question in (questions | BOOKED).items()}


def assert_as_undisturbed(books: Books, shop: SmallShop) -> None:
    """Compare with a tenant for which nothing disturbed the same sync; again nothing is new."""
    calm = replace(books, tenant_id=new_tenant(books.urls, "calm"))
    go_on(calm, shop)
    found, expected = everything(books), everything(calm)

    assert all(expected[name] for name in ("invoice", "balance_transaction", *BOOKED))
    assert found == expected
    with books.target.transaction() as connection:
        assert all(check.agrees for check in check_mirror(connection, books.tenant_id))
    go_on(books, shop)
    assert everything(books) == expected


@pytest.mark.parametrize("table", STEPS)
def test_a_sync_killed_while_it_writes_ends_where_an_undisturbed_one_ends(books: Books, shop: SmallShop, table):
    with psycopg.connect(libpq(books.urls.superuser_url)) as holder:
        holder.execute(f"lock table marginbook.{table} in share row exclusive mode".encode())
        child = start(books, shop)
        until(lambda: books.asked(AT_WORK) or child.poll() is not None)
        assert child.poll() is None, child.communicate()
        (held,) = books.asked(AT_WORK)
        child.kill()
        child.communicate()
    until(lambda: not books.asked(f"select from pg_stat_activity where pid = {held['pid']}"))

    assert table in held["query"]  # The kill did hit this statement.
    assert child.returncode == -signal.SIGKILL
    assert books.seen("select finished_at from stripe_backfill") == [{"finished_at": None}]
    has_windows = books.count("stripe_backfill_window") > 0
    assert go_on(books, shop) == has_windows
    assert_as_undisturbed(books, shop)


@pytest.mark.parametrize("kind", ["product", "invoice", "balance_transaction"])
def test_a_sync_killed_while_it_waits_for_stripe_goes_on_with_that_kind(books: Books, shop: SmallShop, kind):
    shop.server.faults.add(Fault(FaultKind.HANG, prefix=PATHS[kind]))
    asked = len(shop.server.log)
    child = start(books, shop)
    until(lambda: shop.server.faults.left == 0 or child.poll() is not None)
    assert child.poll() is None, child.communicate()
    child.kill()
    child.communicate()
    done = books.seen("select distinct kind from stripe_backfill_window")

    assert child.returncode == -signal.SIGKILL
    assert {row["kind"] for row in done} == set(list(PATHS)[: list(PATHS).index(kind)])
    assert go_on(books, shop) == bool(done)
    # What was done before the kill was not asked for again; the request that hangs is not logged.
    windows = books.seen("select count(*) as count from stripe_backfill_window where kind = 'product'")[0]["count"]
    requests = [each.path for each in list(shop.server.log)[asked:]].count(PATHS["product"])
    assert requests == windows
    assert_as_undisturbed(books, shop)
