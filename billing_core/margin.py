"""Margin: what is left of revenue after its costs, how complete that is, and between what it must lie."""

from dataclasses import dataclass
from decimal import Decimal

Amount = Decimal | int
"""An exact amount in pico of the reporting currency."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The true margin is not below `low` and not above `high`; `low` None: nobody can say how low."""

    low: Amount | None
    high: Amount


@dataclass(frozen=True, slots=True)
class Unpriced:
    """What is known of a period's unpriced calls: their known part, their tokens, and the dearest priced token."""

    known_pico: Amount
    tokens: int
    dearest_pico_per_token: Decimal | None
    """The highest mean cost per token of any priced model of the period; None: no model was priced."""


def margin_share(margin_pico: Amount, revenue_pico: Amount) -> Decimal | None:
    """Return margin ÷ revenue; None unless revenue is above 0."""
    return Decimal(margin_pico) / Decimal(revenue_pico) if revenue_pico > 0 else None


def cost_interval(priced_pico: Amount, unpriced: Unpriced) -> Interval:
    """Return the least and the most that the calls can have cost."""
    raise NotImplementedError((priced_pico, unpriced))


def margin_interval(margin_pico: Amount, unpriced: Unpriced, *, open_disputes_pico: Amount = 0) -> Interval:
    """Return between what a margin lies that counts unpriced calls as 0 and open disputes as won."""
    raise NotImplementedError((margin_pico, unpriced, open_disputes_pico))
