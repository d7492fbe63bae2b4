"""What a tenant without usage sees: how the first file comes in."""

import streamlit as st

EXAMPLE = (
    '{"id": "req_1", "at": "2026-11-01T10:00:00Z", "customer": "acme", "feature": "draft", "provider": "openai",\n'
    ' "model": "gpt-4o", "usage": {"prompt_tokens": 1200, "completion_tokens": 340}}'
)


def no_usage_yet() -> None:
    """Say how usage gets in; there is no number to show."""
    with st.container(border=True):
        st.subheader("These books are empty", anchor=False)
        st.markdown("Import a file of LLM calls, and within seconds this page says what each customer costs.")
        st.code("marginbook import usage FILE", language=None)
        st.markdown("A line of such a file, one call each; CSV works too, with a mapping of its columns:")
        st.code(EXAMPLE, language="json", wrap_lines=True)


def nothing_here() -> None:
    """Say that a filter lets nothing through."""
    st.info("No usage in this period with these filters: choose another period, or take a filter away.")
