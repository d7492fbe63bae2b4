"""The demo's events: the same every time, complete, and honest about what they are."""

import hashlib
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files

import pytest

from ingestion.demo.calendar import DAYS, joined_at, left_at, moved_at
from ingestion.demo.company import COMPANY, CUSTOMERS, FEATURES, MOVED_FEATURE, MOVED_TO, MOVER, PREVIEW
from ingestion.demo.usage import EVENTS, demo_lines, read_traces

pytestmark = pytest.mark.unit

UNTIL = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
END = datetime(2026, 11, 21, 9, tzinfo=UTC)
COUNT = 30_000
"""A tenth of the demo: spread over the same customers, hours and features."""


@cache
def events() -> list[dict]:
    return [json.loads(line) for line in demo_lines(UNTIL, COUNT)]


def at(event: dict) -> datetime:
    return datetime.fromisoformat(event["at"])


def test_the_same_end_makes_the_same_bytes():
    first, second = (hashlib.sha256(b"".join(demo_lines(UNTIL, COUNT))).digest() for _ in range(2))
    assert first == second


def test_the_minute_of_the_end_does_not_matter():
    assert next(demo_lines(UNTIL)) == next(demo_lines(UNTIL.replace(minute=59)))


def test_there_are_exactly_as_many_events_as_announced():
    assert sum(1 for _ in demo_lines(UNTIL)) == EVENTS == 300_000


def test_each_event_has_its_own_id():
    assert len({event["id"] for event in events()}) == COUNT


def test_they_begin_with_the_first_customer_and_end_before_the_end():
    times = [at(event) for event in events()]
    first = min(joined_at(customer, END) for customer in CUSTOMERS)
    assert timedelta(0) < END - max(times) < timedelta(hours=2)
    assert timedelta(0) <= min(times) - first < timedelta(hours=6)
    assert END - first <= timedelta(days=DAYS)


def test_two_in_a_hundred_name_no_customer():
    without = sum("customer" not in event for event in events())
    assert COUNT * 15 // 1000 < without < COUNT * 25 // 1000


def test_every_customer_and_feature_occurs_and_no_other():
    assert {event["customer"] for event in events() if "customer" in event} == {each.name for each in CUSTOMERS}
    assert {(event["product"], event["feature"]) for event in events()} == {(f.product, f.name) for f in FEATURES}


def test_a_customer_who_left_or_came_later_has_no_usage_outside():
    for customer in CUSTOMERS:
        times = [at(event) for event in events() if event.get("customer") == customer.name]
        assert joined_at(customer, END) <= min(times) <= max(times) < (left_at(customer, END) or END)


def test_one_customers_agent_moves_to_a_dearer_model_with_the_last_whole_month():
    moves = [event for event in events() if event["feature"] == MOVED_FEATURE.name]
    dearer = [at(event) for event in moves if event["model"] == MOVED_TO.name]
    cheaper = [at(event) for event in moves if event["model"] != MOVED_TO.name]
    assert {event["customer"] for event in moves if "customer" in event} == {MOVER}
    assert max(cheaper) < moved_at(END) == datetime(2026, 10, 1, tzinfo=UTC) <= min(dearer)


def test_eight_models_have_prices_and_one_has_none():
    models = Counter((event["provider"], event["model"]) for event in events())
    assert len(models) == 9
    assert 0 < models[PREVIEW.provider, PREVIEW.name] < COUNT // 50


def test_cached_and_reasoning_tokens_are_parts_as_their_provider_says():
    for event in events():
        usage = event["usage"]
        if event["provider"] == "openai":
            assert usage["input_tokens_details"]["cached_tokens"] <= usage["input_tokens"]
            assert usage["output_tokens_details"]["reasoning_tokens"] <= usage["output_tokens"]
            assert usage["input_tokens"] + usage["output_tokens"] == usage["total_tokens"]
        else:
            assert sum(usage["cache_creation"].values()) == usage["cache_creation_input_tokens"]


def test_cache_writes_of_both_kinds_and_batch_occur():
    seen = Counter()
    for event in events():
        seen.update(kind for kind, tokens in event["usage"].get("cache_creation", {}).items() if tokens)
        seen.update(event.get("context", {}))
    assert seen.keys() == {"ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens", "batch"}


def test_each_customer_stands_for_one_client_of_the_trace():
    assert len(read_traces().clients) == len(CUSTOMERS)


def test_the_company_says_that_it_is_a_demo_and_the_traces_say_whose_they_are():
    notice = files("ingestion.demo").joinpath("NOTICE.md").read_text(encoding="utf-8")
    assert COMPANY.startswith("Demo: ")
    for words in ("Apache License 2.0", "Attribution 4.0 International", "**It was changed**"):
        assert words in notice
    assert "Apache License" in files("ingestion.demo").joinpath("servegen.LICENSE").read_text(encoding="utf-8")
