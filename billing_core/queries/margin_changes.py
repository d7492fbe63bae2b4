"""Why did the margin change against the period before?"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from billing_core.periods import DatePeriod
from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace

MOVERS_MAX = 10

Part = Literal["revenue", "cost", "fees", "shared"]


@dataclass(frozen=True, slots=True)
class Mover:
    """One customer's part in a change of the margin; `change_pico` is what the margin gained (+) or lost (-) by it.

    Of LLM cost: also the model that moved most for this customer in the same direction, and by how much the margin
    changed by it.
    """

    part: Part
    customer_id: int
    name: str
    before_pico: Decimal
    now_pico: Decimal
    change_pico: Decimal
    provider: str | None
    model: str | None
    model_before_pico: Decimal | None
    model_now_pico: Decimal | None
    model_change_pico: Decimal | None


@dataclass(frozen=True, slots=True)
class MarginChanges:
    """The change of the margin and its four parts, which add up to it; `movers` by size, the largest first."""

    margin_before_pico: Decimal
    margin_now_pico: Decimal
    revenue_pico: Decimal
    cost_pico: Decimal
    fees_pico: Decimal
    shared_pico: Decimal
    movers: tuple[Mover, ...]

    @property
    def margin_pico(self) -> Decimal:
        """Return what the margin gained (+) or lost (-): the sum of the four parts."""
        return self.revenue_pico + self.cost_pico + self.fees_pico + self.shared_pico


def margin_changes(workspace: Workspace, asked: UsageFilter, before: DatePeriod) -> MarginChanges | None:
    """Return the exact change of the margin; None where the filter names a model or a feature."""
    raise NotImplementedError
