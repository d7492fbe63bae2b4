"""How do revenue, costs and margin go from month to month?"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_core.margin import Interval
from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class MarginMonth:
    """One calendar month, exact pico of the reporting currency; the running one as far as today.

    Revenue, fees, shared costs, cash and MRR are None where the filter names a model or a feature.
    """

    month: date
    calls: int
    unpriced_calls: int
    tokens: Decimal
    unpriced_tokens: Decimal
    cost_pico: Decimal
    known_pico: Decimal
    revenue_pico: Decimal | None
    fees_pico: Decimal | None
    open_disputes_pico: Decimal | None
    shared_pico: Decimal | None
    cash_pico: Decimal | None
    mrr_pico: Decimal | None
    dearest_pico_per_token: Decimal | None

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
    def priced_share(self) -> Decimal | None:
        """Return which part of the calls has a price; None without calls."""
        raise NotImplementedError

    @property
    def interval(self) -> Interval | None:
        """Return between what the margin lies (`low`, `high`); None where the filter names a model or a feature."""
        raise NotImplementedError


def margin_months(workspace: Workspace, asked: UsageFilter) -> list[MarginMonth]:
    """Return every month that the period touches and that has begun, oldest first, also months without a row."""
    raise NotImplementedError
