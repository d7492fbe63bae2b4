"""What one event of LLM usage cost, exactly: every class times the rate in force at its time, or why it has no cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from billing_core.price_book.book import PriceBook
from billing_core.price_book.versions import UnpricedReason
from billing_core.usage import CLASS_INDEX, CONTEXT_CLASSES, TOKEN_CLASSES, PriceKey, context_of_a_call, epoch_us

SOURCES = ("none", "reported", "own", "catalogue")
"""Where a cost comes from; truth falls from left to right."""


@dataclass(frozen=True, slots=True)
class Priced:
    """An exact cost."""

    cost_pico_usd: int
    source: str
    """"reported" by the provider, "own" price or "catalogue"."""
    price_version: str | None
    """The version that made it; None where the provider reported it."""
    list_pico_usd: int | None
    """By catalogue alone; None where the catalogue has no price."""


@dataclass(frozen=True, slots=True)
class Unpriced:
    """No cost, and why; the part that has a price is known all the same."""

    reason: UnpricedReason
    known_pico_usd: int
    price_version: str | None
    list_pico_usd: int | None
    detail: str
    """What has no price: a provider, model, region, mode, classes or units."""

    def sentence(self) -> str:
        """Say what has no price and what to do."""
        return _SENTENCES[self.reason].format(self.detail)


_SENTENCES: Mapping[UnpricedReason, str] = {
    UnpricedReason.UNKNOWN_PROVIDER: "The price book has no provider {0!r}: correct its name or give own prices.",
    UnpricedReason.UNKNOWN_MODEL: "The price book has no model {0!r}: give an own price for it, or correct its name.",
    UnpricedReason.LEFT_OUT: "The price of {0!r} is not settled at that time: give an own price for it.",
    UnpricedReason.UNKNOWN_MODE: "The price book has no price for {0} at that time: give an own price for it.",
    UnpricedReason.UNKNOWN_REGION: "The price book has no price for {0}: give an own price for it.",
    UnpricedReason.CLASS_WITHOUT_RATE: "The price has no rate for {0}: give an own price that has one.",
    UnpricedReason.UNIT_WITHOUT_CLASS: "The provider also bills {0}, of no token class: give its reported cost.",
}


def price_usage(
    book: PriceBook,
    key: PriceKey,
    tokens: Mapping[str, int],
    *,
    at: datetime,
    calls: int = 1,
    reported_pico_usd: int | None = None,
    uncounted: Sequence[str] = (),
) -> Priced | Unpriced:
    """Price one event: reported by the provider outranks the own price, which outranks the catalogue.

    `tokens` are counts by class within the limits of usage.py, `at` is aware, `uncounted` names billed units without a
    class. A class in use without a rate leaves the whole event unpriced, with its priced part in known_pico_usd.
    Of a bucket of several calls, the mean context of a call decides between rates by context size.
    """
    slot, list_slot = book.route(key).at(epoch_us(at))
    context_tokens = context_of_a_call(sum(tokens.get(name, 0) for name in TOKEN_CLASSES[CONTEXT_CLASSES]), calls)
    by_version = partial(_by_version, key=key, tokens=tokens, context_tokens=context_tokens, uncounted=uncounted)
    ours = by_version(book, slot)
    listed = ours if slot == list_slot else by_version(book, list_slot)
    list_pico_usd = listed.cost_pico_usd if isinstance(listed, Priced) else None
    if reported_pico_usd is not None:
        return Priced(reported_pico_usd, "reported", None, list_pico_usd)
    if isinstance(ours, Priced):
        return Priced(ours.cost_pico_usd, ours.source, ours.price_version, list_pico_usd)
    return Unpriced(ours.reason, ours.known_pico_usd, ours.price_version, list_pico_usd, ours.detail)


def _by_version(
    book: PriceBook,
    slot: int,
    *,
    key: PriceKey,
    tokens: Mapping[str, int],
    context_tokens: int,
    uncounted: Sequence[str],
) -> Priced | Unpriced:
    """Price the counts by one version, or say why there is none."""
    if slot < 0:
        reason = UnpricedReason(-slot)
        return Unpriced(reason, 0, None, None, _missing(reason, key))
    version = book.versions[slot]
    rates = version.rates(context_tokens)
    known_pico_usd = 0
    without_rate: list[str] = []
    for token_class, count in tokens.items():
        rate = rates[CLASS_INDEX[token_class]]
        if rate is not None:
            known_pico_usd += rate * count
        elif count:
            without_rate.append(token_class)
    if without_rate:
        detail = ", ".join(without_rate)
        return Unpriced(UnpricedReason.CLASS_WITHOUT_RATE, known_pico_usd, version.id, None, detail)
    if uncounted:
        detail = ", ".join(uncounted)
        return Unpriced(UnpricedReason.UNIT_WITHOUT_CLASS, known_pico_usd, version.id, None, detail)
    return Priced(known_pico_usd, version.source, version.id, None)


def _missing(reason: UnpricedReason, key: PriceKey) -> str:
    """Name what has no price."""
    if reason == UnpricedReason.UNKNOWN_PROVIDER:
        return key.provider
    if reason == UnpricedReason.UNKNOWN_MODE:
        words = [word for word in ("batch" if key.batch else "", key.service_tier, key.speed) if word]
        return f"{key.model!r} in {' and '.join(words)} processing"
    if reason == UnpricedReason.UNKNOWN_REGION:
        return f"{key.model!r} in region {key.region!r}"
    return key.model
