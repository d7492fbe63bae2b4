"""Which spans of time a page offers, and what each is compared with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from billing_core.periods import DatePeriod
from billing_core.queries.usage_cuts import Step
from pages.parts.figures import span

DAYS = "last-30-days"
YEAR = "last-12-months"
ALL = "all"

TREND_MONTHS, SPARK_MONTHS = 12, 6
STEP_DAYS_MAX = 92
"""More bars than this cannot be told apart."""


@dataclass(frozen=True)
class PeriodChoice:
    """One entry of the period picker; `before` is None where there is nothing fair to compare with."""

    key: str
    label: str
    period: DatePeriod
    before: DatePeriod | None
    is_running: bool

    @property
    def before_label(self) -> str:
        """Return what the change is against."""
        return f"vs {span(self.before.start, self.before.end)}" if self.before else ""

    @property
    def step(self) -> Step:
        """Return the width of one bar."""
        return "day" if (self.period.end - self.period.start).days <= STEP_DAYS_MAX else "month"

    @property
    def trend(self) -> DatePeriod:
        """Return the twelve months that end with the period, or the whole period where that is longer."""
        last = (self.period.end - timedelta(days=1)).replace(day=1)
        return DatePeriod(min(_shift(last, 1 - TREND_MONTHS), self.period.start.replace(day=1)), _shift(last, 1))

    @property
    def six_months(self) -> DatePeriod:
        """Return the six months that end with the period's last."""
        last = (self.period.end - timedelta(days=1)).replace(day=1)
        return DatePeriod(_shift(last, 1 - SPARK_MONTHS), _shift(last, 1))

    @property
    def steps(self) -> list[date]:
        """Return the first day of each bar."""
        found = [self.period.start]
        while (following := _after(found[-1], self.step)) < self.period.end:
            found.append(following)
        return found


def period_choices(months: Sequence[date], today: date) -> list[PeriodChoice]:
    """Return every month with usage, newest first, then the spans; `months` is not empty."""
    offered = [_month(month, today) for month in months]
    this_month = today.replace(day=1)
    days = DatePeriod(today - timedelta(days=29), today + timedelta(days=1))
    days_before = DatePeriod(days.start - timedelta(days=30), days.start)
    year = DatePeriod(_shift(this_month, -11), _shift(this_month, 1))
    everything = DatePeriod(months[-1], max(_shift(months[0], 1), _shift(this_month, 1)))
    return [
        *offered,
        PeriodChoice(DAYS, "Last 30 days", days, days_before, is_running=True),
        PeriodChoice(YEAR, "Last 12 months", year, None, is_running=True),
        PeriodChoice(ALL, "All time", everything, None, is_running=True),
    ]


def _month(month: date, today: date) -> PeriodChoice:
    """Compare a running month with as many days of the one before: else it would always seem to shrink."""
    period = DatePeriod(month, _shift(month, 1))
    before = DatePeriod(_shift(month, -1), month)
    is_running = period.contains(today)
    if is_running and today + timedelta(days=1) < period.end:
        end = min(before.start + (today + timedelta(days=1) - month), before.end)
        before = DatePeriod(before.start, end)
    return PeriodChoice(f"{month:%Y-%m}", f"{month:%B %Y}", period, before, is_running)


def _after(day: date, step: Step) -> date:
    return _shift(day.replace(day=1), 1) if step == "month" else day + timedelta(days=1)


def _shift(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)
