"""Which usage is asked about: a span of days, and what it is narrowed to."""

from dataclasses import dataclass
from datetime import date

from billing_core.periods import DatePeriod

UNATTRIBUTED = 0
"""The customer of usage that names no customer."""
NO_PRODUCT = 0
NO_FEATURE = ""


@dataclass(frozen=True)
class UsageFilter:
    """A span of UTC days and the cuts within it; None asks for everything, 0 and "" for what names none."""

    period: DatePeriod
    customer_id: int | None = None
    product_id: int | None = None
    provider: str | None = None
    model: str | None = None
    feature: str | None = None

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
        }

    def grain_of(self, period: DatePeriod) -> str:
        """Return the smallest rollup that can answer for the period: month, day, or fine (by model and feature)."""
        if self.provider is not None or self.model is not None or self.feature is not None:
            return "fine"
        return "month" if _is_first(period.start) and _is_first(period.end) else "day"


def _is_first(day: date) -> bool:
    return day.day == 1
