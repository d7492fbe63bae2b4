"""Which kinds of bookings a statement sums as what: the words are those of billing_core.bookings."""

from typing import Final

from billing_core.bookings import CASH_KINDS, COST_KINDS, GROSS_KINDS, OPEN_KINDS, REVENUE_KINDS, Kind


def _texts(*kinds: Kind) -> list[str]:
    return [kind.value for kind in kinds]


KINDS: Final = {
    "gross_kinds": _texts(*GROSS_KINDS),
    "revenue_kinds": _texts(*REVENUE_KINDS),
    "fee_kinds": _texts(*COST_KINDS),
    "cash_kinds": _texts(*CASH_KINDS),
    "open_kinds": _texts(*OPEN_KINDS),
    "all_kinds": _texts(*Kind),
}
"""What the statements call them."""
