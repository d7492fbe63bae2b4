"""Whose Stripe customer is whose: answers are appended, the newest holds, a person's outranks what metadata says."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from billing_core.store.ledger import SQL, lock_projections
from billing_core.store.names import OWN_IDS, lock_names
from billing_core.store.statements import statement

BY_METADATA, OWN_ROW, BY_PERSON = "metadata", "own row", "person"
RESOLVER = "matching"
"""How the match's row names its actor when no person made it."""


@dataclass(frozen=True, slots=True)
class MatchedCustomer:
    """One Stripe customer of a connection, and the customer that it is."""

    connection_id: int
    stripe_customer_id: str
    customer_id: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A Stripe customer, the match that holds, and the answers there are without a person; None where there is none."""

    stripe_customer_id: str
    name: str
    match_number: int | None
    customer_id: int | None
    how: str | None
    metadata_customer_id: int | None
    own_row_customer_id: int | None


@dataclass(frozen=True, slots=True)
class NewMatch:
    """An answer to append; `reason` is a person's."""

    stripe_customer_id: str
    match_number: int
    customer_id: int
    how: str


def lock_bookings(connection: Connection, tenant_id: int) -> None:
    """Hold the tenant's bookings until the transaction ends, so that two bookings follow each other.

    A rebuild waits, as it does for an import.
    """
    lock_projections(connection, tenant_id, shared=True)
    connection.execute(
        text("select pg_advisory_xact_lock(hashtext('marginbook.bookings'), :key)"), {"key": tenant_id % 2**31}
    )


def candidates(
    connection: Connection, tenant_id: int, connection_id: int, stripe_customer_ids: Collection[str] | None
) -> list[Candidate]:
    """Return what is known of these Stripe customers' matches, or of all; unknown ids are left out."""
    rows = connection.execute(
        statement(SQL, "match_candidates"),
        {
            "tenant_id": tenant_id,
            "connection_id": connection_id,
            "stripe_customer_ids": None if stripe_customer_ids is None else sorted(stripe_customer_ids),
            "own_ids": OWN_IDS,
            "alias_source": alias_source(connection_id),
        },
    )
    return [Candidate(*row) for row in rows]


def resolve_matches(
    connection: Connection,
    tenant_id: int,
    connection_id: int,
    *,
    stripe_customer_ids: Collection[str] | None,
    now: datetime,
) -> set[int]:
    """Append the matches whose answer is new; return every customer that these Stripe customers were or now are."""
    asked = candidates(connection, tenant_id, connection_id, stripe_customer_ids)
    undecided = [each for each in asked if each.how != BY_PERSON]
    lonely = [each for each in undecided if each.metadata_customer_id is None and each.own_row_customer_id is None]
    own_rows = make_own_rows(connection, tenant_id, connection_id, names=_names(lonely), now=now)
    answers = [_answer(each, own_rows) for each in undecided]
    new = [
        NewMatch(each.stripe_customer_id, (each.match_number or 0) + 1, customer_id, how)
        for each, (customer_id, how) in zip(undecided, answers, strict=True)
        if (each.customer_id, each.how) != (customer_id, how)
    ]
    append_matches(connection, tenant_id, connection_id, new, actor=RESOLVER, reason=None, now=now)
    were = {each.customer_id for each in asked if each.customer_id is not None}
    return were | {match.customer_id for match in new}


def append_matches(
    connection: Connection,
    tenant_id: int,
    connection_id: int,
    new: Sequence[NewMatch],
    *,
    actor: str,
    reason: str | None,
    now: datetime,
) -> None:
    """Append answers to what is known already."""
    if not new:
        return
    connection.execute(
        statement(SQL, "append_matches"),
        {
            "tenant_id": tenant_id,
            "connection_id": connection_id,
            "stripe_customer_ids": [match.stripe_customer_id for match in new],
            "match_numbers": [match.match_number for match in new],
            "customer_ids": [match.customer_id for match in new],
            "hows": [match.how for match in new],
            "actor": actor,
            "reason": reason,
            "now": now,
        },
    )


def make_own_rows(
    connection: Connection, tenant_id: int, connection_id: int, *, names: Mapping[str, str], now: datetime
) -> dict[str, int]:
    """Give each of these Stripe customers a customer row of its own, named as given; return their numbers."""
    if not names:
        return {}
    lock_names(connection, tenant_id)
    parameters: dict[str, Any] = {"tenant_id": tenant_id, "source": alias_source(connection_id), "now": now}
    connection.execute(
        text(
            """
            with made as (
                insert into customer (tenant_id, name, recorded_at) values (:tenant_id, :name, :now)
                returning customer_id
            )
            insert into customer_alias (tenant_id, source, external_id, customer_id, recorded_at)
            select :tenant_id, :source, :external_id, customer_id, :now from made
            """
        ),
        [{**parameters, "external_id": external_id, "name": name} for external_id, name in names.items()],
    )
    rows = connection.execute(
        text(
            "select external_id, customer_id from customer_alias "
            "where tenant_id = :tenant_id and source = :source and external_id = any(:external_ids)"
        ),
        {**parameters, "external_ids": list(names)},
    )
    return {row.external_id: int(row.customer_id) for row in rows}


def newest_matches(
    connection: Connection, tenant_id: int, customer_ids: Collection[int] | None
) -> list[MatchedCustomer]:
    """Return the Stripe customers that these customers, or all, have now; in the order of customers."""
    rows = connection.execute(
        statement(SQL, "newest_matches"),
        {"tenant_id": tenant_id, "customer_ids": None if customer_ids is None else sorted(customer_ids)},
    )
    return [MatchedCustomer(*row) for row in rows]


def alias_source(connection_id: int) -> str:
    """Return the alias source under which a connection's Stripe customers have rows of their own."""
    return f"stripe:{connection_id}"


def _names(lonely: Sequence[Candidate]) -> dict[str, str]:
    return {each.stripe_customer_id: each.name for each in lonely}


def _answer(asked: Candidate, own_rows: Mapping[str, int]) -> tuple[int, str]:
    if asked.metadata_customer_id is not None:
        return asked.metadata_customer_id, BY_METADATA
    if asked.own_row_customer_id is not None:
        return asked.own_row_customer_id, OWN_ROW
    return own_rows[asked.stripe_customer_id], OWN_ROW
