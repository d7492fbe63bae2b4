"""The charts of margin: by month with what is open, from one period to the next, and customer by customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go

from pages.parts.charts import LAYOUT, REST, plain
from pages.parts.figures import accounting, margin_share, money, money_for_chart, share

REVENUE, COST, FEES = "#2f8c9a", "#d1923a", "#98a2ab"
GOOD, BAD, PLUM = "#3d9a6d", "#c75b4a", "#8f6f9c"
BAND = "rgba(61, 154, 109, 0.2)"
ZERO = {"zeroline": True, "zerolinecolor": REST, "zerolinewidth": 1.4}
"""What these colours say can be read on paper and on ink."""
POINTS_DRAWN_SINGLY = 1000
NAMED_MAX = 6
"""So many dots of each kind carry their names; all do under the pointer."""
DOLLARS = "$,.4~f"
"""How d3 writes dollars: with the sign before them, and the digits that matter."""


@dataclass(frozen=True)
class MonthDrawn:
    """One month of the trend; None is what is not known."""

    month: date
    revenue_pico: Decimal | None
    llm_pico: Decimal
    other_pico: Decimal
    margin_pico: Decimal | None
    margin_share: Decimal | None
    low_pico: Decimal | None
    high_pico: Decimal | None
    llm_share: Decimal | None
    is_running: bool


@dataclass(frozen=True)
class Series:
    """One named row of amounts, a month each."""

    name: str
    amounts: Sequence[Decimal | None]
    colour: str = REST


def margin_by_month(months: Sequence[MonthDrawn]) -> go.Figure:
    """Draw revenue beside the costs that it must carry, and the margin as a line with the span in which it must lie."""
    names = [_month_name(month) for month in months]
    figure = go.Figure()
    revenue = Series("Revenue", [month.revenue_pico for month in months])
    _bars(figure, names, revenue, colour=REVENUE, group="revenue")
    _bars(figure, names, Series("LLM cost", [month.llm_pico for month in months]), colour=COST, group="cost")
    if any(month.other_pico for month in months):
        other = Series("Fees and shared costs", [month.other_pico for month in months])
        _bars(figure, names, other, colour=FEES, group="cost")
    _band(figure, names, months)
    margins = [month.margin_pico for month in months]
    figure.add_scatter(
        x=names,
        y=[None if margin is None else money_for_chart(margin) for margin in margins],
        name="Gross margin",
        mode="lines+markers",
        line={"color": GOOD, "width": 2.5},
        marker={"size": 9, "color": [BAD if margin is not None and margin < 0 else GOOD for margin in margins]},
        customdata=[accounting(margin) for margin in margins],
        hovertemplate="%{customdata}<extra>Gross margin</extra>",
    )
    figure.update_layout(**LAYOUT, barmode="relative", hovermode="x unified", bargroupgap=0.08)
    under = [f"{month.month:%b}<br><b>{margin_share(month.margin_share)}</b>" for month in months]
    figure.update_xaxes(showgrid=False, type="category", tickvals=names, ticktext=under)
    figure.update_yaxes(tickformat=DOLLARS, **ZERO)
    return figure


def llm_share_by_month(months: Sequence[MonthDrawn]) -> go.Figure:
    """Draw which part of revenue the LLM bill takes, month by month."""
    known = [month for month in months if month.llm_share is not None]
    shares = [month.llm_share for month in known if month.llm_share is not None]
    figure = go.Figure()
    figure.add_scatter(
        x=[f"{month.month:%b}<br>{'so far' if month.is_running else month.month.year}" for month in known],
        y=[float(each * 100) for each in shares],
        mode="lines+markers+text",
        line={"color": COST, "width": 2.5},
        marker={"size": 8},
        fill="tozeroy",
        fillcolor="rgba(209, 146, 58, 0.14)",
        text=[share(each) for each in shares],
        textposition="top center",
        hovertemplate="%{text} of revenue<extra></extra>",
        cliponaxis=False,
        showlegend=False,
    )
    figure.update_layout(**LAYOUT)
    figure.update_xaxes(showgrid=False, type="category", range=[-0.45, len(known) - 0.55])
    top = max((float(each * 100) for each in shares), default=1)
    figure.update_yaxes(ticksuffix=" %", range=[0, top * 1.2], nticks=5)
    return figure


def bridge(steps: Sequence[tuple[str, Decimal]], *, start: tuple[str, Decimal], end: str) -> go.Figure:
    """Draw the way from one margin to the next: what each part added or took."""
    total = start[1] + sum((amount for _, amount in steps), Decimal(0))
    names = [start[0], *(name for name, _ in steps), end]
    amounts = [start[1], *(amount for _, amount in steps), total]
    figure = go.Figure()
    figure.add_waterfall(
        x=names,
        y=[money_for_chart(amount) for amount in amounts],
        measure=["absolute", *("relative" for _ in steps), "total"],
        increasing={"marker": {"color": GOOD}},
        decreasing={"marker": {"color": BAD}},
        totals={"marker": {"color": REVENUE}},
        connector={"line": {"color": REST, "width": 1}},
        text=[money(amounts[0]), *(_signed(amount) for amount in amounts[1:-1]), money(total)],
        textposition="outside",
        hovertemplate="%{x}: %{text}<extra></extra>",
        cliponaxis=False,
    )
    figure.update_layout(**{**LAYOUT, "margin": {"l": 0, "r": 8, "t": 26, "b": 0}}, showlegend=False)
    figure.update_xaxes(showgrid=False, type="category", tickangle=0, automargin=True)
    figure.update_yaxes(visible=False, range=_near(amounts))
    return figure


@dataclass(frozen=True)
class Dot:
    """One customer of the scatter."""

    name: str
    revenue_pico: Decimal
    margin_pico: Decimal


def revenue_against_margin(dots: Sequence[Dot]) -> go.Figure:
    """Draw each customer by what it pays and what it leaves; below the line it costs more than it pays."""
    losing = sorted((dot for dot in dots if dot.margin_pico < 0), key=lambda dot: dot.margin_pico)[:NAMED_MAX]
    named = {*losing, *sorted(dots, key=lambda dot: dot.revenue_pico)[-2:]}
    kind: Any = go.Scatter if len(dots) <= POINTS_DRAWN_SINGLY else go.Scattergl
    figure = go.Figure()
    figure.add_trace(
        kind(
            x=[money_for_chart(dot.revenue_pico) for dot in dots],
            y=[money_for_chart(dot.margin_pico) for dot in dots],
            mode="markers+text",
            textposition=["bottom center" if dot.margin_pico < 0 else "top center" for dot in dots],
            textfont={"size": 12},
            marker={
                "size": 11,
                "opacity": 0.8,
                "color": [BAD if dot.margin_pico < 0 else GOOD for dot in dots],
                "line": {"width": 0},
            },
            text=[plain(dot.name) if dot in named else "" for dot in dots],
            customdata=[[money(dot.revenue_pico), accounting(dot.margin_pico), plain(dot.name)] for dot in dots],
            hovertemplate="<b>%{customdata[2]}</b><br>pays %{customdata[0]}<br>leaves %{customdata[1]}<extra></extra>",
            showlegend=False,
        )
    )
    figure.update_layout(**{**LAYOUT, "margin": {"l": 0, "r": 12, "t": 8, "b": 0}}, hovermode="closest", dragmode=False)
    figure.update_xaxes(tickformat=DOLLARS, title="Revenue", showgrid=True, zeroline=False)
    figure.update_yaxes(tickformat=DOLLARS, title="Margin", **{**ZERO, "zerolinewidth": 2, "zerolinecolor": BAD})
    return figure


def lines_by_month(months: Sequence[date], series: Sequence[Series], *, emphasised: str) -> go.Figure:
    """Draw amounts by month, one line each, the asked one in front."""
    names = [f"{month:%b %Y}" for month in months]
    figure = go.Figure()
    for each in series:
        is_asked = each.name == emphasised
        figure.add_scatter(
            x=names,
            y=[None if amount is None else money_for_chart(amount) for amount in each.amounts],
            name=each.name,
            mode="lines+markers" if is_asked else "lines",
            line={"color": each.colour, "width": 3.2 if is_asked else 1.6, "dash": None if is_asked else "dot"},
            opacity=1 if is_asked else 0.75,
            customdata=[money(amount) for amount in each.amounts],
            hovertemplate=f"%{{customdata}}<extra>{each.name}</extra>",
        )
    figure.update_layout(**LAYOUT, hovermode="x unified")
    under = [f"{month:%b}<br>{month:%Y}" for month in months]
    figure.update_xaxes(showgrid=False, type="category", tickvals=names, ticktext=under)
    figure.update_yaxes(tickformat=DOLLARS, rangemode="tozero")
    return figure


def revenue_over_models(months: Sequence[date], revenue: Series, models: Sequence[Series], margin: Series) -> go.Figure:
    """Draw what a customer's calls cost by model, against the line of what it pays."""
    names = [f"{month:%b %Y}" for month in months]
    figure = go.Figure()
    for model in models:
        figure.add_bar(
            x=names,
            y=[0 if amount is None else money_for_chart(amount) for amount in model.amounts],
            name=plain(model.name),
            marker_color=REST if model.name == "Other models" else None,
            customdata=[money(amount or Decimal(0)) for amount in model.amounts],
            hovertemplate="%{customdata}<extra>%{fullData.name}</extra>",
        )
    for line, colour, dash in ((revenue, REVENUE, None), (margin, GOOD, "dot")):
        if any(amount is not None for amount in line.amounts):
            figure.add_scatter(
                x=names,
                y=[None if amount is None else money_for_chart(amount) for amount in line.amounts],
                name=line.name,
                mode="lines+markers",
                line={"color": colour, "width": 3, "dash": dash},
                customdata=[accounting(amount) for amount in line.amounts],
                hovertemplate=f"%{{customdata}}<extra>{line.name}</extra>",
            )
    figure.update_layout(**LAYOUT, barmode="stack", hovermode="x unified")
    under = [f"{month:%b}<br>{month:%Y}" for month in months]
    figure.update_xaxes(showgrid=False, type="category", tickvals=names, ticktext=under)
    figure.update_yaxes(tickformat=DOLLARS, **ZERO)
    return figure


def _bars(figure: go.Figure, names: Sequence[str], drawn: Series, *, colour: str, group: str) -> None:
    figure.add_bar(
        x=list(names),
        y=[None if amount is None else money_for_chart(amount) for amount in drawn.amounts],
        name=drawn.name,
        marker_color=colour,
        opacity=0.85,
        offsetgroup=group,
        customdata=[money(amount) for amount in drawn.amounts],
        hovertemplate=f"%{{customdata}}<extra>{drawn.name}</extra>",
    )


def _band(figure: go.Figure, names: Sequence[str], months: Sequence[MonthDrawn]) -> None:
    """Lay the span between low and high behind the line, where it is wide enough to be seen."""
    if all(month.low_pico == month.high_pico for month in months):
        return
    lows = [month.low_pico if month.low_pico is not None else month.margin_pico for month in months]
    highs = [month.high_pico if month.high_pico is not None else month.margin_pico for month in months]
    shared: dict[str, Any] = {"x": list(names), "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    figure.add_scatter(
        y=[None if high is None else money_for_chart(high) for high in highs], showlegend=False, **shared
    )
    figure.add_scatter(
        y=[None if low is None else money_for_chart(low) for low in lows],
        fill="tonexty",
        fillcolor=BAND,
        name="What is open",
        **shared,
    )


def _near(amounts: Sequence[Decimal]) -> list[float] | None:
    """Return where a bridge is looked at: from near its lowest step on, where all of it lies far above zero."""
    levels = [amounts[0]]
    for amount in amounts[1:-1]:
        levels.append(levels[-1] + amount)
    low, high = min(levels), max(levels)
    room = max((high - low) * Decimal("0.35"), high * Decimal("0.02"))
    if low - 2 * room <= 0:
        return None
    return [money_for_chart(low - 2 * room), money_for_chart(high + room)]


def _month_name(month: MonthDrawn) -> str:
    return f"{month.month:%b %Y}" if not month.is_running else f"{month.month:%b} so far"


def _signed(amount: Decimal) -> str:
    return f"+{money(amount)}" if amount > 0 else money(amount)


def margins(rows: Sequence[tuple[str, Decimal]]) -> go.Figure:
    """Draw margins as bars to both sides of zero, the largest above."""
    figure = go.Figure()
    figure.add_bar(
        y=[plain(name) for name, _ in rows],
        x=[money_for_chart(margin) for _, margin in rows],
        orientation="h",
        marker_color=[BAD if margin < 0 else GOOD for _, margin in rows],
        text=[accounting(margin) for _, margin in rows],
        textposition="auto",
        hovertemplate="%{y}: %{text}<extra></extra>",
    )
    figure.update_layout(**{**LAYOUT, "height": 70 + 34 * max(len(rows), 3)}, showlegend=False)
    # A short bar's figure stands beside it, and needs room there on a narrow screen too.
    low, high = (end(Decimal(0), end(margin for _, margin in rows)) for end in (min, max))
    room = (high - low) * Decimal("0.25")
    reach = [money_for_chart(low - room if low else low), money_for_chart(high + room if high else high)]
    figure.update_xaxes(tickformat=DOLLARS, nticks=6, range=reach, **ZERO)
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    return figure
