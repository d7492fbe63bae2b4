"""What the stripe package's own encoder writes, the sandbox reads back as it was, in both ways of writing brackets."""

from contextlib import suppress
from decimal import Decimal
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stripe._encode import _api_encode

from ingestion.stripe.sandbox.contract import json_number, read_request
from ingestion.stripe.sandbox.contract_params import decode_form
from ingestion.stripe.sandbox.errors import StripeRefusal

pytestmark = pytest.mark.property

words = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=12)
names = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8)
exact = st.decimals(min_value=0, max_value=10**9, places=6)
tiers = st.lists(
    st.fixed_dictionaries({"up_to": st.integers(1, 10**6)}, optional={"unit_amount_decimal": exact}),
    min_size=1,
    max_size=12,
)
prices = st.fixed_dictionaries(
    {"currency": st.sampled_from(["usd", "eur", "jpy"])},
    optional={
        "active": st.booleans(),
        "unit_amount": st.integers(0, 10**12),
        "nickname": words,
        "metadata": st.dictionaries(names, words, min_size=1, max_size=5),
        "recurring": st.fixed_dictionaries(
            {"interval": st.sampled_from(["day", "week", "month", "year"])},
            optional={"interval_count": st.integers(1, 36)},
        ),
        "tiers": tiers,
    },
)


@settings(deadline=None)
@given(asked=prices)
def test_parameters_survive_the_wire_in_both_ways_of_writing_brackets(asked):
    pairs = list(_api_encode(asked))
    raw = "&".join(f"{name}={quote_plus(str(value))}" for name, value in pairs)

    for body in (raw, urlencode(pairs)):
        assert read_request("POST", "/v1/prices", body=body).params == asked


@settings(deadline=None)
@given(bounds=st.dictionaries(st.sampled_from(["gt", "gte", "lt", "lte"]), st.integers(0, 2**40), min_size=1))
def test_bounds_survive_the_wire(bounds):
    query = urlencode(list(_api_encode({"created": bounds})))

    assert read_request("GET", "/v1/invoices", query=query).params == {"created": bounds}


@settings(deadline=None)
@given(form=st.text("ab[]=&%0", max_size=40))
def test_any_form_is_read_or_refused_and_nothing_else(form):
    read: object = None
    with suppress(StripeRefusal):
        read = decode_form(form)

    assert read is None or isinstance(read, dict)


@settings(deadline=None)
@given(number=exact)
def test_a_number_keeps_its_value_in_json(number):
    assert Decimal(str(json_number(number))) == number
