"""Each way in which a usage block can be wrong, and the refusal that says so."""

from decimal import Decimal

import pytest

from billing_core.errors import (
    InvalidFieldError,
    TokenCountNegativeError,
    TokenCountNotWholeError,
    TokenCountTooLargeError,
    TokenPartsExceedTotalError,
    UsageNotUnderstoodError,
)
from billing_core.usage import CALLS_MAX, TOKENS_MAX
from ingestion.llm.providers import tokens_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("usage", "part", "total"),
    [
        ({"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 6}}, 6, 5),
        ({"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 3}}, 6, 5),
        ({"prompt_tokens": 5, "prompt_tokens_details": {"audio_tokens": 6}}, 6, 5),
        ({"prompt_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 1}}, 1, 0),
        ({"prompt_tokens": 5, "completion_tokens": 1, "completion_tokens_details": {"audio_tokens": 2}}, 2, 1),
        (
            {
                "input_tokens": 9,
                "input_tokens_details": {
                    "cached_tokens": 4,
                    "audio_tokens": 2,
                    "cached_tokens_details": {"audio_tokens": 3},
                },
            },
            3,
            2,
        ),
        (
            {
                "input_tokens": 9,
                "input_tokens_details": {
                    "cached_tokens": 2,
                    "audio_tokens": 5,
                    "cached_tokens_details": {"audio_tokens": 3},
                },
            },
            3,
            2,
        ),
        (
            {"input_tokens": 1, "cache_creation_input_tokens": 5, "cache_creation": {"ephemeral_1h_input_tokens": 6}},
            6,
            5,
        ),
        ({"promptTokenCount": 5, "cachedContentTokenCount": 6}, 6, 5),
        ({"promptTokenCount": 5, "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 6}]}, 6, 5),
        ({"candidatesTokenCount": 5, "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 6}]}, 6, 5),
        (
            {
                "promptTokenCount": 9,
                "cachedContentTokenCount": 3,
                "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 1}],
                "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 2}],
            },
            2,
            1,
        ),
        ({"inputTokens": 1, "cacheWriteInputTokens": 2, "cacheDetails": [{"ttl": "1h", "inputTokens": 3}]}, 3, 2),
    ],
)
def test_parts_that_exceed_their_total_are_refused(usage, part, total):
    with pytest.raises(TokenPartsExceedTotalError, match="of which it is a part") as refusal:
        tokens_of("openai", usage)
    assert (refusal.value.part_count, refusal.value.total_count) == (part, total)


BLOCKS = [
    lambda count: {"prompt_tokens": count},
    lambda count: {"prompt_tokens": 1, "completion_tokens": count},
    lambda count: {"prompt_tokens": TOKENS_MAX, "prompt_tokens_details": {"cached_tokens": count}},
    lambda count: {"input_tokens": count},
    lambda count: {"input_tokens": 1, "cache_read_input_tokens": count},
    lambda count: {"promptTokenCount": count},
    lambda count: {"candidatesTokenCount": count},
    lambda count: {"inputTokens": count},
    lambda count: {"billed_units": {"output_tokens": count}},
    lambda count: {"input": 1, "output": count},
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_count_below_zero_is_refused_in_every_form(block):
    with pytest.raises(TokenCountNegativeError):
        tokens_of("openai", block(-1))


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("count", [True, False, 1.0, 0.0, Decimal("1.5"), "12", "", [1], {}])
def test_what_is_no_whole_number_is_refused_in_every_form(block, count):
    with pytest.raises(TokenCountNotWholeError):
        tokens_of("openai", block(count))


@pytest.mark.parametrize("block", BLOCKS)
def test_an_absurd_count_is_refused_in_every_form(block):
    with pytest.raises(TokenCountTooLargeError):
        tokens_of("openai", block(TOKENS_MAX + 1))


def test_an_absurd_number_of_searches_is_refused():
    with pytest.raises(TokenCountTooLargeError):
        tokens_of("anthropic", {"input_tokens": 1, "server_tool_use": {"web_search_requests": CALLS_MAX + 1}})
    with pytest.raises(TokenCountTooLargeError):
        tokens_of("openai", {"web_search": CALLS_MAX + 1})


@pytest.mark.parametrize(
    ("usage", "found"),
    [
        ({}, "nothing"),
        ({"foo": 1, "bar": 2}, "'foo', 'bar'"),
        ({"usage": {}}, "'usage'"),
        ({"usage": {"usage": {"usage": {"usage": {"prompt_tokens": 1}}}}}, "'usage'"),
        ({"input": 1, "inputs": 2}, "'input', 'inputs'"),
        ([], "nothing"),
        ("prompt_tokens", "nothing"),
        (None, "nothing"),
    ],
)
def test_a_block_of_no_known_form_is_refused(usage, found):
    with pytest.raises(UsageNotUnderstoodError, match=rf"The usage of 'openai' cannot be read \(it has {found}\)"):
        tokens_of("openai", usage)


@pytest.mark.parametrize(
    ("provider", "usage", "context", "field"),
    [
        ("openai", {"prompt_tokens": 1, "prompt_tokens_details": [1]}, None, "prompt_tokens_details"),
        ("openai", {"prompt_tokens": 1, "completion_tokens_details": 5}, None, "completion_tokens_details"),
        ("anthropic", {"input_tokens": 1, "iterations": {}}, None, "iterations"),
        ("anthropic", {"input_tokens": 1, "iterations": [1]}, None, "iterations"),
        ("anthropic", {"input_tokens": 1, "service_tier": 5}, None, "service_tier"),
        ("google", {"promptTokenCount": 1, "promptTokensDetails": "TEXT"}, None, "promptTokensDetails"),
        ("openai", {"prompt_tokens": 1}, {"batch": "yes"}, "context.batch"),
        ("openai", {"prompt_tokens": 1}, {"batch": 1}, "context.batch"),
        ("openai", {"prompt_tokens": 1}, {"region": 5}, "region"),
    ],
)
def test_a_field_that_says_what_it_cannot_mean_is_refused(provider, usage, context, field):
    with pytest.raises(InvalidFieldError) as refusal:
        tokens_of(provider, usage, context)
    assert refusal.value.field == field
