"""How the catalogue's prices become whole pico-USD per token class."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from genai_prices.types import ModelPrice, TieredPrices

PICO_PER_USD = 10**12

_CLASS_BY_PRICE: Mapping[str, tuple[str, int]] = {
    "input_mtok": ("input", 1_000_000),
    "input_audio_mtok": ("input_audio", 1_000_000),
    "input_image_mtok": ("input_image", 1_000_000),
    "input_video_mtok": ("input_video", 1_000_000),
    "cache_read_mtok": ("cache_read", 1_000_000),
    "cache_audio_read_mtok": ("cache_read_audio", 1_000_000),
    "cache_image_read_mtok": ("cache_read_image", 1_000_000),
    "cache_write_mtok": ("cache_write", 1_000_000),
    "cache_write_5m_mtok": ("cache_write_5m", 1_000_000),
    "cache_write_1h_mtok": ("cache_write_1h", 1_000_000),
    "output_mtok": ("output", 1_000_000),
    "output_audio_mtok": ("output_audio", 1_000_000),
    "output_image_mtok": ("output_image", 1_000_000),
    "output_video_mtok": ("output_video", 1_000_000),
    "requests_kcount": ("requests", 1_000),
    "web_searches_kcount": ("web_search", 1_000),
    "storage_searches_kcount": ("file_search", 1_000),
}

INEXPRESSIBLE = frozenset(
    {
        "audio_hours",
        "input_annotated_document_kpages",
        "input_audio_hours",
        "input_document_kpages",
        "input_mchars",
        "input_text_messages_kcount",
        "output_citation_mtok",
        "output_reasoning_mtok",
    }
)
"""Prices per hour, page, character or message, and of parts of the output: usage of these has no token class."""

Prices = dict[str, int]
Bands = list[tuple[int, Prices]]
"""(context tokens above which, pico-USD by class), ascending, the first above 0."""


@dataclass(frozen=True)
class Rounding:
    """The rates that were no whole pico-USD, as read and as used."""

    lines: list[dict[str, str]] = field(default_factory=list)

    def whole(self, usd: Decimal | Fraction, per: int, where: str) -> int:
        """Return USD per `per` units as pico-USD per unit, rounded half-even; what was rounded is noted."""
        exact = Fraction(usd) * PICO_PER_USD / per
        rounded = whole_rate(exact)
        if rounded != exact:
            self.lines.append({"rate": where, "read": f"{usd} USD per {per}", "used": f"{rounded} pico-USD"})
        return rounded


def whole_rate(exact: Fraction) -> int:
    """Round a rate to whole pico-USD per unit, half to even: once, when the catalogue is compiled."""
    return round(exact)


def bands_of(price: ModelPrice, rounding: Rounding, where: str) -> Bands:
    """Return the rates by context size and class; prices that no class expresses are left out."""
    found = {key: value for key, value in vars(price).items() if value is not None}
    unknown = set(found) - set(_CLASS_BY_PRICE) - INEXPRESSIBLE
    if unknown:
        message = f"{where} has prices that the compiler does not know: {sorted(unknown)}"
        raise ValueError(message)
    aboves = sorted({tier.start for value in found.values() if isinstance(value, TieredPrices) for tier in value.tiers})
    bands: Bands = []
    for above in [0, *aboves]:
        prices: Prices = {}
        for key, value in found.items():
            if key in _CLASS_BY_PRICE:
                token_class, per = _CLASS_BY_PRICE[key]
                place = f"{where} {token_class}" + (f" above {above}" if above else "")
                prices[token_class] = rounding.whole(_at(value, above), per, place)
        bands.append((above, _completed(prices)))
    return bands


def _at(value: Decimal | TieredPrices, above: int) -> Decimal:
    """Return a price in the band that begins above so many tokens."""
    if isinstance(value, Decimal):
        return value
    return next((tier.price for tier in reversed(value.tiers) if tier.start <= above and above), value.base)


def _completed(prices: Prices) -> Prices:
    """Add what a price list means without saying it.

    Where images have no price of their own, images and video are billed as the text tokens that they are counted in;
    audio is not (models with audio have audio prices). A cache write without another price is the five-minute one.
    """
    done = dict(prices)
    if "input" in prices and "input_image" not in prices:
        done["input_image"] = prices["input"]
        done.setdefault("input_video", prices["input"])
        if "cache_read" in prices:
            done.setdefault("cache_read_image", prices["cache_read"])
    if "cache_write" in prices:
        done.setdefault("cache_write_5m", prices["cache_write"])
    return done
