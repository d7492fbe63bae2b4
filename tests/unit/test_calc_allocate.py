"""`marginbook calc allocate`: totals split from the command line."""

import json
from decimal import Decimal

import pytest

from billing_core.errors import BillingError
from cli.calc import allocated

pytestmark = pytest.mark.unit


def question(**changes) -> dict:
    return {"currency": "usd", "total_minor": 100, "weights": [1, 1, 1]} | changes


@pytest.mark.parametrize(
    ("changes", "parts_minor"),
    [
        ({}, [34, 33, 33]),
        ({"total_minor": -100}, [-34, -33, -33]),
        ({"total_minor": 0}, [0, 0, 0]),
        ({"weights": ["0.5", 1, "2.50"]}, [13, 25, 62]),
        ({"weights": [0, 1]}, [0, 100]),
        ({"currency": "ISK", "total_minor": 1000}, [400, 300, 300]),
        ({"currency": "KWD", "total_minor": 100}, [40, 30, 30]),
        ({"total_minor": 10**30, "weights": [1, 1]}, [5 * 10**29, 5 * 10**29]),
        ({"a field from elsewhere": True}, [34, 33, 33]),
    ],
)
def test_a_total_is_split_exactly(changes, parts_minor):
    assert allocated(question(**changes)) == {"parts_minor": parts_minor}


@pytest.mark.parametrize(
    ("line", "error", "sentence"),
    [
        (
            '"total_minor": 10.5',
            "InvalidFieldError",
            "'total_minor' is a number with a decimal point or an exponent (10.5)",
        ),
        (
            '"total_minor": 10.0',
            "InvalidFieldError",
            "'total_minor' is a number with a decimal point or an exponent (10.0)",
        ),
        (
            '"total_minor": 1e3',
            "InvalidFieldError",
            "'total_minor' is a number with a decimal point or an exponent (1E+3)",
        ),
        ('"total_minor": "100"', "InvalidFieldError", "'total_minor' is a text (100)"),
        ('"total_minor": true', "InvalidFieldError", "'total_minor' is a yes or no (True)"),
        ('"total_minor": null', "InvalidFieldError", "'total_minor' is missing: add it to the line."),
        ('"total_minor": [1]', "InvalidFieldError", "'total_minor' is a list"),
        ('"total_minor": {}', "InvalidFieldError", "'total_minor' is an object"),
        ('"currency": 840', "InvalidFieldError", "'currency' is a bare number (840): write a text in quotes."),
        ('"currency": null', "InvalidFieldError", "'currency' is missing"),
        ('"currency": "btc"', "InvalidCurrencyError", "'btc' is no currency"),
        ('"weights": null', "InvalidFieldError", "'weights' is missing"),
        ('"weights": "1"', "InvalidFieldError", "'weights' is a text (1): write a list in square brackets."),
        (
            '"weights": [1, 0.5]',
            "InvalidFieldError",
            "'weights[1]' is a number with a decimal point or an exponent (0.5)",
        ),
        ('"weights": ["1e3"]', "InvalidFieldError", "'weights[0]' is no plain decimal number ('1e3')"),
        ('"weights": [null]', "InvalidFieldError", "'weights[0]' is null"),
        ('"weights": [true]', "InvalidFieldError", "'weights[0]' is a yes or no (True)"),
        ('"weights": []', "InvalidWeightsError", "without weights"),
        ('"weights": [0, "0.0"]', "InvalidWeightsError", "by weights that are all 0"),
        ('"weights": [1, -1]', "InvalidWeightsError", "by weight 2, which is negative"),
    ],
)
def test_what_cannot_be_split_is_refused_in_a_sentence(line, error, sentence):
    changes = json.loads("{" + line + "}", parse_float=Decimal)
    with pytest.raises(BillingError) as refusal:
        allocated(question(**changes))
    assert type(refusal.value).__name__ == error
    assert sentence in str(refusal.value)
