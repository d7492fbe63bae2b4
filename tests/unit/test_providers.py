"""Each provider's usage block in disjoint classes, and each way in which a block can be wrong."""

from decimal import Decimal

import pytest

from billing_core.errors import (
    InvalidFieldError,
    ReportedCostInvalidError,
    TokenCountNegativeError,
    TokenCountNotWholeError,
    TokenCountTooLargeError,
    TokenPartsExceedTotalError,
    UsageNotUnderstoodError,
)
from billing_core.usage import CALLS_MAX, TOKENS_MAX, SplitUsage
from ingestion.llm.counts import reported_pico_usd
from ingestion.llm.providers import tokens_of

pytestmark = pytest.mark.unit


# OpenAI and its copies -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}, {"input": 10, "output": 4}),
        ({"prompt_tokens": 10}, {"input": 10, "output": 0}),
        ({"prompt_tokens": 10, "completion_tokens": None}, {"input": 10, "output": 0}),
        ({"completion_tokens": 4}, {"input": 0, "output": 4}),
        (
            {"prompt_tokens": 2006, "completion_tokens": 300, "prompt_tokens_details": {"cached_tokens": 1920}},
            {"input": 2006 - 1920, "cache_read": 1920, "output": 300},
        ),
        (
            {"prompt_tokens": 100, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 100}},
            {"input": 0, "cache_read": 100, "output": 0},
        ),
        (
            {
                "prompt_tokens": 10_000,
                "completion_tokens": 100,
                "prompt_tokens_details": {"cached_tokens": 2000, "cache_write_tokens": 3000},
            },
            {"input": 10_000 - 2000 - 3000, "cache_read": 2000, "cache_write": 3000, "output": 100},
        ),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 50,
                "prompt_tokens_details": {"audio_tokens": 30, "image_tokens": 20, "video_tokens": 5},
                "completion_tokens_details": {"audio_tokens": 40, "image_tokens": 3},
            },
            {
                "input": 100 - 30 - 20 - 5,
                "input_audio": 30,
                "input_image": 20,
                "input_video": 5,
                "output": 50 - 40 - 3,
                "output_audio": 40,
                "output_image": 3,
            },
        ),
        (
            {"input_tokens": 100, "output_tokens": 50, "input_tokens_details": {"cached_tokens": 60}},
            {"input": 100 - 60, "cache_read": 60, "output": 50},
        ),
        (
            {
                "input_tokens": 100,
                "output_tokens": 50,
                "input_token_details": {
                    "text_tokens": 20,
                    "audio_tokens": 50,
                    "image_tokens": 30,
                    "cached_tokens": 60,
                    "cached_tokens_details": {"text_tokens": 10, "audio_tokens": 40, "image_tokens": 10},
                },
                "output_token_details": {"text_tokens": 10, "audio_tokens": 40},
            },
            {
                "input": 20 - 10,
                "cache_read": 10,
                "input_audio": 50 - 40,
                "cache_read_audio": 40,
                "input_image": 30 - 10,
                "cache_read_image": 10,
                "output": 10,
                "output_audio": 40,
            },
        ),
    ],
)
def test_openai_counts_parts_inside_the_total(usage, tokens):
    assert tokens_of("openai", usage).tokens == tokens


def test_reasoning_is_part_of_the_output_and_kept_as_information():
    usage = {"prompt_tokens": 100, "completion_tokens": 500, "completion_tokens_details": {"reasoning_tokens": 400}}
    assert tokens_of("openai", usage) == SplitUsage({"input": 100, "output": 500}, reasoning=400)
    responses = {"input_tokens": 100, "output_tokens": 500, "output_tokens_details": {"reasoning_tokens": 400}}
    assert tokens_of("openai", responses) == SplitUsage({"input": 100, "output": 500}, reasoning=400)


@pytest.mark.parametrize(
    ("cached", "tokens"),
    [
        (60, {"input": 0, "cache_read": 60, "input_audio": 30, "input_image": 10, "output": 0}),
        (70, {"input": 0, "cache_read": 60, "cache_read_audio": 10, "input_audio": 20, "input_image": 10, "output": 0}),
        (
            95,
            {
                "input": 0,
                "cache_read": 60,
                "cache_read_audio": 30,
                "cache_read_image": 5,
                "input_image": 5,
                "output": 0,
            },
        ),
    ],
)
def test_cached_tokens_of_no_stated_kind_are_text_as_far_as_the_totals_allow(cached, tokens):
    details = {"cached_tokens": cached, "audio_tokens": 30, "image_tokens": 10}
    assert tokens_of("openai", {"prompt_tokens": 100, "prompt_tokens_details": details}).tokens == tokens


@pytest.mark.parametrize(
    ("provider", "usage"),
    [
        ("deepseek", {"prompt_tokens": 100, "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36}),
        ("moonshotai", {"prompt_tokens": 100, "cached_tokens": 64}),
        ("litellm", {"prompt_tokens": 100, "cache_read_input_tokens": 64}),
        ("mistral", {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 64}}),
        ("together", {"prompt_tokens": 100, "cached_tokens": 64, "prompt_tokens_details": None}),
        ("azure", {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 0}}),
    ],
)
def test_the_copies_name_cached_tokens_in_their_own_ways(provider, usage):
    assert tokens_of(provider, usage | {"completion_tokens": 1}).tokens == {
        "input": 100 - 64,
        "cache_read": 64,
        "output": 1,
    }


def test_a_gateways_block_for_claude_counts_cached_tokens_once():
    usage = {
        "total_tokens": 103_925,
        "prompt_tokens": 98_805,
        "completion_tokens": 5_120,
        "prompt_tokens_details": {"cached_tokens": 66_360, "cache_creation_tokens": 32_435},
        "cache_read_input_tokens": 66_360,
        "cache_creation_input_tokens": 32_435,
    }
    tokens = {"input": 98_805 - 66_360 - 32_435, "cache_read": 66_360, "cache_write": 32_435, "output": 5_120}
    assert tokens_of("bedrock", usage).tokens == tokens
    usage["prompt_tokens_details"]["cache_creation_token_details"] = {
        "ephemeral_5m_input_tokens": 32_000,
        "ephemeral_1h_input_tokens": 400,
    }
    assert tokens_of("bedrock", usage).tokens == tokens | {
        "cache_write": 35,
        "cache_write_5m": 32_000,
        "cache_write_1h": 400,
    }


@pytest.mark.parametrize(
    ("provider", "more", "output", "reasoning"),
    [
        ("x-ai", {"total_tokens": 180}, 50 + 30, 30),
        ("x-ai", {"total_tokens": 150}, 50, 30),
        ("x-ai", {}, 50 + 30, 30),
        ("google", {"total_tokens": 190}, 50 + 40, 40),
        ("google", {}, 50, 30),
        ("openai", {"total_tokens": 180}, 50, 30),
    ],
)
def test_reasoning_that_a_copy_leaves_out_of_the_completion_is_billed_all_the_same(provider, more, output, reasoning):
    usage = {"prompt_tokens": 100, "completion_tokens": 50, "completion_tokens_details": {"reasoning_tokens": 30}}
    split = tokens_of(provider, usage | more)
    assert (split.tokens, split.reasoning) == ({"input": 100, "output": output}, reasoning)


def test_xai_reports_its_charge_in_ticks():
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "cost_in_usd_ticks": 12_345}
    assert tokens_of("xai", usage).reported_pico_usd == 12_345 * 100
    assert tokens_of("xai", {"prompt_tokens": 1}).reported_pico_usd is None


# Perplexity and OpenRouter -------------------------------------------------------------------------------------------


def test_perplexity_reports_the_true_cost_with_its_fee():
    usage = {
        "prompt_tokens": 8,
        "completion_tokens": 439,
        "total_tokens": 447,
        "search_context_size": "low",
        "cost": {"input_tokens_cost": 2.4e-05, "request_cost": 0.006, "total_cost": 0.012609},
    }
    assert tokens_of("perplexity", usage) == SplitUsage(
        {"input": 8, "output": 439, "requests": 1}, reported_pico_usd=12_609 * 10**6, search_context_size="low"
    )


def test_perplexitys_agent_api_has_no_fee_per_request_and_counts_searches():
    usage = {
        "input_tokens": 1200,
        "output_tokens": 300,
        "total_tokens": 1500,
        "input_tokens_details": {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 200},
        "tool_calls_details": {"web_search": {"invocation": 2}},
        "cost": {"currency": "USD", "total_cost": Decimal("0.00922")},
    }
    assert tokens_of("perplexity", usage) == SplitUsage(
        {"input": 1000, "cache_read": 200, "output": 300, "web_search": 2}, reported_pico_usd=9_220 * 10**6
    )


def test_perplexitys_deep_research_bills_what_no_class_counts():
    usage = {"prompt_tokens": 8, "completion_tokens": 4, "citation_tokens": 5, "reasoning_tokens": 6}
    assert tokens_of("perplexity", usage | {"num_search_queries": 3}) == SplitUsage(
        {"input": 8, "output": 4, "requests": 1, "web_search": 3}, uncounted=("citation_tokens", "reasoning_tokens")
    )


@pytest.mark.parametrize("cost", [3.03e-05, Decimal("3.03e-05"), Decimal("0.00003030"), "0.0000303"])
def test_openrouter_reports_what_it_charges_exactly(cost):
    usage = {"prompt_tokens": 194, "completion_tokens": 2, "cost": cost, "is_byok": False}
    assert tokens_of("openrouter", usage) == SplitUsage({"input": 194, "output": 2}, reported_pico_usd=30_300_000)


def test_what_another_provider_charges_to_ones_own_key_stands_apart():
    usage = {
        "prompt_tokens": 194,
        "completion_tokens": 2,
        "cost": 0.000001,
        "is_byok": True,
        "cost_details": {"upstream_inference_cost": 0.00002},
        "server_tool_use": {"web_search_requests": 2},
    }
    assert tokens_of("openrouter", usage) == SplitUsage(
        {"input": 194, "output": 2, "web_search": 2}, reported_pico_usd=10**6, byok_pico_usd=20 * 10**6
    )


def test_a_cost_that_is_not_the_providers_is_not_the_truth():
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "cost": 5}
    assert tokens_of("openai", usage).reported_pico_usd is None
    assert tokens_of("openrouter", {"prompt_tokens": 1}).reported_pico_usd is None


@pytest.mark.parametrize(
    ("value", "pico"),
    [
        (None, None),
        (0, 0),
        (0.1, 10**11),
        (1_000_000, 10**18),
        (Decimal("1e-12"), 1),
        (Decimal("0.0000000000005"), 0),
        (Decimal("0.0000000000015"), 2),
        (Decimal("12.5"), 12_500 * 10**9),
    ],
)
def test_a_reported_cost_is_whole_pico_usd_rounded_half_to_even(value, pico):
    assert reported_pico_usd(value, "cost") == pico


@pytest.mark.parametrize(
    "value", [-1, Decimal("-0.1"), True, "much", [1], float("nan"), float("inf"), 1_000_001, Decimal("1e30")]
)
def test_a_cost_that_is_none_is_refused(value):
    with pytest.raises(ReportedCostInvalidError, match=r"usage\.cost cannot be") as refusal:
        tokens_of("openrouter", {"prompt_tokens": 1, "cost": value})
    assert (refusal.value.field, str(refusal.value.value)) == ("usage.cost", str(value))


# Anthropic -----------------------------------------------------------------------------------------------------------


def test_anthropic_counts_cached_tokens_beside_the_input():
    usage = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 12_304,
        "cache_read_input_tokens": 7,
        "output_tokens": 550,
        "server_tool_use": {"web_search_requests": 3},
        "output_tokens_details": {"thinking_tokens": 100},
        "service_tier": "standard",
        "inference_geo": "us",
        "speed": "fast",
    }
    assert tokens_of("anthropic", usage) == SplitUsage(
        {"input": 3, "output": 550, "cache_read": 7, "cache_write": 12_304, "web_search": 3},
        service_tier="standard",
        region="us",
        speed="fast",
        reasoning=100,
    )


@pytest.mark.parametrize(
    ("written", "writes"),
    [
        ({"cache_creation_input_tokens": 1500}, {"cache_write_5m": 500, "cache_write_1h": 1000}),
        ({"cache_creation_input_tokens": 1600}, {"cache_write": 100, "cache_write_5m": 500, "cache_write_1h": 1000}),
        ({}, {"cache_write_5m": 500, "cache_write_1h": 1000}),
    ],
)
def test_cache_writes_are_split_by_time_to_live(written, writes):
    by_ttl = {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 1000}
    usage = {"input_tokens": 1, "output_tokens": 2, "cache_creation": by_ttl} | written
    assert tokens_of("anthropic", usage).tokens == {"input": 1, "output": 2} | writes


def test_a_compaction_is_billed_beside_the_top_level():
    usage = {
        "input_tokens": 10,
        "output_tokens": 20,
        "iterations": [
            {"type": "compaction", "input_tokens": 1000, "output_tokens": 200, "cache_read_input_tokens": 5},
            {"type": "message", "input_tokens": 10, "output_tokens": 20},
        ],
    }
    split = tokens_of("anthropic", usage)
    assert split.tokens == {"input": 10 + 1000, "output": 20 + 200, "cache_read": 5}
    assert split.notes == ("compaction tokens are billed beside the top level",)


def test_anthropic_says_itself_that_it_was_a_batch():
    assert tokens_of("anthropic", {"input_tokens": 1, "output_tokens": 2, "service_tier": "batch"}) == SplitUsage(
        {"input": 1, "output": 2}, batch=True
    )


@pytest.mark.parametrize("provider", ["aws", "vertex_ai", "azure", "anthropic"])
def test_claude_elsewhere_counts_as_claude(provider):
    usage = {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 5}
    assert tokens_of(provider, usage).tokens == {"input": 10, "cache_read": 90, "output": 5}


# Google --------------------------------------------------------------------------------------------------------------


def test_gemini_counts_cached_tokens_inside_and_thoughts_outside():
    usage = {
        "promptTokenCount": 11_125,
        "cachedContentTokenCount": 7_441,
        "candidatesTokenCount": 20,
        "thoughtsTokenCount": 409,
        "totalTokenCount": 11_554,
    }
    assert tokens_of("google", usage) == SplitUsage(
        {"input": 11_125 - 7_441, "cache_read": 7_441, "output": 20 + 409}, reasoning=409
    )


def test_a_live_response_has_modalities_and_what_none_claims_is_text():
    usage = {
        "promptTokenCount": 522,
        "responseTokenCount": 42,
        "totalTokenCount": 564,
        "thoughtsTokenCount": 136,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 332},
            {"modality": "AUDIO", "tokenCount": 165},
        ],
        "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 42}],
    }
    assert tokens_of("google", usage).tokens == {
        "input": 522 - 165,
        "input_audio": 165,
        "output": 0 + 136,
        "output_audio": 42,
    }


def test_gemini_in_all_modalities():
    usage = {
        "promptTokenCount": 1000,
        "cachedContentTokenCount": 400,
        "toolUsePromptTokenCount": 7,
        "candidatesTokenCount": 90,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 300},
            {"modality": "AUDIO", "tokenCount": 200},
            {"modality": "IMAGE", "tokenCount": 150},
            {"modality": "DOCUMENT", "tokenCount": 50},
            {"modality": "VIDEO", "tokenCount": 300},
        ],
        "cacheTokensDetails": [
            {"modality": "TEXT", "tokenCount": 100},
            {"modality": "AUDIO", "tokenCount": 80},
            {"modality": "DOCUMENT", "tokenCount": 20},
            {"modality": "VIDEO", "tokenCount": 200},
        ],
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 60}, {"modality": "VIDEO", "tokenCount": 10}],
    }
    assert tokens_of("google", usage).tokens == {
        "input": 300 - 100 + 7,
        "input_audio": 200 - 80,
        "cache_read_audio": 80,
        "input_image": 150 + 50 - 20,
        "cache_read_image": 20,
        "input_video": 300 - 200,
        "cache_read": 100 + 200,
        "output": 90 - 60 - 10,
        "output_image": 60,
        "output_video": 10,
    }


def test_cached_tokens_of_no_stated_modality_are_text_first():
    usage = {
        "promptTokenCount": 100,
        "cachedContentTokenCount": 80,
        "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 30}],
    }
    assert tokens_of("google", usage).tokens == {
        "input": 0,
        "cache_read": 70,
        "cache_read_audio": 10,
        "input_audio": 20,
        "output": 0,
    }


def test_the_python_package_names_are_the_same_block():
    usage = {
        "prompt_token_count": 30,
        "candidates_token_count": 2,
        "traffic_type": "ON_DEMAND_PRIORITY",
        "prompt_tokens_details": [{"modality": "AUDIO", "token_count": 10}],
    }
    assert tokens_of("google", usage) == SplitUsage(
        {"input": 20, "input_audio": 10, "output": 2}, service_tier="priority"
    )


@pytest.mark.parametrize(
    ("said", "tier"),
    [
        ({"trafficType": "ON_DEMAND"}, "on_demand"),
        ({"trafficType": "ON_DEMAND_FLEX"}, "flex"),
        ({"trafficType": "PROVISIONED_THROUGHPUT"}, "provisioned_throughput"),
        ({"serviceTier": "FLEX", "trafficType": "ON_DEMAND"}, "flex"),
    ],
)
def test_vertex_says_which_tier_served(said, tier):
    assert tokens_of("google", {"promptTokenCount": 1} | said).service_tier == tier


# The others ----------------------------------------------------------------------------------------------------------


def test_cohere_bills_billed_units_not_tokens():
    usage = {
        "billed_units": {"input_tokens": 5, "output_tokens": 418},
        "tokens": {"input_tokens": 71, "output_tokens": 418},
        "cached_tokens": 0,
    }
    assert tokens_of("cohere", usage) == SplitUsage({"input": 5, "output": 418})
    assert tokens_of("cohere", {"meta": {"billed_units": {"search_units": 1}}}) == SplitUsage(
        {}, uncounted=("search_units",)
    )


def test_bedrock_counts_cached_tokens_beside_the_input():
    usage = {
        "inputTokens": 10,
        "outputTokens": 20,
        "totalTokens": 1000,
        "cacheReadInputTokens": 300,
        "cacheWriteInputTokens": 90,
    }
    tokens = {"input": 10, "cache_read": 300, "output": 20}
    assert tokens_of("bedrock", usage).tokens == tokens | {"cache_write": 90}
    usage["cacheDetails"] = [{"ttl": "5m", "inputTokens": 60}, {"ttl": "1h", "inputTokens": 20}]
    assert tokens_of("bedrock", usage).tokens == tokens | {
        "cache_write": 10,
        "cache_write_5m": 60,
        "cache_write_1h": 20,
    }


def test_plain_counts_by_class_are_taken_from_anyone():
    usage = {"input": 86, "cache_read": 1920, "output": 300, "web_search": 1, "input_audio": None}
    assert tokens_of("a new provider", usage).tokens == {
        "input": 86,
        "cache_read": 1920,
        "output": 300,
        "web_search": 1,
    }


@pytest.mark.parametrize(
    ("usage", "uncounted"),
    [
        ({"type": "duration", "seconds": 20.5}, ("seconds",)),
        ({"usage_info": {"pages_processed": 3, "doc_size_bytes": 9}}, ("pages_processed",)),
        ({"seconds": 0}, ()),
    ],
)
def test_what_is_billed_by_the_second_or_page_has_no_class(usage, uncounted):
    assert tokens_of("mistral", usage) == SplitUsage({}, uncounted=uncounted)


def test_seconds_beside_tokens_are_not_forgotten():
    usage = {"prompt_tokens": 4, "completion_tokens": 5, "prompt_audio_seconds": 12}
    assert tokens_of("mistral", usage) == SplitUsage({"input": 4, "output": 5}, uncounted=("prompt_audio_seconds",))


# Around the block ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "response", "split"),
    [
        (
            "openai",
            {
                "id": "chatcmpl-1",
                "model": "gpt-4o-2024-08-06",
                "service_tier": "flex",
                "usage": {"prompt_tokens": 1, "completion_tokens": 2},
            },
            SplitUsage({"input": 1, "output": 2}, model="gpt-4o-2024-08-06", service_tier="flex"),
        ),
        (
            "google",
            {"modelVersion": "gemini-2.5-flash", "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2}},
            SplitUsage({"input": 1, "output": 2}, model="gemini-2.5-flash"),
        ),
        (
            "google",
            {"model_version": "gemini-2.5-flash", "usage_metadata": {"prompt_token_count": 1}},
            SplitUsage({"input": 1, "output": 0}, model="gemini-2.5-flash"),
        ),
        (
            "openai",
            {
                "type": "response.completed",
                "response": {"model": "o3", "usage": {"input_tokens": 1, "output_tokens": 2}},
            },
            SplitUsage({"input": 1, "output": 2}, model="o3"),
        ),
        (
            "bedrock",
            {"serviceTier": {"type": "priority"}, "usage": {"inputTokens": 1, "outputTokens": 2}},
            SplitUsage({"input": 1, "output": 2}, service_tier="priority"),
        ),
        (
            "anthropic",
            {"model": "claude-opus-5", "usage": {"input_tokens": 1, "output_tokens": 2, "service_tier": "batch"}},
            SplitUsage({"input": 1, "output": 2}, model="claude-opus-5", batch=True),
        ),
    ],
)
def test_a_whole_response_says_the_model_and_tier_that_answered(provider, response, split):
    assert tokens_of(provider, response) == split


@pytest.mark.parametrize(
    ("context", "split"),
    [
        ({"batch": True}, {"batch": True}),
        ({"processing": "batch"}, {"batch": True}),
        ({"processing": "flex"}, {"service_tier": "flex"}),
        (
            {"service_tier": "flex", "speed": "fast", "region": "eu"},
            {"service_tier": "flex", "speed": "fast", "region": "eu"},
        ),
        ({"search_context_size": "high"}, {"search_context_size": "high"}),
        ({"batch": False, "service_tier": None}, {}),
        ({}, {}),
        (None, {}),
    ],
)
def test_the_context_says_what_no_response_says(context, split):
    assert tokens_of("openai", {"prompt_tokens": 1}, context) == SplitUsage({"input": 1, "output": 0}, **split)


def test_what_the_response_says_outranks_the_context():
    usage = {"input_tokens": 1, "output_tokens": 2, "service_tier": "standard", "inference_geo": "global"}
    context = {"service_tier": "priority", "region": "us"}
    split = tokens_of("anthropic", usage, context)
    assert (split.service_tier, split.region) == ("standard", "global")
    response = {"service_tier": "default", "usage": {"prompt_tokens": 1}}
    assert tokens_of("openai", response, {"service_tier": "flex"}).service_tier == "default"


# What is refused -----------------------------------------------------------------------------------------------------


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
