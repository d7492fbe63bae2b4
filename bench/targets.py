"""What is measured, and what product.md section 5 asks of it; a missed target is told, it fails nothing."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Target:
    """A bound that a figure should keep."""

    sign: Literal["≥", "≤"]
    bound: float

    def is_met(self, figure: float) -> bool:
        """Tell whether the figure keeps the bound."""
        return figure >= self.bound if self.sign == "≥" else figure <= self.bound

    def __str__(self) -> str:
        """Say it as the product's plan does."""
        return f"{self.sign} {self.bound:,}"


TARGETS = {
    "pipeline_vs_copy": Target("≥", 0.4),
    "pipeline_events_per_s": Target("≥", 60_000),
    "pricing_events_per_s": Target("≥", 10_000_000),
    "pricing_differences": Target("≤", 0),
    "margin_tenant_month_ms": Target("≤", 25),
    "margin_tenant_month_p95_ms": Target("≤", 60),
    "margin_customer_month_ms": Target("≤", 5),
    "margin_all_12_months_ms": Target("≤", 500),
    "page_overview_ms": Target("≤", 1000),
    "page_customers_ms": Target("≤", 1000),
    "rss_idle_mb": Target("≤", 500),
    "first_page_s": Target("≤", 180),
}
"""Every key, in the order of the report."""
