"""The first thing that is read: the margin with its span and its direction, and the cards it is made of."""

from collections.abc import Sequence
from decimal import Decimal

from billing_core.queries.margin_by_customer import Unprofitable
from billing_core.queries.margin_months import MarginMonth
from billing_core.queries.margin_totals import MarginTotals
from pages.parts import figures
from pages.parts.cards import Card, draw_cards
from pages.parts.look import Hero, hero
from pages.parts.margin_words import MEANING, least_complete, share_of, what_is_open
from pages.parts.period import PeriodChoice

NO_SPAN = ("", "")


def margin_hero(totals: MarginTotals, before: MarginTotals | None, chosen: PeriodChoice, *, is_in_stripe: bool) -> None:
    """Draw the margin of the period: percent, amount, way, span, meaning."""
    knows = is_in_stripe and totals.has_revenue
    margin, share = (totals.margin_pico, totals.margin_share) if knows else (None, None)
    low_high, ends = _span(totals) if knows else (None, NO_SPAN)
    amount = (
        ["", figures.money(margin), f" of {figures.money(totals.revenue_pico)} revenue"]
        if knows
        else ["Revenue is not known; the LLM cost is ", figures.money(totals.known_cost_pico), ""]
    )
    hero(
        Hero(
            f"Gross margin, {chosen.label}{' so far' if chosen.is_running else ''}",
            figures.margin_share(share),
            amount,
            _way(share, before.margin_share if before and knows else None, chosen),
            low_high,
            ends,
            what_is_open(totals) if knows else "",
            MEANING["margin"],
            is_loss=margin is not None and margin < 0,
        )
    )


def margin_cards(
    totals: MarginTotals,
    before: MarginTotals | None,
    chosen: PeriodChoice,
    *,
    months: Sequence[MarginMonth],
    losing: Unprofitable,
    is_in_stripe: bool,
) -> None:
    """Draw what the margin is made of; green is earned more or spent less."""
    cards = [
        *_made_of(totals, before, months, is_in_stripe=is_in_stripe),
        Card(
            "Customers at a loss",
            figures.count(losing.count) if is_in_stripe and totals.has_revenue else figures.MISSING,
            MEANING["loss"],
            note=f"{figures.money(losing.margin_pico)} together" if losing.count else "",
        ),
        Card(
            "Completeness",
            figures.share(least_complete(totals)),
            MEANING["complete"],
            note="the least of calls priced, cost attributed, revenue matched and converted",
        ),
    ]
    draw_cards(cards, chosen.before_label, columns=3)


def _made_of(
    totals: MarginTotals, before: MarginTotals | None, months: Sequence[MarginMonth], *, is_in_stripe: bool
) -> list[Card]:
    """Return the cards of revenue and of each cost."""
    knows = is_in_stripe and totals.has_revenue
    other = _sum(totals.fees_pico, totals.shared_pico) if totals.has_revenue else None
    other_before = _sum(before.fees_pico, before.shared_pico) if before and before.has_revenue else None
    return [
        Card(
            "Revenue",
            figures.money(totals.revenue_pico if knows else None),
            MEANING["revenue"],
            growth=figures.growth(totals.revenue_pico, before.revenue_pico if before else None),
            is_earned=True,
            bars=[_height(month.revenue_pico) for month in months],
        ),
        Card(
            "LLM cost",
            figures.money(totals.known_cost_pico),
            MEANING["llm"],
            growth=figures.growth(totals.known_cost_pico, before.known_cost_pico if before else None),
            is_cost=True,
            bars=[_height(month.cost_pico) for month in months],
        ),
        Card(
            "LLM cost of revenue",
            figures.share(totals.llm_share),
            MEANING["llm_share"],
            delta=figures.points(totals.llm_share, before.llm_share if before else None),
            is_cost=True,
            bars=[float((month.llm_share or Decimal(0)) * 100) for month in months],
        ),
        Card(
            "Fees and shared costs",
            figures.money(other if knows else None),
            MEANING["fees"],
            growth=figures.growth(other, other_before),
            is_cost=True,
            note=_of_revenue(other, totals.revenue_pico),
        ),
    ]


def _span(totals: MarginTotals) -> tuple[tuple[float, float, float] | None, tuple[str, str]]:
    """Return the places of low, margin and high on a track that is a little wider, and the words at its ends."""
    between, margin = totals.interval, totals.margin_pico
    if between is None or margin is None or between.low == between.high:
        return None, NO_SPAN
    if between.low is None:
        return None, NO_SPAN
    low, high = Decimal(between.low), Decimal(between.high)
    room = max((high - low) * Decimal("0.25"), Decimal(1))
    width = high - low + 2 * room
    places = tuple(float((amount - low + room) / width) for amount in (low, Decimal(margin), high))
    revenue = totals.revenue_pico
    words = (
        f"at least {figures.money(low)} ({figures.margin_share(share_of(low, revenue))})",
        f"at most {figures.money(high)} ({figures.margin_share(share_of(high, revenue))})",
    )
    return (places[0], places[1], places[2]), words


def _way(now: Decimal | None, before: Decimal | None, chosen: PeriodChoice) -> tuple[str, str]:
    moved = figures.points(now, before)
    if moved is None or now is None or before is None:
        return "plain", ""
    if now == before or moved.startswith("0"):
        return "plain", f"unchanged {chosen.before_label}"
    arrow = "\N{BLACK UP-POINTING TRIANGLE}" if now > before else "\N{BLACK DOWN-POINTING TRIANGLE}"
    return ("good" if now > before else "bad"), f"{arrow} {moved} {chosen.before_label}"


def _of_revenue(part: Decimal | None, revenue: Decimal | None) -> str:
    share = share_of(part, revenue)
    return f"{figures.share(share)} of revenue" if share is not None else ""


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal:
    return (one or Decimal(0)) + (other or Decimal(0))


def _height(amount: Decimal | None) -> float:
    return max(0.0, figures.money_for_chart(amount or 0))


def customer_cards(
    totals: MarginTotals,
    before: MarginTotals | None,
    chosen: PeriodChoice,
    everybody: MarginTotals,
    *,
    months: Sequence[MarginMonth],
    is_in_stripe: bool,
) -> None:
    """Draw what one customer's margin is made of, and what part of everything it is."""
    cards = _made_of(totals, before, months, is_in_stripe=is_in_stripe)
    cost, calls = share_of(totals.cost_pico, everybody.cost_pico), share_of(totals.calls, everybody.calls)
    revenue = share_of(totals.revenue_pico, everybody.revenue_pico) if is_in_stripe else None
    cards += [
        Card(
            "Share of all LLM cost",
            figures.share(cost),
            "This customer's LLM cost as a part of everybody's, and what it brings of the revenue of all.",
            note=f"{figures.share(revenue)} of all revenue",
        ),
        Card(
            "Calls",
            figures.count(totals.calls),
            "Every call that was recorded, priced or not.",
            growth=figures.growth(Decimal(totals.calls), Decimal(before.calls) if before else None),
            note=f"{figures.share(calls)} of all calls",
        ),
    ]
    draw_cards(cards, chosen.before_label, columns=3)
