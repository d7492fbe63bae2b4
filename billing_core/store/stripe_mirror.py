"""The mirror of Stripe's objects: rows put in the place of older ones, and made again from the versions alone."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from psycopg import sql
from sqlalchemy import Connection, text

from billing_core import stripe_facts as facts
from billing_core.errors import StripeObjectUnreadableError
from billing_core.store.derived import ProjectionCheck, compare_derived, derive_into, replace_stored
from billing_core.store.ledger import SQL, lock_projections
from billing_core.store.statements import statement
from billing_core.stripe_json import parse
from billing_core.stripe_mapping import MetadataKeys, Row, rows_of

TABLES: dict[str, tuple[type[Row], ...]] = {
    "product": (facts.StripeProduct,),
    "price": (facts.StripePrice,),
    "customer": (facts.StripeCustomer,),
    "subscription": (facts.Subscription, facts.SubscriptionItem),
    "invoice": (facts.Invoice, facts.InvoiceLine),
    "invoice_payment": (facts.InvoicePayment,),
    "charge": (facts.Payment,),
    "refund": (facts.Refund,),
    "dispute": (facts.Dispute,),
    "credit_note": (facts.CreditNote, facts.CreditNoteLine),
    "balance_transaction": (facts.BalanceTransaction,),
}
"""By kind of Stripe's objects: the table of the object, then those of its parts, which carry its id."""

OBJECTS_PER_READ = 1_000

SHOWN_MAX = 5
"""Unreadable objects of one kind that are named one by one."""

_DELETE = sql.SQL(
    "delete from {table} where tenant_id = %(tenant_id)s and connection_id = %(connection_id)s and {id} = any(%(ids)s)"
)
_WITHOUT_ROW = sql.SQL(
    """
    select object_id
    from stripe_object
    where tenant_id = %(tenant_id)s and connection_id = %(connection_id)s and kind = %(kind)s and not is_deleted
      and object_id not in (
          select {id} from {table} where tenant_id = %(tenant_id)s and connection_id = %(connection_id)s)
    order by object_id limit %(rows_max)s
    """
)
_INSERT = sql.SQL("insert into {table} select * from jsonb_populate_recordset(null::{table}, %(rows)s::jsonb)")


@dataclass(frozen=True, slots=True)
class MirrorScope:
    """Whose mirror of which Stripe account, and where its customers carry our ids."""

    tenant_id: int
    connection_id: int
    keys: MetadataKeys

    def parameters(self, **more: object) -> dict[str, object]:
        """Return the parameters that every statement about one connection takes."""
        return {"tenant_id": self.tenant_id, "connection_id": self.connection_id, **more}


@dataclass(frozen=True, slots=True)
class ObjectState:
    """One object in one state; of a deleted one, `raw` is what it was last."""

    object_id: str
    is_deleted: bool
    raw: dict[str, Any]


def table_of(row_type: type[Row]) -> str:
    """Return the mirror's table of a row type: its name in small letters, words apart."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", row_type.__name__).lower()


def put_objects(
    connection: Connection, scope: MirrorScope, kind: str, states: Sequence[ObjectState], *, stood: Sequence[str]
) -> None:
    """Put these states' rows in the place of the rows of those that `stood`; what cannot be read gets none."""
    if kind not in TABLES or not states:
        return
    rows: dict[type[Row], list[Row]] = {row_type: [] for row_type in TABLES[kind]}
    for state in states:
        # What cannot be read is found, and said, by unreadable_objects().
        with suppress(StripeObjectUnreadableError):
            for row in rows_of(kind, state.raw, is_deleted=state.is_deleted, keys=scope.keys):
                rows[type(row)].append(row)
    head_id = fields(TABLES[kind][0])[0].name
    for row_type in TABLES[kind]:
        names = {"table": sql.Identifier(table_of(row_type)), "id": sql.Identifier(head_id)}
        if stood:
            _run(connection, _DELETE.format(**names), scope.parameters(ids=list(stood)))
        _run(connection, _INSERT.format(**names), {"rows": _json(scope, rows[row_type])})
    if kind == "invoice":
        marked = scope.parameters(invoice_ids=[state.object_id for state in states])
        connection.execute(statement(SQL, "mark_lines_of_invoices"), marked)
    elif metered := [row.price_id for row in rows.get(facts.StripePrice, ()) if row.is_metered]:
        connection.execute(statement(SQL, "mark_lines_of_prices"), scope.parameters(price_ids=metered))


def unreadable_objects(connection: Connection, scope: MirrorScope) -> list[StripeObjectUnreadableError]:
    """Return the refusals of held objects that have no row in the mirror, some of each kind."""
    refusals = []
    for kind, (head, *_) in TABLES.items():
        names = {"table": sql.Identifier(table_of(head)), "id": sql.Identifier(fields(head)[0].name)}
        found = _run(connection, _WITHOUT_ROW.format(**names), scope.parameters(kind=kind, rows_max=SHOWN_MAX))
        asked = scope.parameters(kind=kind, object_ids=[row.object_id for row in found])
        for row in connection.execute(statement(SQL, "last_stripe_states"), asked):
            try:
                rows_of(kind, parse(row.raw), is_deleted=False, keys=scope.keys)
            except StripeObjectUnreadableError as refusal:
                refusals.append(refusal)
    return refusals


def check_mirror(connection: Connection, tenant_id: int) -> list[ProjectionCheck]:
    """Return for every table of the mirror whether the versions alone make what is stored.

    Leaves the derived tables behind until the transaction ends; they are found before the stored ones.
    """
    for table in mirror_tables():
        derive_into(connection, table, tenant_id)
    for scope in connection_scopes(connection, tenant_id):
        connection.execute(statement(SQL, "derive_stripe_objects"), scope.parameters())
        for kind in TABLES:
            for states in _newest(connection, scope, kind):
                put_objects(connection, scope, kind, states, stood=())
    return [compare_derived(connection, table, tenant_id) for table in mirror_tables()]


def rebuild_mirror(connection: Connection, tenant_id: int) -> list[ProjectionCheck]:
    """Put what the versions make in the place of what differs; return what was compared to before."""
    lock_projections(connection, tenant_id, shared=False)
    checks = check_mirror(connection, tenant_id)
    for check in checks:
        if not check.agrees:
            replace_stored(connection, check.projection, tenant_id)
    return checks


def remap_customers(connection: Connection, scope: MirrorScope) -> None:
    """Read the customers' metadata again, after the tenant named other keys."""
    lock_projections(connection, scope.tenant_id, shared=False)
    for states in _newest(connection, scope, "customer"):
        put_objects(connection, scope, "customer", states, stood=[state.object_id for state in states])


def mirror_tables() -> list[str]:
    """Return every table of the mirror."""
    return ["stripe_object", *(table_of(row_type) for row_types in TABLES.values() for row_type in row_types)]


def connection_scopes(connection: Connection, tenant_id: int) -> list[MirrorScope]:
    """Return the tenant's connections to Stripe."""
    rows = connection.execute(
        text(
            "select connection_id, customer_key, segment_key from stripe_connection "
            "where tenant_id = :tenant_id order by connection_id"
        ),
        {"tenant_id": tenant_id},
    )
    return [MirrorScope(tenant_id, row.connection_id, MetadataKeys(row.customer_key, row.segment_key)) for row in rows]


def _newest(connection: Connection, scope: MirrorScope, kind: str) -> Iterator[list[ObjectState]]:
    """Yield the newest states of a kind's objects, some at a time."""
    after = ""
    while True:
        asked = scope.parameters(kind=kind, after=after, rows_max=OBJECTS_PER_READ)
        versions = connection.execute(statement(SQL, "newest_stripe_versions"), asked).all()
        yield [ObjectState(row.object_id, row.is_deleted, parse(row.raw)) for row in versions]
        if len(versions) < OBJECTS_PER_READ:
            return
        after = versions[-1].object_id


def _json(scope: MirrorScope, rows: Sequence[Row]) -> str:
    whose = scope.parameters()
    return json.dumps([whose | asdict(row) for row in rows], default=_plain)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else _decimal_text(value)


def _decimal_text(value: object) -> str:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} stands in no row of the mirror")
    return str(value)


def _run(connection: Connection, composed: sql.Composed, parameters: dict[str, object]) -> Any:
    driver = connection.connection.driver_connection
    return connection.exec_driver_sql(composed.as_string(driver), parameters)
