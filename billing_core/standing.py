"""What is true of a customer now: segment, plan, address and status, from all its Stripe customers together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date

from billing_core.mrr import PlanSpan
from billing_core.stripe_facts import Payment, StripeCustomer, Subscription

STATUSES = ("active", "past_due", "trialing", "canceled", "none")
"""The first that any subscription of the customer has is the customer's."""

_STATUS_OF = {
    "active": "active",
    "past_due": "past_due",
    "unpaid": "past_due",
    "trialing": "trialing",
    "canceled": "canceled",
    "incomplete_expired": "canceled",
}
"""By Stripe's word; one that is paused, incomplete or not known here gives the customer no status."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`price_id`: of the span that ends last, the dearest of several; None without any."""

    segment: str | None
    email: str | None
    connection_id: int | None
    price_id: str | None
    first_paid_on: date | None
    status: str


def standing_of(
    customers: Sequence[StripeCustomer],
    *,
    subscriptions: Sequence[Subscription],
    spans: Sequence[tuple[int, PlanSpan]],
    payments: Sequence[Payment],
) -> Standing:
    """Return the standing of one customer; spans come with the number of their connection."""
    newest = max(customers, key=lambda each: (each.created_at, each.stripe_customer_id), default=None)
    plan = max(
        spans,
        key=lambda place: (place[1].ends_at, place[1].mrr_minor, place[1].starts_at, place[1].price_id),
        default=None,
    )
    paid_at = min((each.created_at for each in payments if each.status == "succeeded"), default=None)
    found = {_STATUS_OF.get(each.status, "none") for each in subscriptions} | {"none"}
    return Standing(
        segment=newest.segment if newest else None,
        email=newest.email if newest else None,
        connection_id=plan[0] if plan else None,
        price_id=plan[1].price_id if plan else None,
        first_paid_on=paid_at.astimezone(UTC).date() if paid_at else None,
        status=next(status for status in STATUSES if status in found),
    )
