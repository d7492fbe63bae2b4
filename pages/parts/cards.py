"""The cards: one number each, what it means, and how it grew; and the row of cards of LLM cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import streamlit as st

from billing_core.queries.usage_cuts import UsageCuts
from billing_core.queries.usage_totals import UsageTotals
from pages.parts import figures
from pages.parts.charts import bars_of
from pages.parts.look import note, small_bars
from pages.parts.period import PeriodChoice

HEIGHT = 168


@dataclass(frozen=True)
class Card:
    """One number: what it is called and means, its growth, and its small bars.

    `delta` is a change already in words, with its sign first; without it the growth is written. Green is earned more or
    spent less, grey is neither good nor bad.
    """

    label: str
    value: str
    definition: str
    growth: Decimal | None = None
    is_cost: bool = False
    bars: Sequence[float] = ()
    delta: str | None = None
    is_earned: bool = False
    against: str = ""
    note: str = ""


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
            growth=figures.growth(Decimal(totals.calls), Decimal(before.calls) if before else None),
            bars=calls,
        ),
        Card(
            "Cost per 1,000 calls",
            figures.per_thousand_calls(per_call),
            "The cost of priced calls, divided by their number.",
            growth=figures.growth(per_call, before.cost_per_call_pico_usd_exact if before else None),
            is_cost=True,
        ),
        Card(
            "Tokens",
            figures.short_count(totals.tokens),
            "Tokens of every class together, cached ones included.",
            growth=figures.growth(totals.tokens, before.tokens if before else None),
        ),
        Card(
            "Unpriced calls",
            figures.count(totals.unpriced_calls),
            "Calls whose price is not known. No cost on this page contains them; they never count as free.",
            bars=unpriced,
        ),
    ]
    draw_cards(cards, chosen.before_label)


def draw_cards(cards: Sequence[Card], before_label: str, *, columns: Literal["auto"] | int = "auto") -> None:
    """Draw cards beside each other, each saying against what it changed."""
    with st.grid(columns, min_column_width=172, row_height=HEIGHT):
        for card in cards:
            _draw(card, before_label)


def _draw(card: Card, before_label: str) -> None:
    delta = card.delta
    if delta is None and card.growth is not None:
        delta = figures.change(card.growth)
    delta = None if delta is None else delta.replace(figures.MINUS, "-")
    is_flat = delta is not None and delta.startswith("0")
    colour: Literal["normal", "inverse", "off"] = "inverse" if card.is_cost else "normal" if card.is_earned else "off"
    with st.container(border=True, height="stretch", gap=None, vertical_alignment="distribute"):
        st.metric(
            card.label,
            card.value.replace("$", r"\$"),
            delta,
            delta_color="off" if is_flat else colour,
            delta_arrow="off" if is_flat else "auto",
            delta_description=(card.against or before_label) if delta is not None else None,
            help=card.definition,
        )
        if card.note:
            note(card.note)
        small_bars(card.bars, is_money=card.is_cost or card.is_earned)
