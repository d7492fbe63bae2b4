"""The words of LLM usage: disjoint token classes and their limits."""

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
