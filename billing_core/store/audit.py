"""The audit: one line per act, appended in the act's own transaction."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class AuditLine:
    """Who did what to what, why, and what it changed; `before` and `after` hold plain JSON values."""

    act: str
    target: str
    actor: str
    role: str
    reason: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def append_audit(connection: Connection, tenant_id: int, line: AuditLine, now: datetime) -> None:
    """Append one line; nobody can change or delete it."""
    connection.execute(
        text(
            """
            insert into audit (tenant_id, recorded_at, actor, role, act, target, reason, before, after)
            values (:tenant_id, :now, :actor, :role, :act, :target, :reason,
                    cast(:before as jsonb), cast(:after as jsonb))
            """
        ),
        {
            "tenant_id": tenant_id,
            "now": now,
            "actor": line.actor,
            "role": line.role,
            "act": line.act,
            "target": line.target,
            "reason": line.reason,
            "before": _json(line.before),
            "after": _json(line.after),
        },
    )


def _json(values: Mapping[str, Any] | None) -> str | None:
    return None if values is None else json.dumps(values)
