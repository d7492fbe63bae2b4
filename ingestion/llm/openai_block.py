"""The usage block of OpenAI and of the many who copied it: parts are inside the totals."""

from collections.abc import Mapping
from typing import Any

from billing_core.usage import CALLS_MAX, TOKENS_MAX, SplitUsage
from ingestion.llm.counts import count, first_count, inner, reported_pico_usd, rest, word

_PLAIN_FIELDS = frozenset(
    {"prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "completion_tokens_details"}
)
_PECULIAR = frozenset({"google", "openrouter", "perplexity", "x-ai"})
"""Providers whose copies of the block mean more than its fields say."""

_CLASS_BY_CALL = {"web_search_call": "web_search", "file_search_call": "file_search"}
_PICO_PER_TICK = 100
"""xAI reports its charge in ticks of 10**-10 USD."""


def chat_usage(usage: Mapping[str, Any], provider: str) -> SplitUsage:
    """Split `prompt_tokens` and `completion_tokens` (Chat Completions, and embeddings without the latter)."""
    if provider not in _PECULIAR and usage.keys() <= _PLAIN_FIELDS:
        split = _plain_chat_usage(usage)
        if split is not None:
            return split
    prompt, completion = count(usage, "prompt_tokens"), count(usage, "completion_tokens")
    details = inner(usage, "prompt_tokens_details")
    if provider == "openrouter" and usage.get("cost") is not None and count(details, "cached_tokens") > prompt:
        # A replayed response reports the cached tokens of the first one; what it costs is in `cost`.
        details = {**details, "cached_tokens": prompt}
    tokens = _split_input(usage, details, prompt, "prompt_tokens")
    details = inner(usage, "completion_tokens_details")
    completion, reasoning = _with_hidden_reasoning(
        usage, details, prompt=prompt, completion=completion, provider=provider
    )
    tokens |= _split_output(details, completion, "completion_tokens", reasoning)
    return _finished(usage, provider, tokens, reasoning)


def _plain_chat_usage(usage: Mapping[str, Any]) -> SplitUsage | None:
    """Split a block in which nothing is special, as nearly all are: imports spend their time here.

    Says what `chat_usage` would say, or None where there is more to look at (a test compares the two).
    """
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens", 0)
    if type(prompt) is not int or type(completion) is not int:
        return None
    if not (0 <= prompt <= TOKENS_MAX and 0 <= completion <= TOKENS_MAX):
        return None
    cached = _only(usage.get("prompt_tokens_details"), "cached_tokens", prompt)
    reasoning = _only(usage.get("completion_tokens_details"), "reasoning_tokens", completion)
    if cached is None or reasoning is None:
        return None
    if cached:
        return SplitUsage({"input": prompt - cached, "cache_read": cached, "output": completion}, reasoning=reasoning)
    return SplitUsage({"input": prompt, "output": completion}, reasoning=reasoning)


def _only(details: Any, field: str, total: int) -> int | None:
    """Return one part of a total, if it is the only part that is not 0 and no more than the total; else None."""
    if details is None:
        return 0
    if type(details) is not dict:
        return None
    found = 0
    for name, value in details.items():
        if name == field and type(value) is int and 0 <= value <= total:
            found = value
        elif value is not None and (value or type(value) is not int):
            return None
    return found


def responses_usage(usage: Mapping[str, Any], provider: str) -> SplitUsage:
    """Split `input_tokens` and `output_tokens` of the Responses, Realtime and image APIs."""
    details = inner(usage, "input_tokens_details", "input_token_details")
    tokens = _split_input(usage, details, count(usage, "input_tokens"), "input_tokens")
    details = inner(usage, "output_tokens_details", "output_token_details")
    reasoning = count(details, "reasoning_tokens")
    tokens |= _split_output(details, count(usage, "output_tokens"), "output_tokens", reasoning)
    return _finished(usage, provider, tokens, reasoning)


def tool_calls(output: object) -> dict[str, int]:
    """Count the billed tool calls among the output items of a response; opening or reading a page found is free."""
    calls: dict[str, int] = {}
    for item in output if isinstance(output, list) else ():
        token_class = _CLASS_BY_CALL.get(word(item, "type")) if isinstance(item, Mapping) else None
        if token_class is not None and word(inner(item, "action"), "type") in ("", "search"):
            calls[token_class] = calls.get(token_class, 0) + 1
    return calls


def _split_input(usage: Mapping[str, Any], details: Mapping[str, Any], total: int, total_name: str) -> dict[str, int]:
    """Return the input in disjoint classes; a part that is not broken down is text as far as that is possible."""
    cached = first_count(details, "cached_tokens", "cache_read_input_tokens") or first_count(
        usage, "prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens"
    )
    written = first_count(details, "cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens")
    written = written or count(usage, "cache_creation_input_tokens")
    audio, image, video = count(details, "audio_tokens"), count(details, "image_tokens"), count(details, "video_tokens")
    rest(total, total_name, audio + image + video + written, "audio, image, video and cache write tokens")
    cached_details = inner(details, "cached_tokens_details")
    cached_audio, cached_image = count(cached_details, "audio_tokens"), count(cached_details, "image_tokens")
    if not cached_details:
        # Cached text first: as little cached audio and image as the totals allow.
        beyond = max(0, cached - (total - audio - image - video - written))
        cached_audio = min(beyond, audio)
        cached_image = min(beyond - cached_audio, image)
    fresh_audio = rest(audio, "audio_tokens", cached_audio, "cached audio tokens")
    fresh_image = rest(image, "image_tokens", cached_image, "cached image tokens")
    cached_text = rest(cached, "cached_tokens", cached_audio + cached_image, "cached audio and image tokens")
    apart = cached + written + fresh_audio + fresh_image + video
    tokens = {"input": rest(total, total_name, apart, "cached_tokens and other parts")}
    tokens |= _named(
        cache_read=cached_text,
        cache_read_audio=cached_audio,
        cache_read_image=cached_image,
        input_audio=fresh_audio,
        input_image=fresh_image,
        input_video=video,
    )
    return tokens | _split_writes(details, written)


def _split_writes(details: Mapping[str, Any], written: int) -> dict[str, int]:
    """Return cache writes by time to live, where a gateway kept it."""
    by_ttl = inner(details, "cache_creation_token_details")
    short, long = count(by_ttl, "ephemeral_5m_input_tokens"), count(by_ttl, "ephemeral_1h_input_tokens")
    other = rest(written, "cache write tokens", short + long, "cache write tokens by time to live")
    return _named(cache_write=other, cache_write_5m=short, cache_write_1h=long)


def _split_output(details: Mapping[str, Any], total: int, total_name: str, reasoning: int) -> dict[str, int]:
    rest(total, total_name, reasoning, "reasoning_tokens")
    audio, image = count(details, "audio_tokens"), count(details, "image_tokens")
    text = rest(total, total_name, audio + image, "audio and image tokens")
    return {"output": text} | _named(output_audio=audio, output_image=image)


def _with_hidden_reasoning(
    usage: Mapping[str, Any], details: Mapping[str, Any], *, prompt: int, completion: int, provider: str
) -> tuple[int, int]:
    """Return output and reasoning; xAI and Google's copy leave reasoning out of completion_tokens, but bill it."""
    reasoning = count(details, "reasoning_tokens")
    if provider not in ("x-ai", "google"):
        return completion, reasoning
    total = usage.get("total_tokens")
    if total is None:
        return completion + (reasoning if provider == "x-ai" else 0), reasoning
    hidden = max(0, count(usage, "total_tokens") - prompt - completion)
    return completion + hidden, max(reasoning, hidden)


def _finished(usage: Mapping[str, Any], provider: str, tokens: dict[str, int], reasoning: int) -> SplitUsage:
    """Add calls, costs and what the block says about its processing."""
    searches = count(inner(usage, "server_tool_use"), "web_search_requests", CALLS_MAX)
    uncounted = ["prompt_audio_seconds"] if count(usage, "prompt_audio_seconds") else []
    reported = byok = None
    if provider == "perplexity":
        if "prompt_tokens" in usage:
            tokens["requests"] = 1
        tools = inner(usage, "tool_calls_details")
        searches = count(usage, "num_search_queries", CALLS_MAX)
        searches += count(inner(tools, "web_search", "search_web"), "invocation", CALLS_MAX)
        uncounted += [field for field in ("citation_tokens", "reasoning_tokens") if count(usage, field)]
        reported = reported_pico_usd(inner(usage, "cost").get("total_cost"), "usage.cost.total_cost")
    elif provider == "openrouter":
        reported = reported_pico_usd(usage.get("cost"), "usage.cost")
        if usage.get("is_byok"):
            upstream = inner(usage, "cost_details").get("upstream_inference_cost")
            byok = reported_pico_usd(upstream, "usage.cost_details.upstream_inference_cost")
    elif provider == "x-ai" and usage.get("cost_in_usd_ticks") is not None:
        reported = count(usage, "cost_in_usd_ticks", 10**16) * _PICO_PER_TICK
    if searches:
        tokens["web_search"] = searches
    return SplitUsage(
        tokens,
        reported_pico_usd=reported,
        byok_pico_usd=byok,
        service_tier=word(usage, "service_tier"),
        search_context_size=word(usage, "search_context_size"),
        reasoning=reasoning,
        uncounted=tuple(uncounted),
    )


def _named(**counts: int) -> dict[str, int]:
    """Return the classes that occur."""
    return {token_class: tokens for token_class, tokens in counts.items() if tokens}
