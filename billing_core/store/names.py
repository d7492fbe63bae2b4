"""Numbers for the names that usage carries: customers, products, sources, dimensions; each is given once, for ever."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

from sqlalchemy import Connection, text

from billing_core.store.ledger import SQL
from billing_core.store.statements import statement

NO_CUSTOMER = 0
"""The customer number of usage that names no customer."""

REMEMBERED_MAX = 100_000
"""Names that one import keeps in memory; where there are more, the book starts anew and asks the database again."""

OWN_IDS = "own"
"""The alias source of the tenant's own customer ids, whichever file or key they came with."""


@dataclass(frozen=True)
class UsageDimension:
    """What a call was for and how it was made; None where the source does not say."""

    provider: str
    model: str
    product: str | None = None
    feature: str | None = None
    service_tier: str | None = None
    batch: bool | None = None
    speed: str | None = None
    region: str | None = None
    search_context_size: str | None = None
    api_key: str | None = None
    project: str | None = None


@dataclass(frozen=True)
class NameBook:
    """The numbers known so far to one import: filled from committed rows only, since a rollback unmakes the rest."""

    customers: dict[str, int] = field(default_factory=dict)
    dimensions: dict[UsageDimension, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Names:
    """The numbers of one batch, in the order its names were given."""

    customer_ids: list[int]
    dimension_ids: list[int]


def source_number(connection: Connection, tenant_id: int, name: str, now: datetime) -> int:
    """Return the number of a usage source, giving one on first sight."""
    parameters = {"tenant_id": tenant_id, "name": name, "now": now}
    connection.execute(
        text(
            "insert into usage_source (tenant_id, name, recorded_at) values (:tenant_id, :name, :now) "
            "on conflict do nothing"
        ),
        parameters,
    )
    found = connection.execute(
        text("select source_id from usage_source where tenant_id = :tenant_id and name = :name"), parameters
    )
    return int(found.scalar_one())


def numbers_of(
    connection: Connection,
    tenant_id: int,
    *,
    book: NameBook,
    customers: Sequence[str | None],
    dimensions: Sequence[UsageDimension],
    now: datetime,
) -> Names:
    """Return the numbers of a batch's names, giving new ones where a name is seen for the first time.

    Two imports that meet the same new name wait for each other here, so that it gets one number.
    """
    new_customers = [name for name in customers if name is not None and name not in book.customers]
    new_dimensions = [dimension for dimension in dimensions if dimension not in book.dimensions]
    customer_ids = {name: book.customers[name] for name in customers if name in book.customers}
    dimension_ids = {each: book.dimensions[each] for each in dimensions if each in book.dimensions}
    if new_customers or new_dimensions:
        lock_names(connection, tenant_id)
        customer_ids |= _customers(connection, tenant_id, new_customers, now)
        dimension_ids |= _dimensions(connection, tenant_id, new_dimensions, now)
    return Names(
        [NO_CUSTOMER if name is None else customer_ids[name] for name in customers],
        [dimension_ids[dimension] for dimension in dimensions],
    )


def lock_names(connection: Connection, tenant_id: int) -> None:
    """Hold the giving of a tenant's numbers until the transaction ends."""
    connection.execute(
        text("select pg_advisory_xact_lock(hashtext('marginbook.names'), :key)"), {"key": tenant_id % 2**31}
    )


def remember(
    book: NameBook, customers: Sequence[str | None], dimensions: Sequence[UsageDimension], names: Names
) -> None:
    """Keep a committed batch's numbers for the next batch."""
    for known in (book.customers, book.dimensions):
        if len(known) > REMEMBERED_MAX:
            known.clear()
    named = zip(customers, names.customer_ids, strict=True)
    book.customers.update({name: number for name, number in named if name is not None})
    book.dimensions.update(zip(dimensions, names.dimension_ids, strict=True))


def _customers(connection: Connection, tenant_id: int, wanted: list[str], now: datetime) -> dict[str, int]:
    known = _aliases(connection, tenant_id, wanted)
    new = [name for name in dict.fromkeys(wanted) if name not in known]
    if new:
        connection.execute(
            text(
                """
                with made as (
                    insert into customer (tenant_id, name, recorded_at)
                    select :tenant_id, name, :now
                    from unnest(cast(:names as text[])) with ordinality as wanted (name, place)
                    order by place
                    returning customer_id, name
                )
                insert into customer_alias (tenant_id, source, external_id, customer_id, recorded_at)
                select :tenant_id, :source, name, customer_id, :now from made
                """
            ),
            {"tenant_id": tenant_id, "names": new, "source": OWN_IDS, "now": now},
        )
        known |= _aliases(connection, tenant_id, new)
    return known


def _aliases(connection: Connection, tenant_id: int, names: list[str]) -> dict[str, int]:
    rows = connection.execute(
        text(
            "select external_id, customer_id from customer_alias "
            "where tenant_id = :tenant_id and source = :source and external_id = any(:names)"
        ),
        {"tenant_id": tenant_id, "source": OWN_IDS, "names": names},
    )
    return {row.external_id: row.customer_id for row in rows}


def _dimensions(
    connection: Connection, tenant_id: int, wanted: Sequence[UsageDimension], now: datetime
) -> dict[UsageDimension, int]:
    """Make the dimensions that are missing and return all numbers, in two statements however many there are."""
    if not wanted:
        return {}
    named = [each.product for each in wanted if each.product is not None]
    products = product_numbers(connection, tenant_id, named, now)
    columns = {item.name: [getattr(each, item.name) for each in wanted] for item in fields(UsageDimension)}
    numbers = [None if each.product is None else products[each.product] for each in wanted]
    parameters = {**columns, "product_id": numbers, "tenant_id": tenant_id, "now": now}
    connection.execute(statement(SQL, "add_dimensions"), parameters)
    found = connection.execute(statement(SQL, "dimension_numbers"), parameters)
    return {wanted[row.place - 1]: int(row.dimension_id) for row in found}


def product_numbers(connection: Connection, tenant_id: int, wanted: list[str], now: datetime) -> dict[str, int]:
    """Return products' numbers by name, giving one on first sight."""
    parameters = {"tenant_id": tenant_id, "names": list(dict.fromkeys(wanted)), "now": now}
    connection.execute(
        text(
            "insert into product (tenant_id, name, recorded_at) "
            "select :tenant_id, name, :now from unnest(cast(:names as text[])) as wanted (name) on conflict do nothing"
        ),
        parameters,
    )
    found = connection.execute(
        text("select name, product_id from product where tenant_id = :tenant_id and name = any(:names)"), parameters
    )
    return {row.name: int(row.product_id) for row in found}
