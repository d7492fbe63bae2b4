"""What Stripe may be asked: parameters decoded and typed by the installed stripe package's TypedDicts."""

import collections.abc
import json
import re
import sys
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, ForwardRef, Union, get_args, get_origin
from urllib.parse import parse_qsl

import typing_extensions
from stripe._request_options import RequestOptions
from stripe._stripe_object import StripeObject

from ingestion.stripe.sandbox.contract_responses import LITERALS, is_decimal
from ingestion.stripe.sandbox.errors import StripeRefusal, invalid

# What a parameter's type is, is read from generated code while running, hence `Any` here.
Parse = Callable[[Any, str], Any]

WRAPPERS = (typing.NotRequired, typing.Required, typing_extensions.NotRequired, typing_extensions.Required)
DEPTH_MAX = 20
WHOLE = re.compile(r"[+-]?\d{1,18}")


@dataclass(frozen=True)
class Parameters:
    """The parameters of one TypedDict: how each is read, and which must be there."""

    parse: Mapping[str, Parse]
    required: frozenset[str]


def decode_form(text: str) -> dict[str, Any]:
    """Return `a[b]=1&c[0][d]=2&e[]=3` as nested dicts; raw and percent-encoded brackets both work.

    Lists stay dicts with digits for keys: only the parameter's type tells a list from a map.
    """
    root: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        parts = name.replace("]", "").split("[")
        if len(parts) > DEPTH_MAX:
            raise invalid(f"Invalid parameter: {parts[0]} is nested too deeply", param=parts[0])
        node = root
        for part in parts[:-1]:
            inner = node.setdefault(part or str(len(node)), {})
            if not isinstance(inner, dict):
                raise invalid(f"Invalid object: {name}", param=parts[0])
            node = inner
        node[parts[-1] or str(len(node))] = value
    return root


def read_params(params_type: Any, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return decoded parameters typed by a TypedDict; refuse them in Stripe's words."""
    return _read(_parameters(params_type), raw, "")


@cache
def _parameters(owner: Any) -> Parameters:
    """Return how a TypedDict's parameters are read; the transport's options are none of them."""
    names = {**vars(typing), **vars(typing_extensions), "Decimal": Decimal, **vars(sys.modules[owner.__module__])}
    transport = RequestOptions.__annotations__
    parse = {
        name: _parse_of(annotation, names)
        for name, annotation in owner.__annotations__.items()
        if not (name in transport and annotation == transport[name])
    }
    return Parameters(parse, frozenset(owner.__required_keys__) & parse.keys())


def _read(parameters: Parameters, raw: Any, where: str) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        raise invalid("Invalid object", param=where)
    typed = {}
    for name, value in raw.items():
        inside = f"{where}[{name}]" if where else name
        parse = parameters.parse.get(name)
        if parse is None:
            raise invalid(f"Received unknown parameter: {inside}", param=inside, code="parameter_unknown")
        typed[name] = parse(value, inside)
    for name in sorted(parameters.required - raw.keys()):
        inside = f"{where}[{name}]" if where else name
        raise invalid(f"Missing required param: {inside}.", param=inside, code="parameter_missing")
    return typed


def _resolve(annotation: Any, names: dict[str, Any]) -> Any:
    while True:
        if isinstance(annotation, ForwardRef):
            annotation = annotation.__forward_arg__
        if isinstance(annotation, str):
            annotation = eval(annotation, names)  # noqa: S307 - an annotation of the installed stripe package
        elif get_origin(annotation) in WRAPPERS:
            annotation = get_args(annotation)[0]
        else:
            return annotation


def _parse_of(annotation: Any, names: dict[str, Any]) -> Parse:
    """Return how a value of an annotation is read from its text or its nested dict."""
    annotation = _resolve(annotation, names)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        options = _closed([_resolve(each, names) for each in args])
        return _any_of([_parse_of(each, names) for each in options if each is not NoneType])
    if origin in LITERALS:
        return _one_of(args)
    if origin in MANY:
        return MANY[origin](_parse_of(args[-1], names))
    if hasattr(annotation, "__required_keys__"):
        return lambda value, where: _read(_parameters(annotation), value, where)
    kind = origin or annotation
    if isinstance(kind, type) and issubclass(kind, StripeObject):
        return _map_of(_text)
    if kind not in SCALARS:
        raise TypeError(f"The stripe package has a kind of parameter that is not known here: {annotation!r}")
    return SCALARS[kind]


def _closed(options: list[Any]) -> list[Any]:
    """Leave out the free text that the package adds to every list of values: Stripe refuses what is not in the list."""
    named = [value for each in options if get_origin(each) in LITERALS for value in get_args(each) if value]
    return [each for each in options if each is not str] if len(named) > 1 else options


def _any_of(options: list[Parse]) -> Parse:
    def parse(value: Any, where: str) -> Any:
        refusals = []
        for option in options:
            try:
                return option(value, where)
            except StripeRefusal as refusal:
                refusals.append(refusal)
        # The refusal that came furthest into the value describes it best.
        raise max(refusals, key=lambda each: str(each.error.get("param")).count("["))

    return parse


def _one_of(allowed: tuple[Any, ...]) -> Parse:
    by_text = {str(each).lower() if isinstance(each, bool) else str(each): each for each in allowed}

    def parse(value: Any, where: str) -> Any:
        if not isinstance(value, str) or value not in by_text:
            raise invalid(f"Invalid {where}: must be one of {', '.join(by_text)}", param=where)
        return by_text[value]

    return parse


def _list_of(item: Parse) -> Parse:
    def parse(value: Any, where: str) -> Any:
        if not isinstance(value, dict) or not all(place.isdecimal() for place in value):
            raise invalid("Invalid array", param=where)
        ordered = sorted(value, key=int)
        return [item(value[place], f"{where}[{place}]") for place in ordered]

    return parse


def _map_of(item: Parse) -> Parse:
    def parse(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise invalid("Invalid object", param=where)
        return {name: item(each, f"{where}[{name}]") for name, each in value.items()}

    return parse


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise invalid(f"Invalid string: {value}", param=where)
    return value


def _flag(value: Any, where: str) -> bool:
    if value not in ("true", "false"):
        raise invalid(f"Invalid boolean: {value}", param=where)
    return bool(value == "true")


def _whole(value: Any, where: str) -> int:
    if not isinstance(value, str) or not WHOLE.fullmatch(value):
        raise invalid(f"Invalid integer: {value}", param=where, code="parameter_invalid_integer")
    return int(value)


def _decimal(value: Any, where: str) -> Decimal:
    if not isinstance(value, str) or not is_decimal(value):
        raise invalid(f"Invalid decimal: {value}", param=where)
    return Decimal(value)


def _number(value: Any, where: str) -> Any:
    """Return a number as JSON writes it, such as the 25.5 of `percent_off`."""
    return json_number(_decimal(value, where))


def json_number(exact: Decimal) -> Any:
    """Return a decimal as the plain number that Stripe's JSON has in a few fields (percent_off, exchange_rate)."""
    return json.loads(format(exact, "f"))


def _anything(value: Any, _where: str) -> Any:
    return value


MANY: dict[Any, Callable[[Parse], Parse]] = {
    list: _list_of,
    collections.abc.Sequence: _list_of,
    dict: _map_of,
    collections.abc.Mapping: _map_of,
}
SCALARS: dict[Any, Parse] = {
    str: _text,
    bool: _flag,
    int: _whole,
    Decimal: _decimal,
    Any: _anything,
    object: _anything,
}
SCALARS[type(json.loads("0.5"))] = _number
