"""How do revenue, costs and margin go from month to month?"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from billing_core.margin import Interval, Unpriced, margin_interval, margin_share
from billing_core.periods import DatePeriod
from billing_core.queries.asking import ask
from billing_core.queries.margin_dearest_token import margin_dearest_token
from billing_core.queries.margin_kinds import KINDS
from billing_core.queries.margin_shared import shared_by_customer, sums_by_month
from billing_core.queries.revenue_bases import revenue_bases
from billing_core.queries.usage_filter import ONE_DAY, UsageFilter
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
    def known_cost_pico(self) -> Decimal | None:
        """Return the LLM cost; None where there are calls and not one has a price: unknown, and not nothing."""
        return None if self.calls and self.calls == self.unpriced_calls else self.cost_pico

    @property
    def margin_pico(self) -> Decimal | None:
        """Return revenue less all costs."""
        if self.revenue_pico is None or self.fees_pico is None or self.shared_pico is None:
            return None
        return self.revenue_pico - self.cost_pico - self.fees_pico - self.shared_pico

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
    def priced_share(self) -> Decimal | None:
        """Return which part of the calls has a price; None without calls."""
        return Decimal(self.calls - self.unpriced_calls) / self.calls if self.calls else None

    @property
    def interval(self) -> Interval | None:
        """Return between what the margin lies (`low`, `high`); None where the filter names a model or a feature."""
        if self.margin_pico is None:
            return None
        unpriced = Unpriced(self.unpriced_calls, self.unpriced_tokens, self.known_pico, self.dearest_pico_per_token)
        return margin_interval(self.margin_pico, unpriced, open_disputes_pico=self.open_disputes_pico or Decimal(0))


def margin_months(workspace: Workspace, asked: UsageFilter) -> list[MarginMonth]:
    """Return every month that the period touches and that has begun, oldest first, also months without a row."""
    months = asked.whole_months()
    today = workspace.now.date()
    rows = ask(
        workspace,
        MarginMonth,
        **months.parameters(),
        **months.booked_parameters(today),
        **KINDS,
        until_on=months.so_far(today).end,
    )
    shared = sums_by_month(shared_by_customer(workspace, months))
    bases = {} if asked.names_calls else {basis.month: basis for basis in revenue_bases(workspace, months)}
    return [
        replace(
            row,
            shared_pico=None if row.shared_pico is None else shared.get(row.month, row.shared_pico),
            mrr_pico=bases[row.month].mrr_pico if bases else None,
            dearest_pico_per_token=_dearest(workspace, row),
        )
        for row in rows
    ]


def _dearest(workspace: Workspace, row: MarginMonth) -> Decimal | None:
    if not row.unpriced_tokens:
        return None
    month = UsageFilter(DatePeriod(row.month, row.month + ONE_DAY)).whole_months().period
    found = margin_dearest_token(workspace, month)
    return found.pico_per_token if found else None
