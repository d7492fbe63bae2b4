"""Which products, plans and segments earn, and which cost?"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from billing_core.margin import margin_share
from billing_core.queries.asking import ask
from billing_core.queries.margin_by_customer import NOTHING, margin_by_customer
from billing_core.queries.margin_kinds import KINDS
from billing_core.queries.margin_shared import shared_by_customer
from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class MarginCut:
    """One slice of a period's margin, exact pico of the reporting currency.

    `name` is "" in the row of what is not assigned; `id` only of products and plans, `provider` only of models.
    Revenue, fees and shared costs are None where the filter names a model or a feature.
    """

    cut: str
    id: int | None
    name: str
    provider: str
    customers: int
    calls: int
    unpriced_calls: int
    cost_pico: Decimal
    revenue_pico: Decimal | None
    fees_pico: Decimal | None
    shared_pico: Decimal | None

    @property
    def is_assigned(self) -> bool:
        """Tell whether this is a slice with a name, and not the row of what has none."""
        return self.name != ""

    @property
    def known_cost_pico(self) -> Decimal | None:
        """Return the LLM cost; None where there are calls and not one has a price: unknown, and not nothing."""
        return None if self.calls and self.calls == self.unpriced_calls else self.cost_pico

    @property
    def margin_pico(self) -> Decimal | None:
        """Return revenue less all costs."""
        if self.revenue_pico is None or self.fees_pico is None or self.shared_pico is None:
            return None
        return self.revenue_pico - self.cost_pico - self.fees_pico - self.shared_pico

    @property
    def margin_share(self) -> Decimal | None:
        """Return the margin as a part of revenue; None without revenue."""
        if self.margin_pico is None or self.revenue_pico is None or self.known_cost_pico is None:
            return None
        return margin_share(self.margin_pico, self.revenue_pico)

    @property
    def llm_share(self) -> Decimal | None:
        """Return LLM cost as a part of revenue; None without revenue."""
        if self.known_cost_pico is None or self.revenue_pico is None:
            return None
        return margin_share(self.known_cost_pico, self.revenue_pico)


@dataclass(frozen=True, slots=True)
class MarginCuts:
    """The same margin cut three ways, each with the least margin first and adding up to the same total."""

    by_product: list[MarginCut]
    by_plan: list[MarginCut]
    by_segment: list[MarginCut]


def margin_cuts(workspace: Workspace, asked: UsageFilter) -> MarginCuts:
    """Return the period's margin cut by product, plan and segment."""
    today = workspace.now.date()
    rows = ask(
        workspace,
        MarginCut,
        **asked.parameters(),
        **asked.booked_parameters(today),
        **KINDS,
        until_on=asked.so_far(today).end,
    )
    shared = shared_by_customer(workspace, asked)
    return MarginCuts(
        with_shared(_of("product", rows), {"": sum(shared.values(), NOTHING)}),
        with_shared(_of("plan", rows), {"": sum(shared.values(), NOTHING)}),
        with_shared(_of("segment", rows), _shared_by_segment(workspace, asked) if shared else {}),
    )


def with_shared(rows: Sequence[MarginCut], shared: Mapping[str, Decimal]) -> list[MarginCut]:
    """Return the rows with the shared costs of their names, and one for "" where it has costs and no row."""
    charged = [replace(row, shared_pico=shared[row.name]) if shared.get(row.name) else row for row in rows]
    if shared.get("") and not any(row.name == "" for row in rows):
        cut = rows[0].cut if rows else ""
        charged.append(MarginCut(cut, None, "", "", 0, 0, 0, NOTHING, NOTHING, NOTHING, shared[""]))
    return sorted(charged, key=lambda row: NOTHING if row.margin_pico is None else row.margin_pico)


def _of(cut: str, rows: Sequence[MarginCut]) -> list[MarginCut]:
    return [row for row in rows if row.cut == cut]


def _shared_by_segment(workspace: Workspace, asked: UsageFilter) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in margin_by_customer(workspace, asked):
        sums[row.segment] += row.shared_pico or NOTHING
    return dict(sums)
