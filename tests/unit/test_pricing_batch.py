"""Columns of events: the same answer as one by one, whatever the batch."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from billing_core.price_book import OwnVersion, UnpricedReason, load_book
from billing_core.pricing import SOURCES, Priced, price_usage
from billing_core.pricing_batch import BOUNDS_FEW, CHUNK_ROWS, NOT_REPORTED, price_batch, tokens_matrix
from billing_core.usage import COUNT_MAX, TOKEN_CLASSES, PriceKey, epoch_us
from tests.small_book import small_book

pytestmark = pytest.mark.unit

JANUARY = datetime(2026, 1, 15, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
BIG, SMALL = PriceKey("acme", "big"), PriceKey("acme", "small")


def batch(book, events, **columns):
    """Price (key, at, tokens) triples as columns."""
    keys = list(dict.fromkeys(key for key, _, _ in events))
    return price_batch(
        book,
        keys,
        key_code=np.array([keys.index(key) for key, _, _ in events], dtype=np.int32),
        occurred_at_us=np.array([epoch_us(at) for _, at, _ in events], dtype=np.int64),
        tokens=tokens_matrix([tokens for _, _, tokens in events]),
        **columns,
    )


def one_by_one(book, events, *, reported=None, uncounted=None, calls=None):
    """Return the same columns by the scalar definition."""
    rows = []
    for index, (key, at, tokens) in enumerate(events):
        told = None if reported is None or reported[index] == NOT_REPORTED else int(reported[index])
        units = ["seconds"] if uncounted is not None and uncounted[index] else []
        count = 1 if calls is None else int(calls[index])
        result = price_usage(book, key, tokens, at=at, calls=count, reported_pico_usd=told, uncounted=units)
        priced = isinstance(result, Priced)
        rows.append(
            (
                result.cost_pico_usd if priced else 0,
                result.cost_pico_usd if priced else result.known_pico_usd,
                result.list_pico_usd,
                result.price_version,
                result.source if priced else "none",
                UnpricedReason.PRICED if priced else result.reason,
            )
        )
    return rows


def columns_as_rows(book, prices):
    ids = [book.versions[version].id if version >= 0 else None for version in prices.version]
    listed = [int(pico) if priced else None for pico, priced in zip(prices.list_pico, prices.list_priced, strict=True)]
    return list(
        zip(
            prices.cost_pico.tolist(),
            prices.known_pico.tolist(),
            listed,
            ids,
            [SOURCES[source] for source in prices.source],
            prices.reason.tolist(),
            strict=True,
        )
    )


EVENTS = [
    (BIG, JANUARY, {"input": 3, "cache_read": 5, "output": 2}),
    (BIG, MARCH - INSTANT, {"input": 2000}),
    (BIG, MARCH, {"input": 2000}),
    (BIG, MARCH, {"input": 1000, "output": 1}),
    (BIG, MARCH, {"input": 1, "cache_read": 5000}),
    (BIG, MARCH, {"input": 2000, "output": 1}),
    (SMALL, MARCH, {"input": 9, "output": 9}),
    (SMALL, MARCH, {"input": 9, "input_audio": 1}),
    (SMALL, MARCH, {}),
    (PriceKey("acme", "big", batch=True), JANUARY, {"input": 3}),
    (PriceKey("acme", "big", batch=True), MARCH, {"input": 3}),
    (PriceKey("acme", "big-latest"), JANUARY, {"input": 3}),
    (PriceKey("acme", "big-latest"), MARCH, {"input": 3}),
    (PriceKey("acme", "big-latest"), datetime(2026, 5, 1, tzinfo=UTC), {"input": 3}),
    (PriceKey("acme", "bigger"), MARCH, {"input": 3}),
    (PriceKey("nobody", "big"), MARCH, {"input": 3}),
]
OWN = OwnVersion("own/1", "acme", "big", MARCH, {"input": 7, "output": 9}, tiers=((1500, {"input": 8}),))


def test_columns_say_what_the_scalar_rule_says():
    book = small_book()
    assert columns_as_rows(book, batch(book, EVENTS)) == one_by_one(book, EVENTS)


def test_columns_say_it_with_own_prices_too():
    book = small_book().with_own([OWN])
    rows = columns_as_rows(book, batch(book, EVENTS))
    assert rows == one_by_one(book, EVENTS)
    assert rows[2] == (2000 * 8, 2000 * 8, 2000 * 800, "own/1", "own", 0)


@pytest.mark.parametrize("own", [[], [OWN]])
def test_columns_say_it_with_reported_costs_and_uncounted_units(own):
    book = small_book().with_own(own)
    reported = np.array([NOT_REPORTED, 77] * (len(EVENTS) // 2), dtype=np.int64)
    uncounted = np.array([True, True, False, False] * (len(EVENTS) // 4))
    rows = columns_as_rows(book, batch(book, EVENTS, reported_pico=reported, uncounted=uncounted))
    assert rows == one_by_one(book, EVENTS, reported=reported, uncounted=uncounted)
    assert rows[0][5] == UnpricedReason.UNIT_WITHOUT_CLASS
    assert rows[1][:2] == (77, 77)


@pytest.mark.parametrize("own", [[], [OWN]])
def test_columns_say_it_with_buckets_of_calls_too(own):
    book = small_book().with_own(own)
    calls = np.array([1, 2, 3, 1000] * (len(EVENTS) // 4), dtype=np.int64)
    rows = columns_as_rows(book, batch(book, EVENTS, calls=calls))
    assert rows == one_by_one(book, EVENTS, calls=calls)
    assert rows[5][0] == (2000 * 7 + 9 if own else 2000 * 500 + 1500)
    assert columns_as_rows(book, batch(book, EVENTS))[5][0] == 0


def test_a_batch_in_which_every_event_is_priced_is_the_same():
    book = small_book()
    assert columns_as_rows(book, batch(book, EVENTS[:2])) == one_by_one(book, EVENTS[:2])
    assert columns_as_rows(book, batch(book, [EVENTS[6]])) == one_by_one(book, [EVENTS[6]])


def test_a_batch_in_which_no_event_is_priced_is_the_same():
    book = small_book()
    assert columns_as_rows(book, batch(book, EVENTS[-2:])) == one_by_one(book, EVENTS[-2:])


def test_more_events_than_a_chunk_keep_their_places():
    book = small_book()
    count = 2 * CHUNK_ROWS + 3
    prices = batch(book, [(BIG, JANUARY, {"input": n % 7}) for n in range(count)])
    assert prices.cost_pico.tolist() == [n % 7 * 1000 for n in range(count)]


def test_many_changes_of_price_are_each_found_at_their_first_instant():
    starts = [MARCH + timedelta(hours=hour) for hour in range(BOUNDS_FEW + 4)]
    book = small_book().with_own(
        [OwnVersion(f"own/{n}", "acme", "big", start, {"input": n}) for n, start in enumerate(starts)]
    )
    instants = sorted([*starts, *(start - INSTANT for start in starts)])
    prices = batch(book, [(BIG, at, {"input": 1}) for at in instants])
    assert prices.cost_pico.tolist() == [1000, *(n // 2 for n in range(2 * len(starts) - 1))]


def test_an_empty_batch_is_an_empty_answer():
    prices = batch(small_book(), [])
    assert [len(prices.cost_pico), len(prices.priced), len(prices.list_pico), len(prices.version)] == [0, 0, 0, 0]


def test_the_dearest_event_of_the_limits_does_not_overflow():
    book = load_book()
    dearest = max(
        (version for version in book.versions if not version.mode),
        key=lambda version: sum(filter(None, version.bands[0].rates)),
    )
    key = PriceKey(dearest.provider, dearest.model)
    in_use = {
        name: COUNT_MAX[name]
        for name, rate in zip(TOKEN_CLASSES, dearest.rates(sum(COUNT_MAX.values())), strict=True)
        if rate is not None
    }
    events = [(key, datetime(2026, 11, 1, tzinfo=UTC), in_use)]
    assert columns_as_rows(book, batch(book, events)) == one_by_one(book, events)


def test_counts_become_a_matrix_with_zeros_for_absent_classes():
    matrix = tokens_matrix([{"input": 1, "file_search": 2}, {}, {"output": 3}])
    assert matrix.tolist() == [[1, *[0] * 15, 2], [0] * 17, [*[0] * 10, 3, *[0] * 6]]
    assert matrix.dtype == np.int64
