"""What does all usage of a period cost, and how complete is that number?"""

from dataclasses import dataclass
from decimal import Decimal

from billing_core.queries.asking import ask
from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class UsageTotals:
    """Sums over a filter; `cost_pico_usd` holds priced calls only, `known_pico_usd` the priced parts of the others."""

    calls: int
    unpriced_calls: int
    tokens: Decimal
    cost_pico_usd: Decimal
    list_pico_usd: Decimal
    known_pico_usd: Decimal
    unattributed_pico_usd: Decimal
    unattributed_calls: int
    customers: int

    @property
    def priced_share(self) -> Decimal | None:
        """Return which part of the calls has a price; None without calls."""
        return Decimal(self.calls - self.unpriced_calls) / self.calls if self.calls else None

    @property
    def attributed_share(self) -> Decimal | None:
        """Return which part of the cost belongs to a customer; None without cost."""
        if not self.cost_pico_usd:
            return None
        return (self.cost_pico_usd - self.unattributed_pico_usd) / self.cost_pico_usd

    @property
    def cost_per_call_pico_usd_exact(self) -> Decimal | None:
        """Return the mean cost of a priced call, unrounded; None without one."""
        priced_calls = self.calls - self.unpriced_calls
        return self.cost_pico_usd / priced_calls if priced_calls else None

    @property
    def known_cost_pico_usd(self) -> Decimal | None:
        """Return the cost; None where there are calls and not one has a price: that is unknown, and not nothing."""
        return None if self.calls and self.calls == self.unpriced_calls else self.cost_pico_usd

    def growth_since(self, before: "UsageTotals | None") -> Decimal | None:
        """Return the growth of the cost as a part of the one before; None when there was none or it is unknown."""
        if before is None or not before.cost_pico_usd or self.known_cost_pico_usd is None:
            return None
        return (self.known_cost_pico_usd - before.cost_pico_usd) / before.cost_pico_usd

    def share_of_cost(self, part_pico_usd: Decimal) -> Decimal | None:
        """Return which part of the cost an amount is; None without cost."""
        return part_pico_usd / self.cost_pico_usd if self.cost_pico_usd else None


def usage_totals(workspace: Workspace, asked: UsageFilter) -> UsageTotals:
    """Return the sums over everything that the filter lets through."""
    return ask(workspace, UsageTotals, **asked.parameters())[0]
