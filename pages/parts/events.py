"""The table of calls, newest first; a chosen row opens the call."""

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from billing_core.queries.usage_events import UsageEvent
from pages.parts import links
from pages.parts.charts import model_name
from pages.parts.figures import money
from pages.parts.tables import table
from pages.parts.words import customer_words


def event_table(events: Sequence[UsageEvent], *, key: str) -> None:
    """Draw calls as rows; the amounts are text, exact to the digits that matter."""
    place = table(
        {
            "at": [event.occurred_at for event in events],
            "customer": [customer_words(event.customer_name, event.customer_id) for event in events],
            "model": [model_name(event.provider, event.model) for event in events],
            "feature": [event.feature or None for event in events],
            "product": [event.product_name or None for event in events],
            "calls": [event.calls for event in events],
            "tokens": [event.tokens for event in events],
            "cost": ["unpriced" if event.cost_pico_usd is None else money(event.cost_pico_usd) for event in events],
        },
        key=key,
        alt="Calls, newest first",
        config={
            "at": st.column_config.DatetimeColumn("Time (UTC)", format="YYYY-MM-DD HH:mm:ss", timezone="UTC"),
            "customer": st.column_config.TextColumn("Customer"),
            "model": st.column_config.TextColumn("Model"),
            "feature": st.column_config.TextColumn("Feature"),
            "product": st.column_config.TextColumn("Product"),
            "calls": st.column_config.NumberColumn("Calls", format="localized"),
            "tokens": st.column_config.NumberColumn("Tokens", format="localized"),
            "cost": st.column_config.TextColumn("Cost", alignment="right"),
        },
    )
    if place is not None:
        links.go("event", event_words(events[place]))


def event_words(event: UsageEvent) -> dict[str, str]:
    """Return where one call is found, for a URL.

    Names of its own: Streamlit leaves the parameters of the page that opens on the page that was left.
    """
    at = event.occurred_at.astimezone(UTC).isoformat(timespec="microseconds")
    return {"of": str(event.customer_id), "at": at.replace("+00:00", "Z"), "event": str(event.event_id)}


def instant_in_url(name: str) -> datetime | None:
    """Return an instant from the URL; None where it has none that can be read."""
    try:
        at = datetime.fromisoformat(st.query_params.get(name, ""))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
