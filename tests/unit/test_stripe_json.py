"""Stripe's JSON keeps its exact numbers, and an object's hash changes when its state does."""

import json
from decimal import Decimal

import pytest

from billing_core.stripe_json import canonical, parse, state_hash

pytestmark = pytest.mark.unit


def test_numbers_with_a_point_stay_exact_through_text_and_back():
    body = '{"rate":0.1234567890123456789,"whole":7,"percent":12.5}'

    assert parse(body) == {"rate": Decimal("0.1234567890123456789"), "whole": 7, "percent": Decimal("12.5")}
    assert json.loads(canonical(parse(body))) == json.loads(body)
    assert '"rate":0.1234567890123456789' in canonical(parse(body))


@pytest.mark.parametrize("same", ['{"b":0.90,"a":[1,"ä"]}', '{ "a": [1, "\\u00e4"], "b": 9.0e-1 }'])
def test_one_state_has_one_text(same):
    assert canonical(parse(same)) == '{"a":[1,"\\u00e4"],"b":0.9}'


def test_a_decimal_that_is_whole_is_written_whole():
    assert canonical(parse('{"a":100.0,"b":-2.50,"c":1E+2}')) == '{"a":100,"b":-2.5,"c":100}'


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('"a\\u0000b"', "a\ufffdb"),
        ('"\\u00001.5"', "\ufffd1.5"),
        ('"a\\\\u0000b"', "a\\u0000b"),
        ('"a\\\\\\u0000b"', "a\\\ufffdb"),
    ],
    ids=["NUL", "what would look like a marked number", "a backslash before u0000", "a backslash, then NUL"],
)
def test_the_one_character_that_the_database_cannot_keep_is_replaced(text, kept):
    assert parse(text) == kept
    assert json.loads(canonical(parse(text))) == kept


def test_what_is_no_json_is_no_state():
    with pytest.raises(TypeError, match="object is no value of JSON"):
        canonical({"a": object()})


def test_a_hash_follows_every_field_but_links_that_stripe_signs_anew():
    state = {"id": "in_1", "total": 2000, "invoice_pdf": "https://pay.stripe.com/invoice/1"}

    assert state_hash(state) == state_hash(state | {"invoice_pdf": "https://pay.stripe.com/invoice/2"})
    assert state_hash(state) != state_hash(state | {"total": 2001})
    assert len(state_hash(state)) == 256 // 8
