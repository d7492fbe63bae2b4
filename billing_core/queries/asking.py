r"""How every question is asked: its statement lies in sql/ under its own name, its columns are its dataclass's fields.

A field with a default is no column: it is filled in by a rule.

To paste one into psql: `set app.tenant_id = '1';`, then `\set tenant_id 1`, `\set start_on '''2026-11-01'''` and so
on for each `:name` in it (`\set model null` where nothing is asked), then `\i billing_core/queries/sql/….sql`.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import MISSING, fields
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import Any, TypeVar

from billing_core.store.statements import statement
from billing_core.workspace import Workspace

Answer = TypeVar("Answer")

SQL = Path(__file__).parent / "sql"
ROWS_AT_ONCE = 1_000
"""Rows that become answers together: more would only be looked through by the collector of garbage."""


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
    answers: list[Answer] = []
    for rows in result.partitions(ROWS_AT_ONCE):
        answers += _answers(kind, rows)
    return answers


def hold_still(workspace: Workspace) -> Workspace:
    """Let every later question of this transaction see the same instant, so that parts add up to their total."""
    workspace.connection.exec_driver_sql("set transaction isolation level repeatable read, read only")
    return workspace


def _answers(kind: Any, rows: Sequence[Any]) -> list[Any]:
    """Make one answer per row, slot by slot: a frozen dataclass's own way in takes longer for each of its fields."""
    made = list(map(object.__new__, repeat(kind, len(rows))))
    columns = zip(*rows, strict=True)
    for field in fields(kind):
        values = next(columns) if field.default is MISSING else repeat(field.default)
        deque(map(getattr(kind, field.name).__set__, made, values), maxlen=0)
    return made


@cache
def _name_and_columns(answer: Any) -> tuple[str, tuple[str, ...]]:
    columns = tuple(field.name for field in fields(answer) if field.default is MISSING)
    return answer.__module__.rpartition(".")[2], columns
