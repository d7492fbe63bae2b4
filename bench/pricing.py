"""How fast events are priced, and whether every price is exact to the last pico-dollar."""

from statistics import median
from time import perf_counter

from bench.data_set_a import DataSetA
from bench.exact import exact_costs
from billing_core.price_book import load_book
from billing_core.pricing_batch import BatchPrices, price_batch
from billing_core.usage import PriceKey
from ingestion.batch import UsageBatch

ROUNDS = 7
SAMPLE_BATCHES = 20
"""Spread evenly over the year, so that every change of price is in them."""


def sample(data: DataSetA) -> list[UsageBatch]:
    """Return batches from all over the year."""
    count = min(SAMPLE_BATCHES, data.batches)
    return [data.batch(index * data.batches // count) for index in range(count)]


def events_per_second(batches: list[UsageBatch]) -> float:
    """Return the median speed of pricing the batches one after another, with all their columns taken."""
    events = sum(map(len, batches))
    seconds = []
    for _ in range(ROUNDS + 1):
        began = perf_counter()
        for batch in batches:
            price(batch)
        seconds.append(perf_counter() - began)
    return events / median(seconds[1:])  # The first one warms the caches.


def differences(batches: list[UsageBatch]) -> int:
    """Return how many events are priced otherwise than in exact Decimal, or not at all."""
    found = 0
    for batch in batches:
        prices = price(batch)
        costs = zip(prices.cost_pico.tolist(), prices.priced.tolist(), exact_costs(batch), strict=True)
        found += sum(not is_priced or cost != exact for cost, is_priced, exact in costs)
    return found


def price(batch: UsageBatch) -> BatchPrices:
    """Price a batch by the catalogue, as the pipeline does."""
    keys = [PriceKey(dimension.provider, dimension.model) for dimension in batch.dimensions]
    return price_batch(
        load_book(),
        keys,
        key_code=batch.dimension_code,
        occurred_at_us=batch.occurred_at_us,
        tokens=batch.tokens,
        reported_pico=batch.reported_pico,
    )
