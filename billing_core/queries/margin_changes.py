"""Why did the margin change against the period before?"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from billing_core.periods import DatePeriod
from billing_core.queries.asking import ask
from billing_core.queries.margin_by_customer import NOTHING, CustomerMargin, margin_by_customer, sum_of
from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace

MOVERS_MAX = 10

Part = Literal["revenue", "cost", "fees", "shared"]


@dataclass(frozen=True, slots=True)
class ModelMove:
    """What one customer's calls of one model cost in both periods."""

    customer_id: int
    provider: str
    model: str
    before_pico: Decimal
    now_pico: Decimal

    @property
    def change_pico(self) -> Decimal:
        """Return what the margin gained (+) or lost (-) by it."""
        return self.before_pico - self.now_pico


@dataclass(frozen=True, slots=True)
class Mover:
    """One customer's part in a change of the margin; customer 0 is what names no customer.

    `model`: of LLM cost the model that moved most in the same direction, of this customer.
    """

    part: Part
    customer_id: int
    name: str
    before_pico: Decimal
    now_pico: Decimal
    model: ModelMove | None

    @property
    def change_pico(self) -> Decimal:
        """Return what the margin gained (+) or lost (-) by it: more revenue, or less cost, is a gain."""
        grown = self.now_pico - self.before_pico
        return grown if self.part == "revenue" else -grown


@dataclass(frozen=True, slots=True)
class MarginChanges:
    """The change of the margin in four parts that add up to it; `movers` by size, the largest first."""

    margin_before_pico: Decimal
    margin_now_pico: Decimal
    revenue_pico: Decimal
    cost_pico: Decimal
    fees_pico: Decimal
    shared_pico: Decimal
    movers: tuple[Mover, ...]

    @property
    def margin_pico(self) -> Decimal:
        """Return what the margin gained (+) or lost (-): the sum of the four parts, which are signed alike."""
        return self.revenue_pico + self.cost_pico + self.fees_pico + self.shared_pico


def margin_changes(workspace: Workspace, asked: UsageFilter, before: DatePeriod) -> MarginChanges | None:
    """Return the exact change of the margin; None where the filter names a model or a feature, as revenue has none."""
    if asked.names_calls:
        return None
    rows = margin_by_customer(workspace, asked, before=before)
    moves = [move for row in rows for move in _moves(row)]
    movers = sorted(filter(_moved, moves), key=lambda move: -abs(move.change_pico))[:MOVERS_MAX]
    models = _models(workspace, asked, before, movers)
    total = sum_of(rows)
    return MarginChanges(
        margin_before_pico=total.margin_before_pico or NOTHING,
        margin_now_pico=total.margin_pico or NOTHING,
        revenue_pico=_change(moves, "revenue"),
        cost_pico=_change(moves, "cost"),
        fees_pico=_change(moves, "fees"),
        shared_pico=_change(moves, "shared"),
        movers=tuple(_with_model(move, models.get(move.customer_id, [])) for move in movers),
    )


def _moves(row: CustomerMargin) -> list[Mover]:
    """Return the four parts of one customer."""
    parts: dict[Part, tuple[Decimal | None, Decimal | None]] = {
        "revenue": (row.revenue_before_pico, row.revenue_pico),
        "cost": (row.cost_before_pico, row.cost_pico),
        "fees": (row.fees_before_pico, row.fees_pico),
        "shared": (row.shared_before_pico, row.shared_pico),
    }
    return [
        Mover(part, row.customer_id, row.name, before or NOTHING, now or NOTHING, None)
        for part, (before, now) in parts.items()
    ]


def _moved(move: Mover) -> bool:
    return move.change_pico != 0


def _change(moves: Sequence[Mover], part: Part) -> Decimal:
    return sum((move.change_pico for move in moves if move.part == part), NOTHING)


def _models(
    workspace: Workspace, asked: UsageFilter, before: DatePeriod, movers: Sequence[Mover]
) -> dict[int, list[ModelMove]]:
    """Return the models of those whose LLM cost moved: of few customers, so that few rows are read."""
    found: dict[int, list[ModelMove]] = defaultdict(list)
    compared = {"start_before": before.start, "end_before": before.end}
    customer_ids = [move.customer_id for move in movers if move.part == "cost"]
    for each in ask(workspace, ModelMove, **asked.parameters(), **compared, customer_ids=customer_ids):
        found[each.customer_id].append(each)
    return found


def _with_model(move: Mover, models: Sequence[ModelMove]) -> Mover:
    alike = [each for each in models if each.change_pico * move.change_pico > 0]
    if move.part != "cost" or not alike:
        return move
    largest = max(alike, key=lambda each: abs(each.change_pico))
    return Mover(move.part, move.customer_id, move.name, move.before_pico, move.now_pico, largest)
