"""Pages without a browser: opened as the router would, for a person, at an instant, and read as that person reads."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from streamlit.testing.v1 import AppTest

from billing_core.sign_in import Person

LATER = datetime(2026, 12, 15, tzinfo=UTC)
"""In the middle of December November is over."""
ROUTER = Path(__file__).parents[2] / "pages" / "_router.py"
PAGES = {
    "overview": "pages.overview.overview",
    "customers": "pages.customers.customers",
    "customer": "pages.customers.customer",
    "segments": "pages.segments.segments",
    "costs": "pages.costs.costs",
    "events": "pages.events.events",
    "event": "pages.events.event",
    "matching": "pages.books.matching",
    "checks": "pages.books.checks",
    "sources": "pages.sources.sources",
}


def person(tenant_id: int, role: str = "owner") -> Person:
    """Return somebody of this role."""
    return Person(tenant_id, "North", False, 1, "ada@example.com", "Ada", role)


def opened(page: str, who: Person, **query: str) -> AppTest:
    """Run one page as the router would, for this person, with this URL."""
    at = AppTest.from_string(f"from {PAGES[page]} import page; page()", default_timeout=60)
    for name, value in query.items():
        at.query_params[name] = value
    with seen_by(who):
        at.run()
    assert not at.exception
    return at


@contextmanager
def seen_by(who: Person | None) -> Iterator[None]:
    """Let this person look at the pages."""
    with (
        patch("pages.parts.person.current_person", return_value=who),
        patch("pages.parts.filters.utc_now", return_value=LATER),
        patch("pages.overview.overview.utc_now", return_value=LATER),
        patch("pages.customers.customer.utc_now", return_value=LATER),
        patch("billing_core.workspace.utc_now", return_value=LATER),
    ):
        yield


def words(at: AppTest) -> str:
    """Return everything that the page says in words."""
    said = [
        element.value
        for kind in ("title", "subheader", "markdown", "caption", "info", "success")
        for element in at.get(kind)
    ]
    said += [element.proto.body for element in at.get("html")]
    said += [f"{metric.label}: {metric.value}" for metric in at.metric]
    return "\n".join(str(word) for word in said)
