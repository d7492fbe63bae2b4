"""What an own (negotiated) price must be before it may outrank the catalogue."""

from collections.abc import Collection, Mapping

from billing_core.errors import OwnPriceInvalidError
from billing_core.price_book.versions import (
    COST_PICO_MAX,
    Band,
    OwnVersion,
    PriceVersion,
    dearest_event_pico,
    rates_of,
)
from billing_core.usage import CLASS_INDEX, epoch_us, provider_of


def checked_own_version(own: OwnVersion, taken_ids: Collection[str]) -> PriceVersion:
    """Return the own price as a version of the book, or refuse it with OwnPriceInvalidError."""
    if own.id in taken_ids:
        raise OwnPriceInvalidError(own.id, "its id is taken", do="give every price version an id of its own")
    if own.valid_from.tzinfo is None or (own.valid_until is not None and own.valid_until.tzinfo is None):
        raise OwnPriceInvalidError(own.id, "its instants have no offset from UTC", do="add one, such as Z")
    if own.valid_until is not None and own.valid_until <= own.valid_from:
        raise OwnPriceInvalidError(own.id, "it ends before it starts", do="let it end later, or leave the end open")
    aboves = [above for above, _ in own.tiers]
    if aboves != sorted(set(aboves)) or any(above <= 0 for above in aboves):
        raise OwnPriceInvalidError(own.id, "its tiers do not ascend", do="order them by context size, each above 0")
    bands = [_checked_band(own, 0, own.rates), *(_checked_band(own, above, rates) for above, rates in own.tiers)]
    return PriceVersion(
        own.id, provider_of(own.provider), own.model, own.mode, epoch_us(own.valid_from), tuple(bands), "own"
    )


def _checked_band(own: OwnVersion, above: int, prices: Mapping[str, int]) -> Band:
    if not prices:
        raise OwnPriceInvalidError(own.id, "it has no rates", do="give a rate for every class that the provider bills")
    for token_class, rate in prices.items():
        if token_class not in CLASS_INDEX:
            raise OwnPriceInvalidError(
                own.id, f"{token_class!r} is no token class", do=f"use one of {', '.join(CLASS_INDEX)}"
            )
        if type(rate) is not int or rate < 0:
            raise OwnPriceInvalidError(
                own.id, f"the rate of {token_class} is {rate!r}", do="give whole pico-USD per token or call, 0 or more"
            )
    rates = rates_of(prices)
    if dearest_event_pico(rates) > COST_PICO_MAX:
        raise OwnPriceInvalidError(
            own.id, "its rates are beyond any price of a provider", do="check that they are pico-USD per single token"
        )
    return Band(above, rates)
