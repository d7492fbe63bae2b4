"""For which tenant a command works: the one that is named, or the only one that is no demo."""

import getpass
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from billing_core.commands.tenants import ChosenTenant
    from billing_core.workspace import Workspace

Tenant = Annotated[
    str | None, typer.Option("--tenant", help="Short name of the tenant; without it the only one that is no demo.")
]


def tenant_workspace(slug: str | None, *, role: str = "service") -> "AbstractContextManager[Workspace]":
    """Open one transaction of the tenant, in the name of the person at the command line."""
    from billing_core.workspace import open_workspace

    return open_workspace(tenant_id=the_tenant(slug).tenant_id, actor=actor(), role=role)


def the_tenant(slug: str | None) -> "ChosenTenant":
    """Return the tenant that is meant; raises TenantNotChosenError."""
    from billing_core.commands.tenants import chosen_tenant
    from billing_core.store.tenancy import INSTALLATION
    from billing_core.workspace import open_workspace

    with open_workspace(tenant_id=INSTALLATION, actor=actor(), role="service") as installation:
        return chosen_tenant(installation, slug)


def actor() -> str:
    """Return how the audit names who is at the command line."""
    return f"{getpass.getuser()} at the command line"
