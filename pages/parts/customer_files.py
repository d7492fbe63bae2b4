"""The files of the list of customers: every row found, exact, adding up, each saying what it is a file of."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import streamlit as st

from billing_core.clock import utc_now
from billing_core.queries.margin_by_customer import CustomerMargin
from billing_core.queries.margin_totals import MarginTotals
from pages.parts import figures, tables
from pages.parts.customer_table import status_of
from pages.parts.files import xlsx_file
from pages.parts.filters import Narrowed
from pages.parts.margin_words import MEANING, margin_completeness, what_is_open
from pages.parts.words import customer_words

HEADER = (
    *("customer", "status", "plan", "segment"),
    *("revenue_usd", "cost_usd", "fees_usd", "shared_usd", "margin_usd", "margin_percent"),
    *("cost_before_usd", "calls", "unpriced_calls", "tokens"),
)
ABOUT = ("first_day", "last_day_excluded", "filter", "completeness", "as_of")


def download(rows: Sequence[CustomerMargin], totals: MarginTotals, narrowed: Narrowed) -> None:
    """Offer the rows found as CSV and as a workbook, each made only when it is asked for."""
    now = utc_now()
    period = narrowed.asked.period
    filters = ", ".join(f"{name} {word}" for name, word in narrowed.words.items() if name != "period")
    complete = ", ".join(text for _, text in margin_completeness(totals)).replace(figures.SPACE, " ")
    told = (period.start.isoformat(), period.end.isoformat(), filters, complete, now.isoformat(timespec="seconds"))

    def csv() -> bytes:
        return tables.csv_file((*HEADER, *ABOUT), ((*_cells(row), *told) for row in rows))

    def xlsx() -> bytes:
        about = {
            "First day": told[0],
            "Last day (excluded)": told[1],
            "Filter": filters or "none",
            "Completeness": complete,
            "What is open": what_is_open(totals),
            "Revenue": MEANING["revenue"],
            "Margin": MEANING["margin"],
        }
        return xlsx_file(HEADER, [_cells(row) for row in rows], about=about, as_of=now)

    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "CSV", csv, _name(narrowed, totals, now, "csv"), "text/csv", key="csv", on_click="ignore", icon=ICON
        )
        st.download_button(
            "XLSX", xlsx, _name(narrowed, totals, now, "xlsx"), XLSX, key="xlsx", on_click="ignore", icon=ICON
        )
        st.caption("Every row found; customers and unattributed add up to the total, in CSV to the last pico-dollar.")


ICON = ":material/download:"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _name(narrowed: Narrowed, totals: MarginTotals, now: datetime, kind: str) -> str:
    return tables.file_name("customers", narrowed.chosen.key, now, figures.share(totals.priced_share), kind=kind)


def _cells(row: CustomerMargin) -> tuple[object, ...]:
    """Return a row of the file; the margin of a customer that Stripe does not know is less its cost: it adds up."""
    share = row.margin_share
    return (
        customer_words(row.name, row.customer_id),
        (status_of(row) if row.is_attributed else None) or "",
        row.plan_name,
        row.segment,
        _dollars(row.revenue_pico),
        _dollars(row.known_cost_pico),
        _dollars(row.fees_pico),
        _dollars(row.shared_pico),
        _dollars(row.margin_pico),
        None if share is None else (share * 100).quantize(Decimal("0.0001")),
        _dollars(row.cost_before_pico),
        row.calls,
        row.unpriced_calls,
        int(row.tokens),
    )


def _dollars(pico: Decimal | None) -> Decimal | None:
    return None if pico is None else Decimal(figures.exact_dollars(pico))
