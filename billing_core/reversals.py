"""Reversals: what credit notes, refunds and disputes take back of what was sold, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billing_core.money import Money, allocate, settled_share, settling_unit


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One line of what was sold: its amount after discount, without tax, and the period of its service."""

    line_id: str
    starts_at: datetime
    ends_at: datetime
    stripe_product_id: str | None
    price_id: str | None
    net_minor: int


TakenBack = list[tuple[SoldLine, int]]
"""How much of each line is taken back; negative for a line that was itself a credit."""


class Sale:
    """An invoice, or a payment without one, with what is left of its lines and its tax after each reversal.

    Never is more taken back than is left: what goes beyond it was no revenue (money that was already credited).
    """

    def __init__(
        self, document_id: str, currency: str, lines: tuple[SoldLine, ...], *, tax_left_minor: int = 0
    ) -> None:
        self.document_id = document_id
        self.currency = currency
        self.lines = lines
        self._tax_left_minor = tax_left_minor
        self._left = [line.net_minor for line in lines]

    @property
    def left_minor(self) -> int:
        """What is left of all lines together."""
        return sum(self._left)

    def give_back(self, gross_minor: int) -> TakenBack:
        """Take back money that was paid, tax included: its share of every line, mirrored, by largest remainder."""
        left_minor = self.left_minor
        if left_minor <= 0:
            return []
        gross_left = left_minor + self._tax_left_minor
        gross_minor = min(gross_minor, gross_left)
        net_minor = settled_share(gross_minor, left_minor, gross_left, unit=self._unit(gross_minor, left_minor))
        self._tax_left_minor -= gross_minor - net_minor
        return self._mirrored(net_minor)

    def credit(self, total_minor: int, line_amounts: Sequence[tuple[str | None, int]], *, tax_minor: int) -> TakenBack:
        """Take back what a credit note says, by invoice line; what names no line of it mirrors all that is left."""
        total_minor = min(total_minor, self.left_minor)
        if total_minor <= 0:
            return []
        self._tax_left_minor = max(0, self._tax_left_minor - tax_minor)
        index_of = {line.line_id: index for index, line in enumerate(self.lines)}
        named = [0] * len(self.lines)
        for line_id, amount_minor in _adding_up(total_minor, line_amounts, self.currency):
            if line_id in index_of:
                named[index_of[line_id]] += amount_minor
        taken = self._take(named)
        rest = total_minor - sum(named)
        return taken + self._mirrored(rest) if rest else taken

    def _mirrored(self, net_minor: int) -> TakenBack:
        """Take the same share of every line that is left; a line that was a credit gets its share back."""
        left_minor = self.left_minor
        if net_minor >= left_minor:
            return self._take(list(self._left))
        charges = [max(left, 0) for left in self._left]
        credits_ = [max(-left, 0) for left in self._left]
        unit = self._unit(net_minor, left_minor, sum(charges))
        of_charges = settled_share(net_minor, sum(charges), left_minor, unit=unit)
        parts = [part.amount_minor for part in allocate(Money(of_charges, self.currency), charges)]
        if of_charges > net_minor:
            given = allocate(Money(of_charges - net_minor, self.currency), credits_)
            parts = [part - back.amount_minor for part, back in zip(parts, given, strict=True)]
        return self._take(parts)

    def _take(self, amounts: list[int]) -> TakenBack:
        self._left = [left - amount for left, amount in zip(self._left, amounts, strict=True)]
        return [(line, amount) for line, amount in zip(self.lines, amounts, strict=True) if amount]

    def _unit(self, *amounts_minor: int) -> int:
        return min(settling_unit(amount_minor, self.currency) for amount_minor in amounts_minor)


def _adding_up(
    total_minor: int, line_amounts: Sequence[tuple[str | None, int]], currency: str
) -> list[tuple[str | None, int]]:
    """Return the note's lines so that they add up to its total; nothing by line where they cannot."""
    amounts = [amount_minor for _, amount_minor in line_amounts]
    if not any(amounts) or min(amounts) < 0:
        return []
    if sum(amounts) == total_minor:
        return list(line_amounts)
    parts = allocate(Money(total_minor, currency), amounts)
    return [(line_id, part.amount_minor) for (line_id, _), part in zip(line_amounts, parts, strict=True)]
