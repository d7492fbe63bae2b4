"""Rebuilding: put the projections that the ledger makes in the place of those that stand."""

from billing_core.store.audit import AuditLine, append_audit
from billing_core.store.derived import ProjectionCheck
from billing_core.store.rebuild import rebuild_projections
from billing_core.workspace import Workspace


def rebuild(workspace: Workspace) -> list[ProjectionCheck]:
    """Derive the tenant's projections again and replace those that differ; return what was compared."""
    checks = rebuild_projections(workspace.connection, workspace.tenant_id)
    replaced = {check.projection: str(check) for check in checks if not check.agrees}
    line = AuditLine(
        "rebuild projections", f"tenant {workspace.tenant_id}", workspace.actor, workspace.role, after=replaced
    )
    append_audit(workspace.connection, workspace.tenant_id, line, workspace.now)
    return checks
