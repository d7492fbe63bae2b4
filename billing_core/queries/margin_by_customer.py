"""What does each customer earn, what does it cost, and what is left?"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing_core.margin import margin_share
from billing_core.periods import DatePeriod
from billing_core.queries.usage_filter import UNATTRIBUTED, UsageFilter
from billing_core.workspace import Workspace

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class CustomerMargin:
    """One customer's revenue and costs of the period and of the one before; customer 0 is what names no customer.

    Amounts are exact pico of the reporting currency. Those of revenue, fees and shared costs are None where the filter
    names a model or a feature, which they do not have; those of the period before are None where none is compared.
    """

    customer_id: int
    name: str
    segment: str
    plan_name: str
    is_in_stripe: bool
    calls: int
    unpriced_calls: int
    tokens: int
    cost_pico: Decimal
    revenue_pico: Decimal | None
    fees_pico: Decimal | None
    shared_pico: Decimal | None
    cost_before_pico: Decimal | None
    revenue_before_pico: Decimal | None
    fees_before_pico: Decimal | None
    shared_before_pico: Decimal | None

    @property
    def is_attributed(self) -> bool:
        """Tell whether this is a customer, and not the row of what names none."""
        return self.customer_id != UNATTRIBUTED

    @property
    def has_usage(self) -> bool:
        """Tell whether there were calls in the period."""
        return self.calls > 0

    @property
    def known_cost_pico(self) -> Decimal | None:
        """Return the LLM cost; None where there are calls and not one has a price: unknown, and not nothing."""
        return None if self.calls and self.calls == self.unpriced_calls else self.cost_pico

    @property
    def known_revenue_pico(self) -> Decimal | None:
        """Return the revenue; None of a customer that Stripe does not know: unknown, and not nothing."""
        return None if self.is_attributed and not self.is_in_stripe and not self.revenue_pico else self.revenue_pico

    @property
    def costs_pico(self) -> Decimal | None:
        """Return all costs of revenue: LLM, fees, shared."""
        return _costs(self.cost_pico, self.fees_pico, self.shared_pico)

    @property
    def margin_pico(self) -> Decimal | None:
        """Return revenue less all costs: what adds up to the tenant's margin."""
        return _margin(self.revenue_pico, self.costs_pico)

    @property
    def margin_before_pico(self) -> Decimal | None:
        """Return the margin of the period before; None where none is compared."""
        if self.cost_before_pico is None:
            return None
        costs = _costs(self.cost_before_pico, self.fees_before_pico, self.shared_before_pico)
        return _margin(self.revenue_before_pico, costs)

    @property
    def known_margin_pico(self) -> Decimal | None:
        """Return the margin; None where revenue or cost is unknown."""
        if self.known_cost_pico is None or self.known_revenue_pico is None:
            return None
        return self.margin_pico

    @property
    def margin_share(self) -> Decimal | None:
        """Return the margin as a part of revenue; None without revenue or where the margin is unknown."""
        if self.known_margin_pico is None or self.revenue_pico is None:
            return None
        return margin_share(self.known_margin_pico, self.revenue_pico)

    @property
    def margin_change_pico(self) -> Decimal | None:
        """Return what the margin gained or lost against the period before."""
        if self.margin_pico is None or self.margin_before_pico is None:
            return None
        return self.margin_pico - self.margin_before_pico

    @property
    def llm_share(self) -> Decimal | None:
        """Return LLM cost as a part of revenue; None without revenue or where the cost is unknown."""
        if self.known_cost_pico is None or not self.known_revenue_pico:
            return None
        return margin_share(self.known_cost_pico, self.known_revenue_pico)

    @property
    def is_unprofitable(self) -> bool:
        """Tell whether this customer is known to cost more than it brings."""
        return self.is_attributed and self.known_margin_pico is not None and self.known_margin_pico < 0


@dataclass(frozen=True, slots=True)
class MarginRanking:
    """Some customers of a period by name, the others as one sum, and what names none: together they are the total."""

    shown: tuple[CustomerMargin, ...]
    others: CustomerMargin
    others_count: int
    unattributed: CustomerMargin
    total: CustomerMargin


@dataclass(frozen=True, slots=True)
class Unprofitable:
    """The customers who cost more than they bring, worst first, and what they lose together (a negative margin)."""

    customers: tuple[CustomerMargin, ...]
    margin_pico: Decimal

    @property
    def count(self) -> int:
        """Return how many they are."""
        return len(self.customers)


def margin_by_customer(
    workspace: Workspace, asked: UsageFilter, *, before: DatePeriod | None = None
) -> list[CustomerMargin]:
    """Return all with usage or bookings in the period or the one before, least margin first; then the row of none."""
    raise NotImplementedError


def margin_ranking(rows: Sequence[CustomerMargin], *, start: int, count: int) -> MarginRanking:
    """Return the customers from place `start` on, in the order given, and the sums of all others."""
    customers = [row for row in rows if row.is_attributed]
    shown = customers[start : start + count]
    others = [*customers[:start], *customers[start + count :]]
    return MarginRanking(
        tuple(shown),
        sum_of(others),
        len(others),
        sum_of([row for row in rows if not row.is_attributed]),
        sum_of(rows),
    )


def unprofitable(rows: Sequence[CustomerMargin]) -> Unprofitable:
    """Return who costs more than it brings."""
    raise NotImplementedError


def sum_of(rows: Sequence[CustomerMargin]) -> CustomerMargin:
    """Return the sums of rows as one row without a name."""
    raise NotImplementedError
