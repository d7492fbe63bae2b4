"""Data set A is the same on every machine and every run, and has the shape that docs/benchmarks.md says."""

import json
from datetime import date
from hashlib import sha256

import numpy as np
import pytest

from bench.data_set_a import CUSTOMERS, ENDS_AT, EVENTS, MODELS, MONTHS, STARTS_AT, DataSetA
from billing_core.usage import CLASS_INDEX, epoch_us
from ingestion.batch import BATCH_ROWS

pytestmark = pytest.mark.bench

CONTEXT = [CLASS_INDEX[name] for name in ("input", "cache_read", "cache_write")]


@pytest.fixture(scope="module")
def batch():
    return DataSetA().batch(7)


def fingerprint(batch) -> str:
    """Return a hash of everything in a batch."""
    columns = (batch.occurred_at_us, batch.customer_code, batch.dimension_code, batch.tokens)
    kinds = [f"{each.provider} {each.model} {each.product} {each.feature}" for each in batch.dimensions]
    texts = [*batch.keys, *kinds, *map(str, batch.customers), *(batch.blocks or ())]
    return sha256(b"".join(column.tobytes() for column in columns) + "\n".join(texts).encode()).hexdigest()


def test_a_batch_is_always_the_same_and_made_without_the_ones_before_it(batch):
    assert fingerprint(batch) == fingerprint(DataSetA().batch(7))
    assert fingerprint(batch) != fingerprint(DataSetA().batch(8))


def test_a_batch_is_the_one_that_the_published_figures_were_measured_with():
    assert (
        fingerprint(DataSetA(events=1_000, with_blocks=True).batch(0))
        == "2ba84aa25c5ba947e6853db4bd9660f484fcd6ce7ba5050092c679de99d799b7"
    )


def test_there_are_ten_million_events_of_four_thousand_customers_and_thirty_models_in_twelve_months():
    data = DataSetA()

    assert (data.events, data.batches) == (EVENTS, EVENTS // BATCH_ROWS) == (10_000_000, 200)
    assert (len(data.customers), data.customers[-1]) == (4_000 + 1, None)
    assert len(set(MODELS)) == len({(each.provider, each.model) for each in data.dimensions}) == 30
    assert (MONTHS[0], MONTHS[-1], len(MONTHS)) == (date(2025, 11, 1), date(2026, 11, 1), 12 + 1)


def test_time_goes_on_from_the_first_instant_to_the_last_whatever_the_number_of_events():
    data = DataSetA(events=120_000)
    times = np.concatenate([data.batch(number).occurred_at_us for number in range(data.batches)])

    assert len(times) == 120_000
    assert (np.diff(times) >= 0).all()
    assert epoch_us(STARTS_AT) <= times[0] < times[-1] < epoch_us(ENDS_AT)
    assert times[-1] - times[0] > 0.999 * (epoch_us(ENDS_AT) - epoch_us(STARTS_AT))


def test_a_key_never_occurs_twice():
    keys = [key for number in (0, 1, 199) for key in DataSetA().batch(number).keys]

    assert len(set(keys)) == len(keys) == 3 * BATCH_ROWS


def test_the_first_customer_makes_seven_calls_in_a_hundred_and_five_in_a_thousand_name_none(batch):
    share = np.bincount(batch.customer_code, minlength=CUSTOMERS + 1) / len(batch)

    assert share[0] == pytest.approx(0.073, abs=0.005)
    assert share[:400].sum() > 0.6  # A tenth of the customers makes most of the calls.
    assert share[CUSTOMERS] == pytest.approx(0.005, abs=0.001)


def test_a_customer_makes_three_kinds_of_call_at_most(batch):
    kinds = batch.dimension_code[batch.customer_code == 0]

    assert len(np.unique(kinds)) <= 3


def test_some_calls_are_past_the_cliffs_by_context_size(batch):
    context = batch.tokens[:, CONTEXT].sum(axis=1)

    assert (context > 272_000).mean() > 0.003
    assert context.max() <= 900_000


def test_a_usage_block_says_the_same_tokens_in_about_200_bytes():
    batch = DataSetA(events=1_000, with_blocks=True).batch(0)
    blocks = [json.loads(block) for block in batch.blocks]

    assert [block["prompt_tokens"] for block in blocks] == batch.tokens[:, CONTEXT].sum(axis=1).tolist()
    assert [block["completion_tokens"] for block in blocks] == batch.tokens[:, CLASS_INDEX["output"]].tolist()
    assert 190 <= np.mean([len(block) for block in batch.blocks]) <= 220
