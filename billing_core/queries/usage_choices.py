"""What can usage be narrowed to?"""

from dataclasses import dataclass

from billing_core.queries.asking import ask
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class UsageChoice:
    """One product, model, feature, plan or segment; `id` only of products and plans, `provider` only of models."""

    kind: str
    id: int | None
    name: str
    provider: str


def usage_choices(workspace: Workspace) -> list[UsageChoice]:
    """Return every product, model and feature of the tenant's calls, and its customers' plans and segments."""
    return ask(workspace, UsageChoice)
