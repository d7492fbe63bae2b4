"""The price book: strictly which name means which model; modes, regions, aliases over time; where rates come from."""

import json
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files

import pytest

from billing_core.price_book import PriceBook, UnpricedReason, load_book
from billing_core.price_book.book import ROUTES_MAX
from billing_core.price_book.names import dated_spellings, spellings
from billing_core.price_book.versions import COST_PICO_MAX, dearest_event_pico
from billing_core.pricing import Unpriced, price_usage
from billing_core.usage import CALL_CLASSES, TOKEN_CLASSES, PriceKey
from tests.small_book import small_book

pytestmark = pytest.mark.unit

JANUARY = datetime(2026, 1, 15, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 20, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def version_of(book: PriceBook, key: PriceKey, at=JANUARY):
    """Say which price version holds, or which reason."""
    result = price_usage(book, key, {"input": 1}, at=at)
    return result.reason if isinstance(result, Unpriced) else result.price_version


def listed(provider: str, model: str, at=NOVEMBER, **context):
    return version_of(load_book(), PriceKey(provider, model, **context), at)


# Names ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "version"),
    [
        ("big", "acme/big@undated"),
        ("  Big ", "acme/big@undated"),
        ("acme/big", "acme/big@undated"),
        ("big-2025-05-01", "acme/big@undated"),
        ("big-20250501", "acme/big@undated"),
        ("big@20250501", "acme/big@undated"),
        ("open-big", "acme/big@undated"),
        ("open-big-2026-01-31", "acme/big@undated"),
        ("open-big@latest", "acme/big@undated"),
        ("open-big@default", "acme/big@undated"),
        ("big-2025-05-02", UnpricedReason.UNKNOWN_MODEL),
        ("open-big-2026-13-31", UnpricedReason.UNKNOWN_MODEL),
        ("open-big-2019-01-31", UnpricedReason.UNKNOWN_MODEL),
        ("open-big-2", UnpricedReason.UNKNOWN_MODEL),
        ("open-bigger", UnpricedReason.UNKNOWN_MODEL),
        ("my-open-big", UnpricedReason.UNKNOWN_MODEL),
        ("other/big", UnpricedReason.UNKNOWN_MODEL),
        ("", UnpricedReason.UNKNOWN_MODEL),
    ],
)
def test_only_a_known_name_or_a_dated_form_of_an_open_one_is_a_model(model, version):
    assert version_of(small_book(), PriceKey("acme", model)) == version


@pytest.mark.parametrize(
    ("provider", "model", "names"),
    [
        ("openai", "openai/gpt-4o", ["openai/gpt-4o", "gpt-4o"]),
        ("openai", "FT:gpt-4o-2024-08-06:org:name:id", ["ft:gpt-4o-2024-08-06:org:name:id", "ft:gpt-4o-2024-08-06"]),
        ("google", "models/gemini-2.5-pro", ["models/gemini-2.5-pro", "gemini-2.5-pro"]),
        (
            "google",
            "projects/p/locations/eu/publishers/anthropic/models/claude-opus-4-5@20251101",
            [
                "projects/p/locations/eu/publishers/anthropic/models/claude-opus-4-5@20251101",
                "claude-opus-4-5@20251101",
            ],
        ),
        (
            "aws",
            "bedrock/us.amazon.nova-pro-v1:0",
            ["bedrock/us.amazon.nova-pro-v1:0", "us.amazon.nova-pro-v1:0", "us.amazon.nova-pro"],
        ),
        (
            "aws",
            "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-5-20251101-v1:0",
            [
                "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-5-20251101-v1:0",
                "us.anthropic.claude-opus-4-5-20251101-v1:0",
                "us.anthropic.claude-opus-4-5-20251101",
            ],
        ),
        ("openrouter", "openai/gpt-4o", ["openai/gpt-4o"]),
    ],
)
def test_only_what_a_hosting_puts_around_a_name_is_taken_off(provider, model, names):
    assert spellings(provider, model) == names


def test_a_date_is_spelled_in_three_ways():
    assert dated_spellings("m-20260131") == ("m", ["m-2026-01-31", "m-20260131", "m@20260131"])
    assert dated_spellings("m@latest") == ("m", ["m"])
    assert dated_spellings("m") is None
    assert dated_spellings("-20260131") is None


@pytest.mark.parametrize(
    ("provider", "model", "version"),
    [
        ("openai", "gpt-4o-2024-08-06", "openai/gpt-4o@undated"),
        ("openai", "gpt-4o-20240806", "openai/gpt-4o@undated"),
        ("openai", "gpt-4o-2024-05-13", "openai/gpt-4o-2024-05-13@undated"),
        ("openai", "ft:gpt-4o-2024-08-06:acme::abc", "openai/ft:gpt-4o@undated"),
        ("anthropic", "claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4-5@undated"),
        ("anthropic", "claude-opus-4-20250514", "anthropic/claude-opus-4-0@undated"),
        ("vertex_ai", "claude-opus-4-5@20251101", "google/claude-opus-4-5@undated"),
        ("google", "models/gemini-2.5-pro", "google/gemini-2.5-pro@undated"),
        ("google", "gemini-2.0-flash-001", "google/gemini-2.0-flash@undated"),
        ("google", "gemini-1.5-flash-002", "google/gemini-1.5-flash@undated"),
        ("google", "gemini-1.5-flash-8b", "google/gemini-flash-1.5-8b@undated"),
        (
            "bedrock",
            "eu.anthropic.claude-opus-4-5-20251101-v1:0",
            "aws/regional.anthropic.claude-opus-4-5-v1:0@undated",
        ),
        (
            "bedrock",
            "global.anthropic.claude-opus-4-5-20251101-v1:0",
            "aws/global.anthropic.claude-opus-4-5-v1:0@undated",
        ),
        ("bedrock", "us.amazon.nova-pro-v1:0", "aws/amazon.nova-pro-v1:0@undated"),
        ("azure", "gpt-4o-2024-08-06", "openai/gpt-4o@undated"),
        ("fireworks_ai", "accounts/fireworks/models/gpt-oss-20b", "fireworks/gpt-oss-20b@undated"),
        (
            "together",
            "meta-llama/Llama-3.3-70B-Instruct-Turbo",
            "together/meta-llama/Llama-3.3-70B-Instruct-Turbo@undated",
        ),
        ("perplexity", "sonar-pro", "perplexity/sonar-pro@undated"),
        ("openrouter", "anthropic/claude-sonnet-4.5", "openrouter/anthropic/claude-sonnet-4.5@undated"),
    ],
)
def test_real_names_are_found(provider, model, version):
    assert listed(provider, model) == version


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o-2025-01-01"),
        ("openai", "gpt-4o-ultra"),
        ("openai", "gpt-7"),
        ("openai", "my-moderation-model"),
        ("anthropic", "claude-3-5-sonnet-v9"),
        ("anthropic", "claude-opus-4-9"),
        ("anthropic", "claude-sonnet-4-55"),
        ("google", "gemini-2.5-pro-ultra"),
        ("google", "gemini-1.5-flash-16b"),
        ("google", "gemini-3.8-flash-pro"),
        ("aws", "us.anthropic.claude-opus-9-v1:0"),
        ("mistral", "mistral-large-2699"),
    ],
)
def test_a_new_model_never_takes_the_price_of_an_old_neighbour(provider, model):
    assert listed(provider, model) == UnpricedReason.UNKNOWN_MODEL


# Aliases, modes, regions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "version"),
    [
        (datetime(2026, 2, 1, tzinfo=UTC) - INSTANT, "acme/small@undated"),
        (datetime(2026, 2, 1, tzinfo=UTC), "acme/big@undated"),
        (datetime(2026, 3, 1, tzinfo=UTC), "acme/big@2026-03-01"),
        (datetime(2026, 4, 1, tzinfo=UTC) - INSTANT, "acme/big@2026-03-01"),
        (datetime(2026, 4, 1, tzinfo=UTC), UnpricedReason.LEFT_OUT),
    ],
)
def test_an_alias_means_what_it_meant_then(at, version):
    assert version_of(small_book(), PriceKey("acme", "big-latest"), at) == version


def test_gpt_4o_cost_what_its_first_snapshot_cost_until_it_moved_on():
    moved = datetime(2024, 10, 2, tzinfo=UTC)
    assert listed("openai", "gpt-4o", moved - INSTANT) == "openai/gpt-4o-2024-05-13@undated"
    assert listed("openai", "gpt-4o", moved) == "openai/gpt-4o@undated"


@pytest.mark.parametrize(
    ("context", "version"),
    [
        ({}, "acme/big@undated"),
        ({"service_tier": "default", "speed": "standard", "region": "global"}, "acme/big@undated"),
        ({"service_tier": "auto"}, "acme/big@undated"),
        ({"region": "US"}, "acme/big@undated+regional"),
        ({"region": "mars"}, "acme/big@undated"),
        ({"region": "eu"}, UnpricedReason.UNKNOWN_REGION),
        ({"batch": True}, UnpricedReason.UNKNOWN_MODE),
        ({"service_tier": "flex"}, UnpricedReason.UNKNOWN_MODE),
        ({"speed": "fast"}, UnpricedReason.UNKNOWN_MODE),
        ({"search_context_size": "low"}, "acme/big@undated"),
    ],
)
def test_a_mode_or_region_without_a_price_does_not_cost_the_list_price(context, version):
    assert version_of(small_book(), PriceKey("acme", "big", **context)) == version


@pytest.mark.parametrize(
    "context", [{"batch": True}, {"service_tier": "batch"}, {"service_tier": "Batch", "batch": True}]
)
def test_a_mode_has_a_price_from_its_first_day_on(context):
    first_day = datetime(2026, 2, 1, tzinfo=UTC)
    assert version_of(small_book(), PriceKey("acme", "big", **context), first_day) == "acme/big@2026-02-01+batch"
    assert (
        version_of(small_book(), PriceKey("acme", "big", **context), first_day - INSTANT) == UnpricedReason.UNKNOWN_MODE
    )


def test_two_modes_at_once_have_no_price():
    key = PriceKey("acme", "big", batch=True, service_tier="flex")
    assert version_of(small_book(), key, NOVEMBER) == UnpricedReason.UNKNOWN_MODE


def test_the_fee_of_a_request_depends_on_how_much_it_searched():
    book = small_book()
    for size, version in [
        ("low", "acme/small@undated+low"),
        ("high", "acme/small@undated"),
        ("", "acme/small@undated"),
    ]:
        assert version_of(book, PriceKey("acme", "small", search_context_size=size)) == version


def test_a_model_without_regions_has_no_price_in_one_where_the_provider_prices_by_region():
    assert version_of(small_book(), PriceKey("acme", "small", region="us")) == UnpricedReason.UNKNOWN_REGION
    assert version_of(small_book(), PriceKey("plainco", "one", region="us")) == "plainco/one@undated"


def test_a_host_charges_the_list_price_of_the_models_maker_and_nothing_else():
    book = small_book()
    assert version_of(book, PriceKey("host", "big")) == "acme/big@undated"
    assert version_of(book, PriceKey("host", "big", batch=True), NOVEMBER) == UnpricedReason.UNKNOWN_MODE
    assert version_of(book, PriceKey("host", "big", region="us")) == UnpricedReason.UNKNOWN_REGION
    assert version_of(book, PriceKey("host", "bigger")) == UnpricedReason.UNKNOWN_MODEL


@pytest.mark.parametrize(
    ("provider", "model", "context", "version"),
    [
        ("openai", "gpt-5.4", {"region": "eu"}, "openai/gpt-5.4@undated+regional"),
        ("openai", "gpt-4o", {"region": "eu"}, "openai/gpt-4o@undated"),
        ("anthropic", "claude-opus-4-6", {"region": "us"}, "anthropic/claude-opus-4-6@2026-03-13+regional"),
        ("anthropic", "claude-opus-4-6", {"region": "not_available"}, "anthropic/claude-opus-4-6@2026-03-13"),
        ("anthropic", "claude-opus-4-6", {"region": "mars"}, UnpricedReason.UNKNOWN_REGION),
        ("google", "claude-sonnet-4-5", {"region": "us-east5"}, "google/claude-sonnet-4-5@undated+regional"),
        ("google", "gemini-2.5-pro", {"region": "us-central1"}, "google/gemini-2.5-pro@undated"),
        ("google", "gemini-3-pro-preview", {"region": "us-central1"}, UnpricedReason.UNKNOWN_REGION),
        ("azure", "o3-mini", {"region": "eastus"}, UnpricedReason.UNKNOWN_REGION),
        ("openai", "gpt-5.6-sol", {"service_tier": "priority"}, "openai/gpt-5.6-sol@2026-10-12+priority"),
        ("openai", "gpt-5.6-sol", {"service_tier": "scale"}, UnpricedReason.UNKNOWN_MODE),
        ("openai", "gpt-4o", {"batch": True}, "openai/gpt-4o@2024-04-15+batch"),
        ("anthropic", "claude-3-5-sonnet", {"batch": True}, "anthropic/claude-3-5-sonnet@2024-10-08+batch"),
        ("anthropic", "claude-opus-5", {"speed": "fast"}, "anthropic/claude-opus-5@undated+fast"),
        ("mistral", "mistral-large-latest", {}, UnpricedReason.LEFT_OUT),
        ("deepseek", "deepseek-chat", {}, UnpricedReason.LEFT_OUT),
        ("perplexity", "sonar", {"search_context_size": "high"}, "perplexity/sonar@undated+high"),
    ],
)
def test_real_modes_and_regions(provider, model, context, version):
    assert listed(provider, model, **context) == version


def test_half_price_held_before_the_catalogue_noticed_and_followed_the_list_price():
    before_the_cut = datetime(2026, 8, 20, tzinfo=UTC)
    key = PriceKey("openai", "gpt-5.6-sol", batch=True)
    tokens = {"input": 10, "cache_read": 20, "output": 30}
    plain = price_usage(load_book(), key._replace(batch=False), tokens, at=before_the_cut)
    half = price_usage(load_book(), key, tokens, at=before_the_cut)
    assert half.cost_pico_usd * 2 == plain.cost_pico_usd == 10 * 5_000_000 + 20 * 500_000 + 30 * 30_000_000
    assert (
        price_usage(load_book(), key, tokens, at=datetime(2024, 4, 14, tzinfo=UTC)).reason
        == UnpricedReason.UNKNOWN_MODE
    )


def test_audio_without_a_rate_is_not_billed_as_text():
    key = PriceKey("openai", "gpt-4o-audio-preview")
    result = price_usage(load_book(), key, {"input": 100, "input_audio": 10}, at=NOVEMBER)
    assert (result.reason, result.known_pico_usd) == (UnpricedReason.CLASS_WITHOUT_RATE, 100 * 2_500_000)


def test_one_price_for_every_modality_holds_for_audio_too():
    key = PriceKey("google", "gemini-2.5-pro")
    result = price_usage(load_book(), key, {"input_audio": 10, "cache_read_audio": 10}, at=NOVEMBER)
    assert result.cost_pico_usd == 10 * 1_250_000 + 10 * 125_000


# The committed catalogue ---------------------------------------------------------------------------------------------


def test_every_version_says_where_its_rates_come_from():
    book = load_book()
    assert book.source == "genai-prices 0.2.3"
    assert book.taken_on == date(2026, 11, 21)
    assert [version.id for version in book.versions if not version.page.startswith("https://")] == []
    assert all(version.source == "catalogue" for version in book.versions)


def test_every_version_has_an_id_of_its_own():
    ids = [version.id for version in load_book().versions]
    assert len(ids) == len(set(ids)) > 2_500


def test_the_nine_providers_have_their_models():
    models = {(version.provider, version.model) for version in load_book().versions}
    counts = {provider: sum(1 for name, _ in models if name == provider) for provider, _ in models}
    least = {"openai": 100, "anthropic": 25, "google": 60, "mistral": 40, "cohere": 5, "perplexity": 15}
    least |= {"together": 80, "fireworks": 40, "openrouter": 800, "aws": 100, "azure": 20}
    assert {provider: count for provider, count in least.items() if counts[provider] < count} == {}


def test_no_event_within_the_limits_can_overflow():
    assert [
        v.id for v in load_book().versions for band in v.bands if dearest_event_pico(band.rates) > COST_PICO_MAX
    ] == []


def test_tiers_ascend_and_the_first_holds_from_zero_on():
    for version in load_book().versions:
        aboves = [band.above for band in version.bands]
        assert aboves[0] == 0
        assert aboves == sorted(set(aboves))


def test_regional_prices_are_exactly_a_tenth_dearer_but_for_calls():
    versions = {version.id: version for version in load_book().versions}
    regional = [version for version in versions.values() if version.mode.endswith("regional")]
    for version in regional:
        plain = versions[version.id.removesuffix("regional").removesuffix("+")]
        for band, plain_band in zip(version.bands, plain.bands, strict=True):
            for token_class, rate, plain_rate in zip(TOKEN_CLASSES, band.rates, plain_band.rates, strict=True):
                if plain_rate is not None:
                    times = 10 if token_class in CALL_CLASSES else 11
                    assert rate * 10 == plain_rate * times
    assert len(regional) > 100


def test_every_correction_has_a_source_and_a_day():
    corrections = json.loads(files("billing_core.price_book").joinpath("corrections.json").read_text(encoding="utf-8"))
    entries = [entry for kind, found in corrections.items() if isinstance(found, list) for entry in found]
    assert len(entries) > 25
    assert all(entry["source"].startswith("https://") for entry in entries)
    assert all(date.fromisoformat(entry["checked_on"]) <= load_book().taken_on for entry in entries)


def test_names_from_outside_do_not_fill_the_memory():
    book = small_book()
    for number in range(ROUTES_MAX + 1):
        book.route(PriceKey("acme", f"unknown {number}"))
    assert len(book._routes) == 1


def test_the_book_is_read_once_per_process():
    assert load_book() is load_book()
