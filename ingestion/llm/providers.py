"""Which form of usage block a provider sent, and what it means in disjoint token classes."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from billing_core.errors import InvalidFieldError, UsageNotUnderstoodError
from billing_core.usage import CALLS_MAX, CLASS_INDEX, COUNT_MAX, SplitUsage, checked_count, provider_of
from ingestion.llm.anthropic_block import messages_usage
from ingestion.llm.counts import count, inner, items, rest, word
from ingestion.llm.google_block import gemini_usage
from ingestion.llm.openai_block import chat_usage, responses_usage, tool_calls

__all__ = ["tokens_of"]

_PLAIN_FIELDS = frozenset(CLASS_INDEX)
_ANTHROPIC_FIELDS = frozenset(
    {"cache_creation", "cache_creation_input_tokens", "cache_read_input_tokens", "iterations"}
)
_BARE_UNITS = ("seconds", "pages_processed")
_WRAPPINGS = ("usage", "usageMetadata", "usage_metadata", "usage_info", "response", "meta")
_WRAPPINGS_MAX = 3


def tokens_of(provider: str, usage: Mapping[str, Any], context: Mapping[str, Any] | None = None) -> SplitUsage:
    """Split a usage block into disjoint token classes.

    `usage` is the block as the provider's API returned it, or the response around it, or plain counts by class.
    `context` says what no response says: `batch` (or `processing: "batch"`), and `service_tier`, `speed`, `region` and
    `search_context_size` where the response is silent; what the response says outranks it.

    Raises a BillingError that says what is wrong: UsageNotUnderstoodError, TokenCountNotWholeError,
    TokenCountNegativeError, TokenCountTooLargeError, TokenPartsExceedTotalError, ReportedCostInvalidError,
    InvalidFieldError.
    """
    name = provider_of(provider)
    if not isinstance(usage, Mapping):
        raise UsageNotUnderstoodError(provider, [])
    split = _block(name, usage) if "prompt_tokens" not in usage else chat_usage(usage, name)
    return _in_context(split, context) if context else split


def _block(provider: str, usage: Mapping[str, Any]) -> SplitUsage:
    """Split a block, taking off what is wrapped around it."""
    model, tier = "", ""
    calls: dict[str, int] = {}
    block = usage
    for _ in range(_WRAPPINGS_MAX):
        parser = _parser(provider, block)
        if parser is not None:
            split = parser(block, provider)
            return split._replace(
                tokens=split.tokens | calls,
                model=split.model or model or None,
                service_tier=split.service_tier or tier,
            )
        wrapping = next((field for field in _WRAPPINGS if isinstance(block.get(field), Mapping)), None)
        if wrapping is None:
            break
        model = word(block, "model") or word(block, "modelVersion") or word(block, "model_version") or model
        tier = word(block, "service_tier") or _bedrock_tier(block) or tier
        calls = tool_calls(block.get("output")) or calls
        block = block[wrapping]
    raise UsageNotUnderstoodError(provider, [str(field) for field in usage])


def _parser(provider: str, block: Mapping[str, Any]) -> Callable[[Mapping[str, Any], str], SplitUsage] | None:
    """Return who understands this block, by the names of its fields."""
    for field, parser in _PARSER_BY_FIELD.items():
        if field in block:
            return parser
    if "input_tokens" in block or "output_tokens" in block:
        is_anthropic = provider == "anthropic" or not _ANTHROPIC_FIELDS.isdisjoint(block)
        return messages_usage if is_anthropic else responses_usage
    if block and _PLAIN_FIELDS.issuperset(block):
        return _plain_usage
    if any(field in block for field in _BARE_UNITS):
        return _bare_units
    return None


def _plain_usage(usage: Mapping[str, Any], provider: str) -> SplitUsage:
    """Take counts that are already by token class."""
    del provider
    return SplitUsage(
        {name: checked_count(name, tokens, COUNT_MAX[name]) for name, tokens in usage.items() if tokens is not None}
    )


def _bare_units(usage: Mapping[str, Any], provider: str) -> SplitUsage:
    """Take what is billed by the second or page: it has no token class."""
    del provider
    # A duration may be fractional; it is not counted, so it is not checked as a count.
    return SplitUsage({}, uncounted=tuple(field for field in _BARE_UNITS if usage.get(field)))


def _cohere_usage(usage: Mapping[str, Any], provider: str) -> SplitUsage:
    """Take what Cohere bills (`billed_units`), not what its tokenizer counted (`tokens`)."""
    del provider
    billed = inner(usage, "billed_units")
    tokens = {
        name: count(billed, field)
        for name, field in (("input", "input_tokens"), ("output", "output_tokens"))
        if billed.get(field) is not None
    }
    units = tuple(field for field in ("search_units", "classifications", "images") if count(billed, field, CALLS_MAX))
    return SplitUsage(tokens, uncounted=units)


def _bedrock_usage(usage: Mapping[str, Any], provider: str) -> SplitUsage:
    """Split the Converse API's block: cached tokens are beside inputTokens."""
    del provider
    written = count(usage, "cacheWriteInputTokens")
    by_ttl = {word(item, "ttl"): count(item, "inputTokens") for item in items(usage, "cacheDetails")}
    short, long = by_ttl.get("5m", 0), by_ttl.get("1h", 0)
    other = rest(written, "cacheWriteInputTokens", short + long, "cacheDetails")
    tokens = {"input": count(usage, "inputTokens")}
    tokens |= {
        token_class: counted
        for token_class, counted in (
            ("cache_read", count(usage, "cacheReadInputTokens")),
            ("cache_write", other),
            ("cache_write_5m", short),
            ("cache_write_1h", long),
        )
        if counted
    }
    return SplitUsage(tokens | {"output": count(usage, "outputTokens")})


def _bedrock_tier(response: Mapping[str, Any]) -> str:
    """Return the tier that the Converse API says beside its usage."""
    return word(inner(response, "serviceTier"), "type") if "serviceTier" in response else ""


_PARSER_BY_FIELD: Mapping[str, Callable[[Mapping[str, Any], str], SplitUsage]] = MappingProxyType(
    {
        "prompt_tokens": chat_usage,
        "completion_tokens": chat_usage,
        "promptTokenCount": gemini_usage,
        "prompt_token_count": gemini_usage,
        "candidatesTokenCount": gemini_usage,
        "candidates_token_count": gemini_usage,
        "inputTokens": _bedrock_usage,
        "billed_units": _cohere_usage,
    }
)


def _in_context(split: SplitUsage, context: Mapping[str, Any]) -> SplitUsage:
    """Add what only the caller knows; the response's own words stay."""
    batch = context.get("batch")
    if batch is not None and not isinstance(batch, bool):
        raise InvalidFieldError("context.batch", "is neither true nor false", do="write true or false without quotes")
    processing = word(context, "processing")
    return split._replace(
        service_tier=split.service_tier or word(context, "service_tier") or processing.replace("batch", ""),
        batch=split.batch or bool(batch) or processing == "batch",
        speed=split.speed or word(context, "speed"),
        region=split.region or word(context, "region"),
        search_context_size=split.search_context_size or word(context, "search_context_size"),
    )
