"""Rates as people write them, dollars per million tokens or per thousand calls, and as the book keeps them."""

from collections.abc import Iterable

from billing_core.errors import OwnPriceInvalidError
from billing_core.money import pico_usd
from billing_core.usage import CALL_CLASSES, CLASS_INDEX

TOKENS_PER_RATE = 1_000_000
CALLS_PER_RATE = 1_000


def parse_rates(name: str, rates: Iterable[str]) -> dict[str, int]:
    """Return pico-USD per token or call of texts such as "input=2.50"; raise OwnPriceInvalidError for the others.

    Dollars per million tokens; for requests and searches dollars per thousand. `name` names the price in refusals.
    """
    parsed: dict[str, int] = {}
    for rate in rates:
        token_class, equals, dollars = (part.strip() for part in rate.partition("="))
        if not equals or token_class not in CLASS_INDEX:
            raise OwnPriceInvalidError(
                name, f"{rate[:40]!r} is no rate", do=f"write input=2.50; the classes are {', '.join(CLASS_INDEX)}"
            )
        if token_class in parsed:
            raise OwnPriceInvalidError(name, f"{token_class} has two rates", do="give one")
        per = CALLS_PER_RATE if token_class in CALL_CLASSES else TOKENS_PER_RATE
        whole, rest = divmod(pico_usd(dollars), per)
        if rest:
            raise OwnPriceInvalidError(
                name, f"the rate of {token_class} is no whole number of pico-dollars", do="give fewer decimals"
            )
        parsed[token_class] = whole
    return parsed
