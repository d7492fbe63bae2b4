"""What is an unpriced token taken to cost at most?"""

from dataclasses import dataclass
from decimal import Decimal

from billing_core.periods import DatePeriod
from billing_core.queries.asking import ask
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class DearestToken:
    """The highest mean cost per token of any priced model of the tenant's period, in pico."""

    pico_per_token: Decimal


def margin_dearest_token(workspace: Workspace, period: DatePeriod) -> DearestToken | None:
    """Return the dearest model's mean; None when no model of the period is priced."""
    found = ask(workspace, DearestToken, start_on=period.start, end_on=period.end)
    return found[0] if found else None
