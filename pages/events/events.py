"""Calls: the rows behind a number, and their sum beside it."""

from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal

import streamlit as st

from billing_core.clock import utc_now
from billing_core.queries.customer import customer
from billing_core.queries.usage_events import EVENTS_MAX, EventKey, UsageEvent, cost_of, usage_events
from billing_core.queries.usage_filter import UsageFilter
from billing_core.queries.usage_totals import UsageTotals, usage_totals
from billing_core.sign_in import Person
from pages.parts import figures, links, tables
from pages.parts import person as who
from pages.parts.empty import no_usage_yet, nothing_here
from pages.parts.events import event_table
from pages.parts.filters import SECONDS_OLD_MAX, Narrowed, filter_bar
from pages.parts.look import answer, chips, heading
from pages.parts.words import UNATTRIBUTED_NAME, completeness, customer_words

SHOWN = 100
ROWS_IN_FILE_MAX = 50_000
TRAIL = "events_trail"


@dataclass(frozen=True)
class Numbers:
    """One page of calls and the sums of all of them, as of one instant."""

    totals: UsageTotals
    events: list[UsageEvent]
    customer_name: str | None


def page() -> None:
    """Draw the page."""
    heading("Calls", "Which calls stand behind this number?")
    person = who.current_person()
    if person is None:
        return
    customer_id = links.whole_number("customer")
    narrowed = filter_bar(person, page="events", customer_id=customer_id)
    if narrowed is None:
        no_usage_yet()
        return
    unpriced_only = st.toggle(
        "Unpriced calls only", value=st.query_params.get("unpriced") == "yes", key="unpriced_only"
    )
    links.in_url("unpriced", "yes" if unpriced_only else "")
    links.in_url("customer", "" if customer_id is None else str(customer_id))
    trail = _trail(narrowed.asked, unpriced_only=unpriced_only)
    before = trail[-1] if trail else None
    numbers = _numbers(person.tenant_id, person.role, narrowed.asked, unpriced_only=unpriced_only, before=before)
    if customer_id is not None:
        chips(
            [
                ("plain", customer_words(numbers.customer_name or UNATTRIBUTED_NAME, customer_id)),
                *completeness(numbers.totals)[:1],
            ]
        )
        links.link("events", "Of all customers", narrowed.link(), icon=":material/close:")
    else:
        chips(completeness(numbers.totals))
    if not numbers.events and not trail:
        nothing_here()
        return
    answer(_sums(numbers, unpriced_only=unpriced_only, is_first=not trail))
    event_table(numbers.events, key=f"events_{len(trail)}")
    _turn(numbers, trail)
    _download(person, narrowed, numbers, unpriced_only=unpriced_only)


@st.cache_data(ttl=SECONDS_OLD_MAX, max_entries=100, show_spinner=False)
def _numbers(tenant_id: int, role: str, asked: UsageFilter, *, unpriced_only: bool, before: EventKey | None) -> Numbers:
    with who.books_of(tenant_id, role) as workspace:
        named = customer(workspace, customer_id=asked.customer_id) if asked.customer_id else None
        return Numbers(
            usage_totals(workspace, asked),
            usage_events(workspace, asked, unpriced_only=unpriced_only, before=before, count_max=SHOWN),
            named.name if named else None,
        )


def _sums(numbers: Numbers, *, unpriced_only: bool, is_first: bool) -> list[str]:
    """Say what all calls of the filter sum to, and what the rows shown do."""
    totals = numbers.totals
    if unpriced_only:
        calls = figures.counted(totals.unpriced_calls, "call")
        return ["", calls, " without a price: give their model an own price, and their cost is known."]
    said = ["", figures.counted(totals.calls, "call"), " cost ", figures.money(totals.cost_pico_usd), "."]
    if totals.unpriced_calls:
        said[-1] = f", {figures.count(totals.unpriced_calls)} of them unpriced and not included."
    is_all = is_first and len(numbers.events) < SHOWN
    shown = figures.money(cost_of(numbers.events))
    said[-1] += f" The {figures.counted(len(numbers.events), 'row')} below sum to "
    return [*said, shown, ", all of them." if is_all else "; older rows follow."]


def _trail(asked: UsageFilter, *, unpriced_only: bool) -> list[EventKey]:
    """Return where the pages before this one ended; another filter starts anew."""
    place = (asked, unpriced_only)
    kept = st.session_state.get(TRAIL)
    if kept is None or kept[0] != place:
        st.session_state[TRAIL] = (place, [])
    trail: list[EventKey] = st.session_state[TRAIL][1]
    return trail


def _turn(numbers: Numbers, trail: list[EventKey]) -> None:
    with st.container(horizontal=True):
        st.button("Newer", key="newer", icon=":material/arrow_back:", disabled=not trail, on_click=_turn_back)
        has_more = len(numbers.events) == SHOWN
        ends_at = numbers.events[-1].key if has_more else None
        st.button(
            "Older",
            key="older",
            icon=":material/arrow_forward:",
            disabled=not has_more,
            on_click=_turn_on,
            args=(ends_at,),
        )


def _turn_on(ends_at: EventKey) -> None:
    place, trail = st.session_state[TRAIL]
    if ends_at not in trail:  # A second click on the same page turns no further.
        st.session_state[TRAIL] = (place, [*trail, ends_at])


def _turn_back() -> None:
    place, trail = st.session_state[TRAIL]
    st.session_state[TRAIL] = (place, trail[:-1])


def _download(person: Person, narrowed: Narrowed, numbers: Numbers, *, unpriced_only: bool) -> None:
    """Offer the rows of the whole filter as a file, made only when it is asked for."""
    now = utc_now()
    header = (
        *(
            "time",
            "customer",
            "provider",
            "model",
            "product",
            "feature",
            "calls",
            "tokens",
            "cost_usd",
            "unpriced_reason",
        ),
        *("event_id", "recorded_at", "as_of"),
    )

    def file() -> bytes:
        found = _all_events(person, narrowed.asked, unpriced_only=unpriced_only)
        rows = (
            (
                event.occurred_at.astimezone(UTC).isoformat(),
                customer_words(event.customer_name, event.customer_id),
                *(event.provider, event.model, event.product_name, event.feature, event.calls, event.tokens),
                "" if event.cost_pico_usd is None else Decimal(figures.exact_dollars(event.cost_pico_usd)),
                event.unpriced_reason or "",
                event.event_id,
                event.recorded_at.astimezone(UTC).isoformat(),
                now.isoformat(timespec="seconds"),
            )
            for event in found
        )
        return tables.csv_file(header, rows)

    name = tables.file_name("calls", narrowed.chosen.key, now, figures.share(numbers.totals.priced_share))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button("CSV", file, name, "text/csv", key="csv", on_click="ignore", icon=":material/download:")
        st.caption(f"Every call of this filter, the newest {figures.count(ROWS_IN_FILE_MAX)} at most.")


def _all_events(person: Person, asked: UsageFilter, *, unpriced_only: bool) -> list[UsageEvent]:
    found: list[UsageEvent] = []
    with who.books_of(person.tenant_id, person.role) as workspace:
        before = None
        while len(found) < ROWS_IN_FILE_MAX:
            rows = usage_events(workspace, asked, unpriced_only=unpriced_only, before=before, count_max=EVENTS_MAX)
            found += rows
            if len(rows) < EVENTS_MAX:
                break
            before = rows[-1].key
    return found
