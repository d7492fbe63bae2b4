"""The Streamlit script: knows the person, builds the menu for the role, runs the chosen page.

It lies inside pages/ and app.py hands it to st.App, so no folder `pages` lies beside the main script: Streamlit's old
page discovery, which serves page files past the sign-in, never starts.
"""

from typing import Any

import streamlit as st

from billing_core.errors import BillingError
from pages.books import checks, matching
from pages.costs import costs
from pages.customers import customer, customers
from pages.events import event, events
from pages.overview import overview
from pages.parts import person as who
from pages.parts.links import remember_menu
from pages.parts.look import demo_line, dress
from pages.parts.sidebar import draw_sidebar
from pages.segments import segments
from pages.sources import sources

EVERYBODY = {"owner", "finance", "support", "viewer"}
# Each page: its section, the roles that have it, and what draws it.
MENU: dict[str, tuple[str, set[str], Any]] = {
    "overview": (
        "Margin",
        EVERYBODY,
        st.Page(overview.page, title="Overview", icon=":material/monitoring:", default=True),
    ),
    "customers": (
        "Margin",
        EVERYBODY,
        st.Page(customers.page, title="Customers", icon=":material/groups:", url_path="customers"),
    ),
    "customer": (
        "Margin",
        EVERYBODY,
        st.Page(customer.page, title="Customer", url_path="customer", visibility="hidden"),
    ),
    "segments": (
        "Margin",
        EVERYBODY,
        st.Page(segments.page, title="Segments", icon=":material/donut_small:", url_path="segments"),
    ),
    "costs": ("Costs", EVERYBODY, st.Page(costs.page, title="LLM cost", icon=":material/bolt:", url_path="costs")),
    "events": ("Costs", EVERYBODY, st.Page(events.page, title="Calls", icon=":material/list_alt:", url_path="events")),
    "event": ("Costs", EVERYBODY, st.Page(event.page, title="Call", url_path="event", visibility="hidden")),
    "matching": (
        "Books",
        EVERYBODY - {"viewer"},
        st.Page(matching.page, title="Matching", icon=":material/join_inner:", url_path="matching"),
    ),
    "checks": (
        "Books",
        EVERYBODY - {"viewer"},
        st.Page(checks.page, title="Books check", icon=":material/fact_check:", url_path="checks"),
    ),
    "sources": (
        "Data",
        EVERYBODY - {"viewer"},
        st.Page(sources.page, title="Sources", icon=":material/input:", url_path="sources"),
    ),
}
st.set_page_config(page_title="Marginbook", page_icon="📒", layout="wide")  # A :material/ icon here asks a font host.
dress()
try:
    person = who.current_person()
    if person is None:  # Signed out meanwhile, or started without the gate.
        st.error("You are signed out: reload this page to sign in again.")
        st.stop()
    open_to_them = {name: entry for name, entry in MENU.items() if person.role in entry[1]}
    remember_menu({name: page for name, (_, _, page) in open_to_them.items()})
    sections: dict[str, list[Any]] = {}
    for section, _, page in open_to_them.values():
        sections.setdefault(section, []).append(page)
    chosen = st.navigation(sections)
    draw_sidebar(person)
    if person.is_demo:
        demo_line()
    chosen.run()
except BillingError as refusal:
    st.error(str(refusal))
