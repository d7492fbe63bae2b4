"""The filter bar, the same on every page: period, product, plan, segment, model, feature; kept and in the URL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import streamlit as st

from billing_core.clock import utc_now
from billing_core.queries.usage_choices import UsageChoice, usage_choices
from billing_core.queries.usage_filter import NO_FEATURE, NO_PRODUCT, UsageFilter
from billing_core.queries.usage_freshness import usage_freshness
from billing_core.queries.usage_months import usage_months
from billing_core.sign_in import Person
from pages.parts.period import PeriodChoice, period_choices
from pages.parts.person import books_of

NAMES = ("period", "product", "plan", "segment", "model", "feature")
PERIOD, PRODUCT, PLAN, SEGMENT, MODEL, FEATURE = NAMES
"""What the filters are called in the URL."""

NO_PRODUCT_LABEL = "(no product)"
NO_PLAN_LABEL = "(no plan)"
NO_SEGMENT_LABEL = "(no segment)"
NO_FEATURE_LABEL = "(no feature)"
NO_PLAN, NO_SEGMENT = 0, ""
SECONDS_OLD_MAX = 5
"""A page may show numbers this old: the promise is ten seconds from ingestion to page."""

KEPT, PLACE, WRITTEN = "filters", "filters_page", "filters_written"
WRITTEN_MAX = 3


@dataclass(frozen=True)
class Narrowed:
    """What the filter bar says: the usage asked for, the period as it was chosen, and the words for a link."""

    asked: UsageFilter
    chosen: PeriodChoice
    words: Mapping[str, str]

    def link(self, **more: str | None) -> dict[str, str]:
        """Return the query parameters of a link that keeps this filter; None takes a part of it away."""
        return {name: value for name, value in {**self.words, **more}.items() if value}


@dataclass(frozen=True)
class Offered:
    """What there is to choose from; products and plans by name, with their numbers; `opens_on` has usage if any has."""

    months: list[date]
    opens_on: date | None
    products: dict[str, int]
    plans: dict[str, int]
    segments: list[str]
    models: list[str]
    features: list[str]


def filter_bar(person: Person, *, page: str, customer_id: int | None = None) -> Narrowed | None:
    """Draw the filters and return what they say; None for a tenant without usage and bookings."""
    offered = offered_to(person.tenant_id, person.role)
    if not offered.months:
        return None
    periods = {choice.key: choice for choice in period_choices(offered.months, utc_now().date())}
    options: dict[str, list[str]] = {
        PERIOD: list(periods),
        PRODUCT: [*offered.products, NO_PRODUCT_LABEL],
        PLAN: [*offered.plans, NO_PLAN_LABEL] if offered.plans else [],
        SEGMENT: [*offered.segments, NO_SEGMENT_LABEL] if offered.segments else [],
        MODEL: offered.models,
        FEATURE: [*offered.features, NO_FEATURE_LABEL],
    }
    kept, left_out = _kept(page, options, opens_on=f"{offered.opens_on:%Y-%m}")
    with st.container(horizontal=True, gap="small", key="filters"):
        _pick(PERIOD, options[PERIOD], kept, labels={choice.key: choice.label for choice in periods.values()})
        for name in (PRODUCT, PLAN, SEGMENT, MODEL, FEATURE):
            if options[name]:
                _pick(name, options[name], kept)
    _write_url(kept)
    if left_out:
        st.warning(f"This link names a {' and a '.join(left_out)} that these books do not have: it was left out.")
    chosen = periods[kept[PERIOD]]
    return Narrowed(_asked(kept, chosen, offered, customer_id), chosen, dict(kept))


def _asked(kept: Mapping[str, str], chosen: PeriodChoice, offered: Offered, customer_id: int | None) -> UsageFilter:
    product, feature, plan, segment = (kept.get(name) for name in (PRODUCT, FEATURE, PLAN, SEGMENT))
    provider, _, model = kept.get(MODEL, "").partition("/")
    return UsageFilter(
        chosen.period,
        customer_id=customer_id,
        product_id=None if product is None else offered.products.get(product, NO_PRODUCT),
        provider=provider or None,
        model=model or None,
        feature=NO_FEATURE if feature == NO_FEATURE_LABEL else feature,
        segment=NO_SEGMENT if segment == NO_SEGMENT_LABEL else segment,
        plan_id=None if plan is None else offered.plans.get(plan, NO_PLAN),
    )


def _kept(page: str, options: Mapping[str, Sequence[str]], *, opens_on: str) -> tuple[dict[str, str], list[str]]:
    """Return what the filters say now, and which of them name nothing.

    The URL says it where it was opened or followed, else what was chosen before.

    A URL that this page wrote itself a moment ago says nothing new: a click may overtake it on its way to the browser.
    """
    said = {name: st.query_params[name] for name in NAMES if name in st.query_params}
    followed = st.session_state.get(PLACE) != page or said not in st.session_state.get(WRITTEN, [])
    chosen = said if said and followed else st.session_state.get(KEPT, {})
    kept = {name: value for name, value in chosen.items() if value in options[name]}
    left_out = [name for name in chosen if name not in kept]
    kept.setdefault(PERIOD, opens_on)
    st.session_state[KEPT] = kept
    st.session_state[PLACE] = page
    return kept, left_out


def _pick(name: str, options: Sequence[str], kept: Mapping[str, str], labels: Mapping[str, str] | None = None) -> None:
    key = f"filter_{name}"
    st.session_state[key] = kept.get(name)
    st.selectbox(
        name.capitalize(),
        options,
        index=0 if name == PERIOD else None,
        format_func=labels.__getitem__ if labels else str,
        placeholder="All",
        key=key,
        on_change=_choose,
        args=(name,),
        width=163,
    )


def _choose(name: str) -> None:
    value = st.session_state[f"filter_{name}"]
    kept = {**st.session_state[KEPT], name: value}
    st.session_state[KEPT] = {each: word for each, word in kept.items() if word is not None}


def _write_url(kept: Mapping[str, str]) -> None:
    for name in NAMES:
        if name in kept and st.query_params.get(name) != kept[name]:
            st.query_params[name] = kept[name]
        elif name not in kept and name in st.query_params:
            del st.query_params[name]
    written = st.session_state.get(WRITTEN, [])
    if dict(kept) not in written:
        st.session_state[WRITTEN] = [*written, dict(kept)][-WRITTEN_MAX:]


@st.cache_data(ttl=SECONDS_OLD_MAX, max_entries=100, show_spinner=False)
def offered_to(tenant_id: int, role: str) -> Offered:
    """Return what a tenant's usage can be narrowed to."""
    with books_of(tenant_id, role) as workspace:
        months = [found.month for found in usage_months(workspace)]
        newest = usage_freshness(workspace)
        choices = usage_choices(workspace)
    return Offered(
        months,
        _opens_on(months, newest.occurred_at if newest else None),
        {choice.name: choice.id for choice in _of("product", choices) if choice.id is not None},
        {choice.name: choice.id for choice in _of("plan", choices) if choice.id is not None},
        [choice.name for choice in _of("segment", choices)],
        [f"{choice.provider}/{choice.name}" for choice in _of("model", choices)],
        [choice.name for choice in _of("feature", choices)],
    )


def _opens_on(months: Sequence[date], newest_at: datetime | None) -> date | None:
    """Return the month of the newest call, else the newest with revenue: revenue alone says nothing of margin."""
    used = newest_at.astimezone(UTC).date().replace(day=1) if newest_at else None
    return used if used in months else next(iter(months), None)


def _of(kind: str, choices: Sequence[UsageChoice]) -> list[UsageChoice]:
    return [choice for choice in choices if choice.kind == kind]
