"""The look that Streamlit's theme cannot say: the sentence that answers, chips, small bars, lines of a sum."""

from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path

import streamlit as st


def dress() -> None:
    """Lay the style over the page, once per run."""
    st.html(_style())


def heading(title: str, question: str) -> None:
    """Open a page with its name and the question that it answers; neither holds a name that others wrote."""
    st.title(title, anchor=False)
    st.html(f'<p class="mb-question">{escape(question)}</p>')


def heading_of(name: str, question: str) -> None:
    """Open a page with a name that others wrote, letter by letter."""
    st.html(f'<h1 class="mb-name">{escape(name)}</h1><p class="mb-question">{escape(question)}</p>')


def answer(words: Sequence[str]) -> None:
    """Write the answer in a sentence; every second part is what matters. Names are text, never markup."""
    parts = (f"<b>{escape(word)}</b>" if place % 2 else escape(word) for place, word in enumerate(words))
    st.html(f'<div class="mb-answer">{"".join(parts)}</div>')


def chips(shown: Sequence[tuple[str, str]]) -> None:
    """Draw small facts in a row: (kind, text), kind is good, open or plain."""
    drawn = "".join(f'<span class="mb-chip {escape(kind)}">{escape(text)}</span>' for kind, text in shown)
    st.html(f'<div class="mb-chips">{drawn}</div>')


def small_bars(heights: Sequence[float], *, is_money: bool) -> None:
    """Draw a row of small bars, one per day or month; what they mean stands above them."""
    largest = max(heights, default=0)
    if not largest:
        return
    bars = "".join(
        f'<i style="height:{max(3, round(100 * height / largest)) if height else 0}%"></i>' for height in heights
    )
    st.html(f'<div class="mb-spark{"" if is_money else " rest"}" aria-hidden="true">{bars}</div>')


def ranking(rows: Sequence[tuple[str, float, str, bool]]) -> None:
    """Draw the dearest as bars: (name, length, amount, whether it is the rest); the rest is grey."""
    longest = max((length for _, length, _, _ in rows), default=0) or 1
    drawn = "".join(
        f'<div class="{"rest" if is_rest else ""}"><span>{escape(name)}</span><b>{escape(amount)}</b>'
        f'<i style="width:{max(0.5, 100 * length / longest):.1f}%"></i></div>'
        for name, length, amount, is_rest in rows
    )
    st.html(f'<div class="mb-rank">{drawn}</div>')


def lines(header: Sequence[str], rows: Sequence[Sequence[str]], *, total: Sequence[str]) -> None:
    """Draw the lines of a sum as on paper, the total below."""
    drawn = [_line("th", header), *(_line("td", row) for row in rows), _line("td", total, kind=' class="sum"')]
    st.html(f'<div class="mb-scroll"><table class="mb-lines">{"".join(drawn)}</table></div>')


def facts(named: Mapping[str, str]) -> None:
    """Draw what is known of a thing, name by name; what is empty is left out."""
    drawn = "".join(f"<i>{escape(name)}</i><span>{escape(text)}</span>" for name, text in named.items() if text)
    st.html(f'<div class="mb-facts">{drawn}</div>')


def _line(cell: str, words: Sequence[str], *, kind: str = "") -> str:
    return f"<tr{kind}>" + "".join(f"<{cell}>{escape(word)}</{cell}>" for word in words) + "</tr>"


@cache
def _style() -> str:
    return f"<style>{Path(__file__).with_name('look.css').read_text(encoding='utf-8')}</style>"
