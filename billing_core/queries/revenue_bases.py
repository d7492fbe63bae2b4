"""What is each month's revenue as recognised, as cash, and as MRR at its end?"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class RevenueBasis:
    """One month's revenue on three bases, exact pico of the reporting currency; the running one as far as now."""

    month: date
    accrual_pico: Decimal
    cash_pico: Decimal
    mrr_pico: Decimal
    """Of plans that hold at the month's end, or now."""
    unconverted_plans: int
    """Plans among them in a currency without a rate: they are not in `mrr_pico`."""


def revenue_bases(workspace: Workspace, asked: UsageFilter) -> list[RevenueBasis]:
    """Return every month that the period touches and that has begun, oldest first."""
    raise NotImplementedError
