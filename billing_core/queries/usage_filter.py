"""Which usage is asked about: a span of days, and what it is narrowed to."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from billing_core.periods import DatePeriod

UNATTRIBUTED = 0
"""The customer of usage that names no customer."""
NO_PRODUCT = 0
NO_FEATURE = ""
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class UsageFilter:
    """A span of UTC days and the cuts within it; None asks for everything, 0 and "" for what names none."""

    period: DatePeriod
    customer_id: int | None = None
    product_id: int | None = None
    provider: str | None = None
    model: str | None = None
    feature: str | None = None
    segment: str | None = None
    """Customers who are of this segment now; "" for those of none."""
    plan_id: int | None = None
    """Customers whose newest plan is this one; 0 for those of none."""

    @property
    def names_calls(self) -> bool:
        """Tell whether the filter names a provider, a model or a feature: revenue, fees and shared costs have none."""
        return self.provider is not None or self.model is not None or self.feature is not None

    def parameters(self) -> dict[str, object]:
        """Return what the statements call these things."""
        return {
            "grain": self.grain_of(self.period),
            "start_on": self.period.start,
            "end_on": self.period.end,
            "customer_id": self.customer_id,
            "product_id": self.product_id,
            "provider": self.provider,
            "model": self.model,
            "feature": self.feature,
            "segment": self.segment,
            "plan_id": self.plan_id,
            "all_customers": self.customer_id is None and self.segment is None and self.plan_id is None,
            "has_revenue": not self.names_calls,
        }

    def booked_parameters(self, today: date) -> dict[str, object]:
        """Return which bookings belong to the period: whole months by the month, the rest by the day.

        Revenue is booked for days to come; what is asked ends with today.
        """
        return _booked(self.period, today, names_calls=self.names_calls)

    def so_far(self, today: date) -> DatePeriod:
        """Return the period as far as today, of which at least the first day."""
        return DatePeriod(self.period.start, max(self.period.start + ONE_DAY, min(self.period.end, today + ONE_DAY)))

    def before_parameters(self, before: DatePeriod | None, today: date) -> dict[str, object]:
        """Return the same of a period to compare with; None asks for no comparison."""
        span = before if before is not None else self.period
        booked = _booked(span, today, names_calls=self.names_calls or before is None)
        return {
            "grain_before": "none" if before is None else self.grain_of(before),
            "start_before": None if before is None else before.start,
            "end_before": None if before is None else before.end,
            **{f"{name}_before": value for name, value in booked.items()},
        }

    def whole_months(self) -> "UsageFilter":
        """Return the same question for all of every month that the period touches."""
        last = self.period.end - ONE_DAY
        end = (last.replace(day=28) + 4 * ONE_DAY).replace(day=1)
        return replace(self, period=DatePeriod(self.period.start.replace(day=1), end))

    def grain_of(self, period: DatePeriod) -> str:
        """Return the smallest rollup that can answer for the period: month, day, or fine (by model and feature)."""
        if self.names_calls:
            return "fine"
        return "month" if _is_first(period.start) and _is_first(period.end) else "day"


def _booked(period: DatePeriod, today: date, *, names_calls: bool) -> dict[str, object]:
    """Return the days [booked_start_on, booked_end_on), of which those before booked_days_on are whole months."""
    end_on = period.start if names_calls else max(period.start, min(period.end, today + ONE_DAY))
    days_on = end_on.replace(day=1) if _is_first(period.start) else period.start
    return {"booked_start_on": period.start, "booked_days_on": days_on, "booked_end_on": end_on}


def _is_first(day: date) -> bool:
    return day.day == 1
