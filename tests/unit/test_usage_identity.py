"""When two events with one key are the same event: equal content, equal hash, and one changed field changes it."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from billing_core.store.names import UsageDimension
from billing_core.usage import TOKEN_CLASSES
from billing_core.usage_identity import body_hashes, plain_identity, stable_hash

pytestmark = pytest.mark.unit

GPT = UsageDimension("openai", "gpt-4o", product="Writer", feature="draft", batch=False)
TOKENS = {"input": 1000, "output": 100}


def hash_of(**change: Any) -> int:
    """Return the hash of one event that is alone in its batch."""
    event = {"at": 1_740_996_000_000_000, "customer": "Acme", "dimension": GPT, "calls": 1, "reported": -1}
    event |= {"tokens": TOKENS} | change
    hashes = body_hashes(
        occurred_at_us=np.array([event["at"]]),
        customers=[event["customer"]],
        customer_code=np.array([0]),
        dimensions=[plain_identity(asdict(event["dimension"]))],
        dimension_code=np.array([0]),
        tokens=np.array([[event["tokens"].get(name, 0) for name in TOKEN_CLASSES]]),
        calls=np.array([event["calls"]]),
        reported_pico=np.array([event["reported"]]),
    )
    return int(hashes[0])


CHANGES: dict[str, dict[str, Any]] = {
    "at": {"at": 1_740_996_000_000_001},
    "customer": {"customer": "Acme "},
    "nobody": {"customer": None},
    "calls": {"calls": 2},
    "cost of nothing": {"reported": 0},
    "cost": {"reported": 1},
    "tokens": {"tokens": TOKENS | {"input": 1001}},
    "classes swapped": {"tokens": {"input": 100, "output": 1000}},
    "another class": {"tokens": {"input_audio": 1000, "output": 100}},
    "no tokens": {"tokens": {}},
    **{f"with {name}": {"tokens": TOKENS | {name: 7}} for name in TOKEN_CLASSES},
    **{
        f"{name}": {"dimension": replace(GPT, **{name: value})}
        for name, value in {
            "provider": "azure",
            "model": "gpt-4o-mini",
            "product": None,
            "feature": "review",
            "service_tier": "flex",
            "batch": True,
            "speed": "fast",
            "region": "eu",
            "search_context_size": "low",
            "api_key": "k",
            "project": "p",
        }.items()
    },
}


def test_equal_content_has_an_equal_hash():
    assert hash_of() == hash_of()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_field_changes_the_hash(change):
    assert hash_of(**change) != hash_of()


def test_every_change_has_a_hash_of_its_own():
    assert len({hash_of(**change) for change in CHANGES.values()}) == len(CHANGES)


def test_a_class_of_zero_changes_nothing():
    assert hash_of(tokens=TOKENS | {"file_search": 0}) == hash_of()


def test_an_event_has_the_same_hash_in_any_batch():
    hashes = body_hashes(
        occurred_at_us=np.array([5, 1_740_996_000_000_000]),
        customers=["Birch", None, "Acme"],
        customer_code=np.array([0, 2]),
        dimensions=["other", plain_identity(asdict(GPT))],
        dimension_code=np.array([0, 1]),
        tokens=np.array([[9] * len(TOKEN_CLASSES), [TOKENS.get(name, 0) for name in TOKEN_CLASSES]]),
        calls=np.array([3, 1]),
        reported_pico=np.array([44, -1]),
    )

    assert int(hashes[1]) == hash_of()


def test_the_hash_is_the_same_in_every_release():
    # Written down once: a ledger of years compares what a new release reads with what an old one kept.
    assert stable_hash("Acme") == -4535017640108880826
    assert hash_of() == -8660479636419808404


def test_a_hash_takes_half_characters_and_fits_a_signed_bigint():
    assert stable_hash("\ud800") != stable_hash("\udfff")
    assert all(-(2**63) <= stable_hash(str(number)) < 2**63 for number in range(1000))


def test_names_that_only_look_alike_together_are_not_the_same():
    assert plain_identity({"a": "1", "b": None}) == plain_identity({"a": "1"})
    assert plain_identity({"a": "1\x1fb='2'"}) != plain_identity({"a": "1", "b": "2"})
    assert plain_identity({"batch": False}) != plain_identity({"batch": None}) != plain_identity({"batch": "None"})
