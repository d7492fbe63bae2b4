"""Versions are appended when a state is new, the mirror is its newest state, and both survive being cut off."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection

from billing_core.errors import StripeModeError, StripeSyncRunningError
from billing_core.store.stripe_mirror import (
    MirrorScope,
    ObjectState,
    check_mirror,
    rebuild_mirror,
    unreadable_objects,
)
from billing_core.store.stripe_objects import (
    BackfillWindow,
    StripeAccount,
    as_deleted,
    begin_backfill,
    connect_account,
    finish_backfill,
    finish_window,
    held_objects,
    hold_sync,
    store_objects,
    unknown_customers,
)
from tests.imports import Books
from tests.stripe.stripe_bodies import AT, body, invoice, line

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ACCOUNT = StripeAccount("acct_1", "North", livemode=False, created_at=datetime(2025, 12, 1, tzinfo=UTC))


class Mirror:
    """One connection of the test's tenant."""

    def __init__(self, books: Books) -> None:
        self.books = books
        with self.open() as connection:
            self.scope: MirrorScope = connect_account(connection, books.tenant_id, ACCOUNT, customer_key=None, now=NOW)

    @contextmanager
    def open(self) -> Iterator[Connection]:
        with self.books.target.transaction() as connection:
            yield connection

    def keep(self, kind: str, *raws: dict[str, Any], is_deleted: bool = False) -> int:
        states = [ObjectState(raw["id"], is_deleted=is_deleted, raw=raw) for raw in raws]
        with self.open() as connection:
            return store_objects(connection, self.scope, kind, states, api_version="2026", fetched_at=NOW)

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.books.seen(question)]

    def checks(self) -> set[str]:
        """Return the tables of the mirror that are not what the versions make."""
        with self.open() as connection:
            return {each.projection for each in check_mirror(connection, self.books.tenant_id) if not each.agrees}


@pytest.fixture
def mirror(books: Books) -> Mirror:
    """Connect a Stripe account to the test's tenant."""
    return Mirror(books)


def test_a_new_state_is_a_new_version_and_the_same_state_is_none(mirror: Mirror):
    paid = invoice("in_1", line("il_1"))
    new = [
        mirror.keep("invoice", paid | {"status": "open"}),
        mirror.keep("invoice", paid | {"status": "open"}),
        mirror.keep("invoice", paid),
        mirror.keep("invoice", paid),
        mirror.keep("invoice", paid | {"status": "open"}),
    ]

    assert new == [1, 0, 1, 0, 1]
    assert mirror.rows("select version_number, raw ->> 'status' from stripe_object_version order by 1") == [
        (1, "open"),
        (2, "paid"),
        (3, "open"),
    ]
    assert mirror.rows("select invoice_id, status from invoice") == [("in_1", "open")]


def test_links_that_stripe_signs_anew_are_no_new_state(mirror: Mirror):
    states = [invoice("in_1", line("il_1"), hosted_invoice_url=f"https://invoice.stripe.com/{n}") for n in (1, 2)]

    assert [mirror.keep("invoice", each) for each in states] == [1, 0]


def test_the_lines_of_an_invoice_are_replaced_with_it(mirror: Mirror):
    mirror.keep("invoice", invoice("in_1", line("il_1"), line("il_2")), invoice("in_2", line("il_1", 700)))
    mirror.keep("invoice", invoice("in_1", line("il_2", 500), line("il_3", 600)))

    assert mirror.rows("select invoice_id, line_id, amount_minor from invoice_line order by 1, 2") == [
        ("in_1", "il_2", 500),
        ("in_1", "il_3", 600),
        ("in_2", "il_1", 700),
    ]


@pytest.mark.parametrize("first", ["price", "invoice"])
def test_a_line_is_metered_when_its_price_is_whichever_comes_first(mirror: Mirror, first):
    metered = body("price", "price_1", recurring={"interval": "month", "usage_type": "metered", "interval_count": 1})
    billed = invoice("in_1", line("il_1"), line("il_2", price="price_2"))
    steps = [("price", metered), ("invoice", billed)]
    for kind, raw in steps if first == "price" else reversed(steps):
        mirror.keep(kind, raw)

    assert mirror.rows("select line_id, is_metered from invoice_line order by 1") == [("il_1", True), ("il_2", False)]
    assert mirror.checks() == set()


def test_exact_numbers_arrive_exactly(mirror: Mirror):
    rate = Decimal("1.08370000000000000001")
    mirror.keep("balance_transaction", body("balance_transaction", "txn_1", exchange_rate=rate))

    assert mirror.rows("select exchange_rate from balance_transaction") == [(rate,)]
    assert mirror.rows("select (raw -> 'exchange_rate')::text from stripe_object_version") == [(str(rate),)]


def test_a_credit_note_keeps_which_refunds_it_accounts_for(mirror: Mirror):
    note = body("credit_note", "cn_1", refunds=[{"refund": "re_1"}, {"refund": "re_2"}], lines={"data": []})
    mirror.keep("credit_note", note)

    assert mirror.rows("select refund_ids from credit_note") == [(["re_1", "re_2"],)]


def test_a_deleted_customer_stays_with_what_it_was_and_a_deleted_draft_goes(mirror: Mirror):
    mirror.keep("customer", body("customer", "cus_1", name="Acme"))
    mirror.keep("invoice", invoice("in_1", line("il_1"), status="draft"))
    for kind, object_id in (("customer", "cus_1"), ("invoice", "in_1")):
        with mirror.open() as connection:
            states = as_deleted(connection, mirror.scope, kind, [object_id])
            store_objects(connection, mirror.scope, kind, states, api_version="2026", fetched_at=NOW)
            assert held_objects(connection, mirror.scope, kind) == {}

    assert mirror.rows("select name, is_deleted from stripe_customer") == [("Acme", True)]
    assert mirror.rows("select invoice_id from invoice") == mirror.rows("select line_id from invoice_line") == []
    assert mirror.rows("select version_number, is_deleted from stripe_object_version where kind = 'invoice'") == [
        (1, False),
        (2, True),
    ]
    assert mirror.checks() == set()


def test_held_objects_are_known_with_the_instant_of_their_creation(mirror: Mirror):
    mirror.keep("charge", body("charge", "ch_1"))

    with mirror.open() as connection:
        assert held_objects(connection, mirror.scope, "charge") == {"ch_1": datetime.fromtimestamp(AT, tz=UTC)}


def test_customers_that_only_documents_name_are_told_from_those_documents(mirror: Mirror):
    mirror.keep("customer", body("customer", "cus_1"))
    mirror.keep(
        "invoice",
        invoice("in_1", line("il_1")),
        invoice("in_2", line("il_1"), customer="cus_2", customer_name="Birch", customer_email="b@birch.example"),
        invoice("in_3", line("il_1"), customer="cus_2", customer_name=None, created=AT + 5),
    )
    mirror.keep("charge", body("charge", "ch_1", customer="cus_3", created=AT + 9))
    with mirror.open() as connection:
        found = unknown_customers(connection, mirror.scope)

    gone = {"object": "customer", "deleted": True}
    assert found == [
        ObjectState(
            "cus_2",
            is_deleted=True,
            raw={"id": "cus_2", "created": AT, "name": "Birch", "email": "b@birch.example", **gone},
        ),
        ObjectState(
            "cus_3", is_deleted=True, raw={"id": "cus_3", "created": AT + 9, "name": None, "email": None, **gone}
        ),
    ]


def test_an_object_that_cannot_be_read_is_kept_named_and_in_no_sum(mirror: Mirror):
    bad = invoice("in_1", line("il_1"), customer=None)
    assert mirror.keep("invoice", bad, invoice("in_2", line("il_1"))) == 2
    with mirror.open() as connection:
        named = unreadable_objects(connection, mirror.scope)

    assert [str(each)[:62] for each in named] == ["The invoice in_1 of Stripe cannot be read, because its field c"]
    assert mirror.rows("select invoice_id from invoice") == [("in_2",)]
    assert mirror.checks() == set()


def test_the_mirror_is_made_again_from_versions_alone(mirror: Mirror):
    mirror.keep("customer", body("customer", "cus_1", name="Acme"))
    mirror.keep("invoice", *(invoice(f"in_{n}", line("il_1", n)) for n in range(3)))
    before = mirror.rows("select * from invoice_line order by invoice_id")
    mirror.books.change("update invoice_line set amount_minor = 99; delete from stripe_customer")
    mirror.books.change("delete from stripe_object where kind = 'customer'")

    assert mirror.checks() == {"invoice_line", "stripe_customer", "stripe_object"}
    with mirror.open() as connection:
        rebuild_mirror(connection, mirror.books.tenant_id)
    assert mirror.checks() == set()
    assert mirror.rows("select * from invoice_line order by invoice_id") == before
    assert mirror.rows("select name from stripe_customer") == [("Acme",)]


def test_an_account_is_connected_once_and_its_customer_key_can_be_named_later(mirror: Mirror):
    mirror.keep("customer", body("customer", "cus_1", metadata={"customer_id": "acme", "org": "north-7"}))
    with mirror.open() as connection:
        again = connect_account(connection, mirror.books.tenant_id, ACCOUNT, customer_key=None, now=NOW)
    before = mirror.rows("select own_id from stripe_customer")
    with mirror.open() as connection:
        renamed = connect_account(connection, mirror.books.tenant_id, ACCOUNT, customer_key="org", now=NOW)

    assert again == mirror.scope
    assert (renamed.connection_id, renamed.keys.customer_key) == (again.connection_id, "org")
    assert (before, mirror.rows("select own_id from stripe_customer")) == ([("acme",)], [("north-7",)])
    assert mirror.checks() == set()


def test_live_and_test_data_never_mix_in_one_tenant(mirror: Mirror):
    live = StripeAccount("acct_1", "North", livemode=True, created_at=None)
    refused = r"This key is for Stripe's live mode, but this tenant's books hold its test mode"
    with pytest.raises(StripeModeError, match=refused), mirror.open() as connection:
        connect_account(connection, mirror.books.tenant_id, live, customer_key=None, now=NOW)


def test_two_syncs_of_one_account_do_not_run_together(mirror: Mirror):
    engine, tenant_id = mirror.books.engine, mirror.books.tenant_id
    whose = {"tenant_id": tenant_id, "actor": "test", "role": "service", "account": ACCOUNT}
    with (
        hold_sync(engine, **whose),
        pytest.raises(StripeSyncRunningError, match="acct_1 is being synced already"),
        hold_sync(engine, **whose),
    ):
        pass
    with hold_sync(engine, **whose):
        pass


def test_a_backfill_that_was_cut_off_goes_on_for_a_day_and_then_begins_anew(mirror: Mirror):
    window = BackfillWindow("invoice", NOW - timedelta(days=9), NOW, objects=5, new_versions=3)
    with mirror.open() as connection:
        first = begin_backfill(connection, mirror.scope, NOW)
        finish_window(connection, mirror.scope, first, window, now=NOW)
        last_chance = begin_backfill(connection, mirror.scope, NOW + timedelta(days=1))
        too_late = begin_backfill(connection, mirror.scope, NOW + timedelta(days=1, seconds=1))

    assert first.done == frozenset()
    assert (last_chance.started_at, last_chance.done) == (NOW, {("invoice", window.starts_at, NOW)})
    assert (too_late.started_at, too_late.done) == (NOW + timedelta(days=1, seconds=1), frozenset())


def test_a_finished_backfill_sums_its_windows_and_says_what_is_missing(mirror: Mirror):
    with mirror.open() as connection:
        run = begin_backfill(connection, mirror.scope, NOW)
        for kind, objects in (("invoice", 5), ("charge", 2)):
            window = BackfillWindow(kind, NOW - timedelta(days=9), NOW, objects=objects, new_versions=1)
            finish_window(connection, mirror.scope, run, window, now=NOW)
        finish_backfill(connection, mirror.scope, run, missing=["dispute"], since=None, now=NOW)
        again = begin_backfill(connection, mirror.scope, NOW + timedelta(hours=1))

    assert mirror.rows("select objects, new_versions, missing from stripe_backfill order by started_at limit 1") == [
        (5 + 2, 1 + 1, ["dispute"])
    ]
    assert again.started_at == NOW + timedelta(hours=1)
