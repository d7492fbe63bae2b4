"""What does each customer cost, and what did it cost before?"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing_core.periods import DatePeriod
from billing_core.queries.asking import ask
from billing_core.queries.usage_filter import UNATTRIBUTED, UsageFilter
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CustomerCost:
    """One customer's priced cost in the period and in the one before; customer 0 is what names no customer."""

    customer_id: int
    name: str
    calls: int
    unpriced_calls: int
    tokens: Decimal
    cost_pico_usd: Decimal
    before_pico_usd: Decimal

    @property
    def is_attributed(self) -> bool:
        """Tell whether this is a customer, and not the row of what names none."""
        return self.customer_id != UNATTRIBUTED

    @property
    def cost_per_call_pico_usd_exact(self) -> Decimal | None:
        """Return the mean cost of a priced call, unrounded; None without one."""
        priced_calls = self.calls - self.unpriced_calls
        return self.cost_pico_usd / priced_calls if priced_calls else None

    @property
    def known_cost_pico_usd(self) -> Decimal | None:
        """Return the cost; None where there are calls and not one has a price: that is unknown, and not nothing."""
        return None if self.calls and self.calls == self.unpriced_calls else self.cost_pico_usd

    @property
    def change(self) -> Decimal | None:
        """Return the growth against the period before as a part of it; None when there was no cost or it is unknown."""
        if self.known_cost_pico_usd is None or not self.before_pico_usd:
            return None
        return (self.known_cost_pico_usd - self.before_pico_usd) / self.before_pico_usd


def cost_by_customer(
    workspace: Workspace, asked: UsageFilter, *, before: DatePeriod | None = None
) -> list[CustomerCost]:
    """Return the customers with usage in the period or in the one before, dearest first, and the row of none."""
    compared = {
        "grain_before": asked.grain_of(before) if before else "none",
        "start_before": before.start if before else None,
        "end_before": before.end if before else None,
    }
    return ask(workspace, CustomerCost, **asked.parameters(), **compared)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Some customers of a period by name, the others as one sum, and what names none: together they are the total."""

    shown: tuple[CustomerCost, ...]
    others: CustomerCost
    others_count: int
    unattributed: CustomerCost
    total: CustomerCost


def ranking(rows: Sequence[CustomerCost], *, start: int, count: int) -> Ranking:
    """Return the customers from place `start` on, in the order given, and the sums of all others."""
    customers = [row for row in rows if row.is_attributed]
    shown = customers[start : start + count]
    others = [*customers[:start], *customers[start + count :]]
    return Ranking(
        tuple(shown),
        _sum(others),
        len(others),
        _sum([row for row in rows if not row.is_attributed]),
        _sum(rows),
    )


def _sum(rows: Sequence[CustomerCost]) -> CustomerCost:
    return CustomerCost(
        UNATTRIBUTED,
        "",
        sum(row.calls for row in rows),
        sum(row.unpriced_calls for row in rows),
        sum((row.tokens for row in rows), Decimal(0)),
        sum((row.cost_pico_usd for row in rows), Decimal(0)),
        sum((row.before_pico_usd for row in rows), Decimal(0)),
    )
