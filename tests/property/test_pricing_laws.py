"""Laws of pricing: one by one, by the batch and by an independent computation in Decimal are the same cost, always."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from genai_prices import Usage
from genai_prices.data import providers as library_providers
from genai_prices.types import ModelInfo
from hypothesis import given
from hypothesis import strategies as st

from billing_core.price_book import OwnVersion, load_book
from billing_core.pricing import Priced, price_usage
from billing_core.pricing_batch import NOT_REPORTED, price_batch, tokens_matrix
from billing_core.usage import CALLS_MAX, COUNT_MAX, TOKEN_CLASSES, PriceKey, epoch_us
from ingestion.llm import openai_block
from ingestion.llm.providers import tokens_of

pytestmark = pytest.mark.property

BOOK = load_book()
FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
PICO = Decimal(10) ** 12

NAMED = sorted({(version.provider, version.model) for version in BOOK.versions if not version.mode})
CHANGING = sorted({(version.provider, version.model) for version in BOOK.versions if "@undated" not in version.id})
CHANGES = [
    datetime.combine(date.fromisoformat(day), datetime.min.time(), tzinfo=UTC)
    for day in sorted({v.id.rpartition("@")[2].partition("+")[0] for v in BOOK.versions} - {"undated"})
]

instants = st.one_of(
    st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None), timezones=st.just(UTC)),
    st.sampled_from(CHANGES),
    st.sampled_from(CHANGES).map(lambda instant: instant - INSTANT),
)
names = st.one_of(st.sampled_from(NAMED), st.sampled_from(CHANGING), st.just(("openai", "gpt-9")))
keys = st.builds(
    lambda name, tier, batch, region, size: PriceKey(
        *name, service_tier=tier, batch=batch, region=region, search_context_size=size
    ),
    names,
    st.sampled_from(["", "", "default", "flex", "priority"]),
    st.sampled_from([False, False, True]),
    st.sampled_from(["", "", "us", "eu"]),
    st.sampled_from(["", "low"]),
)
tokens = st.fixed_dictionaries(
    {},
    optional={
        name: st.one_of(st.integers(0, 300_000), st.sampled_from([128_000, 200_000, 272_000, COUNT_MAX[name]])).map(
            lambda count, most=COUNT_MAX[name]: min(count, most)
        )
        for name in TOKEN_CLASSES
    },
)
events = st.lists(
    st.tuples(keys, instants, tokens, st.booleans(), st.none() | st.integers(0, 10**18), st.integers(1, CALLS_MAX)),
    max_size=20,
)


def own_book():
    """Return a book in which some of the models have own prices, with ends and tiers."""
    rates = {"input": 3, "cache_read": 1, "output": 7}
    start, end = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC)
    versions = [
        OwnVersion(f"own/{number}", *name, start, rates, end if number % 2 else None, tiers=((200_000, rates),))
        for number, name in enumerate(CHANGING[::3])
    ]
    return BOOK.with_own(versions)


OWN_BOOK = own_book()


def exact_usd(version, counts, calls=1) -> Decimal:
    """Compute a cost in Decimal USD from a version's bands, independently of pricing.py."""
    context = Decimal(sum(count for name, count in counts.items() if name.startswith(("input", "cache_")))) / calls
    band = max((band for band in version.bands if band.above == 0 or context > band.above), key=lambda band: band.above)
    rate = dict(zip(TOKEN_CLASSES, band.rates, strict=True))
    return sum((Decimal(count) * (Decimal(rate[name]) / PICO) for name, count in counts.items() if count), Decimal(0))


@given(events=events, book=st.sampled_from([BOOK, OWN_BOOK]))
def test_one_by_one_by_the_batch_and_in_decimal_are_the_same(events, book):
    distinct = list(dict.fromkeys(key for key, *_ in events))
    prices = price_batch(
        book,
        distinct,
        key_code=np.array([distinct.index(key) for key, *_ in events], dtype=np.int32),
        occurred_at_us=np.array([epoch_us(at) for _, at, *_ in events], dtype=np.int64),
        tokens=tokens_matrix([counts for _, _, counts, *_ in events]),
        uncounted=np.array([uncounted for *_, uncounted, _, _ in events], dtype=np.bool_),
        reported_pico=np.array([NOT_REPORTED if told is None else told for *_, told, _ in events], dtype=np.int64),
        calls=np.array([calls for *_, calls in events], dtype=np.int64),
    )
    cost, priced, listed = prices.cost_pico, prices.priced, prices.list_pico
    for row, (key, at, counts, uncounted, told, calls) in enumerate(events):
        units = ["seconds"] if uncounted else []
        result = price_usage(book, key, counts, at=at, calls=calls, reported_pico_usd=told, uncounted=units)
        version = None if prices.version[row] < 0 else book.versions[prices.version[row]]
        assert bool(priced[row]) == isinstance(result, Priced)
        assert result.price_version == (version.id if version else None)
        assert result.list_pico_usd == (int(listed[row]) if prices.list_priced[row] else None)
        if isinstance(result, Priced):
            assert cost[row] == result.cost_pico_usd == prices.known_pico[row]
            if told is None:
                assert exact_usd(version, counts, calls) * PICO == result.cost_pico_usd
        else:
            assert (cost[row], prices.known_pico[row]) == (0, result.known_pico_usd)
            assert prices.reason[row] == result.reason


# The catalogue's own library as oracle --------------------------------------------------------------------------------

OUR_CORRECTIONS = {
    "openai/gpt-4o": "until 2024-10-02 the name meant gpt-4o-2024-05-13",
    "perplexity/sonar": "the fee per request depends on the size of the search",
    "perplexity/sonar-pro": "as sonar",
    "perplexity/sonar-reasoning": "as sonar",
    "perplexity/sonar-reasoning-pro": "as sonar",
    "perplexity/perplexity/sonar": "a search costs more or less than the response says",
    "perplexity/sonar-deep-research": "reasoning and citations are billed apart, and have no class",
    "openrouter/perplexity/sonar-deep-research": "as sonar-deep-research",
}
LIBRARY = {
    f"{provider.id}/{model.id}": (provider, model) for provider in library_providers for model in provider.models
}
ORACLE_MODELS = sorted(
    model_id
    for model_id in {f"{provider}/{model}" for provider, model in NAMED} - set(OUR_CORRECTIONS)
    if BOOK.route(PriceKey(*model_id.split("/", 1))).slots[0] >= 0
    and BOOK.versions[BOOK.route(PriceKey(*model_id.split("/", 1))).slots[0]].model == model_id.split("/", 1)[1]
)
ROUNDED_CLASSES = {"cache_write", "cache_write_5m"}
"""The only rates of the catalogue that are no whole pico-USD, but for float noise far below one."""


def library_usd(model: ModelInfo, counts, at) -> Decimal:
    """Price disjoint counts by the library, which wants totals that include their parts."""
    cached, written = counts.get("cache_read", 0), counts.get("cache_write", 0) + counts.get("cache_write_1h", 0)
    usage = Usage(
        input_tokens=counts.get("input", 0) + cached + written,
        cache_read_tokens=cached,
        cache_write_tokens=written,
        cache_write_1h_tokens=counts.get("cache_write_1h", 0),
        output_tokens=counts.get("output", 0),
        web_searches=counts.get("web_search", 0),
        storage_searches=counts.get("file_search", 0),
    )
    return model.get_prices(at).calc_price(usage)["total_price"]


@given(
    model_id=st.sampled_from(ORACLE_MODELS),
    at=instants,
    counts=st.fixed_dictionaries(
        {"input": st.integers(0, 400_000), "output": st.integers(0, 100_000)},
        optional={
            name: st.integers(0, 300_000)
            for name in ("cache_read", "cache_write", "cache_write_1h", "web_search", "file_search")
        },
    ),
)
def test_the_list_price_is_the_librarys_where_the_library_is_right(model_id, at, counts):
    _, model = LIBRARY[model_id]
    result = price_usage(BOOK, PriceKey(*model_id.split("/", 1)), counts, at=at)
    if not isinstance(result, Priced):
        # A class in use that the catalogue has no rate for: the library bills it as input, or not at all.
        assert result.reason.name == "CLASS_WITHOUT_RATE"
        return
    difference = abs(library_usd(model, counts, at) * PICO - result.cost_pico_usd)
    assert difference <= sum(counts.get(name, 0) for name in ROUNDED_CLASSES) + Decimal("0.5")


def test_the_oracle_knows_most_of_the_book():
    assert len(ORACLE_MODELS) > 2_000
    assert set(OUR_CORRECTIONS) <= set(LIBRARY)


# Usage blocks ---------------------------------------------------------------------------------------------------------

count = st.integers(0, 1000)
details = st.fixed_dictionaries({}, optional={"cached_tokens": count, "audio_tokens": st.just(0), "text_tokens": count})
chat_blocks = st.fixed_dictionaries(
    {"prompt_tokens": st.integers(1000, 10**6)},
    optional={
        "completion_tokens": st.integers(1000, 10**6),
        "total_tokens": st.integers(0, 10**7),
        "prompt_tokens_details": st.none() | details,
        "completion_tokens_details": st.none()
        | st.fixed_dictionaries({}, optional={"reasoning_tokens": count, "accepted_prediction_tokens": count}),
    },
)


@given(usage=chat_blocks)
def test_the_quick_way_through_a_plain_block_says_what_the_thorough_way_says(usage):
    usage.setdefault("completion_tokens", 1000)
    quick = openai_block._plain_chat_usage(usage)
    thorough = tokens_of("openai", {**usage, "server_tool_use": None})
    assert quick in (None, thorough)


@given(usage=chat_blocks)
def test_the_classes_add_up_to_the_providers_totals(usage):
    usage.setdefault("completion_tokens", 1000)
    split = tokens_of("openai", usage)
    assert sum(split.tokens.values()) == usage["prompt_tokens"] + usage["completion_tokens"]
