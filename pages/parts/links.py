"""How pages lead to each other without knowing each other: by the names that the router gave them."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

MENU = "menu"


def remember_menu(menu: Mapping[str, Any]) -> None:
    """Keep the pages that the person's role may open."""
    st.session_state[MENU] = dict(menu)


def link(name: str, label: str, words: Mapping[str, str], *, icon: str | None = None) -> None:
    """Draw a link to a page, if the role has that page; `label` is ours, never a name that others wrote."""
    page = st.session_state.get(MENU, {}).get(name)
    if page is not None:
        st.page_link(page, label=label, icon=icon, query_params=dict(words))


def go(name: str, words: Mapping[str, str]) -> None:
    """Open a page, if the role has that page."""
    page = st.session_state.get(MENU, {}).get(name)
    if page is not None:
        st.switch_page(page, query_params=dict(words))


def in_url(name: str, value: str) -> None:
    """Keep a choice of this page in its URL; an empty one leaves it."""
    if value and st.query_params.get(name) != value:
        st.query_params[name] = value
    elif not value and name in st.query_params:
        del st.query_params[name]


def whole_number(name: str) -> int | None:
    """Return a whole number from the URL; None where it has none."""
    word = st.query_params.get(name, "")
    return int(word) if word.isascii() and word.isdigit() and len(word) < 19 else None
