"""Booking: what Stripe's documents make of revenue, fees, cash, plans and standing, per customer and day."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from psycopg import sql
from sqlalchemy import Connection, text

from billing_core.store.booked_rows import BookingDesk
from billing_core.store.derived import ProjectionCheck, compare_derived, derive_into, replace_stored
from billing_core.store.ledger import SQL
from billing_core.store.matches import MatchedCustomer, lock_bookings, newest_matches, resolve_matches
from billing_core.store.names import NO_CUSTOMER, lock_names, product_numbers
from billing_core.store.rates import DocumentRates, learn_rates
from billing_core.store.statements import statement

BOOKED = ("booked_day", "booked_month", "plan_span", "customer_standing")
"""The projections that a booking makes."""

CUSTOMERS_PER_READ = 200
"""Stripe customers whose documents are in memory at once."""

_CLEAR = sql.SQL(
    "delete from {table} where tenant_id = {tenant_id} "
    "and ({customer_ids}::bigint[] is null or customer_id = any({customer_ids}::bigint[]))"
)


def book_customers(
    connection: Connection,
    tenant_id: int,
    connection_id: int,
    stripe_customer_ids: Collection[str] | None,
    *,
    now: datetime,
) -> None:
    """Match these Stripe customers (None: all) and make what is booked of their customers anew; twice is once.

    Rates that Stripe converted at are learned on the way, and kept for each document that is booked with one.
    """
    lock_bookings(connection, tenant_id)
    _join_by_hash(connection)
    learn_rates(connection, tenant_id, connection_id, now)
    touched = resolve_matches(connection, tenant_id, connection_id, stripe_customer_ids=stripe_customer_ids, now=now)
    _number_products_and_plans(connection, tenant_id, connection_id, now)
    book_again(connection, tenant_id, None if stripe_customer_ids is None else touched, keep_rates_at=now)


def book_again(
    connection: Connection, tenant_id: int, customer_ids: Collection[int] | None, *, keep_rates_at: datetime | None
) -> None:
    """Replace what is booked of these customers (None: all) by what mirror, matches and kept rates make of it.

    `keep_rates_at` None: nothing but the projections is written, and a document without a kept rate gets none.
    """
    asked = None if customer_ids is None else sorted({NO_CUSTOMER, *customer_ids})
    _join_by_hash(connection)
    _clear(connection, tenant_id, asked)
    desk = BookingDesk(connection, tenant_id, DocumentRates(connection, tenant_id, keep_at=keep_rates_at))
    for matched in _reads(newest_matches(connection, tenant_id, asked)):
        desk.book_matched(matched)
    desk.book_nobodys()
    connection.execute(text("drop table booking_stage"))
    connection.execute(text("set local enable_nestloop to default; set local work_mem to default"))


def check_bookings(connection: Connection, tenant_id: int) -> list[ProjectionCheck]:
    """Return for every booked projection whether mirror and facts make what is stored.

    Leaves the derived tables behind until the transaction ends; they are found before the stored ones.
    """
    for table in BOOKED:
        derive_into(connection, table, tenant_id)
    book_again(connection, tenant_id, None, keep_rates_at=None)
    return [compare_derived(connection, table, tenant_id) for table in BOOKED]


def forget_derived(connection: Connection) -> None:
    """Drop what `check_bookings` left behind."""
    driver = connection.connection.driver_connection
    for table in BOOKED:
        composed = sql.SQL("drop table {}").format(sql.Identifier("pg_temp", table))
        connection.exec_driver_sql(composed.as_string(driver))


def rebuild_bookings(connection: Connection, tenant_id: int) -> list[ProjectionCheck]:
    """Put what mirror and facts make in the place of what differs; return what was compared to before."""
    lock_bookings(connection, tenant_id)
    checks = check_bookings(connection, tenant_id)
    for check in checks:
        if not check.agrees:
            replace_stored(connection, check.projection, tenant_id)
    return checks


def _join_by_hash(connection: Connection) -> None:
    """Keep the planner from joining row by row: a mirror that was just filled has no statistics yet."""
    connection.execute(text("set local enable_nestloop = off; set local work_mem = '64MB'"))


def _clear(connection: Connection, tenant_id: int, customer_ids: Sequence[int] | None) -> None:
    driver = connection.connection.driver_connection
    asked = None if customer_ids is None else list(customer_ids)
    for table in BOOKED:
        composed = _CLEAR.format(
            table=sql.Identifier(table), tenant_id=sql.Literal(tenant_id), customer_ids=sql.Literal(asked)
        )
        connection.exec_driver_sql(composed.as_string(driver))


def _number_products_and_plans(connection: Connection, tenant_id: int, connection_id: int, now: datetime) -> None:
    """Give Stripe's products the numbers of usage's products of the same name, and prices theirs."""
    place = {"tenant_id": tenant_id, "connection_id": connection_id, "now": now}
    names = connection.scalars(
        text(
            "select distinct name from stripe_product "
            "where tenant_id = :tenant_id and connection_id = :connection_id and name <> '' and not exists ("
            "select from product where product.tenant_id = :tenant_id and product.name = stripe_product.name) "
            "order by name"
        ),
        place,
    ).all()
    if names:
        lock_names(connection, tenant_id)
        product_numbers(connection, tenant_id, list(names), now)
    connection.execute(statement(SQL, "add_plans"), place)


def _reads(matched: Sequence[MatchedCustomer]) -> Iterator[list[MatchedCustomer]]:
    """Split into reads of bounded size; all Stripe customers of one customer stay together."""
    read: list[MatchedCustomer] = []
    for _, group in groupby(matched, key=lambda each: each.customer_id):
        read += group
        if len(read) >= CUSTOMERS_PER_READ:
            yield read
            read = []
    if read:
        yield read
