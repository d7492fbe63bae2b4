"""Matching: whose Stripe customer is whose; one click joins two, and the totals stay what they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd
import streamlit as st

from billing_core.commands.match_customer import match_customer
from billing_core.errors import BillingError
from billing_core.queries.person_matches import PersonMatch, person_matches
from billing_core.queries.stripe_connections import stripe_connections
from billing_core.queries.unmatched_customers import UnmatchedCustomer, unmatched_customers
from billing_core.queries.usage_filter import UsageFilter
from billing_core.sign_in import Person
from billing_core.workspace import open_workspace
from pages.parts import figures
from pages.parts import person as who
from pages.parts.empty import connect_stripe, start_here
from pages.parts.filters import filter_bar
from pages.parts.look import answer, chips, heading, note
from pages.parts.pairs import suggested

MAY_MATCH = {"owner", "finance", "support"}
SEES_EMAIL = MAY_MATCH
PAIRS_MAX = 20
ROWS_MAX = 500
SAME_NAME = "Same name in Stripe and in usage"
BY_HAND = "A person knows that they are one"
UNDONE = "The match was wrong"
REFUSED, DONE = "matching_refused", "matching_done"


@dataclass(frozen=True)
class Unmatched:
    """Both sides, and what persons matched, as of one instant."""

    in_stripe: list[UnmatchedCustomer]
    in_usage: list[UnmatchedCustomer]
    matched: list[PersonMatch]
    has_stripe: bool


def page() -> None:
    """Draw the page."""
    heading("Matching", "Which customer in Stripe is which customer in usage?")
    person = who.current_person()
    if person is None:
        return
    narrowed = filter_bar(person, page="matching")
    if narrowed is None:
        start_here()
        return
    _say_what_happened()
    found = _found(person, narrowed.asked)
    if not found.has_stripe:
        connect_stripe()
        return
    chips(
        [
            ("open" if found.in_stripe else "good", f"{figures.count(len(found.in_stripe))} only in Stripe"),
            ("open" if found.in_usage else "good", f"{figures.count(len(found.in_usage))} only in usage"),
        ]
    )
    note(
        "Matching joins two rows into one customer: its revenue meets its cost. The totals stay what they are, to the "
        "last cent. It is written down who matched and why, and it can be taken back."
    )
    may = person.role in MAY_MATCH
    pairs = suggested(found.in_stripe, found.in_usage)
    if not found.in_stripe and not found.in_usage:
        answer(["", "Everybody is matched", ": each customer of Stripe is one of usage's, and the other way round."])
    if pairs:
        _suggestions(person, found.in_stripe, pairs, may=may)
    if may and found.in_stripe and found.in_usage:
        _by_hand(person, found)
    _sides(person, found)
    if found.matched:
        _matched(person, found.matched, may=may)


def _found(person: Person, asked: UsageFilter) -> Unmatched:
    """Ask anew at each run: who just clicked wants to see it."""
    with who.books_of(person.tenant_id, person.role) as workspace:
        rows = unmatched_customers(workspace, asked)
        return Unmatched(
            [row for row in rows if row.is_in_stripe],
            [row for row in rows if not row.is_in_stripe],
            person_matches(workspace),
            bool(stripe_connections(workspace)),
        )


def _match(
    person: Person, connection_id: int, stripe_customer_id: str, *, customer_id: int | None, reason: str
) -> None:
    """Join a Stripe customer to a customer, or to its own row again; nothing is drawn in the transaction."""
    try:
        with open_workspace(tenant_id=person.tenant_id, actor=person.email, role=person.role) as workspace:
            match_customer(workspace, connection_id, stripe_customer_id, customer_id=customer_id, reason=reason)
    except BillingError as refusal:
        st.session_state[REFUSED] = str(refusal)
        return
    st.session_state[DONE] = "Matched." if customer_id is not None else "Taken back: it is a customer of its own again."
    st.cache_data.clear()  # What was asked before does not know it.


def _say_what_happened() -> None:
    refused, done = st.session_state.pop(REFUSED, None), st.session_state.pop(DONE, None)
    if refused is not None:
        st.error(refused)
    elif done is not None:
        st.success(f"{done} The totals have not moved.", icon=":material/check:")


def _suggestions(
    person: Person, in_stripe: Sequence[UnmatchedCustomer], pairs: dict[str, UnmatchedCustomer], *, may: bool
) -> None:
    st.subheader("Probably the same", anchor=False)
    proposed = [row for row in in_stripe if row.stripe_customer_id in pairs]
    for row in proposed[:PAIRS_MAX]:
        if row.stripe_customer_id is None or row.connection_id is None:
            continue
        other = pairs[row.stripe_customer_id]
        with st.container(border=True, horizontal=True, vertical_alignment="center", gap="medium"):
            st.html(_pair(row, other))
            if may:
                st.button(
                    "Match",
                    key=f"match_{row.connection_id}_{row.stripe_customer_id}",
                    icon=":material/join_inner:",
                    on_click=_match,
                    args=(person, row.connection_id, row.stripe_customer_id),
                    kwargs={"customer_id": other.customer_id, "reason": SAME_NAME},
                )
    if len(proposed) > PAIRS_MAX:
        note(f"{figures.count(len(proposed) - PAIRS_MAX)} more pairs follow when these are done.")


def _pair(row: UnmatchedCustomer, other: UnmatchedCustomer) -> str:
    return (
        f'<div class="mb-pair"><div><b>{escape(row.name)}</b><em>in Stripe, pays '
        f"{escape(figures.money(row.revenue_pico))}</em></div><div><b>{escape(other.name)}</b><em>in usage, costs "
        f"{escape(figures.money(other.cost_pico))} in {escape(figures.counted(other.calls, 'call'))}</em></div></div>"
    )


def _by_hand(person: Person, found: Unmatched) -> None:
    with st.expander("Match two others", icon=":material/edit:"), st.form("by_hand", border=False):
        left, right = st.columns(2)
        stripe = left.selectbox(
            "Customer in Stripe", found.in_stripe[:ROWS_MAX], format_func=_stripe_label, index=None, key="hand_stripe"
        )
        usage = right.selectbox(
            "Customer in usage", found.in_usage[:ROWS_MAX], format_func=_usage_label, index=None, key="hand_usage"
        )
        reason = st.text_input("Why are they one?", value=BY_HAND, key="hand_reason")
        if st.form_submit_button("Match these", icon=":material/join_inner:"):
            if stripe is None or usage is None or stripe.connection_id is None or stripe.stripe_customer_id is None:
                st.session_state[REFUSED] = "Choose one customer on each side, then match them."
            else:
                _match(
                    person,
                    stripe.connection_id,
                    stripe.stripe_customer_id,
                    customer_id=usage.customer_id,
                    reason=reason,
                )
            st.rerun()


def _stripe_label(row: UnmatchedCustomer) -> str:
    return f"{row.name}, pays {figures.money(row.revenue_pico)} ({row.stripe_customer_id})"


def _usage_label(row: UnmatchedCustomer) -> str:
    return f"{row.name}, costs {figures.money(row.cost_pico)}"


def _sides(person: Person, found: Unmatched) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Only in Stripe", anchor=False)
        shown = found.in_stripe[:ROWS_MAX]
        columns: dict[str, list[object]] = {
            "Customer": [row.name for row in shown],
            "Revenue": [figures.money(row.revenue_pico) for row in shown],
            "Own id in Stripe": [row.own_id for row in shown],
            "Stripe id": [row.stripe_customer_id for row in shown],
        }
        if person.role in SEES_EMAIL:
            columns["E-mail"] = [row.email for row in shown]
        _frame(columns, alt="Customers whom only Stripe knows", count=len(found.in_stripe))
    with right:
        st.subheader("Only in usage", anchor=False)
        shown = found.in_usage[:ROWS_MAX]
        _frame(
            {
                "Customer": [row.name for row in shown],
                "LLM cost": [figures.money(row.cost_pico) for row in shown],
                "Calls": [row.calls for row in shown],
            },
            alt="Customers whom only usage knows",
            count=len(found.in_usage),
        )


def _frame(columns: dict[str, list[object]], *, alt: str, count: int) -> None:
    if not count:
        note("Nobody.")
        return
    right = {name: st.column_config.TextColumn(name, alignment="right") for name in ("Revenue", "LLM cost")}
    st.dataframe(
        pd.DataFrame(columns),
        hide_index=True,
        column_config={name: each for name, each in right.items() if name in columns},
        placeholder=figures.DASH,
        alt=alt,
    )
    if count > ROWS_MAX:
        note(f"The first {ROWS_MAX} of {figures.count(count)}, those with most money.")


def _matched(person: Person, matched: Sequence[PersonMatch], *, may: bool) -> None:
    st.subheader("Matched by a person", anchor=False)
    for row in matched[:PAIRS_MAX]:
        with st.container(border=True, horizontal=True, vertical_alignment="center", gap="medium"):
            said = f"{row.actor}, {figures.minute(row.recorded_at)}: {row.reason or ''}"
            st.html(
                f'<div class="mb-pair"><div><b>{escape(row.stripe_name)}</b><em>in Stripe</em></div>'
                f"<div><b>{escape(row.customer_name)}</b><em>{escape(said)}</em></div></div>"
            )
            if may:
                st.button(
                    "Take back",
                    key=f"undo_{row.connection_id}_{row.stripe_customer_id}",
                    icon=":material/undo:",
                    on_click=_match,
                    args=(person, row.connection_id, row.stripe_customer_id),
                    kwargs={"customer_id": None, "reason": UNDONE},
                )
