"""A price version: what one model cost per token and call, in one mode, from one instant on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from billing_core.usage import CLASS_INDEX, COUNT_MAX, TOKEN_CLASSES

Rates = tuple[int | None, ...]
"""Pico-USD per token or call, one per class of TOKEN_CLASSES; None where there is no price (0 is a price)."""

ALWAYS_US = -(2**63)
"""Before every instant: the start of a price whose first day nobody knows."""

COST_PICO_MAX = 2**63 - 1
"""What int64 holds: no event within the limits of usage.py may cost more."""


class UnpricedReason(IntEnum):
    """Why an event has no cost, in the order in which pricing finds out."""

    PRICED = 0
    UNKNOWN_PROVIDER = 1
    UNKNOWN_MODEL = 2
    LEFT_OUT = 3
    """The model is known, its price is not settled."""
    UNKNOWN_MODE = 4
    """No price for this batch flag, service tier or speed at that time."""
    UNKNOWN_REGION = 5
    CLASS_WITHOUT_RATE = 6
    UNIT_WITHOUT_CLASS = 7
    """The provider bills something that is neither token nor call."""


@dataclass(frozen=True, slots=True)
class Band:
    """The rates of the whole request when its context is larger than `above` tokens."""

    above: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class PriceVersion:
    """The rates of one model in one mode from one instant on, with where they come from."""

    id: str
    """`openai/gpt-4o@2024-10-02+batch`: kept with every event that it prices."""
    provider: str
    model: str
    mode: str
    """What is special: "" or words such as "batch", "flex", "regional", "low", joined by "+"."""
    valid_from_us: int
    bands: tuple[Band, ...]
    """By context size, ascending; the first holds from 0 on."""
    source: str
    """"catalogue" or "own"."""
    page: str = ""
    correction: str = ""
    """The source of a correction by hand, if the catalogue was wrong."""

    def rates(self, context_tokens: int) -> Rates:
        """Return the rates for a request with so many tokens going in, cached ones included."""
        found = self.bands[0].rates
        for band in self.bands[1:]:
            if context_tokens > band.above:
                found = band.rates
        return found


@dataclass(frozen=True, slots=True)
class OwnVersion:
    """A price that a tenant negotiated; it is complete: a class that it does not name has no price."""

    id: str
    provider: str
    model: str
    valid_from: datetime
    rates: Mapping[str, int]
    """Pico-USD per token or call."""
    valid_until: datetime | None = None
    """The first instant at which it holds no more."""
    mode: str = ""
    region: str | None = None
    """None: in every region."""
    tiers: tuple[tuple[int, Mapping[str, int]], ...] = ()
    """(context tokens above which, the rates of the whole request), ascending."""


def rates_of(prices: Mapping[str, int]) -> Rates:
    """Return the rates by position in TOKEN_CLASSES."""
    rates: list[int | None] = [None] * len(TOKEN_CLASSES)
    for token_class, rate in prices.items():
        rates[CLASS_INDEX[token_class]] = rate
    return tuple(rates)


def dearest_event_pico(rates: Rates) -> int:
    """Return what an event costs that has the most of every class; it must stay within COST_PICO_MAX."""
    return sum((rate or 0) * COUNT_MAX[token_class] for rate, token_class in zip(rates, TOKEN_CLASSES, strict=True))
