"""The usage blocks of Anthropic, Google and the others, in disjoint classes, and what stands around a block."""

import pytest

from billing_core.usage import SplitUsage
from ingestion.llm.providers import tokens_of

pytestmark = pytest.mark.unit


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
