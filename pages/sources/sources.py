"""Sources: which ways in there are, and what they brought that could not be counted."""

import json

import pandas as pd
import streamlit as st

from billing_core.queries.quarantined_rows import quarantined_rows
from billing_core.queries.source_health import source_health
from billing_core.queries.usage_conflicts import usage_conflicts
from billing_core.queries.usage_freshness import usage_freshness
from billing_core.sign_in import Person
from pages.parts import figures
from pages.parts import person as who
from pages.parts.charts import model_name
from pages.parts.empty import no_usage_yet
from pages.parts.look import chips, heading
from pages.parts.words import freshness_words

ROWS_MAX = 500


def page() -> None:
    """Draw the page."""
    heading("Sources", "Where does usage come from, and what was left aside?")
    person = who.current_person()
    if person is None:
        return
    with who.books_of(person.tenant_id, person.role) as workspace:
        found = source_health(workspace)
        freshness = usage_freshness(workspace)
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
