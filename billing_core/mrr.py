"""Monthly recurring revenue: which plan a subscription had when, and what it was worth a month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing_core.stripe_facts import InvoiceLine, StripePrice, Subscription, SubscriptionItem


@dataclass(frozen=True, slots=True)
class PlanSpan:
    """A subscription had this price from an instant until another; `mrr_minor` to twelve decimals of a minor unit."""

    stripe_customer_id: str
    subscription_id: str
    price_id: str
    stripe_product_id: str | None
    starts_at: datetime
    ends_at: datetime
    quantity: Decimal
    currency: str
    mrr_minor: Decimal
    invoice_id: str
    """The invoice that says so, whose exchange rate converts it."""


def plan_spans(
    *,
    lines: Sequence[InvoiceLine],
    prices: Sequence[StripePrice],
    subscriptions: Sequence[Subscription],
    items: Sequence[SubscriptionItem],
) -> list[PlanSpan]:
    """Return the spans of all subscriptions; `lines` are those of invoices that count (`revenue.counts`)."""
    raise NotImplementedError((lines, prices, subscriptions, items))
