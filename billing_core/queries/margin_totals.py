"""What is the margin of a period, what is it made of, and how complete is that number?"""

from dataclasses import dataclass
from decimal import Decimal

from billing_core.margin import Interval
from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class MarginTotals:
    """Sums over a filter, exact pico of the reporting currency; reductions of revenue are negative, costs positive.

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
        raise NotImplementedError

    @property
    def fees_pico(self) -> Decimal | None:
        """Return payment, dispute and Stripe's own fees."""
        raise NotImplementedError

    @property
    def costs_pico(self) -> Decimal | None:
        """Return all costs of revenue: LLM, fees, shared."""
        raise NotImplementedError

    @property
    def margin_pico(self) -> Decimal | None:
        """Return revenue less all costs."""
        raise NotImplementedError

    @property
    def margin_share(self) -> Decimal | None:
        """Return the margin as a part of revenue; None without revenue."""
        raise NotImplementedError

    @property
    def llm_share(self) -> Decimal | None:
        """Return LLM cost as a part of revenue; None without revenue."""
        raise NotImplementedError

    @property
    def interval(self) -> Interval | None:
        """Return between what the margin lies; None where the filter names a model or a feature."""
        raise NotImplementedError

    @property
    def known_cost_pico(self) -> Decimal | None:
        """Return the LLM cost; None where there are calls and not one has a price: unknown, and not nothing."""
        raise NotImplementedError

    @property
    def priced_share(self) -> Decimal | None:
        """Return which part of the calls has a price; None without calls."""
        raise NotImplementedError

    @property
    def attributed_share(self) -> Decimal | None:
        """Return which part of the LLM cost belongs to a customer; None without cost."""
        raise NotImplementedError

    @property
    def recognised_share(self) -> Decimal | None:
        """Return which part of the bookings is in the reporting currency; None without bookings."""
        raise NotImplementedError

    @property
    def matched_share(self) -> Decimal | None:
        """Return which part of revenue belongs to customers whom usage knows too; None without revenue."""
        raise NotImplementedError


def margin_totals(workspace: Workspace, asked: UsageFilter) -> MarginTotals:
    """Return the sums over everything that the filter lets through, up to today."""
    raise NotImplementedError
