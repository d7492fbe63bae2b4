"""By which models, features and products does the cost arise, and on which days?"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from billing_core.queries.asking import ask
from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace

Step = Literal["day", "week", "month"]


@dataclass(frozen=True, slots=True)
class UsageCut:
    """One slice of a period's usage; fields that its cut does not name are None, `day` is a step's first one."""

    cut: str
    day: date | None
    provider: str | None
    model: str | None
    feature: str | None
    product_id: int | None
    product_name: str | None
    calls: int
    unpriced_calls: int
    cost_pico_usd: Decimal

    @property
    def cost_per_call_pico_usd_exact(self) -> Decimal | None:
        """Return the mean cost of a priced call, unrounded; None without one."""
        priced_calls = self.calls - self.unpriced_calls
        return self.cost_pico_usd / priced_calls if priced_calls else None


@dataclass(frozen=True, slots=True)
class UsageCuts:
    """The same usage cut five ways, each dearest first and adding up to the same total."""

    by_model: list[UsageCut]
    by_feature: list[UsageCut]
    by_product: list[UsageCut]
    by_model_and_feature: list[UsageCut]
    by_day_and_model: list[UsageCut]


def usage_cuts(workspace: Workspace, asked: UsageFilter, *, step: Step = "day") -> UsageCuts:
    """Return the period's usage cut by model, feature, product, model and feature, and by step and model."""
    rows = ask(workspace, UsageCut, **asked.parameters(), step=step)

    def of(cut: str) -> list[UsageCut]:
        return [row for row in rows if row.cut == cut]

    return UsageCuts(of("model"), of("feature"), of("product"), of("model and feature"), of("day and model"))
