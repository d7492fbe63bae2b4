"""Money: whole minor units of one currency; nothing else rounds (`settle`) or splits (`allocate`)."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing_core import currencies
from billing_core.errors import CurrencyMismatchError, InvalidAmountError, InvalidWeightsError

PICO_PER_USD = 10**12
"""One pico-USD is the exact unit of usage cost: providers' smallest rates per token are whole numbers of it."""

DIGITS_MAX = 100
"""More digits than any amount has; a limit, so that a text from outside cannot cost minutes."""

_PICO_DIGITS = 12
_PLAIN_DECIMAL = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")


@dataclass(frozen=True, slots=True)
class Money:
    """Whole minor units of one currency: USD 10.25 is `Money(1025, "usd")`, JPY 10 is `Money(10, "jpy")`."""

    amount_minor: int
    currency: str
    """Lower-case ISO 4217; given in any case."""

    def __post_init__(self) -> None:
        _require_whole(self.amount_minor)
        object.__setattr__(self, "currency", currencies.currency(self.currency).code)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount_minor + self._minor_of(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount_minor - self._minor_of(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount_minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.amount_minor < self._minor_of(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount_minor <= self._minor_of(other)

    def __gt__(self, other: "Money") -> bool:
        return self.amount_minor > self._minor_of(other)

    def __ge__(self, other: "Money") -> bool:
        return self.amount_minor >= self._minor_of(other)

    def _minor_of(self, other: object) -> int:
        """Return the other's amount, which must be of the same currency."""
        if not isinstance(other, Money):
            message = f"Money stands beside Money only, not beside {type(other).__name__}"
            raise TypeError(message)
        if other.currency != self.currency:
            raise CurrencyMismatchError(self.currency, other.currency)
        return other.amount_minor


def settle(exact: Decimal | Fraction | int, currency: str) -> Money:
    """Round an exact amount in minor units to what can be charged: half-even, to the currency's step.

    12.5 cents are 12 cents, 13.5 are 14; ISK 550 (step 100) is 600, ISK 450 is 400.
    """
    step = currencies.currency(currency).step
    return Money(round(_fraction(exact) / step) * step, currency)


def settling_unit(amount_minor: int, currency: str) -> int:
    """Return in what steps parts of an amount are settled: the currency's, or one minor unit for what is off them."""
    step = currencies.currency(currency).step
    return step if amount_minor % step == 0 else 1


def settled_share(amount_minor: int, part: int, whole: int, *, unit: int = 1) -> int:
    """Return a part of an amount, half-even to the unit: `settle` in whole numbers, for schedules of millions."""
    count, remainder = divmod(amount_minor * part, whole * unit)
    twice = remainder + remainder
    if twice > whole * unit or (twice == whole * unit and count % 2):
        count += 1
    return count * unit


def allocate(total: Money, weights: Sequence[Decimal | Fraction | int]) -> list[Money]:
    """Split a total by weights, so that the parts add up to it exactly: the largest remainder first.

    Every part is within one unit of its exact share; among equal remainders the earlier part gets the unit. The unit is
    the currency's step, or one minor unit where the total itself is off the step. Splitting -x mirrors splitting x. A
    part of weight 0 gets nothing. Raises InvalidWeightsError for no weights, a negative one, or nothing but zeros.
    """
    shares = _whole_weights(weights)
    unit = settling_unit(total.amount_minor, total.currency)
    units = abs(total.amount_minor) // unit
    share_sum = sum(shares)
    quotients = [divmod(units * share, share_sum) for share in shares]
    counts = [count for count, _ in quotients]
    left_over = units - sum(counts)
    for index in sorted(range(len(shares)), key=lambda index: -quotients[index][1])[:left_over]:
        counts[index] += 1
    signed_unit = -unit if total.amount_minor < 0 else unit
    return [Money(count * signed_unit, total.currency) for count in counts]


def parse_major(text: str, currency: str) -> Money:
    """Read an amount in major units exactly: "10.25" in USD is 1025 cents.

    Zeros behind the currency's last digit are harmless ("10.250" USD, "10.0" JPY); any other digit there is refused,
    never rounded. Whether the amount may be charged is another question: `currencies.require_chargeable`.
    """
    its = currencies.currency(currency)
    return Money(_scaled(text, digits=its.exponent, unit=its.code.upper()), its.code)


def to_major_text(money: Money) -> str:
    """Write an amount in major units with all its digits: "10.25" USD, "10" JPY, "5.120" KWD."""
    return _plain(money.amount_minor, digits=currencies.currency(money.currency).exponent)


def pico_usd(text: str) -> int:
    """Read a USD amount such as "0.005615" as whole pico-USD; what is finer than that is refused, never rounded."""
    return _scaled(text, digits=_PICO_DIGITS, unit="pico-USD")


def pico_usd_text(pico: int) -> str:
    """Write pico-USD in USD, exact and plain: no exponent, no zeros at the end ("0.005615", "12", "-0.5")."""
    _require_whole(pico)
    return _plain(pico, digits=_PICO_DIGITS).rstrip("0").rstrip(".")


def _require_whole(amount: int) -> None:
    """Stop a float, a bool or a foreign integer type where it enters: that is a bug of ours, not a person's refusal."""
    if type(amount) is not int:
        message = f"an amount is a whole int of minor units, not {type(amount).__name__}"
        raise TypeError(message)


def _fraction(exact: Decimal | Fraction | int) -> Fraction:
    """Take an exact number as a fraction; a float is a bug, and so is what is no finite amount."""
    if isinstance(exact, Decimal):
        if not exact.is_finite() or abs(exact.adjusted()) > DIGITS_MAX or len(exact.as_tuple().digits) > DIGITS_MAX:
            raise InvalidAmountError(str(exact), f"is no finite number of at most {DIGITS_MAX} digits")
        return Fraction(exact)
    if type(exact) is int or isinstance(exact, Fraction):
        return Fraction(exact)
    message = f"an exact amount is Decimal, Fraction or int, not {type(exact).__name__}"
    raise TypeError(message)


def _whole_weights(weights: Sequence[Decimal | Fraction | int]) -> list[int]:
    """Return whole numbers in the same proportion as the weights."""
    # A whole number is its own fraction; of thousands of weights most are whole.
    fractions = [weight if type(weight) is int else _fraction(weight) for weight in weights]
    if not fractions:
        raise InvalidWeightsError("without weights", do="give one weight for each part")
    for index, fraction in enumerate(fractions):
        if fraction < 0:
            raise InvalidWeightsError(f"by weight {index + 1}, which is negative", do="give weights of 0 or more")
    if not any(fractions):
        raise InvalidWeightsError("by weights that are all 0", do="give at least one weight above 0")
    denominator = math.lcm(*(fraction.denominator for fraction in fractions))
    return [fraction.numerator * (denominator // fraction.denominator) for fraction in fractions]


def _scaled(text: str, *, digits: int, unit: str) -> int:
    """Read a plain decimal as a whole number of 10**-digits, exactly or not at all."""
    match = _PLAIN_DECIMAL.fullmatch(text)
    if match is None or len(text) > DIGITS_MAX:
        raise InvalidAmountError(text, "is no plain decimal number")
    sign, whole, decimals = match[1], match[2], (match[3] or "").rstrip("0")
    if len(decimals) > digits:
        raise InvalidAmountError(text, f"has more than the {digits} decimals that {unit} can hold")
    return int(sign + whole + decimals.ljust(digits, "0"))


def _plain(amount: int, *, digits: int) -> str:
    """Write a whole number of 10**-digits as a plain decimal with all its digits."""
    sign = "-" if amount < 0 else ""
    text = str(abs(amount)).rjust(digits + 1, "0")
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else sign + text
