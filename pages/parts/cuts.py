"""The tables by model, feature and product: where the money goes; what has no name or price is a row of its own."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import streamlit as st

from billing_core.queries.usage_cuts import UsageCut, UsageCuts
from billing_core.queries.usage_totals import UsageTotals
from pages.parts import links
from pages.parts.charts import series_name
from pages.parts.figures import money_for_chart
from pages.parts.filters import NO_FEATURE_LABEL, NO_PRODUCT_LABEL, Narrowed
from pages.parts.margin_words import share_of
from pages.parts.tables import money_column, percent, share_column, table
from pages.parts.words import feature_words, product_words


def cut_tables(
    cuts: UsageCuts, totals: UsageTotals, narrowed: Narrowed, *, revenue_pico: Decimal | None = None, **more: str
) -> None:
    """Draw the tables in tabs, each adding up to the same total; a chosen row opens its events.

    Where the revenue is known, each cost stands beside its share of it.
    """

    def draw(what: str, rows: Sequence[UsageCut], *, name_of: Callable[[UsageCut], str]) -> UsageCut | None:
        return _cut_table(what, rows, totals, name_of=name_of, revenue_pico=revenue_pico)

    names = ["By model", "By feature", "By product", "By model and feature"]
    by_model, by_feature, by_product, by_both = st.tabs(names, key="cuts", on_change="rerun")
    if by_model.open:
        with by_model:
            chosen = draw("Model", cuts.by_model, name_of=series_name)
            if chosen is not None:
                links.go("events", narrowed.link(model=series_name(chosen), **more))
    if by_feature.open:
        with by_feature:
            chosen = draw("Feature", cuts.by_feature, name_of=lambda cut: feature_words(cut.feature))
            if chosen is not None:
                links.go("events", narrowed.link(feature=chosen.feature or NO_FEATURE_LABEL, **more))
    if by_product.open:
        with by_product:
            chosen = draw("Product", cuts.by_product, name_of=lambda cut: product_words(cut.product_name))
            if chosen is not None:
                links.go("events", narrowed.link(product=chosen.product_name or NO_PRODUCT_LABEL, **more))
    if by_both.open:
        with by_both:
            chosen = draw("Model and feature", cuts.by_model_and_feature, name_of=_both)
            if chosen is not None:
                words = {"model": series_name(chosen), "feature": chosen.feature or NO_FEATURE_LABEL}
                links.go("events", narrowed.link(**words, **more))
    st.caption("Tick a row to open its calls.")


def _both(cut: UsageCut) -> str:
    return f"{series_name(cut)} · {feature_words(cut.feature)}"


def _cut_table(
    what: str,
    rows: Sequence[UsageCut],
    totals: UsageTotals,
    *,
    name_of: Callable[[UsageCut], str],
    revenue_pico: Decimal | None,
) -> UsageCut | None:
    per_call = [row.cost_per_call_pico_usd_exact for row in rows]
    thousand = [None if one is None else one * 1000 for one in per_call]
    of_revenue = {"of_revenue": percent(share_of(row.cost_pico_usd, revenue_pico) for row in rows)}
    place = table(
        {
            "name": [name_of(row) for row in rows],
            # A model without any price costs nobody knows what, not nothing.
            "cost": [None if row.unpriced_calls == row.calls else money_for_chart(row.cost_pico_usd) for row in rows],
            "share": percent(totals.share_of_cost(row.cost_pico_usd) for row in rows),
            **(of_revenue if revenue_pico else {}),
            "calls": [row.calls for row in rows],
            "thousand": [None if one is None else money_for_chart(one) for one in thousand],
            "unpriced": [row.unpriced_calls or None for row in rows],
        },
        key=f"by_{what.lower().replace(' ', '_')}",
        alt=f"Cost by {what.lower()}, dearest first",
        config={
            "name": st.column_config.TextColumn(what, width="medium"),
            "cost": money_column("Cost", [row.cost_pico_usd for row in rows]),
            "share": share_column("Share of cost"),
            "of_revenue": st.column_config.NumberColumn("Of revenue", format="%.1f %%"),
            "calls": st.column_config.NumberColumn("Calls", format="localized"),
            "thousand": money_column("Per 1,000 calls", thousand),
            "unpriced": st.column_config.NumberColumn("Unpriced calls", format="localized"),
        },
    )
    return None if place is None else rows[place]
