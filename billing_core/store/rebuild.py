"""Derives every projection again from facts alone, and compares them or puts them in place."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from billing_core.periods import Period, months
from billing_core.store.bookings import check_bookings, rebuild_bookings
from billing_core.store.derived import ProjectionCheck, compare_derived, derive_into, replace_stored
from billing_core.store.ledger import ROLL_UP, SQL, lock_projections
from billing_core.store.statements import statement
from billing_core.store.stripe_mirror import check_mirror, rebuild_mirror

PROJECTIONS = ("usage_day", "usage_hour", "usage_cost_day", "usage_cost_month")
"""Those of usage; the mirror and what is booked from it have their own lists, beside what makes them."""


def check_projections(connection: Connection, tenant_id: int) -> list[ProjectionCheck]:
    """Return every projection's check, all seen at one instant while imports go on.

    Must be the transaction's first act, because it makes the transaction one snapshot.
    """
    connection.execute(text("set transaction isolation level repeatable read"))
    _derive(connection, tenant_id)
    checks = [compare_derived(connection, table, tenant_id) for table in PROJECTIONS]
    # The bookings are derived from the mirror that was just derived, for its tables are found before the stored ones.
    return checks + check_mirror(connection, tenant_id) + check_bookings(connection, tenant_id)


def rebuild_projections(connection: Connection, tenant_id: int) -> list[ProjectionCheck]:
    """Put the derived projections in the place of the stored ones; return what they were compared to before.

    Imports of the tenant wait until the transaction ends.
    """
    lock_projections(connection, tenant_id, shared=False)
    _derive(connection, tenant_id)
    checks = [compare_derived(connection, table, tenant_id) for table in PROJECTIONS]
    for check in checks:
        if not check.agrees:
            replace_stored(connection, check.projection, tenant_id)
    return checks + rebuild_mirror(connection, tenant_id) + rebuild_bookings(connection, tenant_id)


def _derive(connection: Connection, tenant_id: int) -> None:
    """Fill temporary projections, found before the stored ones under the same names, month by month."""
    for table in PROJECTIONS:
        derive_into(connection, table, tenant_id)
    connection.execute(statement(SQL, "stage"))
    span = connection.execute(statement(SQL, "ledger_span"), {"tenant_id": tenant_id}).one()
    for month in _months(span.first_at, span.last_at):
        parameters = {"tenant_id": tenant_id, "starts_at": month.start, "ends_at": month.end}
        connection.execute(statement(SQL, "stage_ledger"), parameters)
        for name in ROLL_UP:
            connection.execute(statement(SQL, name), parameters)
        connection.execute(text("drop table usage_batch_day"))
        connection.execute(text("truncate usage_batch"))


def _months(first_at: datetime | None, last_at: datetime | None) -> list[Period]:
    return [] if first_at is None or last_at is None else months(Period(first_at, last_at + timedelta(microseconds=1)))
