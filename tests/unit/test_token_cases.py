"""Costs that invoices, issues and price pages prove: where tools count tokens twice, or take the wrong price."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from billing_core.money import pico_usd
from billing_core.price_book import load_book
from billing_core.pricing import price_usage
from ingestion.llm.providers import tokens_of

pytestmark = pytest.mark.unit

PATH = Path(__file__).parents[1] / "payloads" / "token_cases.json"
CASES = json.loads(PATH.read_text(encoding="utf-8"), parse_float=Decimal)
NOVEMBER = datetime(2026, 11, 20, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def dated(case):
    """Yield when a case was priced and what it must cost: for a dated one the last instant before, and the first at."""
    expected = case["expected_usd"]
    if isinstance(expected, str):
        yield NOVEMBER, expected
        return
    for when, usd in expected.items():
        word, day = when.split()
        first = datetime.fromisoformat(day).replace(tzinfo=UTC)
        yield (first - INSTANT if word == "before" else first), usd


QUESTIONS = [
    pytest.param(case["usage"], at, usd, id=f"{case['id']} {at:%Y-%m-%d}") for case in CASES for at, usd in dated(case)
]


@pytest.mark.parametrize(("question", "at", "usd"), QUESTIONS)
def test_a_case_costs_what_its_source_proves(question, at, usd):
    split = tokens_of(question["provider"], question["usage"], question.get("context"))
    key = split.price_key(question["provider"], question["model"])
    result = price_usage(
        load_book(),
        key,
        split.tokens,
        at=at,
        reported_pico_usd=split.reported_pico_usd,
        uncounted=split.uncounted,
    )
    assert result.cost_pico_usd == pico_usd(usd)


def test_every_case_is_asked_and_names_its_source():
    assert len(CASES) == 11
    assert len(QUESTIONS) == 11 + 2
    assert all(case["source"] and case["basis"] for case in CASES)


def test_the_cases_arithmetic_by_hand():
    by_id = {case["id"]: case["expected_usd"] for case in CASES}
    million = Decimal(10) ** 6
    assert Decimal(by_id["T1"]) == ((2006 - 1920) * Decimal("2.5") + 1920 * Decimal("1.25") + 300 * 10) / million
    assert Decimal(by_id["T4"]) == (5005 * Decimal("2.5") + 257_955 * Decimal("0.25") + 1744 * 15) / million
    assert Decimal(by_id["T12"]) == (100 * 3 + 100 * 15) / million + 3 * Decimal("0.01")
    after_the_cut = 5000 * 4 + 2000 * Decimal("0.4") + 3000 * 5 + 100 * 20
    assert Decimal(by_id["T27"]["from 2026-08-21"]) == after_the_cut / million
