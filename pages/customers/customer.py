"""One customer: what it costs, by which models and features, on which days, and the calls behind it."""

from dataclasses import dataclass, replace

import streamlit as st

from billing_core.periods import DatePeriod
from billing_core.queries.customer import customer
from billing_core.queries.usage_cuts import Step, UsageCuts, usage_cuts
from billing_core.queries.usage_events import UsageEvent, usage_events
from billing_core.queries.usage_filter import UNATTRIBUTED, UsageFilter
from billing_core.queries.usage_totals import UsageTotals, usage_totals
from billing_core.sign_in import Person
from pages.parts import charts, figures, links
from pages.parts import person as who
from pages.parts.cards import cost_cards
from pages.parts.cuts import cut_tables
from pages.parts.empty import no_usage_yet, nothing_here
from pages.parts.events import event_table
from pages.parts.filters import SECONDS_OLD_MAX, filter_bar
from pages.parts.look import chips, heading, heading_of
from pages.parts.words import UNATTRIBUTED_NAME, completeness

EVENTS_SHOWN = 10


@dataclass(frozen=True)
class Numbers:
    """Everything that the page shows, as of one instant; `all_totals` is what all customers cost."""

    totals: UsageTotals
    before: UsageTotals | None
    all_totals: UsageTotals
    cuts: UsageCuts
    events: list[UsageEvent]


def page() -> None:
    """Draw the page of the customer that the URL names."""
    person = who.current_person()
    if person is None:
        return
    customer_id = links.whole_number("customer")
    name = None if customer_id is None else _name(person, customer_id)
    if customer_id is None or name is None:
        heading("Customer", "What does this customer cost us, and why?")
        st.info("There is no customer of this number: choose one from the list.")
        links.link("customers", "All customers", {}, icon=":material/arrow_back:")
        return
    heading_of(name, "What does this customer cost us, and why?")
    narrowed = filter_bar(person, page="customer", customer_id=customer_id)
    links.in_url("customer", str(customer_id))
    if narrowed is None:
        no_usage_yet()
        return
    chosen = narrowed.chosen
    numbers = _numbers(person.tenant_id, person.role, narrowed.asked, before=chosen.before, step=chosen.step)
    share = numbers.all_totals.share_of_cost(numbers.totals.cost_pico_usd)
    chips([("plain", f"{figures.share(share)} of all cost"), *completeness(numbers.totals)[:1]])
    with st.container(horizontal=True, gap="medium"):
        links.link("customers", "All customers", narrowed.link(), icon=":material/arrow_back:")
        links.link("events", "Every call", narrowed.link(customer=str(customer_id)), icon=":material/list_alt:")
    if not numbers.totals.calls:
        nothing_here()
        return
    cost_cards(numbers.totals, numbers.before, chosen, numbers.cuts)
    with st.container(border=True):
        st.subheader(f"What did each {chosen.step} cost, by model?", anchor=False)
        figure = charts.cost_by_step(numbers.cuts.by_day_and_model, numbers.cuts.by_model, chosen)
        charts.show(figure, key="cost_by_step", alt="Cost of this customer by day, stacked by model")
    cut_tables(numbers.cuts, numbers.totals, narrowed, customer=str(customer_id))
    st.subheader("Newest calls", anchor=False)
    event_table(numbers.events, key="newest")


@st.cache_data(ttl=SECONDS_OLD_MAX, max_entries=100, show_spinner=False)
def _numbers(tenant_id: int, role: str, asked: UsageFilter, *, before: DatePeriod | None, step: Step) -> Numbers:
    with who.books_of(tenant_id, role) as workspace:
        return Numbers(
            usage_totals(workspace, asked),
            usage_totals(workspace, replace(asked, period=before)) if before else None,
            usage_totals(workspace, replace(asked, customer_id=None)),
            usage_cuts(workspace, asked, step=step),
            usage_events(workspace, asked, count_max=EVENTS_SHOWN),
        )


def _name(person: Person, customer_id: int) -> str | None:
    if customer_id == UNATTRIBUTED:
        return UNATTRIBUTED_NAME
    with who.books_of(person.tenant_id, person.role) as workspace:
        found = customer(workspace, customer_id=customer_id)
    return found.name if found else None
