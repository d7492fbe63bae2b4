"""Which shared costs are there, and what falls on whom?"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_core.currencies import currency
from billing_core.queries.asking import ask
from billing_core.queries.margin_weights import margin_weights, weights_by_month
from billing_core.queries.usage_filter import NO_PRODUCT, UsageFilter
from billing_core.shared_costs import Rule, SharedCost, allocate_shared
from billing_core.workspace import Workspace

PICO_DIGITS = 12


@dataclass(frozen=True, slots=True)
class MarginShared:
    """A shared cost in the tenant's own words: an amount a month from a month on, and by what it is split."""

    shared_cost_id: int
    name: str
    amount_minor: int
    from_month: date
    rule: str
    reporting_currency: str


def margin_shared(workspace: Workspace) -> list[MarginShared]:
    """Return every shared cost, by name and month."""
    return ask(workspace, MarginShared)


def shared_by_customer(workspace: Workspace, asked: UsageFilter) -> dict[tuple[date, int], Decimal]:
    """Return what falls in each month of the period on each customer that is asked about, in pico, as far as today.

    Shared costs have no product and no model: where the filter names one, nothing falls on anybody.
    """
    costs = margin_shared(workspace)
    if not costs or asked.names_calls or asked.product_id not in {None, NO_PRODUCT}:
        return {}
    weights = margin_weights(workspace, asked)
    is_asked = {row.customer_id: row.is_asked for row in weights}
    reporting = currency(costs[0].reporting_currency)
    allocated = allocate_shared(
        [SharedCost(c.shared_cost_id, c.name, c.amount_minor, c.from_month, Rule(c.rule)) for c in costs],
        asked.so_far(workspace.now.date()),
        weights_by_month(weights),
        currency=reporting.code,
    )
    scale = 10 ** (PICO_DIGITS - reporting.exponent)
    return {place: Decimal(minor * scale) for place, minor in allocated.items() if is_asked[place[1]]}


def sums_by_customer(shared: Mapping[tuple[date, int], Decimal]) -> dict[int, Decimal]:
    """Return what falls on each customer in all months together."""
    sums: dict[int, Decimal] = defaultdict(Decimal)
    for (_, customer_id), amount in shared.items():
        sums[customer_id] += amount
    return dict(sums)


def sums_by_month(shared: Mapping[tuple[date, int], Decimal]) -> dict[date, Decimal]:
    """Return what falls in each month on all customers together."""
    sums: dict[date, Decimal] = defaultdict(Decimal)
    for (month, _), amount in shared.items():
        sums[month] += amount
    return dict(sums)
