"""What is the margin of a period, what is it made of, and how complete is that number?"""

from dataclasses import dataclass, replace
from decimal import Decimal

from billing_core.margin import Interval, Unpriced, margin_interval, margin_share
from billing_core.queries.asking import ask
from billing_core.queries.margin_dearest_token import margin_dearest_token
from billing_core.queries.margin_kinds import KINDS
from billing_core.queries.margin_shared import shared_by_customer
from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class MarginTotals:
    """Sums over a filter, exact pico of the reporting currency; what lowers revenue is negative, costs positive.

    Bookings are all 0 where the filter names a model or a feature (`has_revenue` False): revenue has neither.
    """

    has_revenue: bool
    calls: int
    unpriced_calls: int
    tokens: Decimal
    unpriced_tokens: Decimal
    cost_pico: Decimal
    known_pico: Decimal
    unattributed_cost_pico: Decimal
    usage_customers: int
    gross_pico: Decimal
    discounts_pico: Decimal
    credit_notes_pico: Decimal
    refunds_pico: Decimal
    disputes_pico: Decimal
    payment_fees_pico: Decimal
    dispute_fees_pico: Decimal
    stripe_fees_pico: Decimal
    cash_pico: Decimal
    open_disputes_pico: Decimal
    paying_customers: int
    unattributed_revenue_pico: Decimal
    unmatched_customers: int
    unmatched_revenue_pico: Decimal
    booked: int
    unconverted: int
    unconverted_currencies: list[str]
    shared_pico: Decimal
    dearest_pico_per_token: Decimal | None

    @property
    def revenue_pico(self) -> Decimal | None:
        """Return recognised revenue; None where the filter names a model or a feature."""
        if not self.has_revenue:
            return None
        reductions = self.discounts_pico + self.credit_notes_pico + self.refunds_pico + self.disputes_pico
        return self.gross_pico + reductions

    @property
    def fees_pico(self) -> Decimal | None:
        """Return payment, dispute and Stripe's own fees."""
        return self.payment_fees_pico + self.dispute_fees_pico + self.stripe_fees_pico if self.has_revenue else None

    @property
    def costs_pico(self) -> Decimal | None:
        """Return all costs of revenue: LLM, fees, shared."""
        return None if self.fees_pico is None else self.cost_pico + self.fees_pico + self.shared_pico

    @property
    def margin_pico(self) -> Decimal | None:
        """Return revenue less all costs."""
        if self.revenue_pico is None or self.costs_pico is None:
            return None
        return self.revenue_pico - self.costs_pico

    @property
    def margin_share(self) -> Decimal | None:
        """Return the margin as a part of revenue; None without revenue."""
        if self.margin_pico is None or self.revenue_pico is None:
            return None
        return margin_share(self.margin_pico, self.revenue_pico)

    @property
    def llm_share(self) -> Decimal | None:
        """Return LLM cost as a part of revenue; None without revenue."""
        if self.known_cost_pico is None or self.revenue_pico is None:
            return None
        return margin_share(self.known_cost_pico, self.revenue_pico)

    @property
    def interval(self) -> Interval | None:
        """Return between what the margin lies; None where the filter names a model or a feature."""
        if self.margin_pico is None:
            return None
        unpriced = Unpriced(self.unpriced_calls, self.unpriced_tokens, self.known_pico, self.dearest_pico_per_token)
        return margin_interval(self.margin_pico, unpriced, open_disputes_pico=self.open_disputes_pico)

    @property
    def known_cost_pico(self) -> Decimal | None:
        """Return the LLM cost; None where there are calls and not one has a price: unknown, and not nothing."""
        return None if self.calls and self.calls == self.unpriced_calls else self.cost_pico

    @property
    def priced_share(self) -> Decimal | None:
        """Return which part of the calls has a price; None without calls."""
        return Decimal(self.calls - self.unpriced_calls) / self.calls if self.calls else None

    @property
    def attributed_share(self) -> Decimal | None:
        """Return which part of the LLM cost belongs to a customer; None without cost."""
        return (self.cost_pico - self.unattributed_cost_pico) / self.cost_pico if self.cost_pico else None

    @property
    def recognised_share(self) -> Decimal | None:
        """Return which part of the bookings is in the reporting currency; None without bookings."""
        return Decimal(self.booked - self.unconverted) / self.booked if self.booked else None

    @property
    def matched_share(self) -> Decimal | None:
        """Return which part of revenue belongs to customers whom usage knows too; None without revenue."""
        if not self.revenue_pico:
            return None
        matched = self.revenue_pico - self.unattributed_revenue_pico - self.unmatched_revenue_pico
        return margin_share(matched, self.revenue_pico)


def margin_totals(workspace: Workspace, asked: UsageFilter) -> MarginTotals:
    """Return the sums over everything that the filter lets through, up to today."""
    today = workspace.now.date()
    totals = ask(workspace, MarginTotals, **asked.parameters(), **asked.booked_parameters(today), **KINDS)[0]
    dearest = margin_dearest_token(workspace, asked.period) if totals.unpriced_tokens else None
    return replace(
        totals,
        shared_pico=sum(shared_by_customer(workspace, asked).values(), Decimal(0)),
        dearest_pico_per_token=dearest.pico_per_token if dearest else None,
    )
