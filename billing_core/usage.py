"""The words of LLM usage: disjoint token classes, their limits, and what decides the price of an event."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from billing_core.errors import TokenCountNegativeError, TokenCountNotWholeError, TokenCountTooLargeError

TOKEN_CLASSES: tuple[str, ...] = (
    "input",
    "input_audio",
    "input_image",
    "input_video",
    "cache_read",
    "cache_read_audio",
    "cache_read_image",
    "cache_write",
    "cache_write_5m",
    "cache_write_1h",
    "output",
    "output_audio",
    "output_image",
    "output_video",
    "requests",
    "web_search",
    "file_search",
)
"""Disjoint: a token is counted in exactly one class; reasoning is part of output."""

TOKENS_MAX = 1_000_000_000
"""The most of one class in one event: above it int64 prices could overflow, and no provider reports so much."""

CALLS_MAX = 1_000_000
"""The most requests or searches in one event: they cost thousands of times what a token costs."""

CALL_CLASSES = frozenset({"requests", "web_search", "file_search"})
"""The classes that count calls, not tokens."""

COUNT_MAX: Mapping[str, int] = MappingProxyType(
    {token_class: CALLS_MAX if token_class in CALL_CLASSES else TOKENS_MAX for token_class in TOKEN_CLASSES}
)
"""The most of each class in one event."""

CLASS_INDEX: Mapping[str, int] = MappingProxyType({token_class: i for i, token_class in enumerate(TOKEN_CLASSES)})
"""Where each class stands in TOKEN_CLASSES, in a rate and in a tokens matrix."""

CONTEXT_CLASSES = slice(CLASS_INDEX["input"], CLASS_INDEX["output"])
"""The classes whose sum is the size of the context: everything that goes in, cached or not."""

PROVIDER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "amazon": "aws",
        "amazon_bedrock": "aws",
        "aws.bedrock": "aws",
        "aws_bedrock": "aws",
        "az.ai.inference": "azure",
        "az.ai.openai": "azure",
        "azure.ai.inference": "azure",
        "azure.ai.openai": "azure",
        "azure_ai": "azure",
        "azure_openai": "azure",
        "bedrock": "aws",
        "bedrock_converse": "aws",
        "claude": "anthropic",
        "cohere_ai": "cohere",
        "cohere_chat": "cohere",
        "fireworks_ai": "fireworks",
        "gcp.gemini": "google",
        "gcp.gen_ai": "google",
        "gcp.vertex_ai": "google",
        "gemini": "google",
        "google_ai": "google",
        "google_ai_studio": "google",
        "google_genai": "google",
        "google_vertex": "google",
        "ibm.watsonx.ai": "ibm",
        "mistral_ai": "mistral",
        "mistralai": "mistral",
        "moonshot": "moonshotai",
        "moonshot_ai": "moonshotai",
        "perplexity_ai": "perplexity",
        "perplexityai": "perplexity",
        "together_ai": "together",
        "togetherai": "together",
        "vertex": "google",
        "vertex_ai": "google",
        "x_ai": "x-ai",
        "xai": "x-ai",
    }
)
"""What gateways and OpenTelemetry call the providers, each exactly; the price book's own names need no entry."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class PriceKey(NamedTuple):
    """All that decides a price besides time and counts; equal keys have equal prices at every instant."""

    provider: str
    model: str
    service_tier: str = ""
    """As the response said: "", "default", "standard", "flex", "priority", …"""
    batch: bool = False
    speed: str = ""
    region: str = ""
    search_context_size: str = ""


class SplitUsage(NamedTuple):
    """What one usage block says, in disjoint classes."""

    tokens: dict[str, int]
    """Counts by token class; a class that the provider did not report is absent."""
    reported_pico_usd: int | None = None
    """What the provider says it charges."""
    byok_pico_usd: int | None = None
    """What a gateway says another provider charges to the customer's own key; never part of reported_pico_usd."""
    model: str | None = None
    """The model that answered, if the block said so; else the caller knows it."""
    service_tier: str = ""
    batch: bool = False
    speed: str = ""
    region: str = ""
    search_context_size: str = ""
    reasoning: int = 0
    """For information: how many of the output tokens were reasoning."""
    uncounted: tuple[str, ...] = ()
    """Billed units that no token class expresses (seconds, pages, …): such an event cannot be priced in full."""
    notes: tuple[str, ...] = ()

    def price_key(self, provider: str, model: str) -> PriceKey:
        """Return what decides the price; `model` is the one asked for, the one that answered outranks it."""
        return PriceKey(
            provider,
            self.model or model,
            self.service_tier,
            self.batch,
            self.speed,
            self.region,
            self.search_context_size,
        )


def provider_of(name: str) -> str:
    """Return the price book's name of a provider: "vertex_ai" and "gemini" are "google"; unknown names stay."""
    plain = name.strip().lower()
    return PROVIDER_NAMES.get(plain) or PROVIDER_NAMES.get(plain.replace("-", "_"), plain)


def context_of_a_call(tokens_in: Any, calls: Any) -> Any:
    """Return the context size that decides the band: of a bucket of calls their mean, rounded up; also of columns."""
    return -(-tokens_in // calls)


def checked_count(field: str, count: object, count_max: int = TOKENS_MAX) -> int:
    """Return a count as it is, or refuse it: whole, not negative, not absurd. `field` names it in the refusal."""
    if type(count) is not int:
        raise TokenCountNotWholeError(field, count)
    if count < 0:
        raise TokenCountNegativeError(field, count)
    if count > count_max:
        raise TokenCountTooLargeError(field, count, count_max=count_max)
    return count


def epoch_us(instant: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970-01-01 UTC."""
    return (instant - _EPOCH) // _MICROSECOND
