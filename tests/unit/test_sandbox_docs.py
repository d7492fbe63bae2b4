"""The document of the sandbox names every address that it answers, every fault, and the keys as they are."""

import re
from pathlib import Path

import pytest

from ingestion.stripe.sandbox import keys
from ingestion.stripe.sandbox.cards import card_named
from ingestion.stripe.sandbox.faults import FaultKind, When
from ingestion.stripe.sandbox.routes import handlers

pytestmark = pytest.mark.unit

DOCUMENT = Path(__file__).parents[2] / "docs" / "sandbox.md"


def test_every_address_is_named_with_its_methods_and_no_other():
    rows = re.findall(r"^\| `(/v1/\S+)` \| ([A-Z, ]+) \|$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    named = {(method, path) for path, methods in rows for method in methods.split(", ")}

    assert named == handlers().keys()


def test_every_fault_and_key_is_named():
    text = DOCUMENT.read_text("utf-8")

    for word in [*FaultKind, *When, keys.SECRET_KEY, keys.READ_KEY]:
        assert f"`{word}`" in text


def test_every_card_that_is_named_exists():
    named = re.findall(r"`((?:pm_card|tok)_\w+)`", DOCUMENT.read_text("utf-8"))

    assert len(named) > 10
    assert [each for each in named if card_named(each) is None] == []
