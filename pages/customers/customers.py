"""Customers: what each one pays, costs and leaves, least profitable first, always adding up to the total."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import streamlit as st

from billing_core.periods import DatePeriod
from billing_core.queries.margin_by_customer import (
    CustomerMargin,
    margin_by_customer,
    margin_ranking,
    sum_of,
)
from billing_core.queries.margin_by_customer_month import CustomerMarginMonth, margin_by_customer_month
from billing_core.queries.margin_totals import MarginTotals, margin_totals
from billing_core.queries.stripe_connections import stripe_connections
from billing_core.queries.usage_filter import UsageFilter
from billing_core.queries.usage_freshness import UsageFreshness, usage_freshness
from pages.parts import charts, figures, links, margin_charts
from pages.parts import person as who
from pages.parts.customer_files import download
from pages.parts.customer_table import customer_table
from pages.parts.empty import connect_stripe, no_revenue_of_models, nothing_here, start_here
from pages.parts.filters import SECONDS_OLD_MAX, Narrowed, filter_bar
from pages.parts.look import chips, heading, note
from pages.parts.margin_words import margin_completeness
from pages.parts.words import freshness_words

SHOWN = 100
"""So many customers to a page."""

LAST = Decimal("Infinity")


def _share_or_end(row: CustomerMargin) -> Decimal:
    """Put who pays nothing and costs something before all percentages, and who is not known behind them."""
    if row.margin_share is not None:
        return row.margin_share
    return -LAST if row.is_unprofitable else LAST


Rank = Callable[[CustomerMargin], Decimal]
RANKS: dict[str, Rank] = {
    "Margin": lambda row: LAST if row.known_margin_pico is None else row.known_margin_pico,
    "Margin %": _share_or_end,
    "LLM cost": lambda row: -row.cost_pico,
    "Revenue": lambda row: -(row.revenue_pico or Decimal(0)),
    "Cost growth": lambda row: (row.cost_before_pico or Decimal(0)) - row.cost_pico,
    "Unpriced calls": lambda row: Decimal(-row.unpriced_calls),
}
"""What comes first: the least margin, the most of all else."""


@dataclass(frozen=True)
class Numbers:
    """Everything but the small charts, as of one instant."""

    totals: MarginTotals
    rows: list[CustomerMargin]
    freshness: UsageFreshness | None
    has_stripe: bool


def page() -> None:
    """Draw the page."""
    heading("Customers", "What does each customer earn us, and who costs more than it pays?")
    person = who.current_person()
    if person is None:
        return
    narrowed = filter_bar(person, page="customers")
    if narrowed is None:
        start_here()
        return
    numbers = _numbers(person.tenant_id, person.role, narrowed.asked, narrowed.chosen.before)
    chips([freshness_words(numbers.freshness), *margin_completeness(numbers.totals)])
    if not numbers.rows:
        nothing_here()
        return
    if not numbers.has_stripe:
        connect_stripe()
    elif not numbers.totals.has_revenue:
        no_revenue_of_models()
    found, is_all = _searched(numbers.rows)
    ranked = margin_ranking(found, start=_start(found), count=SHOWN)
    if not ranked.shown and not ranked.unattributed.calls and not ranked.unattributed.revenue_pico:
        st.info("No customer is left: search for a part of the name, or take a filter away.")
        return
    months = _months(
        person.tenant_id,
        person.role,
        replace(narrowed.asked, period=narrowed.chosen.six_months, provider=None, model=None, feature=None),
        [row.customer_id for row in ranked.shown],
    )
    chosen = customer_table(ranked, _sparks(months, narrowed.chosen.six_months), sum_of(numbers.rows), is_all=is_all)
    if chosen is not None:
        links.go("customer", narrowed.link(customer=str(chosen)))
    download(found, numbers.totals, narrowed)
    if numbers.has_stripe and numbers.totals.has_revenue:
        _scatter(found, narrowed)


@st.cache_data(ttl=SECONDS_OLD_MAX, max_entries=50, show_spinner=False)
def _numbers(tenant_id: int, role: str, asked: UsageFilter, before: DatePeriod | None) -> Numbers:
    with who.books_of(tenant_id, role) as workspace:
        return Numbers(
            margin_totals(workspace, asked),
            margin_by_customer(workspace, asked, before=before),
            usage_freshness(workspace),
            bool(stripe_connections(workspace)),
        )


@st.cache_data(ttl=SECONDS_OLD_MAX, max_entries=50, show_spinner=False)
def _months(tenant_id: int, role: str, asked: UsageFilter, customer_ids: Sequence[int]) -> list[CustomerMarginMonth]:
    with who.books_of(tenant_id, role) as workspace:
        return margin_by_customer_month(workspace, asked, customer_ids=customer_ids)


def _searched(rows: Sequence[CustomerMargin]) -> tuple[list[CustomerMargin], bool]:
    """Return the rows that the person looks for, in the order they want, and whether these are all."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        asked = st.text_input(
            "Search",
            value=st.query_params.get("search", ""),
            key="customer_search",
            type="search",
            placeholder="Customer's name",
            width=240,
        )
        said = st.query_params.get("rank", "")
        order = st.segmented_control(
            "Rank by", list(RANKS), default=said if said in RANKS else "Margin", required=True, key="customer_rank"
        )
        losing = st.toggle(
            "Only losing money", value=st.query_params.get("losing") == "yes", key="only_losing", width="content"
        )
    links.in_url("search", asked or "")
    links.in_url("rank", "" if order == "Margin" else order or "")
    links.in_url("losing", "yes" if losing else "")
    words = (asked or "").casefold()
    found = [
        row
        for row in rows
        if (not words or (row.is_attributed and words in row.name.casefold())) and (not losing or row.is_unprofitable)
    ]
    return sorted(found, key=RANKS[order or "Margin"]), not words and not losing


def _start(found: Sequence[CustomerMargin]) -> int:
    count = sum(row.is_attributed for row in found)
    if count <= SHOWN:
        return 0
    number = st.pagination(-(-count // SHOWN), key=f"customers_page_{count}")
    return (number - 1) * SHOWN


def _sparks(months: Sequence[CustomerMarginMonth], period: DatePeriod) -> dict[int, list[float]]:
    """Return each customer's margin of six months, with the months without a row as 0."""
    steps = _firsts(period)
    sums: dict[int, dict[date, Decimal]] = {}
    for month in months:
        of = sums.setdefault(month.customer_id, dict.fromkeys(steps, Decimal(0)))
        of[month.month] = month.margin_pico
    return {customer_id: [figures.money_for_chart(pico) for pico in of.values()] for customer_id, of in sums.items()}


def _firsts(period: DatePeriod) -> list[date]:
    found, month = [], period.start
    while month < period.end:
        found.append(month)
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return found


def _scatter(rows: Sequence[CustomerMargin], narrowed: Narrowed) -> None:
    known = [
        (row, row.known_revenue_pico, row.known_margin_pico)
        for row in rows
        if row.is_attributed and row.known_margin_pico is not None
    ]
    dots = [
        margin_charts.Dot(row.name, revenue, margin)
        for row, revenue, margin in known
        if revenue is not None and margin is not None
    ]
    if not dots:
        return
    with st.container(border=True):
        st.subheader("Who pays for whom?", anchor=False)
        note("One dot is one customer. Below the line it costs more than it pays. Click a dot to open the customer.")
        picked = charts.choose(
            margin_charts.revenue_against_margin(dots),
            key="scatter",
            alt="Customers by revenue and margin; below zero they cost more than they pay",
        )
    if picked is not None:
        links.go("customer", narrowed.link(customer=str(known[picked][0].customer_id)))
