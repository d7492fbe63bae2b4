"""Customers: what each one costs, dearest first, always adding up to the total."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import streamlit as st

from billing_core.clock import utc_now
from billing_core.periods import DatePeriod
from billing_core.queries.cost_by_customer import CustomerCost, Ranking, cost_by_customer, ranking
from billing_core.queries.cost_by_customer_day import CustomerDay, cost_by_customer_day
from billing_core.queries.usage_filter import UNATTRIBUTED, UsageFilter
from billing_core.queries.usage_freshness import UsageFreshness, usage_freshness
from billing_core.queries.usage_totals import UsageTotals, usage_totals
from pages.parts import figures, links, tables
from pages.parts import person as who
from pages.parts.charts import days_of
from pages.parts.empty import no_usage_yet, nothing_here
from pages.parts.figures import money_for_chart
from pages.parts.filters import SECONDS_OLD_MAX, Narrowed, filter_bar
from pages.parts.look import chips, heading
from pages.parts.words import UNATTRIBUTED_NAME, completeness, customer_words, freshness_words

SHOWN = 100
"""So many customers to a page."""

Rank = Callable[[CustomerCost], Decimal]
RANKS: dict[str, Rank] = {
    "Cost": lambda row: row.cost_pico_usd,
    "Growth": lambda row: row.cost_pico_usd - row.before_pico_usd,
    "Cost per call": lambda row: row.cost_per_call_pico_usd_exact or Decimal(-1),
    "Unpriced calls": lambda row: Decimal(row.unpriced_calls),
}


@dataclass(frozen=True)
class Numbers:
    """Everything but the small charts, as of one instant."""

    totals: UsageTotals
    rows: list[CustomerCost]
    freshness: UsageFreshness | None


def page() -> None:
    """Draw the page."""
    heading("Customers", "What does each customer cost us, and who costs more than before?")
    person = who.current_person()
    if person is None:
        return
    narrowed = filter_bar(person, page="customers")
    if narrowed is None:
        no_usage_yet()
        return
    before = narrowed.chosen.before
    numbers = _numbers(person.tenant_id, person.role, narrowed.asked, before)
    chips([freshness_words(numbers.freshness), *completeness(numbers.totals)])
    if not numbers.rows:
        nothing_here()
        return
    found = _searched(numbers.rows)
    ranked = ranking(found, start=_start(found), count=SHOWN)
    days = _days(person.tenant_id, person.role, narrowed.asked, [row.customer_id for row in ranked.shown])
    chosen = _table(ranked, days, numbers.totals, narrowed)
    if chosen is not None:
        links.go("customer", narrowed.link(customer=str(chosen)))
    _download(found, numbers, narrowed)


@st.cache_data(ttl=SECONDS_OLD_MAX, max_entries=50, show_spinner=False)
def _numbers(tenant_id: int, role: str, asked: UsageFilter, before: DatePeriod | None) -> Numbers:
    with who.books_of(tenant_id, role) as workspace:
        return Numbers(
            usage_totals(workspace, asked),
            cost_by_customer(workspace, asked, before=before),
            usage_freshness(workspace),
        )


@st.cache_data(ttl=SECONDS_OLD_MAX, max_entries=50, show_spinner=False)
def _days(tenant_id: int, role: str, asked: UsageFilter, customer_ids: Sequence[int]) -> list[CustomerDay]:
    with who.books_of(tenant_id, role) as workspace:
        return cost_by_customer_day(workspace, asked, customer_ids=customer_ids)


def _searched(rows: Sequence[CustomerCost]) -> list[CustomerCost]:
    """Return the rows that the person looks for, in the order they want."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        asked = st.text_input(
            "Search",
            value=st.query_params.get("search", ""),
            key="customer_search",
            type="search",
            placeholder="Customer's name",
            width=300,
        )
        order = st.segmented_control("Rank by", list(RANKS), default="Cost", required=True, key="customer_rank")
    links.in_url("search", asked or "")
    words = (asked or "").casefold()
    found = [row for row in rows if not words or (row.is_attributed and words in row.name.casefold())]
    return sorted(found, key=RANKS[order or "Cost"], reverse=True)


def _start(found: Sequence[CustomerCost]) -> int:
    count = sum(row.is_attributed for row in found)
    if count <= SHOWN:
        return 0
    number = st.pagination(-(-count // SHOWN), key=f"customers_page_{count}")
    return (number - 1) * SHOWN


def _table(ranked: Ranking, days: Sequence[CustomerDay], totals: UsageTotals, narrowed: Narrowed) -> int | None:
    """Draw the customers and the rows that complete them; return the number of the chosen one."""
    if not ranked.total.calls and not ranked.shown:
        st.info("No customer has this name: search for a part of it.")
        return None
    rows = list(ranked.shown)
    names = [customer_words(row.name, row.customer_id) for row in rows]
    opens: list[int | None] = [row.customer_id for row in rows]
    if ranked.others_count:
        rows, names, opens = [*rows, ranked.others], [*names, _others_words(ranked)], [*opens, None]
    if ranked.unattributed.calls:
        rows, names, opens = [*rows, ranked.unattributed], [*names, UNATTRIBUTED_NAME], [*opens, UNATTRIBUTED]
    rows, names, opens = [*rows, ranked.total], [*names, "Total"], [*opens, None]
    has_before = narrowed.chosen.before is not None
    per_call = [row.cost_per_call_pico_usd_exact for row in rows]
    thousand = [None if one is None else one * 1000 for one in per_call]
    charts = days_of(days, narrowed.chosen)
    columns: dict[str, list[Any]] = {
        "name": names,
        "cost": [None if (cost := row.known_cost_pico_usd) is None else money_for_chart(cost) for row in rows],
        "share": tables.percent(totals.share_of_cost(row.cost_pico_usd) for row in rows),
        "change": tables.percent(row.change for row in rows),
        "days": [charts.get(row.customer_id) if row.is_attributed else None for row in rows],
        "calls": [row.calls for row in rows],
        "thousand": [None if one is None else money_for_chart(one) for one in thousand],
        "tokens": [int(row.tokens) for row in rows],
        "unpriced": [row.unpriced_calls or None for row in rows],
    }
    if not has_before:
        del columns["change"]
    place = tables.table(
        columns,
        key="customers",
        alt="Customers by cost, with the rows that add up to the total",
        config=_config(rows, thousand, narrowed),
    )
    return None if place is None else opens[place]


def _config(rows: Sequence[CustomerCost], thousand: Sequence[Decimal | None], narrowed: Narrowed) -> dict[str, object]:
    return {
        "name": st.column_config.TextColumn("Customer", width="medium"),
        "cost": tables.money_column("Cost", [row.cost_pico_usd for row in rows]),
        "share": tables.share_column("Share of cost"),
        "change": st.column_config.NumberColumn("Change", format="%+.0f %%", help=narrowed.chosen.before_label),
        "days": st.column_config.BarChartColumn(f"By {narrowed.chosen.step}", width="small", y_min=0),
        "calls": st.column_config.NumberColumn("Calls", format="localized"),
        "thousand": tables.money_column("Per 1,000 calls", thousand),
        "tokens": st.column_config.NumberColumn("Tokens", format="compact"),
        "unpriced": st.column_config.NumberColumn("Unpriced calls", format="localized"),
    }


def _others_words(ranked: Ranking) -> str:
    return figures.counted(ranked.others_count, "other customer")


def _download(rows: Sequence[CustomerCost], numbers: Numbers, narrowed: Narrowed) -> None:
    now = utc_now()
    filters = ", ".join(f"{name} {word}" for name, word in narrowed.words.items() if name != "period")
    header = (
        *("customer", "cost_usd", "cost_before_usd", "calls", "unpriced_calls", "tokens"),
        *("first_day", "last_day_excluded", "filter", "as_of"),
    )

    def file() -> bytes:
        return tables.csv_file(
            header,
            (
                (
                    customer_words(row.name, row.customer_id),
                    "" if row.known_cost_pico_usd is None else Decimal(figures.exact_dollars(row.cost_pico_usd)),
                    Decimal(figures.exact_dollars(row.before_pico_usd)),
                    row.calls,
                    row.unpriced_calls,
                    int(row.tokens),
                    narrowed.asked.period.start.isoformat(),
                    narrowed.asked.period.end.isoformat(),
                    filters,
                    now.isoformat(timespec="seconds"),
                )
                for row in rows
            ),
        )

    name = tables.file_name("customers", narrowed.chosen.key, now, figures.share(numbers.totals.priced_share))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button("CSV", file, name, "text/csv", key="csv", on_click="ignore", icon=":material/download:")
        st.caption("Every row found, exact to the last pico-dollar; customers and unattributed add up to the total.")
