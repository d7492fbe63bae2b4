"""What Stripe may answer: the fields and types of the installed stripe package's resource classes."""

import importlib
import inspect
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from types import UnionType
from typing import Any, ClassVar, ForwardRef, Literal, TypeVar, Union, get_args, get_origin

import typing_extensions
from stripe._error_object import ErrorObject
from stripe._list_object import ListObject
from stripe._object_classes import OBJECT_CLASSES
from stripe._stripe_object import StripeObject, UntypedStripeObject

# A resource class is generated code: what stands in its annotations is only known while running, hence `Any` here.
Problems = list[str]
Check = Callable[[Any, str, Problems], None]

LITERALS = (Literal, typing_extensions.Literal)
ENVELOPE: Mapping[str, type] = {"data": list, "has_more": bool, "url": str}


@dataclass(frozen=True)
class Field:
    """One field of a resource class."""

    may_be_null: bool
    check: Check


@cache
def object_class(name: str) -> type | None:
    """Return the resource class of an object name such as `invoice` or `billing.meter`."""
    where = OBJECT_CLASSES.get(name)
    return None if where is None else getattr(importlib.import_module(where[0]), where[1])


@cache
def fields_of(owner: type) -> dict[str, Field]:
    """Return every field of a resource class; of a free map none."""
    found: dict[str, Field] = {}
    for each in reversed(owner.__mro__):
        if not issubclass(each, StripeObject) or each in (StripeObject, UntypedStripeObject):
            continue
        for name, annotation in inspect.get_annotations(each).items():
            origin: Any = get_origin(annotation)
            if origin is not ClassVar and not name.startswith("_"):
                found[name] = Field(name == "deleted" or _may_be_null(annotation), _check_of(annotation))
    return found


def check_object(value: Any, where: str, problems: Problems) -> None:
    """Hold one object of an answer, with all that is nested in it, against the class that its `object` names."""
    if not isinstance(value, Mapping) or not isinstance(value.get("object"), str):
        problems.append(f"{where}: expected an object that names its kind in 'object'")
    elif value["object"] == "list":
        _check_list(value, where, problems)
    elif (owner := object_class(value["object"])) is None:
        problems.append(f"{where}: Stripe knows no object {value['object']!r}")
    else:
        _check_fields(owner, value, where, problems)


def check_error(body: Mapping[str, Any]) -> Problems:
    """Return what in an error's body Stripe's own would not have."""
    error = body.get("error")
    if not isinstance(error, Mapping) or not isinstance(error.get("type"), str) or set(body) != {"error"}:
        return ["error: expected {'error': {'type': …}}"]
    problems: Problems = []
    known = fields_of(ErrorObject)
    for name, value in error.items():
        if name not in known:
            problems.append(f"error.{name}: Stripe has no such field")
        else:
            known[name].check(value, f"error.{name}", problems)
    return problems


def _check_fields(owner: type, value: Mapping[str, Any], where: str, problems: Problems) -> None:
    known = fields_of(owner)
    for name, item in value.items():
        field = known.get(name)
        if field is None:
            problems.append(f"{where}.{name}: Stripe has no such field")
        elif item is not None:
            field.check(item, f"{where}.{name}", problems)
    if value.get("deleted") is True:
        return
    for name, field in known.items():
        if not field.may_be_null and value.get(name) is None:
            problems.append(f"{where}.{name}: {'is null' if name in value else 'is missing'}")


def _check_list(value: Mapping[str, Any], where: str, problems: Problems) -> None:
    for name, kind in ENVELOPE.items():
        if not isinstance(value.get(name), kind):
            problems.append(f"{where}.{name}: a list needs a {kind.__name__} here")
    for place, item in enumerate(value.get("data") or ()):
        check_object(item, f"{where}.data[{place}]", problems)


def _may_be_null(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType) and type(None) in get_args(annotation)


def _check_of(annotation: Any) -> Check:
    """Return the check of one annotation; null is judged by the field, not here."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return _check_union([_check_of(each) for each in args if each is not type(None)])
    if origin in LITERALS:
        return _check_literal(args)
    if origin in (list, dict):
        item = _check_of(args[-1])
        return _check_items(item) if origin is list else _check_map(item)
    if isinstance(annotation, ForwardRef | str):
        return _check_resource(annotation if isinstance(annotation, str) else annotation.__forward_arg__)
    if origin is ListObject or isinstance(annotation, TypeVar):
        return check_object
    return _check_kind(origin or annotation)


def _check_kind(kind: Any) -> Check:
    if kind is Any or kind is object or kind is UntypedStripeObject:
        return _check_map(_accept) if kind is UntypedStripeObject else _accept
    if issubclass(kind, StripeObject):
        return check_object if hasattr(kind, "OBJECT_NAME") else _check_struct(kind)
    return _check_scalar(kind)


def _check_resource(class_name: str) -> Check:
    """Check another resource; a few are named by an alias of their module, and any object may stand there."""
    wanted = _object_names().get(class_name)

    def check(value: Any, where: str, problems: Problems) -> None:
        check_object(value, where, problems)
        if wanted is not None and isinstance(value, Mapping) and value.get("object") != wanted:
            problems.append(f"{where}: expected a {wanted}, not a {value.get('object')}")

    return check


@cache
def _object_names() -> dict[str, str]:
    """Return the name in `object` by the name of its class; a name of two classes stands for neither."""
    named = [(class_name, name) for name, (_, class_name) in OBJECT_CLASSES.items()]
    counted = Counter(class_name for class_name, _ in named)
    return {class_name: name for class_name, name in named if counted[class_name] == 1}


def _accept(_value: Any, _where: str, _problems: Problems) -> None:
    """Take whatever stands there."""


def _check_struct(kind: type) -> Check:
    def check(value: Any, where: str, problems: Problems) -> None:
        if isinstance(value, Mapping):
            _check_fields(kind, value, where, problems)
        else:
            problems.append(f"{where}: expected an object, not {value!r}")

    return check


def _check_union(options: list[Check]) -> Check:
    if len(options) == 1:
        return options[0]

    def check(value: Any, where: str, problems: Problems) -> None:
        nearest: Problems | None = None
        for option in options:
            found: Problems = []
            option(value, where, found)
            if not found:
                return
            if nearest is None or isinstance(value, Mapping):
                nearest = found  # An object that fails is best described by the check for objects, which stands last.
        problems.extend(nearest or ())

    return check


def _check_literal(allowed: tuple[Any, ...]) -> Check:
    def check(value: Any, where: str, problems: Problems) -> None:
        if value not in allowed:
            problems.append(f"{where}: {value!r} is none of {', '.join(map(repr, allowed))}")

    return check


def _check_items(item: Check) -> Check:
    def check(value: Any, where: str, problems: Problems) -> None:
        if not isinstance(value, list):
            problems.append(f"{where}: expected a list, not {value!r}")
            return
        for place, each in enumerate(value):
            item(each, f"{where}[{place}]", problems)

    return check


def _check_map(item: Check) -> Check:
    def check(value: Any, where: str, problems: Problems) -> None:
        if not isinstance(value, Mapping):
            problems.append(f"{where}: expected an object, not {value!r}")
            return
        for name, each in value.items():
            item(each, f"{where}[{name}]", problems)

    return check


def _check_scalar(kind: type) -> Check:
    def check(value: Any, where: str, problems: Problems) -> None:
        if not is_scalar(kind, value):
            problems.append(f"{where}: expected {kind.__name__}, not {value!r}")

    return check


def is_scalar(kind: type, value: Any) -> bool:
    """Whether a JSON value is of a scalar type; a decimal is written as text, a whole number is a number too."""
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    if kind is Decimal:
        return isinstance(value, Decimal) or (isinstance(value, str) and is_decimal(value))
    return isinstance(value, (kind, int) if kind.__name__ == "float" else kind)


def is_decimal(text: str) -> bool:
    """Whether a text is a finite decimal number."""
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False
