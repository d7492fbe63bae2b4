"""Which function of the sandbox answers which of Stripe's addresses."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.state import Object, Sandbox

Handler = Callable[..., Object]

_handlers: dict[tuple[str, str], Handler] = {}


def route(method: str, path: str, *, takes: Iterable[str] = ()) -> Callable[[Handler], Handler]:
    """Register a function for one of the SDK's routes, written as the SDK writes it: `/v1/invoices/{invoice}/pay`.

    It is called as `function(sandbox, params, *ids)`: the parameters are already checked, decoded and typed by the
    contract, without `expand`; the ids are the path's placeholders in their order. It returns the answer's body.
    A parameter that Stripe has, but that is not named in `takes`, is refused: nothing that is asked is ignored.
    """

    def register(handler: Handler) -> Handler:
        if (method, path) in _handlers:
            raise ValueError(f"{method} {path} is answered twice: by {_handlers[method, path]} and {handler}")
        _handlers[method, path] = _narrowed(handler, frozenset(takes))
        return handler

    return register


@cache
def handlers() -> dict[tuple[str, str], Handler]:
    """Return every registered function by (method, path); every module of this folder may register some."""
    package = importlib.import_module("ingestion.stripe.sandbox")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return _handlers


def _narrowed(handler: Handler, takes: frozenset[str]) -> Handler:
    def answer(sandbox: Sandbox, params: dict[str, Any], *ids: str) -> Object:
        for name in sorted(params.keys() - takes):
            raise invalid(
                f"Stripe knows the parameter {name}; this sandbox does not play it. Leave it out.", param=name
            )
        return handler(sandbox, params, *ids)

    return answer
