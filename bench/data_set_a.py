"""Data set A: one tenant's year of usage, made of whole numbers from a fixed seed, the same on every machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from math import exp
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

from billing_core.store.names import UsageDimension
from billing_core.usage import CLASS_INDEX, TOKEN_CLASSES, epoch_us
from ingestion.batch import BATCH_ROWS, ReadRows, UsageBatch

Integers = npt.NDArray[np.int64]

EVENTS = 10_000_000
CUSTOMERS = 4_000
SEED = 20_261_121
STARTS_AT: Final = datetime(2025, 11, 1, tzinfo=UTC)
ENDS_AT: Final = datetime(2026, 11, 1, tzinfo=UTC)
MONTHS = tuple(date(2025 + (10 + index) // 12, (10 + index) % 12 + 1, 1) for index in range(13))
"""The first days of its twelve months, and the first day after them."""

CUSTOMER_EXPONENT = 0.9
"""The customer of rank r calls in proportion to r to the power of minus this: the first makes 7 % of all calls."""
MODEL_EXPONENT = 0.7
UNATTRIBUTED_PER_MILLE = 5

FORMS = PLAIN, CACHED, CACHED_AND_WRITTEN = ("plain", "cached", "cached and written")
# Real models of the catalogue, the most used first: with cliffs by context size, with changes of price in this year,
# with and without cached input.
MODELS = (
    ("openai", "gpt-5-mini", CACHED),
    ("anthropic", "claude-sonnet-4-6", CACHED_AND_WRITTEN),  # A cliff until 2026-03-13.
    ("openai", "gpt-4.1-mini", CACHED),
    ("google", "gemini-2.5-flash", CACHED),
    ("openai", "gpt-5.6-terra", CACHED_AND_WRITTEN),  # A cliff, and cheaper from 2026-07-30.
    ("anthropic", "claude-haiku-4-5", CACHED_AND_WRITTEN),
    ("openai", "gpt-4o-mini", CACHED),
    ("openai", "gpt-5.4", CACHED),  # A cliff.
    ("anthropic", "claude-sonnet-4-5", CACHED_AND_WRITTEN),  # A cliff.
    ("google", "gemini-2.5-pro", CACHED),  # A cliff.
    ("openai", "gpt-5", CACHED),
    ("openai", "gpt-5-nano", CACHED),
    ("google", "gemini-2.5-flash-lite", CACHED),
    ("openai", "gpt-5.6-sol", CACHED_AND_WRITTEN),  # A cliff, and cheaper from 2026-08-21.
    ("anthropic", "claude-sonnet-5", CACHED_AND_WRITTEN),
    ("groq", "llama-3.3-70b-versatile", PLAIN),
    ("openai", "gpt-4.1", CACHED),
    ("x-ai", "grok-4.20", CACHED),  # A cliff, and cheaper from 2026-04-30.
    ("openai", "gpt-5.4-mini", CACHED),
    ("anthropic", "claude-opus-4-6", CACHED_AND_WRITTEN),  # A cliff until 2026-03-13.
    ("mistral", "mistral-medium-2508", CACHED),
    ("openai", "o4-mini", CACHED),
    ("openai", "gpt-5.5", CACHED),  # A cliff.
    ("anthropic", "claude-opus-5", CACHED_AND_WRITTEN),
    ("x-ai", "grok-4.3", CACHED),  # A cliff.
    ("openai", "gpt-4.1-nano", CACHED),
    ("mistral", "mistral-small-2506", PLAIN),
    ("openai", "gpt-5.2", CACHED),
    ("anthropic", "claude-opus-4-5", CACHED_AND_WRITTEN),
    ("cohere", "command-a-03-2025", PLAIN),
)
PRODUCTS = {"Writer": ("draft", "rewrite", "translate"), "Helper": ("chat", "search", "summary")}
KINDS_PER_CUSTOMER_PERCENT = (60, 30, 10)
"""A customer makes calls of three kinds (a model for a feature), in these shares."""

_ONE = 2**32


def _log_normal(mean: float, deviation: float) -> Integers:
    """Return 4,096 token counts that are equally likely and together spread as the logarithmic normal curve does."""
    curve = NormalDist(mean, deviation)
    return np.array([1 + int(exp(curve.inv_cdf((step + 0.5) / 4096))) for step in range(4096)], dtype=np.int64)


def _heavy_tail(ranks: int, exponent: float) -> Integers:
    """Return for each rank the sum of shares up to it, as parts of 2^32."""
    weights = [rank**-exponent for rank in range(1, ranks + 1)]
    total, so_far, bounds = sum(weights), 0.0, []
    for weight in weights:
        so_far += weight
        bounds.append(round(so_far / total * _ONE))
    return np.array(bounds, dtype=np.int64)


@dataclass(frozen=True)
class DataSetA:
    """The year in so many events; each batch is made by itself from its number, in the order of time."""

    events: int = EVENTS
    with_blocks: bool = False

    @cached_property
    def customers(self) -> tuple[str | None, ...]:
        """The customers by rank, and last none: what names no customer."""
        return (*(f"customer-{rank:04}" for rank in range(1, CUSTOMERS + 1)), None)

    @cached_property
    def dimensions(self) -> tuple[UsageDimension, ...]:
        """Every model for the three features of one product."""
        products = tuple(PRODUCTS.items())
        return tuple(
            UsageDimension(provider, model, product=products[rank % 2][0], feature=feature)
            for rank, (provider, model, _) in enumerate(MODELS)
            for feature in products[rank % 2][1]
        )

    @property
    def batches(self) -> int:
        """How many batches there are."""
        return -(-self.events // BATCH_ROWS)

    def read(self, numbers: range | None = None) -> Iterator[ReadRows]:
        """Yield batches as a reader of files would."""
        for number in range(self.batches) if numbers is None else numbers:
            batch = self.batch(number)
            yield ReadRows(batch, read=len(batch), bytes_read=(number + 1) * BATCH_ROWS)

    def batch(self, number: int) -> UsageBatch:
        """Return one batch of events."""
        first = number * BATCH_ROWS
        count = min(BATCH_ROWS, self.events - first)
        random = np.random.default_rng([SEED, number])
        step_us = (epoch_us(ENDS_AT) - epoch_us(STARTS_AT)) // self.events
        occurred_at_us = epoch_us(STARTS_AT) + (first + np.arange(count)) * step_us + random.integers(0, step_us, count)
        customer_code = np.searchsorted(self._customer_bounds, random.integers(0, _ONE, count), side="right")
        kind = np.searchsorted(np.cumsum(KINDS_PER_CUSTOMER_PERCENT), random.integers(0, 100, count), side="right")
        dimension_code = self._kinds_of_customer[customer_code, kind]
        tokens = self._tokens(random, dimension_code)
        letters = random.bytes(12 * count).hex()
        return UsageBatch(
            keys=[f"req_{letters[24 * row : 24 * row + 24]}" for row in range(count)],
            occurred_at_us=occurred_at_us,
            customers=self.customers,
            customer_code=np.where(random.integers(0, 1000, count) < UNATTRIBUTED_PER_MILLE, CUSTOMERS, customer_code),
            dimensions=self.dimensions,
            dimension_code=dimension_code,
            tokens=tokens,
            calls=np.ones(count, dtype=np.int64),
            reported_pico=np.full(count, -1, dtype=np.int64),
            blocks=_blocks(tokens) if self.with_blocks else None,
        )

    @cached_property
    def _customer_bounds(self) -> Integers:
        return _heavy_tail(CUSTOMERS, CUSTOMER_EXPONENT)

    @cached_property
    def _kinds_of_customer(self) -> Integers:
        """[customer, kind]: the dimension of each of a customer's three kinds of call."""
        random = np.random.default_rng(SEED)
        shape = (CUSTOMERS, len(KINDS_PER_CUSTOMER_PERCENT))
        model = np.searchsorted(_heavy_tail(len(MODELS), MODEL_EXPONENT), random.integers(0, _ONE, shape), side="right")
        return model * 3 + random.integers(0, 3, shape)

    @cached_property
    def _lengths(self) -> tuple[Integers, Integers, Integers]:
        """Token counts of ordinary contexts, of long ones (one call in 50, partly past every cliff), and of outputs."""
        return _log_normal(7, 1.2), np.minimum(_log_normal(12, 0.6), 900_000), _log_normal(5.5, 1)

    def _tokens(self, random: np.random.Generator, dimension_code: Integers) -> Integers:
        """Return [events, classes]: the context split into new, cached and written tokens, and the output."""
        count = len(dimension_code)
        ordinary, long, outputs = self._lengths
        step = random.integers(0, 4096, count)
        context = np.where(random.integers(0, 50, count) == 0, long[step], ordinary[step])
        form = np.array([FORMS.index(MODELS[code // 3][2]) for code in range(len(MODELS) * 3)])[dimension_code]
        is_cached = (form != FORMS.index(PLAIN)) & (random.integers(0, 2, count) == 0)
        cached = np.where(is_cached, context * random.integers(1, 91, count) // 100, 0)
        is_written = (form == FORMS.index(CACHED_AND_WRITTEN)) & (random.integers(0, 4, count) == 0)
        written = np.where(is_written, (context - cached) // 2, 0)
        tokens = np.zeros((count, len(TOKEN_CLASSES)), dtype=np.int64)
        tokens[:, CLASS_INDEX["input"]] = context - cached - written
        tokens[:, CLASS_INDEX["cache_read"]] = cached
        tokens[:, CLASS_INDEX["cache_write"]] = written
        tokens[:, CLASS_INDEX["output"]] = outputs[random.integers(0, 4096, count)]
        return tokens


def _blocks(tokens: Integers) -> list[str]:
    """Return each event's usage block as a provider would send it, about 200 bytes."""
    cached = tokens[:, CLASS_INDEX["cache_read"]]
    context = tokens[:, CLASS_INDEX["input"]] + cached + tokens[:, CLASS_INDEX["cache_write"]]
    output = tokens[:, CLASS_INDEX["output"]]
    return [
        f'{{"prompt_tokens": {read}, "completion_tokens": {written}, "total_tokens": {read + written}, '
        f'"prompt_tokens_details": {{"cached_tokens": {kept}, "audio_tokens": 0}}, '
        f'"completion_tokens_details": {{"reasoning_tokens": 0, "audio_tokens": 0}}}}'
        for read, written, kept in zip(context.tolist(), output.tolist(), cached.tolist(), strict=True)
    ]
