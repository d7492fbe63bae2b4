"""Adding a shared cost: a month's cost of revenue that is no call and no fee, and by which rule customers share it."""

from datetime import date

from sqlalchemy import text

from billing_core.errors import SharedCostInvalidError
from billing_core.shared_costs import Rule
from billing_core.store.audit import AuditLine, append_audit
from billing_core.workspace import Workspace

AMOUNT_MINOR_MAX = 10**15


def add_shared_cost(
    workspace: Workspace, name: str, *, amount_minor: int, from_month: date, rule: Rule, reason: str
) -> None:
    """Append a shared cost and one audit line; minor units of the reporting currency, each month from `from_month` on.

    A later row of the same name takes its place from its own month on; one of 0 ends it. Owner and finance may. Raises
    SharedCostInvalidError.
    """
    called = name.strip()
    if not called:
        raise SharedCostInvalidError(name, "it has no name", do="call it what the books call it, such as 'Hosting'")
    if not 0 <= amount_minor <= AMOUNT_MINOR_MAX:
        raise SharedCostInvalidError(called, "its amount is below 0 or beyond any cost", do="give 0 to end it")
    if from_month.day != 1:
        raise SharedCostInvalidError(called, "it begins within a month", do="name the first day of a month")
    if not reason.strip():
        raise SharedCostInvalidError(called, "nobody says why", do="name the invoice or contract")
    row = {
        "name": called,
        "amount_minor": amount_minor,
        "from_month": from_month,
        "rule": rule.value,
        "reason": reason.strip(),
    }
    workspace.connection.execute(
        text(
            """
            insert into shared_cost (tenant_id, name, amount_minor, from_month, rule, actor, reason, recorded_at)
            values (:tenant_id, :name, :amount_minor, :from_month, :rule, :actor, :reason, :now)
            """
        ),
        {**row, "tenant_id": workspace.tenant_id, "actor": workspace.actor, "now": workspace.now},
    )
    line = AuditLine(
        "add shared cost",
        called,
        workspace.actor,
        workspace.role,
        reason=reason.strip(),
        after={"amount_minor": amount_minor, "from_month": from_month.isoformat(), "rule": rule.value},
    )
    append_audit(workspace.connection, workspace.tenant_id, line, workspace.now)
