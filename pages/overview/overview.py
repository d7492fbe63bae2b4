"""Overview: the gross margin of the period, which way it goes, what changed it, and who loses money."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import streamlit as st

from billing_core.clock import utc_now
from billing_core.periods import DatePeriod
from billing_core.queries.margin_by_customer import (
    CustomerMargin,
    Unprofitable,
    margin_by_customer,
    sum_of,
    unprofitable,
)
from billing_core.queries.margin_changes import MarginChanges, margin_changes
from billing_core.queries.margin_months import MarginMonth, margin_months
from billing_core.queries.margin_totals import MarginTotals, margin_totals
from billing_core.queries.revenue_bases import RevenueBasis, revenue_bases
from billing_core.queries.stripe_connections import stripe_connections
from billing_core.queries.usage_filter import UNATTRIBUTED, UsageFilter
from billing_core.queries.usage_freshness import UsageFreshness, usage_freshness
from pages.parts import charts, figures, links, margin_charts
from pages.parts import person as who
from pages.parts.empty import connect_stripe, no_revenue_of_models, nothing_here, start_here
from pages.parts.filters import SECONDS_OLD_MAX, Narrowed, filter_bar
from pages.parts.look import Sides, chips, heading, note, sayings, two_sides
from pages.parts.margin_cards import margin_cards, margin_hero
from pages.parts.margin_words import (
    customer_href,
    loss_sayings,
    margin_completeness,
    mover_saying,
    subsidised,
)
from pages.parts.words import freshness_words

WORST_SHOWN = 5
MOVERS_SHOWN = 5
BASES = ("Recognised", "Cash", "MRR")


@dataclass(frozen=True)
class Numbers:
    """Everything that the page shows, as of one instant."""

    totals: MarginTotals
    before: MarginTotals | None
    months: list[MarginMonth]
    bases: list[RevenueBasis]
    losing: Unprofitable
    favoured: list[CustomerMargin]
    all_customers: CustomerMargin
    changes: MarginChanges | None
    freshness: UsageFreshness | None
    has_stripe: bool


def page() -> None:
    """Draw the page."""
    heading("Overview", "What is our gross margin, which way does it go, and who loses us money?")
    person = who.current_person()
    if person is None:
        return
    narrowed = filter_bar(person, page="overview")
    if narrowed is None:
        start_here()
        return
    chosen = narrowed.chosen
    numbers = _numbers(person.tenant_id, person.role, narrowed.asked, before=chosen.before, trend=chosen.trend)
    chips([freshness_words(numbers.freshness), *margin_completeness(numbers.totals)])
    if not numbers.totals.calls and not numbers.totals.booked:
        nothing_here()
        return
    if not numbers.has_stripe:
        connect_stripe()
    elif not numbers.totals.has_revenue:
        no_revenue_of_models()
    left, right = st.columns([4, 7], gap="small")
    with left, st.container(border=True, height="stretch"):
        margin_hero(numbers.totals, numbers.before, chosen, is_in_stripe=numbers.has_stripe)
    with right:
        margin_cards(
            numbers.totals,
            numbers.before,
            chosen,
            months=numbers.months,
            losing=numbers.losing,
            is_in_stripe=numbers.has_stripe,
        )
    _doors(numbers.totals, narrowed)
    _reasons(numbers, narrowed)
    _trends(numbers)


@st.cache_data(ttl=SECONDS_OLD_MAX, max_entries=100, show_spinner=False)
def _numbers(tenant_id: int, role: str, asked: UsageFilter, *, before: DatePeriod | None, trend: DatePeriod) -> Numbers:
    with who.books_of(tenant_id, role) as workspace:
        rows = margin_by_customer(workspace, asked, before=before)
        losing, total = unprofitable(rows), sum_of(rows)
        over_time = replace(asked, period=trend)
        return Numbers(
            margin_totals(workspace, asked),
            margin_totals(workspace, replace(asked, period=before)) if before else None,
            _begun(margin_months(workspace, over_time)),
            revenue_bases(workspace, over_time),
            losing,
            subsidised(rows, total),
            total,
            margin_changes(workspace, asked, before) if before else None,
            usage_freshness(workspace),
            bool(stripe_connections(workspace)),
        )


def _begun(months: list[MarginMonth]) -> list[MarginMonth]:
    """Leave out the months before the first with calls or revenue."""
    first = next((place for place, month in enumerate(months) if month.calls or month.revenue_pico), len(months))
    return months[first:]


def _doors(totals: MarginTotals, narrowed: Narrowed) -> None:
    """Every number opens to its rows."""
    with st.container(horizontal=True, gap="medium"):
        links.link("customers", "Customers behind the margin", narrowed.link(), icon=":material/groups:")
        links.link("events", "Calls behind the cost", narrowed.link(), icon=":material/list_alt:")
        if totals.unpriced_calls:
            label = figures.counted(totals.unpriced_calls, "unpriced call")
            links.link("events", label, narrowed.link(unpriced="yes"), icon=":material/help:")
        if totals.unattributed_cost_pico:
            words = narrowed.link(customer=str(UNATTRIBUTED))
            links.link("events", "Calls of no customer", words, icon=":material/person_off:")
        if totals.unmatched_customers:
            label = f"{figures.counted(totals.unmatched_customers, 'customer')} to match"
            links.link("matching", label, {}, icon=":material/join_inner:")


def _reasons(numbers: Numbers, narrowed: Narrowed) -> None:
    """Say in words who loses money, and what changed."""
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, height="stretch"):
        st.subheader("Who loses us money?", anchor=False)
        said = loss_sayings(numbers.losing, numbers.favoured, numbers.all_customers, narrowed)
        if said:
            sayings(said)
        else:
            note("Without revenue nobody can be said to lose money.")
        worst = numbers.losing.customers[:WORST_SHOWN]
        if worst:
            two_sides([_sides(row, narrowed) for row in worst], above="pays", below="costs")
    with right, st.container(border=True, height="stretch"):
        st.subheader("What changed?", anchor=False)
        _changes(numbers.changes, narrowed)


def _sides(row: CustomerMargin, narrowed: Narrowed) -> Sides:
    revenue, costs = row.revenue_pico or Decimal(0), row.costs_pico or Decimal(0)
    return Sides(
        row.name,
        customer_href(row.customer_id, narrowed),
        f"{figures.money(revenue)} paid, {figures.money(costs)} spent",
        figures.money(row.margin_pico),
        max(0.0, figures.money_for_chart(revenue)),
        max(0.0, figures.money_for_chart(costs)),
        is_loss=True,
    )


def _changes(changes: MarginChanges | None, narrowed: Narrowed) -> None:
    if changes is None:
        note("There is no fair period to compare with: choose one month.")
        return
    steps = [
        ("Revenue", changes.revenue_pico),
        ("LLM cost", changes.cost_pico),
        ("Fees", changes.fees_pico),
        ("Shared", changes.shared_pico),
    ]
    before = narrowed.chosen.before_label.removeprefix("vs ")
    figure = margin_charts.bridge(
        [step for step in steps if step[1] or step[0] in {"Revenue", "LLM cost"}],
        start=("Margin before", changes.margin_before_pico),
        end="Margin now",
    )
    figure.update_layout(height=240)
    charts.show(figure, key="bridge", alt=f"From the margin of {before} to that of this period, part by part")
    if changes.movers:
        sayings([mover_saying(mover, narrowed) for mover in changes.movers[:MOVERS_SHOWN]])
    else:
        note("Nothing moved.")


def _trends(numbers: Numbers) -> None:
    months = drawn(numbers.months, utc_now().date().replace(day=1))
    wide, narrow = st.columns([5, 3], gap="medium")
    with wide, st.container(border=True, height="stretch"):
        st.subheader("How does the margin go, month by month?", anchor=False)
        figure = margin_charts.margin_by_month(months)
        charts.show(figure, key="margin_by_month", alt="Revenue, costs and gross margin by month, with what is open")
    with narrow, st.container(border=True, height="stretch"):
        st.subheader("How much of revenue does the LLM bill take?", anchor=False)
        if any(month.llm_share is not None for month in months):
            figure = margin_charts.llm_share_by_month(months)
            charts.show(figure, key="llm_share", alt="LLM cost as percent of revenue by month")
        else:
            note("Without revenue there is no percentage.")
    if any(basis.accrual_pico or basis.cash_pico or basis.mrr_pico for basis in numbers.bases):
        _bases(numbers.bases)


def _bases(bases: list[RevenueBasis]) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("What is revenue on another basis?", anchor=False)
            said = st.query_params.get("basis", "")
            basis = st.segmented_control(
                "Basis",
                BASES,
                default=said if said in BASES else BASES[0],
                required=True,
                key="basis",
                label_visibility="collapsed",
            )
        links.in_url("basis", "" if basis == BASES[0] else basis or "")
        begun = [each for each in bases if each.accrual_pico or each.cash_pico or each.mrr_pico]
        series = [
            margin_charts.Series("Recognised", [each.accrual_pico for each in begun], margin_charts.REVENUE),
            margin_charts.Series("Cash", [each.cash_pico for each in begun], margin_charts.COST),
            margin_charts.Series("MRR", [each.mrr_pico for each in begun], margin_charts.PLUM),
        ]
        figure = margin_charts.lines_by_month([each.month for each in begun], series, emphasised=basis or BASES[0])
        charts.show(figure, key="bases", alt="Revenue by month as recognised, as cash received, and as MRR")
        note(
            "Recognised: spread over what it pays for. Cash: what arrived, less what went back. MRR: what running "
            "plans are worth a month, annual ones by the twelfth; no usage, no trial."
        )


def drawn(months: list[MarginMonth], this_month: date) -> list[margin_charts.MonthDrawn]:
    """Return months as the charts take them."""
    return [
        margin_charts.MonthDrawn(
            month.month,
            month.revenue_pico,
            month.cost_pico,
            (month.fees_pico or Decimal(0)) + (month.shared_pico or Decimal(0)),
            month.margin_pico,
            month.margin_share,
            _amount(month.interval.low if month.interval else None),
            _amount(month.interval.high if month.interval else None),
            month.llm_share,
            month.month == this_month,
        )
        for month in months
    ]


def _amount(pico: Decimal | int | None) -> Decimal | None:
    return None if pico is None else Decimal(pico)
