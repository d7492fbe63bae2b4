"""Segments: which product, plan, segment, model and feature earns; each way of cutting adds up to the overview."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from billing_core.queries.margin_by_model import margin_by_model
from billing_core.queries.margin_cuts import MarginCut, margin_cuts
from billing_core.queries.margin_totals import MarginTotals, margin_totals
from billing_core.queries.stripe_connections import stripe_connections
from billing_core.queries.usage_filter import UsageFilter
from billing_core.queries.usage_freshness import UsageFreshness, usage_freshness
from pages.parts import charts, links, margin_charts, tables
from pages.parts import person as who
from pages.parts.empty import connect_stripe, no_revenue_of_models, nothing_here, start_here
from pages.parts.filters import (
    NO_FEATURE_LABEL,
    NO_PLAN_LABEL,
    NO_PRODUCT_LABEL,
    NO_SEGMENT_LABEL,
    SECONDS_OLD_MAX,
    Narrowed,
    filter_bar,
)
from pages.parts.look import chips, heading, note
from pages.parts.margin_words import MEANING, margin_completeness, share_of
from pages.parts.words import (
    NO_FEATURE_NAME,
    NO_MODEL_NAME,
    NO_PLAN_NAME,
    NO_PRODUCT_NAME,
    NO_SEGMENT_NAME,
    freshness_words,
)

NO_NAMES = {
    "Product": NO_PRODUCT_NAME,
    "Plan": NO_PLAN_NAME,
    "Segment": NO_SEGMENT_NAME,
    "Model": NO_MODEL_NAME,
    "Feature": NO_FEATURE_NAME,
}
CUTS = tuple(NO_NAMES)
FILTER_OF_NONE = {
    "Product": NO_PRODUCT_LABEL,
    "Plan": NO_PLAN_LABEL,
    "Segment": NO_SEGMENT_LABEL,
    "Feature": NO_FEATURE_LABEL,
}
BARS_MAX = 12


@dataclass(frozen=True)
class Numbers:
    """The same margin cut one way, and what it adds up to, as of one instant."""

    totals: MarginTotals
    cuts: list[MarginCut]
    freshness: UsageFreshness | None
    has_stripe: bool


def page() -> None:
    """Draw the page."""
    heading("Segments", "Which product, plan, segment, model and feature earns, and which costs more than it brings?")
    person = who.current_person()
    if person is None:
        return
    narrowed = filter_bar(person, page="segments")
    if narrowed is None:
        start_here()
        return
    top = st.container()
    said = st.query_params.get("cut", "").capitalize()
    cut = st.segmented_control(
        "Cut by",
        CUTS,
        default=said if said in CUTS else CUTS[0],
        required=True,
        key="cut",
        label_visibility="collapsed",
    )
    cut = cut or CUTS[0]
    links.in_url("cut", cut.lower())
    numbers = _numbers(person.tenant_id, person.role, narrowed.asked, cut)
    with top:
        chips([freshness_words(numbers.freshness), *margin_completeness(numbers.totals)])
    if not numbers.cuts:
        nothing_here()
        return
    if not numbers.has_stripe:
        connect_stripe()
    elif not numbers.totals.has_revenue:
        no_revenue_of_models()
    chosen = _table(cut, numbers)
    if chosen is not None:
        _open(cut, chosen, narrowed)
    note(_how(cut))
    if numbers.has_stripe and numbers.totals.has_revenue:
        _chart(cut, numbers.cuts)


@st.cache_data(ttl=SECONDS_OLD_MAX, max_entries=100, show_spinner=False)
def _numbers(tenant_id: int, role: str, asked: UsageFilter, cut: str) -> Numbers:
    with who.books_of(tenant_id, role) as workspace:
        if cut in {"Model", "Feature"}:
            models = margin_by_model(workspace, asked)
            rows = models.by_model if cut == "Model" else models.by_feature
        else:
            cuts = margin_cuts(workspace, asked)
            rows = {"Product": cuts.by_product, "Plan": cuts.by_plan, "Segment": cuts.by_segment}[cut]
        return Numbers(
            margin_totals(workspace, asked), rows, usage_freshness(workspace), bool(stripe_connections(workspace))
        )


def _name(cut: str, row: MarginCut) -> str:
    if not row.is_assigned:
        return NO_NAMES[cut]
    return charts.model_name(row.provider, row.name) if cut == "Model" else row.name


def _table(cut: str, numbers: Numbers) -> MarginCut | None:
    rows, totals = numbers.cuts, numbers.totals
    with_total: Sequence[MarginCut | MarginTotals] = [*rows, totals]
    revenue = [row.revenue_pico for row in rows]
    columns: dict[str, list[Any]] = {
        "name": [*(_name(cut, row) for row in rows), "Total"],
        "revenue": tables.amounts([*revenue, totals.revenue_pico if totals.booked else None]),
        "cost": tables.amounts([*(row.known_cost_pico for row in rows), totals.known_cost_pico]),
        "fees": tables.amounts(_other(row) for row in with_total),
        "margin": tables.amounts([*(row.margin_pico for row in rows), totals.margin_pico if totals.booked else None]),
        "margin_percent": tables.signed_percent(row.margin_share for row in with_total),
        "llm_share": tables.percent(row.llm_share for row in with_total),
        "share_of_cost": tables.percent(share_of(row.cost_pico, totals.cost_pico) for row in with_total),
        "share_of_revenue": tables.percent(share_of(row.revenue_pico, totals.revenue_pico) for row in with_total),
        "calls": [row.calls for row in with_total],
        "unpriced": [row.unpriced_calls or None for row in with_total],
    }
    place = tables.table(
        columns,
        key=f"cut_{cut.lower()}",
        alt=f"Margin by {cut.lower()}, least first, adding up to the total",
        config={
            "name": st.column_config.TextColumn(cut, width="medium", pinned=True),
            "revenue": tables.money_column("Revenue", revenue),
            "cost": tables.money_column("LLM cost", [row.cost_pico for row in rows]),
            "fees": tables.money_column("Fees", [_other(row) for row in rows]),
            "margin": st.column_config.NumberColumn("Margin", format="accounting", help=MEANING["margin"]),
            "margin_percent": tables.margin_column("Margin %"),
            "llm_share": st.column_config.NumberColumn("LLM of revenue", format="%.1f %%", help=MEANING["llm_share"]),
            "share_of_cost": tables.share_column("of LLM cost"),
            "share_of_revenue": tables.share_column("of revenue"),
            "calls": st.column_config.NumberColumn("Calls", format="localized"),
            "unpriced": st.column_config.NumberColumn("Unpriced calls", format="localized"),
        },
        signed=("margin", "margin_percent"),
    )
    return rows[place] if place is not None and place < len(rows) else None


def _other(row: MarginCut | MarginTotals) -> Any:
    return None if row.fees_pico is None or row.shared_pico is None else row.fees_pico + row.shared_pico


def _open(cut: str, row: MarginCut, narrowed: Narrowed) -> None:
    """Open the customers of a slice: a filter of the same name narrows them."""
    word = _name(cut, row) if row.is_assigned else FILTER_OF_NONE.get(cut)
    if word is not None:
        links.go("customers", narrowed.link(**{cut.lower(): word}))


def _how(cut: str) -> str:
    if cut in {"Model", "Feature"}:
        return (
            f"Revenue has no {cut.lower()}: each customer's revenue and fees are split over its {cut.lower()}s as its "
            "LLM cost is, so that the rows add up to the total. Tick a row to open its customers; there the filter "
            "narrows the cost only."
        )
    if cut == "Product":
        return (
            "The rows add up to the total of the overview. Fees and shared costs belong to no product: they stand in a "
            "row of their own. Tick a row to open its customers."
        )
    return (
        "The rows add up to the total of the overview, what is not assigned included. Tick a row to open its customers."
    )


def _chart(cut: str, rows: Sequence[MarginCut]) -> None:
    known = [(_name(cut, row), row.margin_pico) for row in rows if row.margin_pico is not None]
    shown = [(name, margin) for name, margin in known if margin]
    if not shown:
        return
    dearest = sorted(shown, key=lambda each: abs(each[1]), reverse=True)[:BARS_MAX]
    with st.container(border=True):
        st.subheader(f"What does each {cut.lower()} leave?", anchor=False)
        if len(shown) > len(dearest):
            note(f"The {len(dearest)} largest of {len(shown)}; the table has them all.")
        figure = margin_charts.margins(sorted(dearest, key=lambda each: each[1], reverse=True))
        charts.show(figure, key="margins", alt=f"Gross margin by {cut.lower()}, losses in red")
