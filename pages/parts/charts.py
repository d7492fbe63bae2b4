"""The charts: one template for all of them, in the colours of the light or the dark theme."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from billing_core.queries.usage_cuts import UsageCut
from pages.parts.figures import money, money_for_chart
from pages.parts.period import PeriodChoice

HEIGHT = 362
LAYOUT: dict[str, Any] = {
    "height": HEIGHT,
    "margin": {"l": 0, "r": 8, "t": 8, "b": 0},
    "bargap": 0.28,
    "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
}
"""What all charts share; colours come from the theme, so that they change with it."""

BAR_OF_STEP = {"day": timedelta(hours=17), "month": timedelta(days=21)}
"""How broad a step's bar is drawn: left to itself, the only day with usage is a hair's breadth."""

ROWS_SHOWN_MIN = 7
"""A ranking of fewer rows leaves room below, so that one customer is a bar and not a block."""

COLOURS_SHOWN = 6
"""More models than these are one grey series: nobody tells a tenth colour from a ninth."""
OTHER = "Other models"


REST = "#98a2ab"
"""The grey of what is not named; it can be read on light and on dark."""


def model_name(provider: str, model: str) -> str:
    """Return what a model is called: with its provider, since two may carry a model of one name."""
    return f"{provider}/{model}"


def series_name(cut: UsageCut) -> str:
    """Return what the model of a slice is called."""
    return model_name(cut.provider or "", cut.model or "")


def bars_of(cuts: Sequence[UsageCut], chosen: PeriodChoice) -> tuple[list[float], list[float], list[float]]:
    """Return cost, calls and unpriced calls of each step of a period, with the steps without usage as 0."""
    costs = dict.fromkeys(chosen.steps, Decimal(0))
    calls = dict.fromkeys(chosen.steps, 0)
    unpriced = dict.fromkeys(chosen.steps, 0)
    for cut in cuts:
        if cut.day in costs:
            costs[cut.day] += cut.cost_pico_usd
            calls[cut.day] += cut.calls
            unpriced[cut.day] += cut.unpriced_calls
    return (
        [money_for_chart(cost) for cost in costs.values()],
        [float(number) for number in calls.values()],
        [float(number) for number in unpriced.values()],
    )


def cost_by_step(cuts: Sequence[UsageCut], ranked: Sequence[UsageCut], chosen: PeriodChoice) -> go.Figure:
    """Stack the cost of each day or month by model, the dearest below."""
    named = [series_name(cut) for cut in ranked if cut.cost_pico_usd][:COLOURS_SHOWN]
    costs: dict[str, dict[date, Decimal]] = {name: {} for name in [*named, OTHER]}
    for cut in cuts:
        if cut.day is not None and cut.cost_pico_usd:
            of = costs[series_name(cut) if series_name(cut) in named else OTHER]
            of[cut.day] = of.get(cut.day, Decimal(0)) + cut.cost_pico_usd
    figure = go.Figure()
    for name, days in costs.items():
        if days:
            figure.add_bar(
                x=list(days),
                y=[money_for_chart(cost) for cost in days.values()],
                name=plain(name),
                width=BAR_OF_STEP[chosen.step] / timedelta(milliseconds=1),
                marker_color=REST if name == OTHER else None,
                customdata=[money(cost) for cost in days.values()],
                hovertemplate="%{customdata}<extra>%{fullData.name}</extra>",
            )
    half = timedelta(hours=14) if chosen.step == "day" else timedelta(days=16)
    first, last = (datetime.combine(step, time()) for step in (chosen.steps[0], chosen.steps[-1]))
    figure.update_layout(**LAYOUT, barmode="stack", hovermode="x unified")
    figure.update_xaxes(
        range=[first - half, last + half], showgrid=False, tickformat="%-d %b" if chosen.step == "day" else "%b %Y"
    )
    figure.update_yaxes(tickformat="$,.4~f", rangemode="tozero")
    return figure


def show(figure: go.Figure, *, key: str, alt: str) -> None:
    """Draw a chart; Streamlit lays the theme's colours and fonts over it, and changes them with the theme."""
    st.plotly_chart(figure, key=key, theme="streamlit", config={"displayModeBar": False}, alt=alt)


def choose(figure: go.Figure, *, key: str, alt: str) -> int | None:
    """Draw a chart whose points can be clicked; return the place of the clicked one in the first trace."""
    picked: Any = st.plotly_chart(
        figure,
        key=key,
        theme="streamlit",
        config={"displayModeBar": False},
        alt=alt,
        on_select="rerun",
        selection_mode="points",
    )
    points = picked.selection.points
    return int(points[0]["point_index"]) if points else None


def plain(name: str) -> str:
    """Return a name that Plotly draws letter by letter: it reads <b> and the like as markup."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
