"""What a fresh installation is given: a first tenant with its owner, and a demo tenant to look around in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from billing_core.commands.tenants import NewPassword, add_member, create_account, create_tenant
from billing_core.store.audit import AuditLine, append_audit
from billing_core.workspace import Workspace

FIRST_SLUG = "my-company"
FIRST_NAME = "My company"
FIRST_OWNER = "owner@localhost"

DEMO_SLUG = "demo"
DEMO_LOADED = "demo loaded"


@dataclass(frozen=True)
class DemoTenant:
    """The demo tenant, and when it was made: its months end there."""

    tenant_id: int
    made_at: datetime


def make_first_owner(installation: Workspace) -> NewPassword | None:
    """Make the first tenant and the account of its owner; None when there is an account or a tenant already."""
    # Two programs may start a fresh installation at the same moment; the second waits here and finds it done.
    installation.connection.execute(text("select pg_advisory_xact_lock(hashtext('marginbook.first_start'))"))
    if installation.connection.scalar(
        text("select exists (select from user_account) or exists (select from tenant where not is_demo)")
    ):
        return None
    owner = create_account(installation, email=FIRST_OWNER, name="Owner")
    tenant_id = create_tenant(installation, slug=FIRST_SLUG, name=FIRST_NAME)
    add_member(installation, tenant_id=tenant_id, user_id=owner.user_id, role="owner")
    return owner


def demo_tenant(installation: Workspace) -> DemoTenant | None:
    """Return the demo tenant, if there is one."""
    row = installation.connection.execute(
        text("select tenant_id, recorded_at from tenant where slug = :slug and is_demo"), {"slug": DEMO_SLUG}
    ).one_or_none()
    return None if row is None else DemoTenant(row.tenant_id, row.recorded_at)


def make_demo_tenant(installation: Workspace, *, name: str) -> DemoTenant:
    """Return the demo tenant, made now if need be, open to everybody who has an account."""
    installation.connection.execute(text("select pg_advisory_xact_lock(hashtext('marginbook.first_start'))"))
    if (found := demo_tenant(installation)) is not None:
        return found
    tenant_id = create_tenant(installation, slug=DEMO_SLUG, name=name, is_demo=True)
    for user_id in installation.connection.scalars(text("select user_id from user_account order by user_id")).all():
        add_member(installation, tenant_id=tenant_id, user_id=user_id, role="owner")
    return DemoTenant(tenant_id, installation.now)


def lone_tenant(installation: Workspace) -> int | None:
    """Return the only tenant that is no demo; None when there are several, or none."""
    tenants = installation.connection.scalars(text("select tenant_id from tenant where not is_demo limit 2")).all()
    return tenants[0] if len(tenants) == 1 else None


def has_usage(workspace: Workspace) -> bool:
    """Tell whether the tenant has any usage."""
    return bool(
        workspace.connection.scalar(
            text("select exists (select from usage_cost_month where tenant_id = :tenant_id)"),
            {"tenant_id": workspace.tenant_id},
        )
    )


def note_demo_loaded(workspace: Workspace, *, events: int) -> None:
    """Write down that the demo's usage is complete, so that no later start loads it again."""
    line = AuditLine(
        act=DEMO_LOADED,
        target=f"tenant {workspace.tenant_id}",
        actor=workspace.actor,
        role=workspace.role,
        after={"events": events},
    )
    append_audit(workspace.connection, workspace.tenant_id, line, workspace.now)


def is_demo_loaded(workspace: Workspace) -> bool:
    """Tell whether the demo's usage is complete; a start that was cut may have left it half."""
    return bool(
        workspace.connection.scalar(
            text("select exists (select from audit where tenant_id = :tenant_id and act = :act)"),
            {"tenant_id": workspace.tenant_id, "act": DEMO_LOADED},
        )
    )
