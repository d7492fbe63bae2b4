"""Monthly recurring revenue: which plan a subscription had when, and what it was worth a month.

It is read from the lines of invoices that count: so it has what was really agreed (quantity, discount), no tax, no
usage and nothing paid once, and a trial is worth 0. A year is 12 months, a month 52/12 weeks or 365/12 days.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from billing_core.money import settled_share
from billing_core.periods import BillingCycle, Interval
from billing_core.stripe_facts import InvoiceLine, StripePrice, Subscription, SubscriptionItem

DECIMALS = 12
"""An exact monthly value may have no end (100 ÷ 12); it is settled to this many decimals of a minor unit."""

_MONTHS = {
    Interval.DAY: Fraction(12, 365),
    Interval.WEEK: Fraction(12, 52),
    Interval.MONTH: Fraction(1),
    Interval.YEAR: Fraction(12),
}
_MICROSECOND = timedelta(microseconds=1)
_NEVER_BEGAN = ("incomplete", "incomplete_expired")
_GOES_ON = ("active", "past_due")


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


class _Held(NamedTuple):
    """All lines of one price within one subscription."""

    price: StripePrice
    charges: dict[datetime, list[InvoiceLine]]
    """By their start; several of one start are the tiers of one charge."""
    credits: list[datetime]
    """When unused time was given back: there the price ended, or began anew in another quantity."""


class _Terms(NamedTuple):
    """What the whole periods of a subscription say about its parts of periods."""

    lengths: dict[tuple[datetime, Interval, int], timedelta]
    """How long the whole period was that ends at an instant; the calendar alone cannot say (January 31)."""
    discounts: list[Fraction]
    """Shares of discount that were given."""


def plan_spans(
    *,
    lines: Sequence[InvoiceLine],
    prices: Sequence[StripePrice],
    subscriptions: Sequence[Subscription],
    items: Sequence[SubscriptionItem],
) -> list[PlanSpan]:
    """Return the spans of all subscriptions; `lines` are those of invoices that count (`revenue.is_counted`).

    Spans of one subscription and price do not overlap: a later charge, or a credit for unused time, ends the one
    before.
    """
    price_of = {price.price_id: price for price in prices}
    of_subscription: dict[str, list[InvoiceLine]] = {}
    for line in sorted(lines, key=lambda line: (line.starts_at, line.invoice_id, line.line_id)):
        if line.subscription_id is not None and _is_recurring(line, price_of):
            of_subscription.setdefault(line.subscription_id, []).append(line)
    item_of = {(item.subscription_id, item.price_id): item for item in items}
    spans: list[PlanSpan] = []
    for subscription in sorted(subscriptions, key=lambda subscription: subscription.subscription_id):
        if subscription.status not in _NEVER_BEGAN:
            held = _held(of_subscription.get(subscription.subscription_id, []), price_of)
            for price_id in sorted(held):
                item = item_of.get((subscription.subscription_id, price_id))
                spans.extend(_spans(subscription, held, price_id, item))
    return spans


def _is_recurring(line: InvoiceLine, price_of: dict[str, StripePrice]) -> bool:
    price = price_of.get(line.price_id or "")
    if price is None or price.recurring_interval not in _MONTHS or price.is_metered or line.is_metered:
        return False
    return line.starts_at < line.ends_at


def _held(lines: Iterable[InvoiceLine], price_of: dict[str, StripePrice]) -> dict[str, _Held]:
    held: dict[str, _Held] = {}
    credited: Counter[tuple[str, datetime, Decimal | None]] = Counter()
    for line in lines:
        price = price_of[line.price_id or ""]
        its = held.setdefault(price.price_id, _Held(price, {}, []))
        if line.amount_minor < 0:
            its.credits.append(line.starts_at)
            credited[price.price_id, line.starts_at, line.quantity] += 1
        else:
            its.charges.setdefault(line.starts_at, []).append(line)
    for price_id, its in held.items():
        for starts_at, charges in list(its.charges.items()):
            its.charges[starts_at] = _not_credited(charges, credited, price_id)
    return held


def _not_credited(
    charges: list[InvoiceLine], credited: Counter[tuple[str, datetime, Decimal | None]], price_id: str
) -> list[InvoiceLine]:
    """Leave out what was given back from its own start on: a quantity that was changed in the same second."""
    left: list[InvoiceLine] = []
    for line in charges:
        key = price_id, line.starts_at, line.quantity
        if credited[key]:
            credited[key] -= 1
        else:
            left.append(line)
    return left


def _spans(
    subscription: Subscription, held: dict[str, _Held], price_id: str, item: SubscriptionItem | None
) -> list[PlanSpan]:
    its, terms = held[price_id], _terms(held)
    starts = sorted(its.charges)
    spans: list[PlanSpan] = []
    for starts_at in starts:
        charges = its.charges[starts_at]
        if not charges:
            continue
        ends_at = max(line.ends_at for line in charges)
        if item is not None and subscription.status in _GOES_ON and ends_at == item.period_starts_at:
            # The period's own invoice is still a draft: until it says otherwise, the plan goes on.
            ends_at = item.period_ends_at
        cuts = [*starts, *its.credits, *([] if item else _replacements(held, price_id, starts_at))]
        ended_at = [] if subscription.ended_at is None else [max(subscription.ended_at, starts_at)]
        ends_at = min([ends_at, *(cut for cut in cuts if cut > starts_at), *ended_at])
        if starts_at < ends_at:
            spans.append(_span(subscription, its.price, charges, terms, ends_at=ends_at))
    return spans


def _replacements(held: dict[str, _Held], price_id: str, starts_at: datetime) -> list[datetime]:
    """Return when other prices first came in whole after the instant: one gone without a credit gave way then."""
    firsts = [min(other.charges) for other_id, other in held.items() if other_id != price_id and other.charges]
    return [
        first
        for first in firsts
        if first > starts_at
        and any(not line.is_proration for other in held.values() for line in other.charges.get(first, ()))
    ]


def _terms(held: dict[str, _Held]) -> _Terms:
    terms = _Terms({}, [])
    for its in held.values():
        for line in (line for charges in its.charges.values() for line in charges if not line.is_proration):
            terms.lengths[line.ends_at, *_interval(its.price)] = line.ends_at - line.starts_at
            if 0 < line.discount_minor <= line.amount_minor:
                terms.discounts.append(Fraction(line.discount_minor, line.amount_minor))
    return terms


def _span(
    subscription: Subscription, price: StripePrice, charges: list[InvoiceLine], terms: _Terms, *, ends_at: datetime
) -> PlanSpan:
    first = charges[0]
    interval, interval_count = _interval(price)
    whole = sum((_interval_value(line, price, terms) for line in charges), Fraction(0))
    exact = whole / (_MONTHS[interval] * interval_count)
    settled = settled_share(exact.numerator * 10**DECIMALS, 1, exact.denominator)
    return PlanSpan(
        stripe_customer_id=subscription.stripe_customer_id,
        subscription_id=subscription.subscription_id,
        price_id=price.price_id,
        stripe_product_id=price.stripe_product_id or first.stripe_product_id,
        starts_at=first.starts_at,
        ends_at=ends_at,
        quantity=sum((Decimal(1) if line.quantity is None else line.quantity for line in charges), Decimal(0)),
        currency=first.currency,
        mrr_minor=Decimal(settled).scaleb(-DECIMALS),
        invoice_id=first.invoice_id,
    )


def _interval(price: StripePrice) -> tuple[Interval, int]:
    return Interval(price.recurring_interval or ""), price.interval_count or 1


def _interval_value(line: InvoiceLine, price: StripePrice, terms: _Terms) -> Fraction:
    """Return what a line is worth in a whole interval, discount off: as it is, unless it is for a part of one."""
    if not line.is_proration or not line.amount_minor:
        return Fraction(line.amount_minor - line.discount_minor)
    return _whole_amount(line, price, terms) * (1 - Fraction(line.discount_minor, line.amount_minor))


def _whole_amount(line: InvoiceLine, price: StripePrice, terms: _Terms) -> Fraction:
    """Return a prorated line's amount for the whole interval.

    That is price and quantity, tax and discount taken out if that explains the amount to the minor unit (Stripe writes
    prorations after discount); otherwise, as for tiers, the amount scaled by time.
    """
    length = terms.lengths.get((line.ends_at, *_interval(price))) or _calendar_length(line, price)
    share = Fraction((line.ends_at - line.starts_at) // _MICROSECOND, length // _MICROSECOND)
    if price.unit_amount_minor is not None:
        listed = Fraction(price.unit_amount_minor) * Fraction(1 if line.quantity is None else line.quantity)
        net_minor = line.amount_minor - line.discount_minor
        untaxed = Fraction(net_minor, net_minor + line.tax_minor) if net_minor > 0 else Fraction(1)
        given = [1 - discount for discount in sorted(terms.discounts)] if not line.discount_minor else []
        explained = [listed * kept * without for kept in (Fraction(1), *given) for without in (Fraction(1), untaxed)]
        nearest = min(explained, key=lambda whole: abs(whole * share - line.amount_minor))
        if abs(nearest * share - line.amount_minor) <= 1:
            return nearest
    return line.amount_minor / share


def _calendar_length(line: InvoiceLine, price: StripePrice) -> timedelta:
    cycle = BillingCycle(line.ends_at, *_interval(price))
    return cycle.anchor - cycle.start_at(-1)
