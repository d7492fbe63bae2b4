"""Matching: a person says whose customer a Stripe customer is; the books of both follow, their total does not move."""

from sqlalchemy import text

from billing_core.errors import (
    OwnRowMissingError,
    ReasonMissingError,
    UnknownCustomerError,
    UnknownStripeCustomerError,
)
from billing_core.store.audit import AuditLine, append_audit
from billing_core.store.bookings import book_again
from billing_core.store.matches import (
    BY_PERSON,
    Candidate,
    NewMatch,
    append_matches,
    candidates,
    lock_bookings,
    make_own_rows,
)
from billing_core.workspace import Workspace

MAKES_CUSTOMERS = ("owner", "finance", "service")


def match_customer(
    workspace: Workspace, connection_id: int, stripe_customer_id: str, *, customer_id: int | None, reason: str
) -> None:
    """Append the match, book both customers anew and write one audit line; `customer_id` None: its own row again.

    Owner, finance and support may. The answer holds until a person gives another, whatever metadata says. Raises
    UnknownStripeCustomerError, UnknownCustomerError, OwnRowMissingError or ReasonMissingError.
    """
    if not reason.strip():
        raise ReasonMissingError("a match")
    lock_bookings(workspace.connection, workspace.tenant_id)
    found = candidates(workspace.connection, workspace.tenant_id, connection_id, [stripe_customer_id])
    if not found:
        raise UnknownStripeCustomerError(stripe_customer_id)
    (asked,) = found
    matched_id = _own_row(workspace, connection_id, asked) if customer_id is None else _known(workspace, customer_id)
    if (asked.customer_id, asked.how) == (matched_id, BY_PERSON):
        return  # A second click says nothing new.
    append_matches(
        workspace.connection,
        workspace.tenant_id,
        connection_id,
        [NewMatch(stripe_customer_id, (asked.match_number or 0) + 1, matched_id, BY_PERSON)],
        actor=workspace.actor,
        reason=reason.strip(),
        now=workspace.now,
    )
    touched = {matched_id} if asked.customer_id is None else {matched_id, asked.customer_id}
    book_again(workspace.connection, workspace.tenant_id, touched, keep_rates_at=workspace.now)
    line = AuditLine(
        "match customer",
        stripe_customer_id,
        workspace.actor,
        workspace.role,
        reason=reason.strip(),
        before={"customer_id": asked.customer_id, "how": asked.how},
        after={"customer_id": matched_id, "how": BY_PERSON},
    )
    append_audit(workspace.connection, workspace.tenant_id, line, workspace.now)


def customer_named(workspace: Workspace, name: str) -> int:
    """Return the customer that usage knows by this id, else the one with this number; raises UnknownCustomerError."""
    found = workspace.connection.scalar(
        text(
            "select customer_id from customer_alias where tenant_id = :tenant_id and external_id = :name "
            "order by source = 'own' desc, source limit 1"
        ),
        {"tenant_id": workspace.tenant_id, "name": name},
    )
    if found is not None:
        return int(found)
    if not name.isascii() or not name.isdigit() or len(name) > 18:
        raise UnknownCustomerError(name)
    return _known(workspace, int(name))


def connection_of(workspace: Workspace, stripe_customer_id: str) -> int:
    """Return the first connection that knows a Stripe customer; raises UnknownStripeCustomerError."""
    connections = workspace.connection.scalars(
        text("select connection_id from stripe_connection where tenant_id = :tenant_id order by connection_id"),
        {"tenant_id": workspace.tenant_id},
    )
    for connection_id in connections.all():
        if candidates(workspace.connection, workspace.tenant_id, connection_id, [stripe_customer_id]):
            return int(connection_id)
    raise UnknownStripeCustomerError(stripe_customer_id)


def _known(workspace: Workspace, customer_id: int) -> int:
    exists = workspace.connection.scalar(
        text("select exists (select from customer where tenant_id = :tenant_id and customer_id = :customer_id)"),
        {"tenant_id": workspace.tenant_id, "customer_id": customer_id},
    )
    if not exists:
        raise UnknownCustomerError(str(customer_id))
    return customer_id


def _own_row(workspace: Workspace, connection_id: int, asked: Candidate) -> int:
    if asked.own_row_customer_id is not None:
        return asked.own_row_customer_id
    if workspace.role not in MAKES_CUSTOMERS:
        raise OwnRowMissingError(asked.stripe_customer_id, workspace.role)
    names = {asked.stripe_customer_id: asked.name}
    made = make_own_rows(workspace.connection, workspace.tenant_id, connection_id, names=names, now=workspace.now)
    return made[asked.stripe_customer_id]
