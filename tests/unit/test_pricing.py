"""One event's cost: the rate in force, the tier, the order of truth, and every reason why there is no cost."""

from datetime import UTC, datetime, timedelta

import pytest

from billing_core.price_book import OwnVersion, UnpricedReason
from billing_core.pricing import _SENTENCES, SOURCES, Priced, Unpriced, price_usage
from billing_core.usage import PriceKey
from tests.small_book import small_book

pytestmark = pytest.mark.unit

JANUARY = datetime(2026, 1, 15, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
BOOK = small_book()


def price(
    tokens, *, at=JANUARY, model="big", provider="acme", book=BOOK, calls=1, reported=None, uncounted=(), **context
):
    key = PriceKey(provider, model, **context)
    return price_usage(book, key, tokens, at=at, calls=calls, reported_pico_usd=reported, uncounted=uncounted)


def own(**changes) -> OwnVersion:
    facts = {
        "id": "own/big/1",
        "provider": "acme",
        "model": "big",
        "valid_from": JANUARY,
        "rates": {"input": 7, "output": 9},
    } | changes
    return OwnVersion(**facts)


def test_every_class_costs_its_rate():
    cost = 3 * 1000 + 5 * 100 + 2 * 3000 + 4 * 10
    assert price({"input": 3, "cache_read": 5, "output": 2, "web_search": 4}) == Priced(
        cost, "catalogue", "acme/big@undated", cost
    )


def test_nothing_used_costs_nothing():
    assert price({}) == Priced(0, "catalogue", "acme/big@undated", 0)


@pytest.mark.parametrize(
    ("at", "version", "cost"),
    [(MARCH - INSTANT, "acme/big@undated", 1000), (MARCH, "acme/big@2026-03-01", 500)],
)
def test_a_price_begins_with_its_first_instant(at, version, cost):
    assert price({"input": 1}, at=at) == Priced(cost, "catalogue", version, cost)


@pytest.mark.parametrize(
    ("tokens", "cost"),
    [
        ({"input": 1000}, 1000 * 500),
        ({"input": 1001}, 1001 * 800),
        ({"input": 1, "cache_read": 1000}, 1 * 800 + 1000 * 80),
        ({"input": 5000}, 5000 * 800),
        ({"input": 5001}, 5001 * 900),
    ],
)
def test_the_whole_request_costs_the_tier_that_its_context_reaches(tokens, cost):
    assert price(tokens, at=MARCH) == Priced(cost, "catalogue", "acme/big@2026-03-01", cost)


def test_output_does_not_reach_a_tier():
    assert price({"input": 1, "output": 9_000}, at=MARCH).cost_pico_usd == 500 + 9_000 * 1500


def test_a_class_without_a_rate_leaves_the_event_unpriced_and_its_priced_part_known():
    result = price({"input": 3, "input_audio": 2, "output_audio": 1})
    assert result == Unpriced(
        UnpricedReason.CLASS_WITHOUT_RATE, 3 * 1000, "acme/big@undated", None, "input_audio, output_audio"
    )
    assert result.sentence() == "The price has no rate for input_audio, output_audio: give an own price that has one."


def test_a_tier_without_a_rate_is_not_priced_by_the_tier_below():
    assert price({"input": 1001, "output": 1}, at=MARCH) == Unpriced(
        UnpricedReason.CLASS_WITHOUT_RATE, 1001 * 800, "acme/big@2026-03-01", None, "output"
    )


def test_a_class_that_was_not_used_needs_no_rate():
    assert price({"input": 3, "input_audio": 0}).cost_pico_usd == 3 * 1000


def test_units_that_no_class_counts_leave_the_event_unpriced():
    result = price({"input": 3}, uncounted=["seconds", "citation_tokens"])
    assert result == Unpriced(
        UnpricedReason.UNIT_WITHOUT_CLASS, 3 * 1000, "acme/big@undated", None, "seconds, citation_tokens"
    )
    assert "also bills seconds, citation_tokens" in result.sentence()


@pytest.mark.parametrize(
    ("changes", "reason", "sentence"),
    [
        ({"provider": "nobody"}, "UNKNOWN_PROVIDER", "The price book has no provider 'nobody'"),
        ({"model": "bigger"}, "UNKNOWN_MODEL", "The price book has no model 'bigger'"),
        ({"model": "hourly"}, "LEFT_OUT", "The price of 'hourly' is not settled at that time"),
        ({"batch": True}, "UNKNOWN_MODE", "no price for 'big' in batch processing at that time"),
        ({"service_tier": "flex", "speed": "fast"}, "UNKNOWN_MODE", "no price for 'big' in flex and fast processing"),
        ({"region": "eu"}, "UNKNOWN_REGION", "no price for 'big' in region 'eu'"),
    ],
)
def test_what_the_book_does_not_know_has_no_cost_rather_than_a_neighbours(changes, reason, sentence):
    result = price({"input": 3}, **changes)
    assert (result.reason, result.known_pico_usd, result.price_version) == (UnpricedReason[reason], 0, None)
    assert sentence in result.sentence()


def test_every_reason_has_a_sentence_that_says_what_to_do():
    assert list(_SENTENCES) == [reason for reason in UnpricedReason if reason != UnpricedReason.PRICED]
    assert all(": " in sentence and sentence.endswith(".") for sentence in _SENTENCES.values())


def test_what_the_provider_reported_outranks_every_price():
    book = BOOK.with_own([own()])
    assert price({"input": 3}, book=book, reported=42) == Priced(42, "reported", None, 3 * 1000)
    assert price({"input": 3}, book=book, reported=0) == Priced(0, "reported", None, 3 * 1000)


def test_a_reported_cost_needs_no_price():
    assert price({"input": 3}, model="bigger", reported=42) == Priced(42, "reported", None, None)
    assert price({"input": 3}, uncounted=["seconds"], reported=42) == Priced(42, "reported", None, None)


def test_an_own_price_outranks_the_catalogue_and_the_list_price_stays():
    assert price({"input": 3}, book=BOOK.with_own([own()])) == Priced(3 * 7, "own", "own/big/1", 3 * 1000)


def test_an_own_price_without_a_rate_is_not_filled_from_the_catalogue():
    assert price({"input": 3, "cache_read": 1}, book=BOOK.with_own([own()])) == Unpriced(
        UnpricedReason.CLASS_WITHOUT_RATE, 3 * 7, "own/big/1", 3 * 1000 + 100, "cache_read"
    )


def test_an_own_price_gives_a_price_where_the_catalogue_has_none():
    book = BOOK.with_own([own(model="bigger"), own(id="own/x", provider="new co", model="x")])
    assert price({"input": 3}, model="bigger", book=book) == Priced(3 * 7, "own", "own/big/1", None)
    assert price({"input": 3}, model="x", provider="new co", book=book) == Priced(3 * 7, "own", "own/x", None)


def test_the_sources_are_in_order_of_truth():
    assert SOURCES == ("none", "reported", "own", "catalogue")


def test_a_bucket_of_calls_falls_into_the_band_of_their_mean_context():
    many = {"input": 10_000, "cache_read": 10_000}
    assert price(many, at=MARCH, calls=20).cost_pico_usd == 10_000 * (500 + 50)
    assert price(many, at=MARCH, calls=19).cost_pico_usd == 10_000 * (800 + 80)
    assert price(many, at=MARCH).cost_pico_usd == 10_000 * (900 + 90)
