"""Arithmetic of the sandbox's bills: halves are rounded away from zero, as Stripe does, and -x mirrors x.

It shares no code with Marginbook's own rules, so that these can be tested against it.
"""

from decimal import Decimal
from fractions import Fraction
from typing import Any

BASIS_POINTS = 10_000


def half_up(exact: Fraction) -> int:
    """Round to a whole number; 2.5 is 3, -2.5 is -3."""
    whole = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return -whole if exact < 0 else whole


def share(amount: int, part: int, whole: int) -> int:
    """Return the part's share of an amount: of 1000 for 10 of 30 days, 333."""
    return half_up(Fraction(amount * part, whole))


def percent_of(amount: int, percent: Any) -> int:
    """Return a percentage of an amount; the percentage is a number as JSON or a form carries it, such as 25.5."""
    return half_up(amount * Fraction(str(percent)) / 100)


def unused(amount: int, *, starts: int, ends: int, at: int) -> int:
    """Return what of a period's amount belongs to the time from an instant to its end, by the second."""
    return share(amount, ends - at, ends - starts)


def spread(amount: int, weights: list[int]) -> list[int]:
    """Split an amount by weights so that the parts add up to it: each part settles what is then reached in sum."""
    total = sum(weights)
    parts, reached, given = [], 0, 0
    for weight in weights:
        reached += weight
        parts.append(share(amount, reached, total) - given)
        given += parts[-1]
    return parts


def price_amount(price: dict[str, Any], quantity: Decimal | int) -> int:
    """Return what a quantity costs at a price: by the unit, or by its tiers (graduated or volume)."""
    count = Fraction(quantity)
    bundle = price.get("transform_quantity")
    if bundle:
        whole, left = divmod(count, bundle["divide_by"])
        count = Fraction(whole + (1 if left and bundle["round"] == "up" else 0))
    if price["billing_scheme"] != "tiered":
        return half_up(Fraction(str(price["unit_amount_decimal"])) * count)
    if price["tiers_mode"] == "volume":
        return _volume(price["tiers"], count)
    return _graduated(price["tiers"], count)


def _volume(tiers: list[dict[str, Any]], count: Fraction) -> int:
    tier = next(tier for tier in tiers if tier["up_to"] is None or count <= tier["up_to"])
    return half_up(count * _unit(tier)) + (tier["flat_amount"] or 0)


def _graduated(tiers: list[dict[str, Any]], count: Fraction) -> int:
    total, below = Fraction(0), Fraction(0)
    for tier in tiers:
        reaches = count if tier["up_to"] is None else min(count, Fraction(tier["up_to"]))
        if reaches > below:
            total += (reaches - below) * _unit(tier) + (tier["flat_amount"] or 0)
        below = max(below, reaches)
    return half_up(total)


def _unit(tier: dict[str, Any]) -> Fraction:
    return Fraction(str(tier["unit_amount_decimal"] or 0))
