"""Tables of money: columns that line up, and the same rows as a file that a spreadsheet cannot be tricked with."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.figures import money_for_chart

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the start of a formula, also in full width."""

RED = "#c75b4a"
"""It can be read on light and on dark."""

ROWS_SHOWN_MAX = 32
HEIGHT_MAX = 720


def money_column(label: str, amounts: Iterable[Decimal | int | None], *, pinned: bool = False) -> Any:
    """Return the column of an amount: to the cent, or finer where cents would show nothing."""
    largest = max((abs(money_for_chart(amount)) for amount in amounts if amount is not None), default=0)
    return st.column_config.NumberColumn(label, format="dollar" if largest >= 10 else "$%.6f", pinned=pinned)


def share_column(label: str, *, width: int | None = None) -> Any:
    """Return the column of a part of the whole, given by percent(), as a bar."""
    return st.column_config.ProgressColumn(
        label, format="%.1f %%", min_value=0, max_value=100, color="primary", width=width
    )


def percent(parts: Iterable[Decimal | None]) -> list[float | None]:
    """Return parts of 1 as percent, for columns that draw them; cut off as figures.share does."""
    return [
        None if part is None else float((part * 100).quantize(Decimal("0.1"), rounding=ROUND_DOWN)) for part in parts
    ]


def table(
    columns: Mapping[str, Sequence[Any]],
    *,
    key: str,
    alt: str,
    config: Mapping[str, Any],
    signed: Sequence[str] = (),
) -> int | None:
    """Draw a table whose rows can be chosen; return the place of the chosen row in what was sent.

    The columns in `signed` write what is below zero in red.
    """
    frame = pd.DataFrame(dict(columns))
    picked: Any = st.dataframe(
        frame.style.map(_below_zero, subset=list(signed)) if signed else frame,
        key=key,
        hide_index=True,
        height="content" if len(frame) <= ROWS_SHOWN_MAX else HEIGHT_MAX,
        column_config=dict(config),
        placeholder="–",  # noqa: RUF001 - an en dash is what finance writes for nothing
        alt=alt,
        on_select="rerun",
        selection_mode="single-row",
    )
    rows = picked.selection.rows
    return int(rows[0]) if rows else None


def margin_column(label: str, *, help_text: str | None = None) -> Any:
    """Return the column of a margin as percent, given by signed_percent()."""
    return st.column_config.NumberColumn(label, format="%.1f %%", help=help_text)


def signed_percent(parts: Iterable[Decimal | None]) -> list[float | None]:
    """Return margins as percent, to one digit, as figures.margin_share rounds them."""
    return [
        None if part is None else float((part * 100).quantize(Decimal("0.1"), rounding=ROUND_HALF_EVEN))
        for part in parts
    ]


def amounts(picos: Iterable[Decimal | int | None]) -> list[float | None]:
    """Return amounts as dollars, for columns that draw them."""
    return [None if pico is None else money_for_chart(pico) for pico in picos]


def csv_file(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Write a file for spreadsheets; numbers stay numbers, and text can never be run as a formula."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    # The mark at the start tells Excel that the file is UTF-8.
    return written.getvalue().encode("utf-8-sig")


def file_name(what: str, period: str, as_of: datetime, priced: str, *, kind: str = "csv") -> str:
    """Return a file's name that says period, instant and completeness: a file travels without its page."""
    words = f"marginbook {what} {period} as of {as_of:%Y-%m-%dT%H%MZ} {priced} of calls priced"
    return "-".join(word for word in words.replace("\N{NO-BREAK SPACE}", "").replace("%", "pct").split()) + f".{kind}"


def _below_zero(value: object) -> str:
    return f"color: {RED}" if isinstance(value, float) and value < 0 else ""


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
