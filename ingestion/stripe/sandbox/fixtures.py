"""How each object begins: Stripe's official fixtures, brought up to the pinned API version and emptied."""

import copy
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from stripe._stripe_object import StripeObject

from ingestion.stripe.sandbox.contract_responses import fields_of, object_class
from ingestion.stripe.sandbox.state import Object

# Nullable in the class, but never null in an answer.
NEVER_NULL = {"metadata", "livemode", "object", "type"}
# What the pinned version has beyond the published examples, by object kind and field.
ADDED: dict[str, dict[str, Object]] = {"dispute": {"evidence_details": {"submission_method": "not_submitted"}}}


def fixture(kind: str) -> Object:
    """Return a fresh body of an object kind: Stripe's example of it without the example's values.

    What may be null is null, lists are empty, metadata is {}; what must be there keeps Stripe's example value, for the
    caller to overwrite. Fields that the pinned version no longer has are gone.
    """
    return copy.deepcopy(_emptied(kind))


@cache
def published(kind: str) -> Object:
    """Return Stripe's own example of an object, unchanged."""
    every = json.loads(files(__package__).joinpath("fixtures.json").read_text("utf-8"))
    body: Object = every[kind]
    return body


@cache
def _emptied(kind: str) -> Object:
    owner = object_class(kind)
    if owner is None:
        raise KeyError(f"The stripe package has no object {kind}")
    body = dict(published(kind))
    for name, more in ADDED.get(kind, {}).items():
        body[name] = {**body[name], **more}
    return _empty(owner, body)


def _empty(owner: type, body: Mapping[str, Any]) -> Object:
    known = fields_of(owner)
    inner: Mapping[str, type[StripeObject]] = getattr(owner, "_inner_class_types", {})
    empty: Object = {}
    for name, value in body.items():
        if name not in known:
            continue
        if name == "metadata":
            empty[name] = {}
        elif isinstance(value, list):
            empty[name] = []
        elif known[name].may_be_null and name not in NEVER_NULL:
            empty[name] = None
        elif isinstance(value, Mapping) and value.get("object") == "list":
            empty[name] = {**value, "data": [], "has_more": False}
        elif isinstance(value, Mapping) and name in inner:
            empty[name] = _empty(inner[name], value)
        else:
            empty[name] = value
    return empty
