"""The foot of the sidebar: who is signed in, for which tenant, and the ways out."""

from html import escape

import streamlit as st

from billing_core.access import open_tenants
from billing_core.queries.tenants_of_person import OpenTenant
from billing_core.sign_in import Person

MARK = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1b7f8f"/>'
    '<path d="M8 23V9l8 9 8-9v14" fill="none" stroke="#fff" stroke-width="3" stroke-linejoin="round" '
    'stroke-linecap="round"/></svg>'
)


def draw_sidebar(person: Person) -> None:
    """Draw who looks at whose books; the forms are plain HTML, because only an HTTP answer can set a cookie."""
    st.logo(MARK, size="large")
    tenants = _tenants(person.user_id, person)
    demo = " · demo data" if person.is_demo else ""
    with st.sidebar:
        st.html(
            f'<div class="mb-side"><div class="mb-who"><b>{escape(person.tenant_name)}</b><i>{demo}</i><br>'
            f"{escape(person.email)}<br><i>{escape(person.role)}</i></div>"
            f"{_switch(person, tenants)}"
            '<form method="post" action="/logout"><button>Sign out</button></form>'
            '<form method="get" action="/password"><button>Change password</button></form></div>'
        )


def _switch(person: Person, tenants: list[OpenTenant]) -> str:
    others = [tenant for tenant in tenants if tenant.tenant_id != person.tenant_id]
    if not others:
        return ""
    options = "".join(f'<option value="{tenant.tenant_id}">{escape(tenant.name)}</option>' for tenant in others)
    return (
        f'<form method="post" action="/tenant"><select name="tenant" aria-label="Other books">{options}</select>'
        "<button>Open</button></form>"
    )


@st.cache_data(ttl=30, max_entries=500, show_spinner=False)
def _tenants(user_id: int, _person: Person) -> list[OpenTenant]:
    """Keep the list half a minute; the person's number is the key, and opening one is checked anew."""
    del user_id
    return open_tenants(_person)
