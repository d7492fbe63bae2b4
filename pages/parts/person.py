"""Who looks at the page, and the books that are open to them."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from billing_core.access import name_of_cookie, person_of_cookie
from billing_core.queries.asking import hold_still
from billing_core.sign_in import Person
from billing_core.workspace import Workspace, open_workspace


def current_person() -> Person | None:
    """Return the person of the running page, with the role that they have at this moment."""
    return person_of_cookie(st.context.cookies.get(name_of_cookie()))


@contextmanager
def books_of(tenant_id: int, role: str) -> Iterator[Workspace]:
    """Open a tenant's books for looking: every question sees the same instant, nothing can be written."""
    with open_workspace(tenant_id=tenant_id, actor="pages", role=role) as workspace:
        yield hold_still(workspace)
