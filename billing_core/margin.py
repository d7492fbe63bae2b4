"""Margin: what is left of revenue after its costs, and between what the true one lies."""

from dataclasses import dataclass
from decimal import Decimal

Amount = Decimal | int
"""An exact amount in pico of the reporting currency."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The true margin is not below `low` and not above `high`; `low` None: nobody can say how low."""

    low: Decimal | None
    high: Decimal


@dataclass(frozen=True, slots=True)
class Unpriced:
    """A period's unpriced calls: how many, their tokens, their known part, and what the dearest priced token cost."""

    calls: int
    tokens: Amount
    known_pico: Amount
    dearest_pico_per_token: Decimal | None
    """The highest mean cost per token of any priced model of the period; None: no model was priced."""

    @property
    def most_pico(self) -> Decimal | None:
        """The most they can have cost by this rule, never less than their known part; None: nothing to judge by."""
        if not self.calls:
            return Decimal(self.known_pico)
        if self.dearest_pico_per_token is None or not self.tokens:
            return None
        return max(Decimal(self.known_pico), self.tokens * self.dearest_pico_per_token)


def margin_share(margin_pico: Amount, revenue_pico: Amount) -> Decimal | None:
    """Return margin ÷ revenue; None unless revenue is above 0."""
    return Decimal(margin_pico) / Decimal(revenue_pico) if revenue_pico > 0 else None


def margin_interval(margin_pico: Amount, unpriced: Unpriced, *, open_disputes_pico: Amount = 0) -> Interval:
    """Return between what a margin lies that counts unpriced calls as 0 and open disputes as won.

    High: unpriced calls cost their known part only, and every open dispute is won. Low: each of their tokens cost what
    the dearest model's token cost on average, and every open dispute is lost. `open_disputes_pico` is what revenue
    loses then: 0 or negative, as bookings of the kind open_dispute are.
    """
    most_pico = unpriced.most_pico
    return Interval(
        low=None if most_pico is None else margin_pico - most_pico + open_disputes_pico,
        high=Decimal(margin_pico) - unpriced.known_pico,
    )
