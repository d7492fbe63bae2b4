"""Every refusal is a sentence for people: what cannot be done, then what to do, with its facts in it."""

import inspect
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from billing_core import errors
from billing_core.errors import BillingError

pytestmark = pytest.mark.unit

REFUSALS = sorted(
    (each for each in vars(errors).values() if inspect.isclass(each) and issubclass(each, BillingError)),
    key=lambda each: each.__name__,
)
SAMPLES = {
    "str": "an-example",
    "object": "an-example",
    "int": 7,
    "float": 7.5,
    "bool": True,
    "Decimal": Decimal(7),
    "datetime": datetime(2026, 1, 31, tzinfo=UTC),
}


def sample(annotation: object) -> object:
    """Return a value that fits what a refusal wants to know."""
    named = (
        getattr(annotation, "__name__", str(annotation)).strip("'") if isinstance(annotation, type) else str(annotation)
    )
    if named.endswith("]"):
        return ["an-example", "another-example"]
    return SAMPLES[named.partition(" | ")[0]]


def made(refusal: type[BillingError]) -> BillingError:
    parameters = list(inspect.signature(refusal).parameters.values())
    given = [sample(each.annotation) for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    named = {each.name: sample(each.annotation) for each in parameters if each.kind is each.KEYWORD_ONLY}
    return refusal(*given, **named)


@pytest.mark.parametrize("refusal", [each for each in REFUSALS if each is not BillingError])
def test_a_refusal_is_a_whole_sentence_that_shows_no_object(refusal):
    said = str(made(refusal))

    assert said
    assert not said.startswith(" ")
    assert "<" not in said.replace("<your", "")
    assert "None" not in said
    assert "object at" not in said
