"""What no usage event may be, whoever sends it: the boundary pairs of every check."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from billing_core.store.names import UsageDimension
from billing_core.usage import CALLS_MAX, CLASS_INDEX, TOKEN_CLASSES, TOKENS_MAX, epoch_us
from ingestion.batch import UsageBatch
from ingestion.checks import AHEAD_MAX, EARLIEST, KEY_MAX, split_refused

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def batch(*rows: dict[str, Any]) -> UsageBatch:
    """Return events, each of its own customer and model."""
    usual = {"key": "k", "at": NOW, "calls": 1, "tokens": {"input": 1}}
    whole = [usual | row for row in rows]
    return UsageBatch(
        keys=[row["key"] for row in whole],
        occurred_at_us=np.array([epoch_us(row["at"]) for row in whole]),
        customers=tuple(f"C{number}" for number in range(len(rows))),
        customer_code=np.arange(len(rows)),
        dimensions=tuple(UsageDimension("openai", f"m{number}") for number in range(len(rows))),
        dimension_code=np.arange(len(rows)),
        tokens=np.array([[row["tokens"].get(name, 0) for name in TOKEN_CLASSES] for row in whole]),
        calls=np.array([row["calls"] for row in whole]),
        reported_pico=np.full(len(rows), -1),
        tags=[None] * len(rows),
    )


def reasons(*rows: dict[str, Any]) -> list[str]:
    return [refused.reason for refused in split_refused(batch(*rows), origin="o", now=NOW)[1]]


@pytest.mark.parametrize(
    ("taken", "refused", "reason"),
    [
        ({"at": EARLIEST}, {"at": EARLIEST - MOMENT}, "time_too_early"),
        ({"at": NOW + AHEAD_MAX}, {"at": NOW + AHEAD_MAX + MOMENT}, "time_too_late"),
        ({"key": "k" * KEY_MAX}, {"key": "k" * (KEY_MAX + 1)}, "key"),
        ({"key": "k"}, {"key": ""}, "key"),
        ({"key": "é"}, {"key": "\0"}, "key"),
        ({"key": "😀"}, {"key": "\ud83d"}, "key"),
        ({"tokens": {"input": TOKENS_MAX}}, {"tokens": {"input": TOKENS_MAX + 1}}, "count_out_of_range"),
        ({"tokens": {"output": 0}}, {"tokens": {"output": -1}}, "count_out_of_range"),
        ({"tokens": {"web_search": CALLS_MAX}}, {"tokens": {"web_search": CALLS_MAX + 1}}, "count_out_of_range"),
        ({"calls": CALLS_MAX}, {"calls": CALLS_MAX + 1}, "calls_out_of_range"),
        ({"calls": 1}, {"calls": 0}, "calls_out_of_range"),
    ],
)
def test_the_last_value_is_taken_and_the_next_refused(taken, refused, reason):
    assert reasons(taken) == []
    assert reasons(refused) == [reason]


def test_a_good_batch_stays_the_batch_it_is():
    good = batch({}, {"key": "2"})

    assert split_refused(good, origin="o", now=NOW) == (good, [])


def test_a_row_with_two_faults_is_refused_once():
    assert reasons({"at": EARLIEST - MOMENT, "calls": 0}, {}) == ["time_too_early"]


def test_the_rows_that_stay_keep_their_columns_and_only_their_own_names():
    kept, refused = split_refused(
        batch({"key": "1"}, {"key": "2", "calls": 0}, {"key": "3", "tokens": {"output": 7}}), origin="o", now=NOW
    )

    assert (kept.keys, kept.customers, kept.tags) == (["1", "3"], ("C0", "C2"), [None, None])
    assert [kept.customers[code] for code in kept.customer_code] == ["C0", "C2"]
    assert [kept.dimensions[code].model for code in kept.dimension_code] == ["m0", "m2"]
    assert kept.tokens[:, CLASS_INDEX["output"]].tolist() == [0, 7]
    assert [(bad.line_number, bad.origin) for bad in refused] == [(2, "o")]


def test_all_rows_may_be_refused():
    kept, refused = split_refused(batch({"calls": 0}, {"calls": 0}), origin="o", now=NOW)

    assert (len(kept), kept.customers, len(refused)) == (0, (), 2)


def test_a_refused_row_is_known_again_by_its_content():
    first, second, other = (
        split_refused(batch({"calls": 0, "key": key}), origin="o", now=NOW + ahead)[1][0].content_hash
        for key, ahead in (("1", timedelta(0)), ("1", timedelta(days=9)), ("2", timedelta(0)))
    )

    assert first == second != other
