"""What is each month's revenue as recognised, as cash, and as MRR at its end?"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from billing_core.currencies import currency
from billing_core.queries.asking import ask
from billing_core.queries.margin_kinds import KINDS
from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace

PICO_DIGITS = 12


@dataclass(frozen=True, slots=True)
class MonthOfCurrency:
    """One month with what its plans in one currency are worth, each in minor units times its rate."""

    month: date
    accrual_pico: Decimal
    cash_pico: Decimal
    currency: str | None
    mrr_minor_at_rates: Decimal
    unconverted_plans: int


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
    if asked.names_calls:
        raise ValueError("Revenue has no model: its bases are asked for without model or feature.")
    months = asked.whole_months()
    today = workspace.now.date()
    rows = ask(
        workspace,
        MonthOfCurrency,
        **months.parameters(),
        **months.booked_parameters(today),
        **KINDS,
        until_on=months.so_far(today).end,
        now=workspace.now,
    )
    return [_basis(list(of_month)) for _, of_month in groupby(rows, key=attrgetter("month"))]


def _basis(rows: list[MonthOfCurrency]) -> RevenueBasis:
    return RevenueBasis(
        month=rows[0].month,
        accrual_pico=rows[0].accrual_pico,
        cash_pico=rows[0].cash_pico,
        mrr_pico=sum((_mrr_pico(row) for row in rows), Decimal(0)),
        unconverted_plans=sum(row.unconverted_plans for row in rows),
    )


def _mrr_pico(row: MonthOfCurrency) -> Decimal:
    if row.currency is None:
        return Decimal(0)
    return row.mrr_minor_at_rates.scaleb(PICO_DIGITS - currency(row.currency).exponent)
