r"""How every question is asked: its statement lies in sql/ under its own name, its columns are its dataclass's fields.

A field with a default is no column: it is filled in by a rule.

To paste one into psql: `set app.tenant_id = '1';`, then `\set tenant_id 1`, `\set start_on '''2026-11-01'''` and so
on for each `:name` in it (`\set model null` where nothing is asked), then `\i billing_core/queries/sql/….sql`.
"""

from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from billing_core.store.statements import statement
from billing_core.workspace import Workspace

Answer = TypeVar("Answer")

SQL = Path(__file__).parent / "sql"


def ask(workspace: Workspace, answer: type[Answer], **parameters: object) -> list[Answer]:
    """Run the statement named like the answer's module for the workspace's tenant; return one answer per row."""
    kind: Any = answer
    name, expected = _name_and_columns(kind)
    connection = workspace.connection
    # A plan made for all values at once would read every row wherever a filter is optional.
    connection.exec_driver_sql("set local plan_cache_mode = force_custom_plan")
    result = connection.execute(statement(SQL, name), {"tenant_id": workspace.tenant_id, **parameters})
    columns = tuple(result.keys())
    if columns != expected:
        raise TypeError(f"{answer.__name__} has the fields {expected}, its statement the columns {columns}.")
    # All at once: row by row costs a tenth more.
    return [answer(*row) for row in result.all()]


def hold_still(workspace: Workspace) -> Workspace:
    """Let every later question of this transaction see the same instant, so that parts add up to their total."""
    workspace.connection.exec_driver_sql("set transaction isolation level repeatable read, read only")
    return workspace


@cache
def _name_and_columns(answer: Any) -> tuple[str, tuple[str, ...]]:
    columns = tuple(field.name for field in fields(answer) if field.default is MISSING)
    return answer.__module__.rpartition(".")[2], columns
