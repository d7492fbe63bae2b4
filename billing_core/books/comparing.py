"""Comparing what must be equal: each check's rows, with what was expected and what was found."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Boolean, Text, column, func, select

from billing_core.currencies import known_currencies
from billing_core.store.statements import statement
from billing_core.store.stripe_mirror import TABLES
from billing_core.workspace import Workspace

SQL = Path(__file__).parent / "sql"
ROWS_MAX = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was compared and is not as it must be."""

    what: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many things were compared, how many are not as they must be, and the first of those."""

    compared: int
    broken: int
    rows: tuple[Row, ...]


def compared_in_sql(workspace: Workspace, name: str) -> Comparison:
    """Run the statement sql/<name>.sql: one row per thing compared, with `what, expected, found, is_broken`."""
    currencies = known_currencies().values()
    parameters = {
        "tenant_id": workspace.tenant_id,
        "codes": [each.code for each in currencies],
        "exponents": [each.exponent for each in currencies],
        "kinds": list(TABLES),
    }
    rows = statement(SQL, name).columns(
        column("what", Text), column("expected", Text), column("found", Text), column("is_broken", Boolean)
    )
    all_rows = rows.cte("compared")
    places = {each: parameters[each] for each in parameters if each in rows.compile().params}
    counts = select(func.count(), func.count().filter(all_rows.c.is_broken))
    compared, broken = workspace.connection.execute(counts, places).one()
    if not broken:
        return Comparison(compared, 0, ())
    worst = select(all_rows.c.what, all_rows.c.expected, all_rows.c.found).where(all_rows.c.is_broken)
    found = workspace.connection.execute(worst.order_by(all_rows.c.what).limit(ROWS_MAX), places)
    return Comparison(compared, broken, tuple(Row(*each) for each in found))


def compared_pairs(pairs: Sequence[tuple[str, object, object]]) -> Comparison:
    """Compare pairs of values, each with what it is."""
    broken = [Row(what, str(expected), str(found)) for what, expected, found in pairs if expected != found]
    return Comparison(len(pairs), len(broken), tuple(broken[:ROWS_MAX]))
