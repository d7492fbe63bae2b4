"""The row of cards: cost, calls, cost per thousand calls, tokens, unpriced calls; each against the period before."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import streamlit as st

from billing_core.queries.usage_cuts import UsageCuts
from billing_core.queries.usage_totals import UsageTotals
from pages.parts import figures
from pages.parts.charts import bars_of
from pages.parts.look import small_bars
from pages.parts.period import PeriodChoice

HEIGHT = 168


@dataclass(frozen=True)
class Card:
    """One number: what it is called and means, its growth, and its small bars."""

    label: str
    value: str
    definition: str
    growth: Decimal | None = None
    is_cost: bool = False
    bars: Sequence[float] = ()


def cost_cards(totals: UsageTotals, before: UsageTotals | None, chosen: PeriodChoice, cuts: UsageCuts) -> None:
    """Draw the five cards; green is cheaper, grey is neither good nor bad."""
    costs, calls, unpriced = bars_of(cuts.by_day_and_model, chosen)
    per_call = totals.cost_per_call_pico_usd_exact
    cards = [
        Card(
            "LLM cost",
            figures.money(totals.known_cost_pico_usd),
            "Tokens of each class times the rate in force at the time of the call; priced calls only.",
            growth=totals.growth_since(before),
            is_cost=True,
            bars=costs,
        ),
        Card(
            "Calls",
            figures.count(totals.calls),
            "Every call that was recorded, priced or not.",
            growth=_growth(Decimal(totals.calls), Decimal(before.calls) if before else None),
            bars=calls,
        ),
        Card(
            "Cost per 1,000 calls",
            figures.per_thousand_calls(per_call),
            "The cost of priced calls, divided by their number.",
            growth=_growth(per_call, before.cost_per_call_pico_usd_exact if before else None),
            is_cost=True,
        ),
        Card(
            "Tokens",
            figures.short_count(totals.tokens),
            "Tokens of every class together, cached ones included.",
            growth=_growth(totals.tokens, before.tokens if before else None),
        ),
        Card(
            "Unpriced calls",
            figures.count(totals.unpriced_calls),
            "Calls whose price is not known. No cost on this page contains them; they never count as free.",
            bars=unpriced,
        ),
    ]
    with st.grid("auto", min_column_width=172, row_height=HEIGHT):
        for card in cards:
            _draw(card, chosen)


def _draw(card: Card, chosen: PeriodChoice) -> None:
    delta = None if card.growth is None else figures.change(card.growth).replace(figures.MINUS, "-")
    is_flat = delta is not None and delta.startswith("0")
    with st.container(border=True, height="stretch", gap=None, vertical_alignment="distribute"):
        st.metric(
            card.label,
            card.value.replace("$", r"\$"),
            delta,
            delta_color="inverse" if card.is_cost and not is_flat else "off",
            delta_arrow="off" if is_flat else "auto",
            delta_description=chosen.before_label if delta is not None else None,
            help=card.definition,
        )
        small_bars(card.bars, is_money=card.is_cost)


def _growth(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    return (now - before) / before if now is not None and before else None
