"""What a tenant without usage or without revenue sees: how the first file and the first account come in."""

import streamlit as st

from pages.parts import links

EXAMPLE = (
    '{"id": "req_1", "at": "2026-11-01T10:00:00Z", "customer": "acme", "feature": "draft", "provider": "openai",\n'
    ' "model": "gpt-4o", "usage": {"prompt_tokens": 1200, "completion_tokens": 340}}'
)
SYNC = "STRIPE_API_KEY=rk_live_… marginbook sync stripe"


def start_here() -> None:
    """Say how revenue and usage get in, when there is neither."""
    with st.container(border=True):
        st.subheader("Welcome. These books are empty", anchor=False)
        st.markdown(
            "Two things are needed, in any order; after both, this page says what each customer really earns you."
        )
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown("**1. Usage: what your LLM calls cost**")
            _usage()
        with right:
            st.markdown("**2. Revenue: what Stripe collects**")
            _stripe()


def no_usage_yet() -> None:
    """Say how usage gets in; there is no number to show."""
    with st.container(border=True):
        st.subheader("These books are empty", anchor=False)
        _usage()


def connect_stripe() -> None:
    """Say how revenue gets in, where only usage is known."""
    with st.expander("Revenue is not known yet: connect Stripe to see margins", icon=":material/link:"):
        _stripe()


def no_revenue_of_models() -> None:
    """Say why no margin is shown under a filter of calls."""
    st.info(
        "Model and feature narrow the cost only: revenue has neither, so no margin is shown. Segments splits revenue "
        "over models and features.",
        icon=":material/filter_alt:",
    )


def nothing_here() -> None:
    """Say that a filter lets nothing through."""
    st.info("No usage in this period with these filters: choose another period, or take a filter away.")


def _usage() -> None:
    st.markdown("Import a file of LLM calls, and within seconds this page says what each customer costs.")
    st.code("marginbook import usage FILE", language=None)
    st.markdown("A line of such a file, one call each; CSV works too, with a mapping of its columns:")
    st.code(EXAMPLE, language="json", wrap_lines=True)


def _stripe() -> None:
    st.markdown(
        "Make a restricted key in Stripe that may **read** customers, products, subscriptions, invoices, charges, "
        "disputes, credit notes and balance transactions; Marginbook writes nothing with it. Then run:"
    )
    st.code(SYNC, language=None)
    st.markdown(
        "Run it again whenever you like: it fetches what is new, and a broken run goes on where it stopped. Customers "
        "are matched by the metadata key `customer_id`; who is left over waits under Matching."
    )
    links.link("sources", "What is connected", {}, icon=":material/input:")
