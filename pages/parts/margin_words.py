"""What margin is called in sentences: how complete it is, who loses money, who is subsidised, what moved it."""

from collections.abc import Sequence
from decimal import Decimal
from urllib.parse import urlencode

from billing_core.queries.margin_by_customer import CustomerMargin, Unprofitable
from billing_core.queries.margin_changes import Mover
from billing_core.queries.margin_totals import MarginTotals
from pages.parts import figures
from pages.parts.charts import model_name
from pages.parts.filters import Narrowed
from pages.parts.look import Saying
from pages.parts.words import customer_words

SUBSIDISED_POINTS_MIN = Decimal("0.1")
"""A customer is called subsidised when its share of the LLM cost is at least this far above its share of revenue."""

MEANING = {
    "margin": "Recognised revenue less LLM cost, payment and dispute fees and the shared costs that you allocate, as a "
    "part of recognised revenue. Without revenue there is no percentage. The span below says between what it must lie: "
    "unpriced calls cost at least their known part and at most as much per token as the dearest priced model, and "
    "disputes that are still open may be lost.",
    "revenue": "Invoice lines spread straight-line by second over their service periods, usage lines over theirs; less "
    "discounts, credit notes, refunds and lost disputes; never tax. Up to today, not beyond.",
    "llm": "Tokens of each class times the rate in force at the time of the call; priced calls only.",
    "llm_share": "LLM cost divided by recognised revenue of the same days.",
    "fees": "What Stripe kept: fees of payments and disputes and its own, from its balance transactions; and the "
    "shared costs that you allocate to customers.",
    "loss": "Customers whose LLM cost, fees and shared costs are above their recognised revenue, and what they lose "
    "together.",
    "complete": "How much of the number rests on what is known: calls that have a price, LLM cost that names a "
    "customer, revenue of customers whose calls are known too, and documents in a currency that has a rate.",
}
"""Each number's definition; docs/metrics.md has them in full."""


def customer_href(customer_id: int, narrowed: Narrowed) -> str:
    """Return where a customer's page is, with the filters kept."""
    return f"customer?{urlencode(narrowed.link(customer=str(customer_id)))}"


def margin_completeness(totals: MarginTotals) -> list[tuple[str, str]]:
    """Return the chips that say how much of the margin is known; what there is nothing of is left out."""
    shares = [
        (totals.priced_share, "of calls priced"),
        (totals.attributed_share, "of LLM cost attributed"),
        (totals.matched_share, "of revenue matched"),
        (totals.recognised_share, "of revenue converted"),
    ]
    return [("good" if part == 1 else "open", f"{figures.share(part)} {of}") for part, of in shares if part is not None]


def least_complete(totals: MarginTotals) -> Decimal | None:
    """Return the least of the shares that say how complete the margin is; None where there is nothing at all."""
    shares = (totals.priced_share, totals.attributed_share, totals.matched_share, totals.recognised_share)
    return min((part for part in shares if part is not None), default=None)


def what_is_open(totals: MarginTotals) -> str:
    """Return in a sentence why the margin is not one number but a span; empty when nothing is open."""
    reasons = []
    if totals.unpriced_calls:
        has = "has" if totals.unpriced_calls == 1 else "have"
        reasons.append(f"{figures.counted(totals.unpriced_calls, 'call')} {has} no price")
    if totals.open_disputes_pico:
        reasons.append(f"disputes of {figures.money(abs(totals.open_disputes_pico))} are open")
    if totals.unconverted:
        currencies = ", ".join(code.upper() for code in totals.unconverted_currencies)
        reasons.append(f"{figures.counted(totals.unconverted, 'booking')} in {currencies} without a rate left out")
    return (
        f"Open: {'; '.join(reasons)}." if reasons else "Nothing is open: every call is priced, every document booked."
    )


def subsidised(rows: Sequence[CustomerMargin], total: CustomerMargin) -> list[CustomerMargin]:
    """Return whose share of the LLM cost, or of the calls, is farthest above its share of revenue, if that is far."""
    found: list[CustomerMargin] = []
    for of_cost in (True, False):
        gaps = [
            (taken - brought, row)
            for row in rows
            if row.is_attributed
            and (taken := _taken(row, total, of_cost=of_cost)) is not None
            and (brought := share_of(row.known_revenue_pico, total.revenue_pico)) is not None
        ]
        gap, worst = max(gaps, key=lambda each: each[0], default=(Decimal(0), None))
        if worst is not None and gap >= SUBSIDISED_POINTS_MIN and worst not in found:
            found.append(worst)
    return found


def _taken(row: CustomerMargin, total: CustomerMargin, *, of_cost: bool) -> Decimal | None:
    return share_of(row.cost_pico, total.cost_pico) if of_cost else share_of(row.calls, total.calls)


def share_of(part: Decimal | int | None, whole: Decimal | int | None) -> Decimal | None:
    """Return which part of a whole an amount is; None where one is not known, or the whole is not above 0."""
    return Decimal(part) / whole if part is not None and whole is not None and whole > 0 else None


def loss_sayings(
    losing: Unprofitable, favoured: Sequence[CustomerMargin], total: CustomerMargin, narrowed: Narrowed
) -> list[Saying]:
    """Say who loses money and who is paid for by the others."""
    said = []
    if losing.count:
        costs = "customer costs more than it pays" if losing.count == 1 else "customers cost more than they pay"
        together = figures.money(losing.margin_pico)
        many = f"customers?{urlencode(narrowed.link(losing='yes'))}"
        said.append(Saying(["", f"{figures.count(losing.count)} {costs}", ", together ", together, "."], [many]))
    elif total.revenue_pico:
        said.append(Saying(["", "No customer costs more than it pays", " in this period."]))
    for row in favoured:
        calls = figures.share(share_of(row.calls, total.calls))
        cost = figures.share(share_of(row.cost_pico, total.cost_pico))
        revenue = figures.share(share_of(row.revenue_pico, total.revenue_pico))
        takes = ["The others pay for ", row.name, ": ", calls, " of the calls and ", cost, " of the LLM cost, but "]
        said.append(Saying([*takes, revenue, " of the revenue."], [customer_href(row.customer_id, narrowed)]))
    return said


def mover_saying(mover: Mover, narrowed: Narrowed) -> Saying:
    """Say what one customer did to the margin."""
    href = customer_href(mover.customer_id, narrowed)
    name = customer_words(mover.name, mover.customer_id)
    grew = mover.now_pico > mover.before_pico
    by, at = figures.money(abs(mover.change_pico)), f"{figures.money(mover.before_pico)} \N{RIGHTWARDS ARROW} "
    now = figures.money(mover.now_pico)
    what = {"revenue": "revenue", "cost": "LLM cost", "fees": "fees", "shared": "share of shared costs"}[mover.part]
    words = ["", name, f": {what} {'up' if grew else 'down'} ", by, f" ({at}{now})"]
    if mover.model is not None:
        words[-1] += ", most of it "
        return Saying([*words, model_name(mover.model.provider, mover.model.model), "."], [href])
    words[-1] += "."
    return Saying(words, [href])
