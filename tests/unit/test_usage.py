"""The words of usage: names of providers, limits of counts, keys of prices."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from billing_core.errors import TokenCountNegativeError, TokenCountNotWholeError, TokenCountTooLargeError
from billing_core.price_book import load_book
from billing_core.usage import (
    CALLS_MAX,
    CLASS_INDEX,
    CONTEXT_CLASSES,
    COUNT_MAX,
    PROVIDER_NAMES,
    TOKEN_CLASSES,
    TOKENS_MAX,
    PriceKey,
    SplitUsage,
    checked_count,
    epoch_us,
    provider_of,
)

pytestmark = pytest.mark.unit


def test_the_token_classes_are_a_closed_ordered_list():
    assert list(TOKEN_CLASSES) == [
        *("input", "input_audio", "input_image", "input_video"),
        *("cache_read", "cache_read_audio", "cache_read_image"),
        *("cache_write", "cache_write_5m", "cache_write_1h"),
        *("output", "output_audio", "output_image", "output_video"),
        *("requests", "web_search", "file_search"),
    ]
    assert list(CLASS_INDEX) == list(COUNT_MAX) == list(TOKEN_CLASSES)


def test_the_context_is_all_that_goes_in():
    assert TOKEN_CLASSES[CONTEXT_CLASSES] == TOKEN_CLASSES[: TOKEN_CLASSES.index("output")]


def test_calls_have_a_smaller_limit_than_tokens():
    assert {name for name, most in COUNT_MAX.items() if most == CALLS_MAX} == {"requests", "web_search", "file_search"}


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("openai", "openai"),
        (" OpenAI ", "openai"),
        ("vertex_ai", "google"),
        ("google-vertex", "google"),
        ("gcp.gemini", "google"),
        ("aws.bedrock", "aws"),
        ("together_ai", "together"),
        ("fireworks-ai", "fireworks"),
        ("azure.ai.openai", "azure"),
        ("xai", "x-ai"),
        ("github-copilot", "github-copilot"),
        ("openai-like", "openai-like"),
        ("", ""),
    ],
)
def test_a_provider_is_known_by_exact_names_only(name, provider):
    assert provider_of(name) == provider


def test_no_name_of_the_price_book_is_taken_for_another():
    own_names = list(load_book()._providers)
    assert [provider_of(name) for name in own_names] == own_names
    assert set(PROVIDER_NAMES.values()) - {"ibm"} <= set(own_names)


@pytest.mark.parametrize("count", [0, 1, TOKENS_MAX])
def test_a_count_within_its_limits_stays(count):
    assert checked_count("input", count) == count


@pytest.mark.parametrize("value", [True, 1.0, 1.5, "12", None, [1]])
def test_what_is_no_whole_number_is_no_count(value):
    with pytest.raises(TokenCountNotWholeError, match="input cannot be counted") as refusal:
        checked_count("input", value)
    assert (refusal.value.field, refusal.value.value) == ("input", value)


def test_nobody_uses_less_than_nothing():
    with pytest.raises(TokenCountNegativeError, match="output cannot be -1") as refusal:
        checked_count("output", -1)
    assert (refusal.value.field, refusal.value.count) == ("output", -1)


def test_one_more_than_the_most_is_refused():
    with pytest.raises(TokenCountTooLargeError, match=r"cannot be 1000000001 in one event \(at most 1,000,000,000\)"):
        checked_count("output", TOKENS_MAX + 1)
    with pytest.raises(TokenCountTooLargeError) as refusal:
        checked_count("web_search", CALLS_MAX + 1, CALLS_MAX)
    assert (refusal.value.field, refusal.value.count, refusal.value.count_max) == ("web_search", 1_000_001, 1_000_000)


def test_an_instant_is_whole_microseconds_whatever_its_offset():
    instant = datetime(2026, 1, 1, 1, 0, 0, 5, tzinfo=timezone(timedelta(hours=1)))
    days = (datetime(2026, 1, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
    assert epoch_us(instant) == days * 86_400 * 10**6 + 5
    assert epoch_us(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1


def test_the_model_that_answered_outranks_the_one_asked_for():
    split = SplitUsage(
        {"input": 1}, service_tier="flex", batch=True, speed="fast", region="us", search_context_size="low"
    )
    key = PriceKey("openai", "gpt-4o", "flex", True, "fast", "us", "low")
    assert split.price_key("openai", "gpt-4o") == key
    assert split._replace(model="gpt-4o-2024-08-06").price_key("openai", "gpt-4o") == key._replace(
        model="gpt-4o-2024-08-06"
    )
