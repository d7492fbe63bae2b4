"""Which products, plans and segments earn, and which cost?"""

from dataclasses import dataclass
from decimal import Decimal

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
        raise NotImplementedError

    @property
    def margin_pico(self) -> Decimal | None:
        """Return revenue less all costs."""
        raise NotImplementedError

    @property
    def margin_share(self) -> Decimal | None:
        """Return the margin as a part of revenue; None without revenue."""
        raise NotImplementedError

    @property
    def llm_share(self) -> Decimal | None:
        """Return LLM cost as a part of revenue; None without revenue."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class MarginCuts:
    """The same margin cut three ways, each with the least margin first and adding up to the same total."""

    by_product: list[MarginCut]
    by_plan: list[MarginCut]
    by_segment: list[MarginCut]


def margin_cuts(workspace: Workspace, asked: UsageFilter) -> MarginCuts:
    """Return the period's margin cut by product, plan and segment."""
    raise NotImplementedError
