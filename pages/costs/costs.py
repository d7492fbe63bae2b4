"""LLM cost: what usage costs by itself, who causes it, and how much of that is known."""

from dataclasses import dataclass, replace
from decimal import Decimal

import streamlit as st

from billing_core.periods import DatePeriod
from billing_core.queries.cost_by_customer import Ranking, cost_by_customer, ranking
from billing_core.queries.usage_cuts import Step, UsageCut, UsageCuts, usage_cuts
from billing_core.queries.usage_filter import UNATTRIBUTED, UsageFilter
from billing_core.queries.usage_freshness import UsageFreshness, usage_freshness
from billing_core.queries.usage_totals import UsageTotals, usage_totals
from pages.parts import charts, figures, links, look
from pages.parts import person as who
from pages.parts.cards import cost_cards
from pages.parts.cuts import cut_tables
from pages.parts.empty import no_usage_yet, nothing_here
from pages.parts.filters import SECONDS_OLD_MAX, Narrowed, filter_bar
from pages.parts.look import answer, chips, heading
from pages.parts.words import UNATTRIBUTED_NAME, completeness, freshness_words

CUSTOMERS_SHOWN = 7


@dataclass(frozen=True)
class Numbers:
    """Everything that the page shows, as of one instant."""

    totals: UsageTotals
    before: UsageTotals | None
    ranking: Ranking
    cuts: UsageCuts
    cause: UsageCut | None
    freshness: UsageFreshness | None


def page() -> None:
    """Draw the page."""
    heading("LLM cost", "What does LLM usage cost us, who causes it, and which way does it go?")
    person = who.current_person()
    if person is None:
        return
    narrowed = filter_bar(person, page="costs")
    if narrowed is None:
        no_usage_yet()
        return
    numbers = _numbers(
        person.tenant_id, person.role, narrowed.asked, before=narrowed.chosen.before, step=narrowed.chosen.step
    )
    chips([freshness_words(numbers.freshness), *completeness(numbers.totals)])
    if not numbers.totals.calls:
        nothing_here()
        return
    answer(_answer(numbers))
    cost_cards(numbers.totals, numbers.before, narrowed.chosen, numbers.cuts)
    _doors(numbers.totals, narrowed)
    _charts(numbers, narrowed)
    cut_tables(numbers.cuts, numbers.totals, narrowed)


@st.cache_data(ttl=SECONDS_OLD_MAX, max_entries=100, show_spinner=False)
def _numbers(tenant_id: int, role: str, asked: UsageFilter, *, before: DatePeriod | None, step: Step) -> Numbers:
    with who.books_of(tenant_id, role) as workspace:
        rows = cost_by_customer(workspace, asked)
        ranked = ranking(rows, start=0, count=CUSTOMERS_SHOWN)
        cause = None
        if ranked.shown:
            of_dearest = _of_customer(asked, ranked.shown[0].customer_id)
            cause = next(iter(usage_cuts(workspace, of_dearest).by_model_and_feature), None)
        return Numbers(
            usage_totals(workspace, asked),
            usage_totals(workspace, _in_period(asked, before)) if before else None,
            ranked,
            usage_cuts(workspace, asked, step=step),
            cause,
            usage_freshness(workspace),
        )


def _answer(numbers: Numbers) -> list[str]:
    """Say which customer costs most and why; every second part is what matters."""
    if not numbers.ranking.shown:
        return ["", "No call names a customer", ", so nobody can be said to cost most. Send a customer with each call."]
    first = numbers.ranking.shown[0]
    if not first.cost_pico_usd:
        return ["", first.name, " called most, and no call of the period has a cost."]
    of_all = figures.share(numbers.totals.share_of_cost(first.cost_pico_usd))
    said = ["", first.name, " costs most: ", figures.money(first.cost_pico_usd), f", {of_all} of all"]
    cause = numbers.cause
    if cause is None or cause.model is None:
        return [*said[:-1], f"{said[-1]}."]
    part = cause.cost_pico_usd / first.cost_pico_usd
    share = (
        f"{figures.share(part)} of it is " if part > Decimal("0.5") else f"the largest part, {figures.share(part)}, is "
    )
    purpose = f" for {cause.feature}." if cause.feature else ", without a feature named."
    return [*said[:-1], f"{said[-1]}; {share}", cause.model, purpose]


def _doors(totals: UsageTotals, narrowed: Narrowed) -> None:
    """Every number opens to its rows."""
    with st.container(horizontal=True, gap="medium"):
        links.link("events", "Calls behind the cost", narrowed.link(), icon=":material/list_alt:")
        if totals.unpriced_calls:
            words = narrowed.link(unpriced="yes")
            links.link(
                "events", f"{figures.counted(totals.unpriced_calls, 'unpriced call')}", words, icon=":material/help:"
            )
        if totals.unattributed_calls:
            words = narrowed.link(customer=str(UNATTRIBUTED))
            label = f"{figures.counted(totals.unattributed_calls, 'call')} of no customer"
            links.link("events", label, words, icon=":material/person_off:")


def _charts(numbers: Numbers, narrowed: Narrowed) -> None:
    wide, narrow = st.columns([5, 3], gap="medium")
    with wide, st.container(border=True, height="stretch"):
        st.subheader(f"What did each {narrowed.chosen.step} cost, by model?", anchor=False)
        figure = charts.cost_by_step(numbers.cuts.by_day_and_model, numbers.cuts.by_model, narrowed.chosen)
        charts.show(figure, key="cost_by_step", alt="Cost by day, stacked by model")
    with narrow, st.container(border=True, height="stretch"):
        st.subheader("Who costs most?", anchor=False)
        rows = numbers.ranking
        named = [(row.name, row, False) for row in rows.shown]
        if rows.others_count:
            named.append((figures.counted(rows.others_count, "other customer"), rows.others, True))
        if rows.unattributed.calls:
            named.append((UNATTRIBUTED_NAME, rows.unattributed, True))
        look.ranking(
            [
                (name, figures.money_for_chart(row.cost_pico_usd), figures.money(row.known_cost_pico_usd), rest)
                for name, row, rest in named
            ]
        )


def _of_customer(asked: UsageFilter, customer_id: int) -> UsageFilter:
    return replace(asked, customer_id=customer_id)


def _in_period(asked: UsageFilter, period: DatePeriod) -> UsageFilter:
    return replace(asked, period=period)
