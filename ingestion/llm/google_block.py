"""The usage block of Gemini and Vertex: cached tokens inside the prompt, thoughts beside the candidates."""

import re
from collections.abc import Mapping
from typing import Any

from billing_core.usage import SplitUsage
from ingestion.llm.counts import count, first_count, items, rest, word

_SNAKE = re.compile(r"_([a-z])")
_TIER_PREFIX = "on_demand_"


def gemini_usage(usage: Mapping[str, Any], provider: str) -> SplitUsage:
    """Split `usageMetadata`, in the API's camelCase or the Python package's snake_case."""
    del provider  # Only Google speaks this.
    block = _camel(usage) if any("_" in field for field in usage) else usage
    # DOCUMENT pages are counted and billed as images; what no modality claims is text.
    prompt, cached = _modalities(block, "promptTokensDetails"), _modalities(block, "cacheTokensDetails")
    total, cached_total = count(block, "promptTokenCount"), count(block, "cachedContentTokenCount")
    rest(total, "promptTokenCount", sum(prompt.values()), "promptTokensDetails")
    rest(total, "promptTokenCount", cached_total, "cachedContentTokenCount")
    rest(cached_total, "cachedContentTokenCount", sum(cached.values()), "cacheTokensDetails")
    if not cached:
        cached = _least_cached(prompt, cached_total, total)
    tokens: dict[str, int] = {}
    for modality in ("audio", "image", "video"):
        part = f"cached {modality} tokens"
        fresh = rest(prompt.get(modality, 0), f"{modality} tokens", cached.get(modality, 0), part)
        if fresh:
            tokens[f"input_{modality}"] = fresh
        if cached.get(modality) and modality != "video":
            tokens[f"cache_read_{modality}"] = cached[modality]
    cached_other = cached_total - cached.get("audio", 0) - cached.get("image", 0)
    if cached_other:
        tokens["cache_read"] = cached_other
    apart = cached_total + sum(tokens.get(f"input_{modality}", 0) for modality in ("audio", "image", "video"))
    text = rest(total, "promptTokenCount", apart, "cached tokens and other modalities")
    thoughts = count(block, "thoughtsTokenCount")
    tokens = {"input": text + count(block, "toolUsePromptTokenCount")} | tokens | _output(block, thoughts)
    return SplitUsage(tokens, service_tier=_tier(block), reasoning=thoughts)


def _output(block: Mapping[str, Any], thoughts: int) -> dict[str, int]:
    """Return the output; the Live API calls the candidates a response."""
    total = first_count(block, "candidatesTokenCount", "responseTokenCount")
    parts = _modalities(block, "candidatesTokensDetails") or _modalities(block, "responseTokensDetails")
    text = rest(total, "candidatesTokenCount", sum(parts.values()), "candidatesTokensDetails")
    return {"output": text + thoughts} | {f"output_{modality}": tokens for modality, tokens in parts.items()}


def _modalities(block: Mapping[str, Any], field: str) -> dict[str, int]:
    """Return the counts by modality, without text."""
    found: dict[str, int] = {}
    for item in items(block, field):
        modality = {"document": "image"}.get(name := word(item, "modality").lower(), name)
        tokens = count(item, "tokenCount")
        if modality in ("audio", "image", "video") and tokens:
            found[modality] = found.get(modality, 0) + tokens
    return found


def _least_cached(prompt: Mapping[str, int], cached_total: int, total: int) -> dict[str, int]:
    """Return the cached tokens by modality where nobody says: text first, then as little as the totals allow."""
    beyond = max(0, cached_total - (total - sum(prompt.values())))
    found: dict[str, int] = {}
    for modality, tokens in prompt.items():
        found[modality] = min(beyond, tokens)
        beyond -= found[modality]
    return found


def _tier(block: Mapping[str, Any]) -> str:
    """Return the tier that served the request: `trafficType` ON_DEMAND_PRIORITY is "priority"."""
    tier = word(block, "serviceTier") or word(block, "trafficType")
    return tier.lower().removeprefix(_TIER_PREFIX)


def _camel(value: Any) -> Any:
    """Return an object of the Python package with the API's own names."""
    if isinstance(value, Mapping):
        return {_SNAKE.sub(lambda match: match[1].upper(), str(key)): _camel(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_camel(item) for item in value]
    return value
