"""A sync brings everything that Stripe holds into versions and mirror, and again brings nothing."""

from datetime import timedelta

import pytest

from billing_core.errors import StripeMirrorIncompleteError
from billing_core.store.stripe_mirror import MirrorScope, ObjectState, check_mirror
from billing_core.store.stripe_objects import store_objects
from billing_core.stripe_mapping import MetadataKeys
from ingestion.stripe.gateway import API_VERSION, PATHS
from ingestion.stripe.sync import BackfillSummary, Progress, backfill
from tests.imports import Books
from tests.stripe.small_shop import MONTHLY_MINOR, NOW, START, SmallShop, open_shop

pytestmark = pytest.mark.stripe


def synced(books: Books, shop: SmallShop, **options: object) -> BackfillSummary:
    """Sync the shop into the tenant's books."""
    with shop.gateway() as gateway:
        return backfill(books.target, gateway, clock=lambda: NOW, **options)


def held(books: Books, kind: str) -> set[str]:
    found = books.seen(f"select object_id from stripe_object where kind = '{kind}' and not is_deleted")
    return {row["object_id"] for row in found}


def mirror_agrees(books: Books) -> bool:
    with books.target.transaction() as connection:
        return all(check.agrees for check in check_mirror(connection, books.tenant_id))


def test_everything_in_the_account_is_held_and_again_nothing_is_new(books: Books):
    with open_shop("Acme", "Birch", days=40) as shop:
        first, second = synced(books, shop), synced(books, shop)
        everything = {kind: shop.ids(kind) for kind in PATHS}

    assert {kind: held(books, kind) for kind in PATHS} == everything
    assert len(everything["invoice"]) == 2 * 2
    assert first.objects == first.new_versions == sum(map(len, everything.values()))
    assert (second.objects, second.new_versions) == (first.objects, 0)
    assert first.sentences == second.sentences == ()
    assert mirror_agrees(books)


def test_the_mirror_says_who_paid_what_for_which_month(books: Books):
    with open_shop("Acme", days=40) as shop:
        synced(books, shop)

    paid = books.seen(
        "select c.own_id, c.name, i.status, l.amount_minor, l.starts_at, l.ends_at from invoice i "
        "join stripe_customer c using (stripe_customer_id) join invoice_line l using (invoice_id) order by l.starts_at"
    )
    february, march = START.replace(month=2), START.replace(month=3)
    assert [tuple(row.values()) for row in paid] == [
        ("acme", "Acme", "paid", MONTHLY_MINOR, START, february),
        ("acme", "Acme", "paid", MONTHLY_MINOR, february, march),
    ]


def test_what_changed_at_stripe_is_one_more_version(books: Books):
    with open_shop("Acme") as shop:
        synced(books, shop)
        shop.stripe.customers.update(shop.customers["Acme"], {"name": "Acme & Sons"})
        again = synced(books, shop)

    assert again.new_versions == 1
    assert books.seen("select name from stripe_customer") == [{"name": "Acme & Sons"}]


def test_lists_are_read_to_their_end(books: Books):
    with open_shop() as shop:
        for number in range(205):
            shop.stripe.customers.create({"name": f"Customer {number}"})
        summary = synced(books, shop)

        assert summary.objects == 205 + 1 + 1
        assert held(books, "customer") == shop.ids("customer")


def test_lists_inside_objects_are_read_to_their_end(books: Books):
    with open_shop() as shop:
        shop.sign_up("Acme", *(shop.new_price(100 + number) for number in range(13)))
        synced(books, shop)

    assert books.count("subscription_item") == books.count("invoice_line") == 13
    assert books.seen("select sum(amount_minor) as sum from invoice_line")[0]["sum"] == sum(range(100, 113))


def test_a_customer_that_was_deleted_between_two_syncs_stays_by_name(books: Books):
    with open_shop("Acme", "Birch") as shop:
        synced(books, shop)
        shop.delete("Acme")
        again, third = synced(books, shop), synced(books, shop)

    assert [again.new_versions > 0, third.new_versions] == [True, 0]
    assert books.seen("select name, is_deleted from stripe_customer order by name") == [
        {"name": "Acme", "is_deleted": True},
        {"name": "Birch", "is_deleted": False},
    ]
    assert mirror_agrees(books)


def test_a_customer_that_was_deleted_before_the_first_sync_is_known_from_its_invoices(books: Books):
    with open_shop("Acme") as shop:
        shop.delete("Acme")
        first, second = synced(books, shop), synced(books, shop)

    assert first.new_versions == first.objects
    assert second.new_versions == 0
    found = books.seen("select stripe_customer_id, name, is_deleted from stripe_customer")
    assert found == [{"stripe_customer_id": shop.customers["Acme"], "name": "Acme", "is_deleted": True}]


def test_since_leaves_out_what_is_older(books: Books):
    with open_shop("Acme", days=40) as shop:
        synced(books, shop, since=START + timedelta(days=20))

    assert books.seen("select created_at::date::text as day from invoice") == [{"day": "2026-02-10"}]
    assert books.seen("select since from stripe_backfill") == [{"since": START + timedelta(days=20)}]


def test_objects_from_the_future_of_a_test_clock_are_read_too(books: Books):
    with open_shop("Acme", days=60) as shop, shop.gateway() as gateway:
        backfill(books.target, gateway, clock=lambda: START)

        assert held(books, "invoice") == shop.ids("invoice")


def test_the_tenant_names_the_metadata_key_of_its_own_ids(books: Books):
    with open_shop() as shop:
        shop.stripe.customers.create({"metadata": {"org": "north-7"}})
        synced(books, shop, customer_key="org")

    assert books.seen("select own_id from stripe_customer") == [{"own_id": "north-7"}]


def test_an_object_that_cannot_be_read_makes_the_sync_incomplete_by_name(books: Books):
    with open_shop("Acme") as shop:
        connection_id = synced(books, shop).connection_id
        scope = MirrorScope(books.tenant_id, connection_id, MetadataKeys("customer_id", "segment"))
        cut = ObjectState("in_cut", is_deleted=False, raw={"id": "in_cut", "object": "invoice"})
        with books.target.transaction() as connection:
            store_objects(connection, scope, "invoice", [cut], api_version=API_VERSION, fetched_at=NOW)
        summary = synced(books, shop)

    assert [sentence.partition(" of Stripe")[0] for sentence in summary.sentences] == ["The invoice in_cut"]
    with pytest.raises(StripeMirrorIncompleteError, match="is kept as it came, but it is in no sum"):
        summary.require_complete()
    newest = books.seen("select missing from stripe_backfill order by started_at desc limit 1")
    assert newest == [{"missing": ["invoice"]}]


def test_progress_counts_months_and_objects_of_each_kind(books: Books):
    steps: list[Progress] = []
    with open_shop("Acme") as shop:
        synced(books, shop, progress=steps.append)
    of_customers = [step for step in steps if step.kind == "customer"]

    # From the 10th of January to the 20th of March.
    assert [(step.windows_done, step.windows) for step in of_customers] == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert of_customers[-1] == Progress("customer", 3, 3, 1, 1)
    assert list(dict.fromkeys(step.kind for step in steps)) == list(PATHS)
