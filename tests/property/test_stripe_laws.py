"""Laws of reading Stripe: text and values are one, and the windows of a backfill cover all of time once."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_core.stripe_json import LINKS, canonical, parse, state_hash
from ingestion.stripe.windows import windows

pytestmark = pytest.mark.property

law = settings(deadline=None, max_examples=100)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]).filter(lambda letter: letter != "\0"), max_size=12)
EXACT = st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**9), max_value=10**9)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | EXACT | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, max_size=5)
INSTANTS = st.datetimes(datetime(2012, 1, 1), datetime(2039, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  Hypothesis adds the zone.


@law
@given(OBJECTS)
def test_values_come_back_from_their_text_as_they_were(values):
    assert parse(canonical(values)) == values


@law
@given(OBJECTS)
def test_a_text_is_the_same_after_another_round(values):
    assert canonical(parse(canonical(values))) == canonical(values)


@law
@given(OBJECTS, st.randoms(use_true_random=False))
def test_the_order_of_fields_makes_no_other_state(values, random):
    shuffled = list(values.items())
    random.shuffle(shuffled)

    assert state_hash(dict(shuffled)) == state_hash(values)


@law
@given(OBJECTS, TEXTS.filter(lambda name: name not in LINKS), VALUES)
def test_every_field_makes_another_state(values, name, value):
    changed = values | {name: [value, values.get(name)]}

    assert state_hash(changed) != state_hash(values)


@law
@given(EXACT)
def test_a_decimal_is_a_number_in_the_text_and_never_a_float(exact):
    text = canonical({"rate": exact})

    assert json.loads(text, parse_float=Decimal)["rate"] == exact
    assert '"' not in text.partition(":")[2]


@law
@given(INSTANTS, INSTANTS, st.integers(-4000, 4000))
def test_windows_have_no_gap_no_overlap_and_no_outside(made, began, days):
    found = windows(account_created_at=made, since=None, started_at=began)
    at = made + timedelta(days=days)

    assert all(older.ends_at == newer.starts_at for newer, older in pairwise(found))
    assert sum(window.holds(at) for window in found) == 1
    assert all(window.ends_at - window.starts_at <= timedelta(days=31) for window in found)


@law
@given(INSTANTS, INSTANTS, INSTANTS)
def test_nothing_before_since_is_asked_for(made, began, since):
    found = windows(account_created_at=made, since=since, started_at=began)

    assert all(window.created()["gte"] >= int(since.timestamp()) for window in found)
    assert not any(window.holds(since - timedelta(microseconds=1)) for window in found)
    assert sum(window.holds(since) for window in found) == 1
