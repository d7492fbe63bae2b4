"""Which words of a row are kept, and how its fields become an event."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from billing_core.errors import ReportedCostInvalidError, TokenCountNotWholeError, shown
from billing_core.usage import epoch_us
from ingestion import rows
from ingestion.texts import BLOCK_CHARS_MAX, block_text, is_name, printable, tags_text
from tests.imports import event
from tests.unit.test_files import read_json

pytestmark = pytest.mark.unit

TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2025-03-03T10:00:00Z", datetime(2025, 3, 3, 10, tzinfo=UTC)),
        ("2025-03-03 10:00:00", datetime(2025, 3, 3, 1, tzinfo=UTC)),
        ("2025-03-03", datetime(2025, 3, 2, 15, tzinfo=UTC)),
        ("2025-03-03T10:00:00.123456789Z", datetime(2025, 3, 3, 10, 0, 0, 123456, tzinfo=UTC)),
        (" 2025-03-03T10:00:00-05:00 ", datetime(2025, 3, 3, 15, tzinfo=UTC)),
        (1_740_996_000, datetime(2025, 3, 3, 10, tzinfo=UTC)),
        ("1740996000.5", datetime(2025, 3, 3, 10, 0, 0, 500_000, tzinfo=UTC)),
        (1_740_996_000_001, datetime(2025, 3, 3, 10, 0, 0, 1000, tzinfo=UTC)),
        (1_740_996_000_000_001, datetime(2025, 3, 3, 10, 0, 0, 1, tzinfo=UTC)),
        (1_740_996_000_000_001_999, datetime(2025, 3, 3, 10, 0, 0, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_any_common_form_and_without_a_zone_in_the_files(written, instant):
    assert rows._time(written, TOKYO) == epoch_us(instant)


def test_every_field_of_the_plain_form_comes_to_its_place():
    (read,) = read_json(
        event(
            product="Writer",
            feature="draft",
            api_key="key-1",
            project="p-1",
            user="u-9",
            calls=3,
            tags={"team": "search", "a": 1},
            cost_usd="0.25",
            context={
                "service_tier": "flex",
                "batch": True,
                "region": "eu",
                "speed": "fast",
                "search_context_size": "low",
            },
        )
    )
    batch = read.batch
    dimension = batch.dimensions[0]

    assert (batch.customers, batch.end_users, batch.calls.tolist()) == (("Acme",), ["u-9"], [3])
    assert (batch.tags, batch.reported_pico.tolist()) == (['{"a": 1, "team": "search"}'], [250_000_000_000])
    assert (dimension.product, dimension.feature, dimension.api_key, dimension.project) == (
        "Writer",
        "draft",
        "key-1",
        "p-1",
    )
    assert (dimension.service_tier, dimension.batch, dimension.region) == ("flex", True, "eu")
    assert (dimension.speed, dimension.search_context_size) == ("fast", "low")


def test_what_a_row_does_not_say_is_nobody_and_one_call():
    (read,) = read_json(event(customer=None, usage={"input": 1}))

    assert (read.batch.customers, read.batch.calls.tolist(), read.batch.reported_pico.tolist()) == ((None,), [1], [-1])
    assert (read.batch.end_users, read.batch.tags) == (None, None)


def test_the_model_that_answered_outranks_the_one_that_was_asked():
    answer = {
        "model": "gpt-4o-2024-08-06",
        "service_tier": "flex",
        "usage": {"prompt_tokens": 1, "completion_tokens": 1},
    }
    (read,) = read_json(event(usage=answer))

    assert (read.batch.dimensions[0].model, read.batch.dimensions[0].service_tier) == ("gpt-4o-2024-08-06", "flex")


def test_a_refused_row_leaves_nothing_of_itself():
    (read,) = read_json(event(id="1"), event(id="2", customer="Birch", product="X", tags="no"), event(id="3"))

    assert (read.batch.keys, read.batch.customers, len(read.batch.dimensions)) == (["1", "3"], ("Acme",), 1)


@pytest.mark.parametrize("name", ["Acme", "株式会社　例", "می‌خواهم", "👩‍💻", "a\u00a0b", "Ünï", "\U0001fae9"])
def test_a_name_may_be_written_in_any_language(name):
    assert is_name(name)


@pytest.mark.parametrize(
    "text", ["", "a\0", "\ud800", "a\nb", "\x1b[31m", "a\u200b", "\u202eemca", "\u2028", "\ufeffa"]
)
def test_what_cannot_be_seen_or_stored_is_no_name(text):
    assert not is_name(text)
    assert is_name(printable(text)) or text == ""


def test_a_block_longer_than_its_limit_is_not_kept():
    short = {f"n{number}": number for number in range(100)}
    long = {f"n{number}": number for number in range(BLOCK_CHARS_MAX)}

    assert json.loads(block_text(short)) == short
    assert block_text(long) is None


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt": "zebra"},
        {"content": ["zebra"]},
        {"type": "zebra quagga"},
        {"service_tier": "zebra\0"},
        {"tokens": [1, 2, 3]},
        {"what a zebra": 1},
        {"choices": [{"message": {"content": "zebra"}}]},
        {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}},
    ],
)
def test_a_block_keeps_no_content(usage):
    kept = block_text(usage)

    assert not {"zebra", "[1", '"g"'} & set(kept.replace('"', ' "').split())
    assert "zebra" not in kept
    assert "[1" not in kept


def test_tags_are_kept_sorted_so_that_equal_tags_are_equal_texts():
    assert tags_text({"b": True, "a": "x"}) == tags_text({"a": "x", "b": True}) == '{"a": "x", "b": true}'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("12.5", "'12.5'"),
        ("2025-03-03T10:00:00Z", "'2025-03-03T10:00:00Z'"),
        ("", "''"),
        ("tell me about zebras", "a text of 20 characters"),
        ("1" * 41, "a text of 41 characters"),
        (12.5, "12.5"),
        (True, "True"),
        (["zebra"], "a list"),
        ({"zebra": 1}, "an object"),
        (10**50, "1" + "0" * 39),
    ],
)
def test_a_sentence_shows_numbers_and_times_but_no_prompt(value, text):
    assert shown(value) == text
    assert f"because {text} is no whole number" in str(TokenCountNotWholeError("input", value))
    assert f"cannot be {text}:" in str(ReportedCostInvalidError("cost", value))
