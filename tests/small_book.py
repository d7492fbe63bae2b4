"""A price book that a test can hold in its head: two models, round numbers, every kind of rule once."""

from billing_core.price_book import PriceBook

CATALOGUE = {
    "source": "a test",
    "taken_on": "2026-01-01",
    "providers": {
        "acme": {"page": "https://acme.example/pricing", "strict_regions": True},
        "host": {"page": "https://host.example/pricing", "fallback": ["acme"], "strict_regions": True},
        "plainco": {"page": ""},
    },
    "aliases": {"acme/big-latest": [[None, "small"], ["2026-02-01", "big"], ["2026-04-01", None]]},
    "models": {
        "acme/big": {
            "names": ["big", "big-2025-05-01"],
            "stems": ["open-big"],
            "regions": {"us": "regional", "mars": ""},
            "page": "https://acme.example/big",
            "versions": [
                {
                    "id": "acme/big@undated",
                    "rates": {"input": 1000, "cache_read": 100, "output": 3000, "web_search": 10},
                },
                {
                    "id": "acme/big@2026-03-01",
                    "rates": {"input": 500, "cache_read": 50, "output": 1500},
                    "above": [[1000, {"input": 800, "cache_read": 80}], [5000, {"input": 900, "cache_read": 90}]],
                },
                {"id": "acme/big@2026-02-01+batch", "rates": {"input": 250, "output": 750}, "correction": "a source"},
                {"id": "acme/big@undated+regional", "rates": {"input": 1100, "output": 3300}},
            ],
        },
        "acme/small": {
            "names": ["small"],
            "stems": [],
            "versions": [
                {"id": "acme/small@undated", "rates": {"input": 10, "output": 30}},
                {"id": "acme/small@undated+low", "rates": {"input": 10, "output": 30, "requests": 7}},
            ],
        },
        "acme/hourly": {"names": ["hourly"], "stems": [], "left_out": "by the hour", "versions": []},
        "plainco/one": {
            "names": ["one"],
            "stems": [],
            "versions": [{"id": "plainco/one@undated", "rates": {"input": 1, "output": 2}}],
        },
    },
}


def small_book() -> PriceBook:
    """Return the book afresh."""
    return PriceBook(CATALOGUE)
