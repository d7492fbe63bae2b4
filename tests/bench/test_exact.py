"""The exact costs that pricing is compared with are themselves checked by hand, and a wrong price is noticed."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from bench import pricing
from bench.data_set_a import DataSetA
from bench.exact import exact_costs
from billing_core.store.names import UsageDimension
from billing_core.usage import CLASS_INDEX, TOKEN_CLASSES, epoch_us
from ingestion.batch import UsageBatch

pytestmark = pytest.mark.bench

DOLLAR_PER_MILLION = 10**6
"""A rate of one dollar per million tokens, in pico-dollars per token."""


def one_event(provider: str, model: str, at: datetime, **tokens: int) -> UsageBatch:
    counts = np.zeros((1, len(TOKEN_CLASSES)), dtype=np.int64)
    for name, count in tokens.items():
        counts[0, CLASS_INDEX[name]] = count
    one, none = np.ones(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    return UsageBatch(
        keys=["req_1"],
        occurred_at_us=np.array([epoch_us(at)]),
        customers=["acme"],
        customer_code=none,
        dimensions=[UsageDimension(provider, model)],
        dimension_code=none,
        tokens=counts,
        calls=one,
        reported_pico=-one,
    )


def cost(provider: str, model: str, at: datetime, **tokens: int) -> Decimal:
    return next(exact_costs(one_event(provider, model, at, **tokens)))


def at(month: int, day: int, hour: int = 0) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def test_tokens_cost_their_class_rate_each():
    # gpt-5-mini: $0.25 in, $0.025 cached, $2 out, per million.
    expected = (1_000 * Decimal("0.25") + 400 * Decimal("0.025") + 100 * 2) * DOLLAR_PER_MILLION

    assert cost("openai", "gpt-5-mini", at(5, 1), input=1_000, cache_read=400, output=100) == expected


def test_a_context_past_the_cliff_prices_the_whole_call():
    # gpt-5.4: $2.50 in and $15 out up to 272,000 tokens of context, above it $5 and $22.50.
    below = cost("openai", "gpt-5.4", at(5, 1), input=200_000, cache_read=72_000, output=10)
    above = cost("openai", "gpt-5.4", at(5, 1), input=200_000, cache_read=72_001, output=10)

    assert below == (200_000 * Decimal("2.5") + 72_000 * Decimal("0.25") + 10 * 15) * DOLLAR_PER_MILLION
    assert above == (200_000 * 5 + 72_001 * Decimal("0.5") + 10 * Decimal("22.5")) * DOLLAR_PER_MILLION


def test_a_new_price_holds_from_midnight_on():
    # claude-opus-4-6 above 200,000 tokens: $10 until 2026-03-13, then $5 as for any context.
    last = cost("anthropic", "claude-opus-4-6", at(3, 12, 23), input=300_000)
    first = cost("anthropic", "claude-opus-4-6", at(3, 13), input=300_000)

    assert (last, first) == (300_000 * 10 * DOLLAR_PER_MILLION, 300_000 * 5 * DOLLAR_PER_MILLION)


def test_pricing_agrees_with_the_exact_costs_on_a_sample_of_the_year():
    batches = pricing.sample(DataSetA(events=20_000))

    assert sum(map(len, batches)) == 20_000
    assert pricing.differences(batches) == 0


def test_a_cost_that_is_one_pico_dollar_off_is_a_difference(monkeypatch):
    batch = DataSetA(events=1_000).batch(0)
    right = pricing.price(batch)
    right.known_pico[3] += 1
    monkeypatch.setattr(pricing, "price", lambda _batch: right)

    assert pricing.differences([batch]) == 1
