"""Sentences and chips that several pages say alike: how fresh, how complete, what has no name."""

from billing_core.queries.usage_freshness import UsageFreshness
from billing_core.queries.usage_totals import UsageTotals
from pages.parts import figures
from pages.parts.figures import counted, share

UNATTRIBUTED_NAME = "Unattributed"
NO_FEATURE_NAME = "No feature named"
NO_PRODUCT_NAME = "No product named"
NO_PLAN_NAME = "No plan"
NO_SEGMENT_NAME = "No segment"
NO_MODEL_NAME = "No calls"
"""What belongs to customers who made no call: their revenue has no model to go to."""


def freshness_words(freshness: UsageFreshness | None) -> tuple[str, str]:
    """Return the chip that says until when usage is known."""
    if freshness is None:
        return "plain", "No usage yet"
    return "plain", f"Usage to {figures.minute(freshness.occurred_at)}"


def completeness(totals: UsageTotals) -> list[tuple[str, str]]:
    """Return the chips that say how much of the number is known."""
    if not totals.calls:
        return []
    priced = "good" if not totals.unpriced_calls else "open"
    chips = [(priced, f"{share(totals.priced_share)} of calls priced")]
    if totals.attributed_share is not None:
        attributed = "good" if not totals.unattributed_pico_usd else "open"
        chips.append((attributed, f"{share(totals.attributed_share)} of cost attributed"))
    return chips


def left_out(totals: UsageTotals) -> str:
    """Return in a sentence what a cost does not contain; empty when it contains everything."""
    if not totals.unpriced_calls:
        return ""
    return f"{counted(totals.unpriced_calls, 'call')} without a price not included"


def customer_words(name: str, customer_id: int) -> str:
    """Return what a customer is called; number 0 is the row of what names none."""
    return name if customer_id else UNATTRIBUTED_NAME


def feature_words(feature: str | None) -> str:
    """Return what a feature is called."""
    return feature or NO_FEATURE_NAME


def product_words(product: str | None) -> str:
    """Return what a product is called."""
    return product or NO_PRODUCT_NAME
