"""On which models and features is revenue spent, and what is left of it?"""

from dataclasses import dataclass
from decimal import Decimal

from billing_core.queries.asking import ask
from billing_core.queries.margin_cuts import MarginCut, with_shared
from billing_core.queries.margin_kinds import KINDS
from billing_core.queries.margin_shared import shared_by_customer
from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ModelCut(MarginCut):
    """One slice of a period's margin by model or feature."""


@dataclass(frozen=True, slots=True)
class ModelMargins:
    """The same margin cut two ways, each with the least margin first and adding up to the same total.

    Revenue and fees have no model: each customer's are split over its models and features as its LLM cost is.
    """

    by_model: list[MarginCut]
    by_feature: list[MarginCut]


def margin_by_model(workspace: Workspace, asked: UsageFilter) -> ModelMargins:
    """Return the period's margin cut by model and by feature; what no calls were made for is in the row named ""."""
    booked = asked.booked_parameters(workspace.now.date())
    rows = ask(workspace, ModelCut, **asked.parameters(), **booked, **KINDS)
    unassigned = {"": sum(shared_by_customer(workspace, asked).values(), Decimal(0))}
    return ModelMargins(
        with_shared([row for row in rows if row.cut == "model"], unassigned),
        with_shared([row for row in rows if row.cut == "feature"], unassigned),
    )
