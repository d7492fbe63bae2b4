"""Anthropic's usage block: cached tokens are beside input_tokens, and a compaction is billed beside the top level."""

from collections.abc import Mapping
from typing import Any

from billing_core.usage import CALLS_MAX, SplitUsage
from ingestion.llm.counts import count, inner, items, rest, word


def messages_usage(usage: Mapping[str, Any], provider: str) -> SplitUsage:
    """Split the usage of the Messages API, at Anthropic's own or another's endpoint."""
    del provider  # The block means the same wherever Claude is hosted.
    tokens = _counts(usage)
    compactions = [turn for turn in items(usage, "iterations") if turn.get("type") == "compaction"]
    for turn in compactions:
        for token_class, tokens_more in _counts(turn).items():
            tokens[token_class] = tokens.get(token_class, 0) + tokens_more
    searches = count(inner(usage, "server_tool_use"), "web_search_requests", CALLS_MAX)
    if searches:
        tokens["web_search"] = searches
    tier = word(usage, "service_tier")
    return SplitUsage(
        tokens,
        service_tier="" if tier == "batch" else tier,
        batch=tier == "batch",
        speed=word(usage, "speed"),
        region=word(usage, "inference_geo"),
        reasoning=count(inner(usage, "output_tokens_details"), "thinking_tokens"),
        notes=("compaction tokens are billed beside the top level",) if compactions else (),
    )


def _counts(turn: Mapping[str, Any]) -> dict[str, int]:
    """Return the counts of one turn; cache writes without a time to live stay without one."""
    by_ttl = inner(turn, "cache_creation")
    short, long = count(by_ttl, "ephemeral_5m_input_tokens"), count(by_ttl, "ephemeral_1h_input_tokens")
    written = count(turn, "cache_creation_input_tokens")
    if turn.get("cache_creation_input_tokens") is None:
        written = short + long
    other = rest(written, "cache_creation_input_tokens", short + long, "cache_creation by time to live")
    cached = {
        "cache_read": count(turn, "cache_read_input_tokens"),
        "cache_write": other,
        "cache_write_5m": short,
        "cache_write_1h": long,
    }
    tokens = {"input": count(turn, "input_tokens"), "output": count(turn, "output_tokens")}
    return tokens | {token_class: counted for token_class, counted in cached.items() if counted}
