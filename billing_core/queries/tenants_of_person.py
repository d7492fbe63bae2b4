"""Which tenants may a person open?"""

from dataclasses import dataclass

from billing_core.queries.asking import ask
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class OpenTenant:
    """A tenant that a person belongs to, and the role there."""

    tenant_id: int
    slug: str
    name: str
    is_demo: bool
    role: str


def tenants_of_person(installation: Workspace, *, user_id: int) -> list[OpenTenant]:
    """Return the tenants of a person, demos last; the workspace is the installation's (tenant 0)."""
    return ask(installation, OpenTenant, user_id=user_id)
