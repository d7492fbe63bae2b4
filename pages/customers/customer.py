"""One customer: what it pays, costs and leaves, over the months and by model, and the documents and calls behind it."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import streamlit as st

from billing_core.clock import utc_now
from billing_core.periods import DatePeriod
from billing_core.queries.customer import customer
from billing_core.queries.customer_standing import CustomerStanding, customer_standing
from billing_core.queries.invoices_of_customer import CustomerInvoice, invoices_of_customer
from billing_core.queries.margin_months import MarginMonth, margin_months
from billing_core.queries.margin_totals import MarginTotals, margin_totals
from billing_core.queries.payments_of_customer import CustomerPayment, payments_of_customer
from billing_core.queries.stripe_connections import stripe_connections
from billing_core.queries.usage_cuts import UsageCut, UsageCuts, usage_cuts
from billing_core.queries.usage_events import UsageEvent, usage_events
from billing_core.queries.usage_filter import UNATTRIBUTED, UsageFilter
from billing_core.queries.usage_totals import UsageTotals, usage_totals
from billing_core.sign_in import Person
from pages.parts import charts, figures, links, margin_charts
from pages.parts import person as who
from pages.parts.cuts import cut_tables
from pages.parts.documents import invoice_table, payment_table
from pages.parts.empty import no_revenue_of_models, nothing_here, start_here
from pages.parts.events import event_table
from pages.parts.filters import SECONDS_OLD_MAX, Narrowed, filter_bar
from pages.parts.look import chips, heading, heading_of, note
from pages.parts.margin_cards import customer_cards, margin_hero
from pages.parts.stripe_words import STANDING, STANDING_WORDS
from pages.parts.words import UNATTRIBUTED_NAME, completeness

EVENTS_SHOWN = 10
SEES_EMAIL = {"owner", "finance", "support"}
QUESTION = "What does this customer pay, what does it cost us, and why?"


@dataclass(frozen=True)
class Numbers:
    """Everything that the page shows, as of one instant; `all_totals` is what all customers pay and cost."""

    margin: MarginTotals
    before: MarginTotals | None
    all_totals: MarginTotals
    months: list[MarginMonth]
    usage: UsageTotals
    cuts: UsageCuts
    by_month_and_model: list[UsageCut]
    by_model: list[UsageCut]
    events: list[UsageEvent]
    invoices: list[CustomerInvoice]
    payments: list[CustomerPayment]
    has_stripe: bool


def page() -> None:
    """Draw the page of the customer that the URL names."""
    person = who.current_person()
    if person is None:
        return
    customer_id = links.whole_number("customer")
    name = None if customer_id is None else _name(person, customer_id)
    if customer_id is None or name is None:
        heading("Customer", QUESTION)
        st.info("There is no customer of this number: choose one from the list.")
        links.link("customers", "All customers", {}, icon=":material/arrow_back:")
        return
    heading_of(name, QUESTION)
    narrowed = filter_bar(person, page="customer", customer_id=customer_id)
    links.in_url("customer", str(customer_id))
    if narrowed is None:
        start_here()
        return
    chosen = narrowed.chosen
    numbers = _numbers(person.tenant_id, person.role, narrowed.asked, before=chosen.before, trend=chosen.trend)
    with_email = person.role in SEES_EMAIL
    found = _found_standing(person.tenant_id, person.role, customer_id, with_email=with_email)
    is_in_stripe = numbers.has_stripe and (
        customer_id == UNATTRIBUTED or found is not None or numbers.margin.booked > 0
    )
    _standing(found, numbers, is_in_stripe=is_in_stripe)
    with st.container(horizontal=True, gap="medium"):
        links.link("customers", "All customers", narrowed.link(), icon=":material/arrow_back:")
        links.link("events", "Every call", narrowed.link(customer=str(customer_id)), icon=":material/list_alt:")
    if not numbers.margin.calls and not numbers.margin.booked and not numbers.invoices:
        nothing_here()
        return
    if numbers.has_stripe and not numbers.margin.has_revenue:
        no_revenue_of_models()
    _answer(numbers, narrowed, is_in_stripe=is_in_stripe)
    _over_time(numbers)
    _below(numbers, narrowed, customer_id)


@st.cache_data(ttl=SECONDS_OLD_MAX, max_entries=100, show_spinner=False)
def _numbers(tenant_id: int, role: str, asked: UsageFilter, *, before: DatePeriod | None, trend: DatePeriod) -> Numbers:
    over_time = replace(asked, period=trend)
    number = asked.customer_id or UNATTRIBUTED
    with who.books_of(tenant_id, role) as workspace:
        monthly = usage_cuts(workspace, over_time, step="month")
        return Numbers(
            margin_totals(workspace, asked),
            margin_totals(workspace, replace(asked, period=before)) if before else None,
            margin_totals(workspace, replace(asked, customer_id=None)),
            margin_months(workspace, over_time),
            usage_totals(workspace, asked),
            usage_cuts(workspace, asked),
            monthly.by_day_and_model,
            monthly.by_model,
            usage_events(workspace, asked, count_max=EVENTS_SHOWN),
            invoices_of_customer(workspace, customer_id=number) if number else [],
            payments_of_customer(workspace, customer_id=number) if number else [],
            bool(stripe_connections(workspace)),
        )


def _standing(found: CustomerStanding | None, numbers: Numbers, *, is_in_stripe: bool) -> None:
    """Say how the customer stands."""
    shown: list[tuple[str, str]] = []
    if found is not None:
        status = STANDING_WORDS.get(found.status, found.status)
        shown.append((STANDING.get(found.status, "plain"), status))
        shown += [("plain", word) for word in (found.plan_name, found.segment, found.email) if word]
        if found.first_paid_on is not None:
            shown.append(("plain", f"first paid {figures.day(found.first_paid_on)}"))
    elif numbers.has_stripe and not is_in_stripe:
        shown.append(("open", "not in Stripe"))
    shown += completeness(numbers.usage)[:1]
    chips(shown)


@st.cache_data(ttl=SECONDS_OLD_MAX, max_entries=200, show_spinner=False)
def _found_standing(tenant_id: int, role: str, customer_id: int, *, with_email: bool) -> CustomerStanding | None:
    with who.books_of(tenant_id, role) as workspace:
        return customer_standing(workspace, customer_id=customer_id, with_email=with_email)


def _answer(numbers: Numbers, narrowed: Narrowed, *, is_in_stripe: bool) -> None:
    left, right = st.columns([4, 7], gap="small")
    with left, st.container(border=True, height="stretch"):
        margin_hero(numbers.margin, numbers.before, narrowed.chosen, is_in_stripe=is_in_stripe)
    with right:
        customer_cards(
            numbers.margin,
            numbers.before,
            narrowed.chosen,
            numbers.all_totals,
            months=numbers.months,
            is_in_stripe=is_in_stripe,
        )


def _over_time(numbers: Numbers) -> None:
    """Draw the months from the first with anything in it."""
    begun = [month for month in numbers.months if month.calls or month.revenue_pico]
    if not begun:
        return
    months = [month for month in numbers.months if month.month >= begun[0].month]
    firsts = [month.month for month in months]
    with st.container(border=True):
        st.subheader("What does it pay, and what do its calls cost, by model?", anchor=False)
        figure = margin_charts.revenue_over_models(
            firsts,
            margin_charts.Series("Revenue", [month.revenue_pico for month in months]),
            _by_model(numbers, firsts),
            margin_charts.Series("Gross margin", [month.margin_pico for month in months]),
        )
        charts.show(figure, key="months", alt="Revenue of this customer against LLM cost by model, month by month")
        if months[-1].month == utc_now().date().replace(day=1):
            note(f"{months[-1].month:%B %Y} is not over: it stands as far as today.")


def _by_model(numbers: Numbers, months: list[date]) -> list[margin_charts.Series]:
    """Return each model's cost by month, the dearest first, those that cannot be told apart together."""
    named = [charts.series_name(cut) for cut in numbers.by_model if cut.cost_pico_usd][: charts.COLOURS_SHOWN]
    sums = {name: dict.fromkeys(months, Decimal(0)) for name in [*named, charts.OTHER]}
    for cut in numbers.by_month_and_model:
        of = sums[charts.series_name(cut) if charts.series_name(cut) in named else charts.OTHER]
        if cut.day in of:
            of[cut.day] += cut.cost_pico_usd
    return [margin_charts.Series(name, list(of.values())) for name, of in sums.items() if any(of.values())]


def _below(numbers: Numbers, narrowed: Narrowed, customer_id: int) -> None:
    """Draw what stands behind the numbers: cost by model, invoices, payments, calls."""
    if numbers.usage.calls:
        st.subheader("What do its calls cost, against what it pays?", anchor=False)
        revenue = numbers.margin.revenue_pico if numbers.margin.booked else None
        cut_tables(numbers.cuts, numbers.usage, narrowed, revenue_pico=revenue, customer=str(customer_id))
    if numbers.invoices:
        st.subheader("Invoices", anchor=False)
        invoice_table(numbers.invoices)
    if numbers.payments:
        st.subheader("Payments", anchor=False)
        payment_table(numbers.payments)
    if numbers.events:
        st.subheader("Newest calls", anchor=False)
        event_table(numbers.events, key="newest")


def _name(person: Person, customer_id: int) -> str | None:
    if customer_id == UNATTRIBUTED:
        return UNATTRIBUTED_NAME
    with who.books_of(person.tenant_id, person.role) as workspace:
        found = customer(workspace, customer_id=customer_id)
    return found.name if found else None
