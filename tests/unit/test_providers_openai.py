"""OpenAI's usage block and its copies, in disjoint classes: parts are inside the totals."""

from decimal import Decimal

import pytest

from billing_core.errors import (
    ReportedCostInvalidError,
)
from billing_core.usage import SplitUsage
from ingestion.llm.counts import reported_pico_usd
from ingestion.llm.providers import tokens_of

pytestmark = pytest.mark.unit


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


def test_the_tool_calls_of_a_whole_response_are_counted_but_not_the_pages_it_opened():
    output = [
        {"type": "reasoning"},
        {"type": "web_search_call", "action": {"type": "search", "query": "x"}},
        {"type": "web_search_call", "action": {"type": "open_page", "url": "x"}},
        {"type": "web_search_call"},
        {"type": "file_search_call", "queries": ["x"]},
        "no item",
    ]
    response = {"model": "gpt-5", "output": output, "usage": {"input_tokens": 1, "output_tokens": 2}}
    assert tokens_of("openai", response).tokens == {"input": 1, "output": 2, "web_search": 2, "file_search": 1}


def test_xai_reports_its_charge_in_ticks():
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "cost_in_usd_ticks": 12_345}
    assert tokens_of("xai", usage).reported_pico_usd == 12_345 * 100
    assert tokens_of("xai", {"prompt_tokens": 1}).reported_pico_usd is None


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


def test_a_replayed_response_costs_what_openrouter_says_though_it_repeats_old_cached_tokens():
    usage = {"prompt_tokens": 10, "completion_tokens": 2, "cost": 0, "prompt_tokens_details": {"cached_tokens": 64}}
    assert tokens_of("openrouter", usage) == SplitUsage(
        {"input": 0, "cache_read": 10, "output": 2}, reported_pico_usd=0
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
