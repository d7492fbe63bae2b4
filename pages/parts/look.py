"""The look that Streamlit's theme cannot say: the sentence that answers, chips, small bars, lines of a sum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

import streamlit as st

NO_MONEY_MOVES = "These customers are invented and nobody is charged: no money moves."


def dress() -> None:
    """Lay the style over the page, once per run."""
    st.html(_style())


def demo_line() -> None:
    """Say on every page of a demo that nothing on it can cost anybody anything."""
    st.html(f'<div class="mb-demo"><b>Demo.</b> {escape(NO_MONEY_MOVES)}</div>')


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
    """Draw small facts in a row: (kind, text), kind is good, open, bad, new, over or plain."""
    drawn = "".join(f'<span class="mb-chip {escape(kind)}">{escape(text)}</span>' for kind, text in shown)
    st.html(f'<div class="mb-chips">{drawn}</div>')


def note(text: str) -> None:
    """Write a small line; what others wrote in it is text, never markup."""
    st.html(f'<p class="mb-note">{escape(text)}</p>')


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


@dataclass(frozen=True)
class Hero:
    """The number of the page: what it is, its percent and amount, which way it goes, how sure it is, what it means."""

    of: str
    percent: str
    amount: Sequence[str]
    way: tuple[str, str]
    low_high: tuple[float, float, float] | None
    ends: tuple[str, str]
    note: str
    means: str
    is_loss: bool


def hero(shown: Hero) -> None:
    """Draw the first thing that is read; `low_high` are places of the low, the value and the high end from 0 to 1."""
    amount = "".join(f"<b>{escape(word)}</b>" if place % 2 else escape(word) for place, word in enumerate(shown.amount))
    kind, way = shown.way
    between = ""
    if shown.low_high is not None:
        low, at, high = (100 * place for place in shown.low_high)
        track = f'<i style="left:{low:.1f}%;width:{max(high - low, 0.8):.1f}%"></i>'
        track += f'<b style="left:calc({at:.1f}% - 1px)"></b>'
        ends = "".join(f"<span>{escape(end)}</span>" for end in shown.ends)
        between = f'<div class="mb-between"><div class="track">{track}</div><div class="ends">{ends}</div></div>'
    st.html(
        f'<div class="mb-hero"><span class="of">{escape(shown.of)}</span>'
        f'<span class="percent{" mb-bad" if shown.is_loss else ""}">{escape(shown.percent)}</span>'
        f'<span class="amount">{amount}</span><span class="way mb-{escape(kind)}">{escape(way)}</span>{between}'
        f'<p class="mb-note">{escape(shown.note)}</p>'
        '<details class="mb-means"><summary>What does this mean?</summary>'
        f"<div>{escape(shown.means)}</div></details></div>"
    )


@dataclass(frozen=True)
class Saying:
    """One sentence in parts: every second part is what matters, and leads to `href` where there is one."""

    words: Sequence[str]
    hrefs: Sequence[str | None] = ()


def sayings(said: Sequence[Saying]) -> None:
    """Write sentences below each other; names are text, never markup."""
    st.html(f'<ul class="mb-said">{"".join(f"<li>{_saying(each)}</li>" for each in said)}</ul>')


def _saying(said: Saying) -> str:
    drawn, hrefs = [], iter(said.hrefs)
    for place, word in enumerate(said.words):
        text = f"<b>{escape(word)}</b>" if place % 2 else escape(word)
        href = next(hrefs, None) if place % 2 else None
        drawn.append(f'<a href="{escape(href, quote=True)}">{text}</a>' if href else text)
    return "".join(drawn)


@dataclass(frozen=True)
class Sides:
    """One name with two bars against each other, revenue above cost, and the margin in words."""

    name: str
    href: str
    detail: str
    amount: str
    above: float
    below: float
    is_loss: bool


def two_sides(rows: Sequence[Sides], *, above: str, below: str) -> None:
    """Draw names with what came in above what it cost; all bars have one scale."""
    longest = max((max(row.above, row.below) for row in rows), default=0) or 1
    drawn = "".join(
        f'<div><span><a href="{escape(row.href, quote=True)}">{escape(row.name)}</a> '
        f"<em>{escape(row.detail)}</em></span>"
        f'<b class="{"mb-bad" if row.is_loss else ""}">{escape(row.amount)}</b>'
        f'<p><i style="width:{max(0.4, 100 * row.above / longest):.1f}%"></i>'
        f'<i style="width:{max(0.4, 100 * row.below / longest):.1f}%"></i></p></div>'
        for row in rows
    )
    key = f'<div class="mb-key"><span>{escape(above)}</span><span>{escape(below)}</span></div>'
    st.html(f'<div class="mb-sides">{drawn}</div>{key}')


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
