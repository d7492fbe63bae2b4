"""The table of customers with their margins, and the rows that complete it to the total."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import streamlit as st

from billing_core.queries.margin_by_customer import CustomerMargin, MarginRanking
from billing_core.queries.usage_filter import UNATTRIBUTED
from pages.parts import figures, tables
from pages.parts.margin_words import MEANING, share_of
from pages.parts.words import UNATTRIBUTED_NAME

LOSES, EARNS, ONLY_USAGE, UNKNOWN_COST = "at a loss", "earns", "not in Stripe", "cost unknown"
STATUSES = {LOSES: "red", EARNS: "green", ONLY_USAGE: "orange", UNKNOWN_COST: "orange"}


def customer_table(
    ranked: MarginRanking, sparks: Mapping[int, list[float]], whole: CustomerMargin, *, is_all: bool
) -> int | None:
    """Draw customers, others, unattributed and total; return the number of the chosen customer.

    Shares are of `whole`, whatever was searched for.
    """
    rows, names, opens = list(ranked.shown), [row.name for row in ranked.shown], _numbers(ranked.shown)
    if ranked.others_count:
        rows.append(ranked.others)
        names.append(figures.counted(ranked.others_count, "other customer"))
        opens.append(None)
    if _has_anything(ranked.unattributed):
        rows.append(ranked.unattributed)
        names.append(UNATTRIBUTED_NAME)
        opens.append(UNATTRIBUTED)
    rows.append(ranked.total)
    names.append("Total" if is_all else "Total of these")
    opens.append(None)
    named = len(ranked.shown)
    place = tables.table(
        {"name": names, **_columns(rows, whole, named=named, sparks=sparks)},
        key="customers",
        alt="Customers by margin, with the rows that add up to the total",
        config=_config(rows),
        signed=("margin", "margin_percent"),
    )
    return None if place is None else opens[place]


def status_of(row: CustomerMargin) -> str | None:
    """Return in a word how a customer stands."""
    if row.known_cost_pico is None:
        return UNKNOWN_COST
    if row.known_revenue_pico is None:
        return ONLY_USAGE
    return LOSES if row.is_unprofitable else EARNS


def _numbers(rows: Sequence[CustomerMargin]) -> list[int | None]:
    return [row.customer_id for row in rows]


def _has_anything(row: CustomerMargin) -> bool:
    return bool(row.calls or row.cost_pico or row.revenue_pico or row.fees_pico or row.shared_pico)


def _columns(
    rows: Sequence[CustomerMargin], whole: CustomerMargin, *, named: int, sparks: Mapping[int, list[float]]
) -> dict[str, list[Any]]:
    customers, rest = rows[:named], rows[named:]
    empty: list[Any] = [None] * len(rest)
    return {
        "plan": [row.plan_name or None for row in customers] + empty,
        "segment": [[row.segment] if row.segment else None for row in customers] + empty,
        "revenue": tables.amounts(
            [row.known_revenue_pico for row in customers] + [_known(row.revenue_pico, rows) for row in rest]
        ),
        "cost": tables.amounts(row.known_cost_pico for row in rows),
        "fees": tables.amounts(_other_costs(row) for row in rows),
        "margin": tables.amounts(
            [row.known_margin_pico for row in customers] + [_known(row.margin_pico, rows) for row in rest]
        ),
        "margin_percent": tables.signed_percent(row.margin_share for row in rows),
        "months": [sparks.get(row.customer_id) for row in customers] + empty,
        "share_of_cost": tables.percent(share_of(row.cost_pico, whole.cost_pico) for row in rows),
        "share_of_revenue": tables.percent(share_of(row.revenue_pico, whole.revenue_pico) for row in rows),
        "status": [[status_of(row)] for row in customers] + empty,
        "calls": [row.calls for row in rows],
        "unpriced": [row.unpriced_calls or None for row in rows],
    }


def _known(pico: Decimal | None, rows: Sequence[CustomerMargin]) -> Decimal | None:
    """Return an amount of a sum; None where Stripe knows nobody and there is no revenue: unknown, and not nothing."""
    return pico if any(row.is_in_stripe or row.revenue_pico for row in rows) else None


def _other_costs(row: CustomerMargin) -> Any:
    return None if row.fees_pico is None or row.shared_pico is None else row.fees_pico + row.shared_pico


def _config(rows: Sequence[CustomerMargin]) -> dict[str, object]:
    segments = sorted({row.segment for row in rows if row.segment})
    column = st.column_config
    return {
        "name": column.TextColumn("Customer", width=152, pinned=True),
        "plan": column.TextColumn("Plan", width=108),
        "segment": column.MultiselectColumn("Segment", options=segments, color="auto", width=86),
        "revenue": tables.money_column("Revenue", [row.revenue_pico for row in rows]),
        "cost": tables.money_column("LLM cost", [row.cost_pico for row in rows]),
        "fees": tables.money_column("Fees", [_other_costs(row) for row in rows]),
        "margin": column.NumberColumn("Margin", format="accounting", help=MEANING["margin"]),
        "margin_percent": tables.margin_column("Margin %", help_text="Empty where there is no revenue."),
        "months": column.BarChartColumn("6 months", width=66, help="Margin of each of six months."),
        "share_of_cost": tables.share_column("of LLM cost", width=90),
        "share_of_revenue": tables.share_column("of revenue", width=90),
        "status": column.MultiselectColumn("Status", options=list(STATUSES), color=list(STATUSES.values()), width=96),
        "calls": column.NumberColumn("Calls", format="localized"),
        "unpriced": column.NumberColumn("Unpriced calls", format="localized"),
    }
