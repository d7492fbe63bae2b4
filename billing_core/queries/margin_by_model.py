"""On which models and features is revenue spent, and what is left of it?"""

from dataclasses import dataclass

from billing_core.queries.margin_cuts import MarginCut
from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ModelMargins:
    """The same margin cut two ways, each with the least margin first and adding up to the same total.

    Revenue and fees have no model: each customer's are split over its models and features as its LLM cost is.
    """

    by_model: list[MarginCut]
    by_feature: list[MarginCut]


def margin_by_model(workspace: Workspace, asked: UsageFilter) -> ModelMargins:
    """Return the period's margin cut by model and by feature."""
    raise NotImplementedError
