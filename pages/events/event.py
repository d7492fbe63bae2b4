"""One call: tokens of each class times their rate, the price that made it, and what the provider itself said."""

import json

import streamlit as st

from billing_core.queries.usage_event import UsageEventDetail, usage_event
from pages.parts import figures, links
from pages.parts import person as who
from pages.parts.charts import model_name
from pages.parts.events import instant_in_url
from pages.parts.look import answer, facts, heading, lines
from pages.parts.words import customer_words

MILLION = 1_000_000


def page() -> None:
    """Draw the call that the URL names."""
    heading("Call", "What exactly did this call cost, and why?")
    person = who.current_person()
    if person is None:
        return
    customer_id, event_id, at = links.whole_number("of"), links.whole_number("event"), instant_in_url("at")
    event = None
    if customer_id is not None and event_id is not None and at is not None:
        with who.books_of(person.tenant_id, person.role) as workspace:
            event = usage_event(workspace, customer_id=customer_id, occurred_at=at, event_id=event_id)
    if event is None:
        st.info("There is no such call in these books: open it from the list.")
        links.link("events", "All calls", {}, icon=":material/arrow_back:")
        return
    links.link("events", "Calls of this customer", {"customer": str(event.customer_id)}, icon=":material/arrow_back:")
    answer(_answer(event))
    left, right = st.columns([5, 4], gap="medium")
    with left, st.container(border=True, height="stretch"):
        st.subheader("How the cost is made", anchor=False)
        _multiplication(event)
    with right, st.container(border=True, height="stretch"):
        st.subheader("The call", anchor=False)
        facts(_facts(event))
    if event.raw is not None:
        st.subheader("What the provider reported", anchor=False)
        st.code(json.dumps(event.raw, indent=2, ensure_ascii=False), language="json", wrap_lines=True)


def _answer(event: UsageEventDetail) -> list[str]:
    who_called = customer_words(event.customer_name, event.customer_id)
    what = f"{figures.counted(event.calls, 'call')} of {model_name(event.provider, event.model)} by {who_called}"
    if event.cost_pico_usd is None:
        reason = (event.unpriced_reason or "no price is known").replace("_", " ")
        return [f"{what}: ", "unpriced", f", because of {reason}. Give the model an own price, and the cost is known."]
    return [f"{what}: ", figures.exact_money(event.cost_pico_usd), "."]


def _multiplication(event: UsageEventDetail) -> None:
    """Show the sum so that a person can check it by hand."""
    rows = [
        (
            line.token_class.replace("_", " "),
            figures.count(line.count),
            "no rate" if line.rate_pico_usd is None else figures.exact_money(line.rate_pico_usd),
            "" if line.rate_pico_usd is None else figures.money(line.rate_pico_usd * MILLION),
            "unpriced" if line.cost_pico_usd is None else figures.exact_money(line.cost_pico_usd),
        )
        for line in event.lines
    ]
    total = ("Cost in the books", "", "", "", _total(event))
    lines(("Token class", "Count", f"{figures.TIMES} rate each", "(per million)", "= cost"), rows, total=total)
    if event.is_reported:
        st.caption("The provider itself reported this cost with the call: that outranks every price list.")
    elif event.price_version is not None:
        whose = "own price" if event.is_own_price else "catalogue"
        since = f", in force since {figures.day(event.price_valid_from.date())}" if event.price_valid_from else ""
        if event.cost_pico_usd is not None and not event.adds_up:
            st.warning("These lines do not add up to the cost in the books: the price has rules that they do not show.")
        facts({"Price version": f"{event.price_version} ({whose}{since})", "Source": event.price_source or ""})
    if event.known_pico_usd and event.cost_pico_usd is None:
        st.caption(f"The part that has a price: {figures.exact_money(event.known_pico_usd)}".replace("$", r"\$"))


def _total(event: UsageEventDetail) -> str:
    return "unpriced" if event.cost_pico_usd is None else figures.exact_money(event.cost_pico_usd)


def _facts(event: UsageEventDetail) -> dict[str, str]:
    named = {
        "Happened": figures.instant(event.occurred_at),
        "Recorded": figures.instant(event.recorded_at),
        "Customer": customer_words(event.customer_name, event.customer_id),
        "Product": event.product_name,
        "Feature": event.feature,
        "End user": event.end_user or "",
        "Model": model_name(event.provider, event.model),
        "Calls": figures.count(event.calls),
        "Tokens going in": figures.count(event.context_tokens),
        "List price": figures.exact_money(event.list_pico_usd) if event.list_pico_usd is not None else "",
        "Source": event.source or "",
        "Key": event.key,
    }
    circumstances = {name.replace("_", " ").capitalize(): _word(value) for name, value in event.circumstances.items()}
    tags = {f"Tag {name}": _word(value) for name, value in (event.tags or {}).items()}
    return {**named, **circumstances, **tags}


def _word(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
