"""Books check: each promise that the books keep, whether it holds, and since when that is known."""

import json
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from billing_core.books import CHECKS, check_books
from billing_core.queries.books_checks import BooksCheck, books_checks
from billing_core.sign_in import Person
from billing_core.workspace import open_workspace
from pages.parts import figures
from pages.parts import person as who
from pages.parts.look import answer, chips, heading

COLOURS = {"holds": "green", "broken": "red", "unknown": "orange"}
SENTENCES = {check.name: check.sentence for check in CHECKS}
MAY_CHECK = {"owner", "finance"}


def page() -> None:
    """Draw the page."""
    heading("Books check", "Do our numbers still tie, and if not, where do they break?")
    person = who.current_person()
    if person is None:
        return
    if person.role in MAY_CHECK:
        st.button("Check now", key="check_now", icon=":material/fact_check:", on_click=_check, args=(person,))
    with who.books_of(person.tenant_id, person.role) as workspace:
        found = books_checks(workspace)
    if not found:
        st.info("The books were not checked yet: that happens once a day, and by a click here.")
        return
    _verdict(found)
    _table(found)
    for check in found:
        if check.outcome == "broken" and check.rows:
            st.subheader(f"Where it breaks: {check.name}", anchor=False)
            st.code(json.dumps(check.rows, indent=2, ensure_ascii=False), language="json", wrap_lines=True)


def _check(person: Person) -> None:
    """Check the books anew, in one transaction that writes the results; nothing is drawn in it."""
    with open_workspace(tenant_id=person.tenant_id, actor=person.email, role=person.role) as workspace:
        check_books(workspace)


def _verdict(found: Sequence[BooksCheck]) -> None:
    of = {outcome: sum(check.outcome == outcome for check in found) for outcome in COLOURS}
    if of["broken"]:
        broken = f"{figures.counted(of['broken'], 'check')} of {len(found)} broken"
        answer(["", broken, ": the numbers behind it cannot be trusted until it holds again."])
    elif of["unknown"]:
        answer(
            [
                f"{of['holds']} of {figures.counted(len(found), 'check')} hold; ",
                f"{of['unknown']} could not be decided",
                ".",
            ]
        )
    else:
        answer(["", f"All {len(found)} checks hold", ": the books tie."])
    newest = max(check.checked_at for check in found)
    chips([("bad" if of["broken"] else "open" if of["unknown"] else "good", f"Checked {figures.minute(newest)}")])


def _table(found: Sequence[BooksCheck]) -> None:
    frame = pd.DataFrame(
        {
            "Check": [SENTENCES.get(check.name, check.name) for check in found],
            "Outcome": [[check.outcome] for check in found],
            "Expected": [check.expected for check in found],
            "Found": [check.found for check in found],
            "Checked": [figures.minute(check.checked_at) for check in found],
        }
    )
    outcome = st.column_config.MultiselectColumn("Outcome", options=list(COLOURS), color=list(COLOURS.values()))
    st.dataframe(
        frame, hide_index=True, column_config={"Outcome": outcome}, height="content", alt="Checks of the books"
    )
