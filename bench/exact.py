"""What events cost in exact Decimal, straight from the catalogue's own prices: shares no code with the price book."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, Inexact, localcontext
from functools import cache

from genai_prices.data import providers
from genai_prices.types import TieredPrices

from billing_core.usage import TOKEN_CLASSES
from ingestion.batch import UsageBatch

PRICE_OF_CLASS = {
    "input": "input_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "output": "output_mtok",
}
CONTEXT = ("input", "cache_read", "cache_write")
PICO_PER_MILLION_TOKENS = Decimal(10) ** 12 / Decimal(10) ** 6
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def exact_costs(batch: UsageBatch) -> Iterator[Decimal]:
    """Yield the cost of each event in pico-USD; an amount that Decimal cannot hold exactly is an error."""
    with localcontext(Context(prec=60, traps=[Inexact])):
        for at_us, code, row in zip(
            batch.occurred_at_us.tolist(), batch.dimension_code.tolist(), batch.tokens.tolist(), strict=True
        ):
            counts = dict(zip(TOKEN_CLASSES, row, strict=True))
            used = {name: count for name, count in counts.items() if count}
            context = sum(counts[name] for name in CONTEXT)
            dimension = batch.dimensions[code]
            day = (EPOCH + timedelta(microseconds=at_us)).replace(hour=0, minute=0, second=0, microsecond=0)
            rates = _rates(dimension.provider, dimension.model, day)
            yield PICO_PER_MILLION_TOKENS * sum(
                (count * _at(rates[name], context) for name, count in used.items()), Decimal(0)
            )


@cache
def _rates(provider_name: str, model_name: str, day: datetime) -> dict[str, Decimal | TieredPrices]:
    """Return a model's USD per million tokens on a UTC day; the catalogue's prices change at midnight UTC."""
    provider = next(each for each in providers if each.id == provider_name)
    model = provider.find_model(model_name)
    if model is None:
        raise LookupError(f"The catalogue of {provider_name} does not know {model_name}.")
    prices = model.get_prices(day)
    return {name: rate for name, field in PRICE_OF_CLASS.items() if (rate := getattr(prices, field, None)) is not None}


def _at(rate: Decimal | TieredPrices, context: int) -> Decimal:
    """Return the rate for a context of so many tokens: a tier prices the whole call."""
    if isinstance(rate, Decimal):
        return rate
    passed = [tier.price for tier in sorted(rate.tiers, key=lambda tier: tier.start) if context > tier.start]
    return passed[-1] if passed else rate.base
