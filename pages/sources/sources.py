"""Sources: the Stripe accounts and the files of usage, how far each is known, and what could not be counted."""

import json
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from billing_core.queries.quarantined_rows import quarantined_rows
from billing_core.queries.source_health import source_health
from billing_core.queries.stripe_connections import StripeConnection, stripe_connections
from billing_core.queries.usage_conflicts import usage_conflicts
from billing_core.queries.usage_freshness import usage_freshness
from billing_core.sign_in import Person
from pages.parts import figures, links
from pages.parts import person as who
from pages.parts.charts import model_name
from pages.parts.empty import connect_stripe, no_usage_yet, start_here
from pages.parts.look import chips, facts, heading
from pages.parts.words import freshness_words

ROWS_MAX = 500


def page() -> None:
    """Draw the page."""
    heading("Sources", "Where do revenue and usage come from, how far are they known, and what was left aside?")
    person = who.current_person()
    if person is None:
        return
    with who.books_of(person.tenant_id, person.role) as workspace:
        found = source_health(workspace)
        freshness = usage_freshness(workspace)
        connected = stripe_connections(workspace)
    if not found and not connected:
        start_here()
        return
    st.subheader("Stripe", anchor=False)
    _stripe(connected)
    st.subheader("Usage", anchor=False)
    if not found:
        no_usage_yet()
        return
    rows, conflicts = sum(source.quarantined for source in found), sum(source.conflicts for source in found)
    chips(
        [
            freshness_words(freshness),
            ("open" if rows else "good", f"{figures.counted(rows, 'row')} in quarantine"),
            ("open" if conflicts else "good", f"{figures.counted(conflicts, 'key')} in conflict"),
        ]
    )
    _frame(
        {
            "Source": [source.source for source in found],
            "Known since": [figures.minute(source.since) for source in found],
            "In quarantine": [source.quarantined for source in found],
            "In conflict": [source.conflicts for source in found],
        },
        alt="Sources of usage",
    )
    quarantine, twice = st.tabs(["Quarantine", "Conflicts"])
    with quarantine:
        _quarantine(person)
    with twice:
        _conflicts(person)


def _stripe(connected: Sequence[StripeConnection]) -> None:
    """Say of each account how far it is known, and what is missing."""
    for account in connected:
        with st.container(border=True):
            chips(
                [
                    ("plain", f"{account.name} ({account.account_id})"),
                    ("new", "live") if account.livemode else ("open", "test mode: no money moves"),
                    _fetched(account),
                ]
            )
            facts(
                {
                    "Customers": figures.count(account.customers),
                    "Invoices": figures.count(account.invoices),
                    "Payments": figures.count(account.payments),
                    "Last fetch": _last_fetch(account),
                    "Could not be read": ", ".join(kind.replace("_", " ") for kind in account.missing or []),
                    "Looked back to": figures.minute(account.since) if account.since else "",
                    "Matched by": f"metadata key {account.customer_key}",
                    "Segment from": f"metadata key {account.segment_key}",
                    "Connected": figures.minute(account.recorded_at),
                }
            )
            if account.unmatched_customers:
                label = f"{figures.counted(account.unmatched_customers, 'customer')} to match"
                links.link("matching", label, {}, icon=":material/join_inner:")
    if connected:
        st.markdown("Fetch what is new with this line; a broken run goes on where it stopped:")
        st.code("marginbook sync stripe", language=None)
    else:
        connect_stripe()


def _fetched(account: StripeConnection) -> tuple[str, str]:
    if account.started_at is None:
        return "open", "nothing was fetched yet"
    if account.finished_at is None or account.finished_at < account.started_at:
        return "open", "the last fetch did not finish: run it again"
    if account.missing:
        return "open", f"fetched in part {figures.minute(account.finished_at)}: give the key the missing rights"
    return "good", f"fetched {figures.minute(account.finished_at)}"


def _last_fetch(account: StripeConnection) -> str:
    if account.objects is None:
        return ""
    new = figures.counted(account.new_versions or 0, "new or changed one")
    return f"{figures.counted(account.objects, 'object')}, {new}"


def _quarantine(person: Person) -> None:
    with who.books_of(person.tenant_id, person.role) as workspace:
        rows = quarantined_rows(workspace, count_max=ROWS_MAX)
    if not rows:
        st.success("Every row could be read.", icon=":material/check:")
        return
    st.markdown(
        "These rows could not be read as usage. Correct them in the file and import it again: "
        "what counted once stays counted once."
    )
    _frame(
        {
            "File": [row.origin for row in rows],
            "Line": [row.line_number for row in rows],
            "What is wrong, and what to do": [row.sentence for row in rows],
            "Fields": [json.dumps(row.fields, ensure_ascii=False) if row.fields is not None else None for row in rows],
            "Recorded": [figures.minute(row.recorded_at) for row in rows],
        },
        alt="Rows in quarantine, newest first",
    )


def _conflicts(person: Person) -> None:
    with who.books_of(person.tenant_id, person.role) as workspace:
        found = usage_conflicts(workspace, count_max=ROWS_MAX)
    if not found:
        st.success("No key came twice with different contents.", icon=":material/check:")
        return
    st.markdown(
        "These keys came a second time with other contents. The first one counts; the second is kept for you to judge."
    )
    _frame(
        {
            "Key": [row.key for row in found],
            "Source": [row.source for row in found],
            "Customer": [row.customer_name for row in found],
            "Model": [model_name(row.provider or "", row.model or "") for row in found],
            "Counts": [figures.money(row.counted_pico_usd) for row in found],
            "at": [figures.instant(row.counted_at) for row in found],
            "Refused": [figures.money(row.refused_pico_usd) for row in found],
            "refused at": [figures.instant(row.refused_at) for row in found],
            "Refused tokens": [json.dumps(row.refused_tokens) for row in found],
        },
        alt="Keys that came twice with different contents",
    )


def _frame(columns: dict[str, list[object]], *, alt: str) -> None:
    st.dataframe(pd.DataFrame(columns), hide_index=True, alt=alt, placeholder=figures.DASH)
