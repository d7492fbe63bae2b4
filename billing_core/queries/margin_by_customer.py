"""What does each customer earn, what does it cost, and what is left?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from billing_core.margin import margin_share
from billing_core.periods import DatePeriod
from billing_core.queries.asking import ask
from billing_core.queries.margin_kinds import KINDS
from billing_core.queries.margin_shared import shared_by_customer, sums_by_customer
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
    """Return all with usage or bookings in the period or the one before, least margin first, and the row of none."""
    today = workspace.now.date()
    shared = sums_by_customer(shared_by_customer(workspace, asked))
    shared_before = sums_by_customer(shared_by_customer(workspace, replace(asked, period=before))) if before else {}
    rows = ask(
        workspace,
        CustomerMargin,
        **asked.parameters(),
        **asked.booked_parameters(today),
        **asked.before_parameters(before, today),
        **KINDS,
        also_customer_ids=[*shared, *shared_before],
    )
    return _with_shared(rows, shared, shared_before) if shared or shared_before else rows


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
    losing = sorted((row for row in rows if row.is_unprofitable), key=lambda row: row.margin_pico or NOTHING)
    return Unprofitable(tuple(losing), sum((row.margin_pico or NOTHING for row in losing), NOTHING))


def sum_of(rows: Sequence[CustomerMargin]) -> CustomerMargin:
    """Return the sums of rows as one row without a name."""
    return CustomerMargin(
        customer_id=UNATTRIBUTED,
        name="",
        segment="",
        plan_name="",
        is_in_stripe=any(row.is_in_stripe for row in rows),
        calls=sum(row.calls for row in rows),
        unpriced_calls=sum(row.unpriced_calls for row in rows),
        tokens=sum(row.tokens for row in rows),
        cost_pico=sum((row.cost_pico for row in rows), NOTHING),
        revenue_pico=_sum(row.revenue_pico for row in rows),
        fees_pico=_sum(row.fees_pico for row in rows),
        shared_pico=_sum(row.shared_pico for row in rows),
        cost_before_pico=_sum(row.cost_before_pico for row in rows),
        revenue_before_pico=_sum(row.revenue_before_pico for row in rows),
        fees_before_pico=_sum(row.fees_before_pico for row in rows),
        shared_before_pico=_sum(row.shared_before_pico for row in rows),
    )


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum; None where the amounts are unknown, which they are of all rows or of none."""
    total = NOTHING
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def _with_shared(
    rows: Sequence[CustomerMargin], shared: Mapping[int, Decimal], shared_before: Mapping[int, Decimal]
) -> list[CustomerMargin]:
    """Return the rows with what falls on each, in the order of the margins that this makes."""
    charged = [
        replace(
            row,
            shared_pico=shared.get(row.customer_id, NOTHING),
            shared_before_pico=None if row.cost_before_pico is None else shared_before.get(row.customer_id, NOTHING),
        )
        for row in rows
    ]
    return sorted(charged, key=lambda row: (row.margin_pico, -row.calls, row.customer_id))


def _costs(cost: Decimal, fees: Decimal | None, shared: Decimal | None) -> Decimal | None:
    return None if fees is None or shared is None else cost + fees + shared


def _margin(revenue: Decimal | None, costs: Decimal | None) -> Decimal | None:
    return None if revenue is None or costs is None else revenue - costs
