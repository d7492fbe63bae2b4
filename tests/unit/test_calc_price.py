"""`marginbook calc price`: the price of a usage block from the command line."""

import json

import pytest
from typer.testing import CliRunner

from billing_core.errors import BillingError
from billing_core.price_book import OwnVersion, load_book
from billing_core.usage import TOKEN_CLASSES
from cli import app
from cli import calc_fields as fields
from cli.calc_price import priced

pytestmark = pytest.mark.unit


def question(**changes) -> dict:
    return {
        "provider": "openai",
        "model": "gpt-4o-2024-08-06",
        "at": "2026-11-20T12:00:00Z",
        "usage": {"prompt_tokens": 2006, "completion_tokens": 300, "prompt_tokens_details": {"cached_tokens": 1920}},
    } | changes


def test_a_catalogue_price_is_exact_and_names_its_version():
    # (86 * 2.50 + 1920 * 1.25 + 300 * 10) per million
    assert priced(question(), load_book()) == {
        "status": "priced",
        "cost_usd": "0.005615",
        "source": "catalogue",
        "price_version": "openai/gpt-4o@undated",
        "tokens": {"input": 86, "cache_read": 1920, "output": 300},
    }


def test_a_batch_is_known_from_the_context():
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 1_000_000}
    answer = priced(question(usage=usage, context={"batch": True}), load_book())
    assert (answer["cost_usd"], answer["price_version"]) == ("6.25", "openai/gpt-4o@2024-04-15+batch")


def test_a_reported_cost_has_no_price_version():
    usage = {"prompt_tokens": 194, "completion_tokens": 2, "cost": 3.03e-05, "is_byok": False}
    answer = priced(question(provider="openrouter", model="openai/gpt-4o-mini", usage=usage), load_book())
    assert (answer["cost_usd"], answer["source"], answer["price_version"]) == ("0.0000303", "reported", None)


def test_an_own_price_can_be_put_on_top():
    at = fields.instant_field(question(), "at")
    rates = {"input": 1_000_000, "cache_read": 0, "output": 2_000_000}
    book = load_book().with_own([OwnVersion("own/1", "openai", "gpt-4o", at, rates)])
    answer = priced(question(), book)
    assert (answer["cost_usd"], answer["source"], answer["price_version"]) == ("0.000686", "own", "own/1")


def test_an_unknown_model_is_unpriced_never_0():
    assert priced(question(model="gpt-9"), load_book()) == {
        "status": "unpriced",
        "cost_usd": None,
        "source": None,
        "price_version": None,
        "tokens": {"input": 86, "cache_read": 1920, "output": 300},
        "reason": "unknown_model",
        "message": "The price book has no model 'gpt-9': give an own price for it, or correct its name.",
        "known_usd": "0",
    }


def test_a_class_without_a_rate_leaves_the_known_part():
    usage = {"prompt_tokens": 194, "completion_tokens": 2, "prompt_tokens_details": {"audio_tokens": 100}}
    answer = priced(question(model="gpt-4o-audio-preview", usage=usage), load_book())
    assert (answer["status"], answer["reason"]) == ("unpriced", "class_without_rate")
    assert answer["known_usd"] == "0.000255"  # (94 * 2.50 + 2 * 10) per million


@pytest.mark.parametrize(
    ("changes", "error", "sentence"),
    [
        ({"provider": None}, "InvalidFieldError", "The field 'provider' is missing"),
        ({"model": 5}, "InvalidFieldError", "The field 'model' is"),
        ({"at": "2026-11-20"}, "InvalidFieldError", "The field 'at' has no offset"),
        ({"usage": None}, "InvalidFieldError", "The field 'usage' is missing"),
        ({"usage": [1]}, "InvalidFieldError", "The field 'usage' is no JSON object"),
        ({"context": "batch"}, "InvalidFieldError", "The field 'context' is no JSON object"),
        ({"context": {"batch": "yes"}}, "InvalidFieldError", "The field 'context.batch' is neither true nor false"),
        ({"usage": {}}, "UsageNotUnderstoodError", "it has nothing"),
        ({"usage": {"prompt_tokens": -1}}, "TokenCountNegativeError", "prompt_tokens cannot be -1"),
        ({"usage": {"prompt_tokens": True}}, "TokenCountNotWholeError", "prompt_tokens cannot be counted"),
        ({"usage": {"prompt_tokens": 10**10}}, "TokenCountTooLargeError", "prompt_tokens cannot be 10000000000"),
        (
            {"usage": {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 2}}},
            "TokenPartsExceedTotalError",
            "cannot be more than prompt_tokens (1)",
        ),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(changes, error, sentence):
    with pytest.raises(BillingError) as refusal:
        priced(question(**changes), load_book())
    assert type(refusal.value).__name__ == error
    assert sentence in str(refusal.value)


def test_lines_are_answered_in_order_whatever_stands_between(tmp_path):
    path = tmp_path / "questions.jsonl"
    lines = [question(id="1"), question(id="2", usage={}), question(id="3", model="gpt-9"), question(id="4")]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    result = CliRunner().invoke(app, ["calc", "price", str(path)])
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [(answer["id"], answer["status"]) for answer in answers] == [
        ("1", "priced"),
        ("2", "error"),
        ("3", "unpriced"),
        ("4", "priced"),
    ]


def test_a_cost_in_the_file_is_read_without_a_float():
    cost = "0.000000000001"
    line = json.dumps(question(provider="openrouter", usage={"prompt_tokens": 1, "cost": 0}))
    result = CliRunner().invoke(app, ["calc", "price", "-"], input=line.replace('"cost": 0', f'"cost": {cost}'))
    assert json.loads(result.stdout)["cost_usd"] == cost


def test_counts_may_be_given_by_class():
    usage = dict.fromkeys(TOKEN_CLASSES, 0) | {"input": 86, "cache_read": 1920, "output": 300}
    assert priced(question(usage=usage), load_book())["cost_usd"] == "0.005615"
