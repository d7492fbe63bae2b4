"""Which addresses Stripe has: every call that the installed stripe package's service classes can make."""

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import stripe

WRAPPERS = {"ListObject", "SearchResultObject"}


@dataclass(frozen=True)
class Route:
    """One call of the SDK, such as POST /v1/invoices/{invoice}/pay."""

    method: str
    path: str
    operation: str  # Such as InvoiceService.pay.
    params: tuple[str, str]  # The module and name of its TypedDict.
    returns: str  # The annotation, such as ListObject[Invoice].
    returned: tuple[tuple[str, str], ...]  # The module and name of every class in it.

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The path's parts; a placeholder stands in braces."""
        return tuple(self.path.split("/"))

    @cached_property
    def params_type(self) -> Any:
        """The TypedDict of its parameters."""
        return _load(*self.params)

    @cached_property
    def is_list(self) -> bool:
        """Whether it answers with a list or with search results."""
        return any(name in WRAPPERS for _, name in self.returned)

    @cached_property
    def object_names(self) -> frozenset[str]:
        """The names in `object` that its answer, or each item of its list, may have."""
        classes = [_load(module, name) for module, name in self.returned if name not in WRAPPERS]
        return frozenset(getattr(each, "OBJECT_NAME", "") for each in classes)


@cache
def routes() -> dict[tuple[str, str], Route]:
    """Return every route of version 1 of Stripe's API by its method and its path with placeholders."""
    found: dict[tuple[str, str], Route] = {}
    folder = Path(stripe.__file__).parent
    for file in sorted(folder.rglob("*_service.py")):
        if "v2" not in file.relative_to(folder).parts:
            for each in _routes_of(ast.parse(file.read_text("utf-8"))):
                found.setdefault((each.method, each.path), each)
    return found


def find_route(method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    """Return the route of an address and the ids in it, or None; a literal part goes before a placeholder."""
    parts = tuple(path.split("/"))
    best: Route | None = None
    for each in _by_shape().get((method, len(parts)), ()):
        fits = all(have == want or (want[:1] == "{" and have) for have, want in zip(parts, each.parts, strict=True))
        if fits and (best is None or each.path.count("{") < best.path.count("{")):
            best = each
    if best is None:
        return None
    return best, tuple(have for have, want in zip(parts, best.parts, strict=True) if want[:1] == "{")


@cache
def _by_shape() -> dict[tuple[str, int], list[Route]]:
    shapes: dict[tuple[str, int], list[Route]] = {}
    for each in routes().values():
        shapes.setdefault((each.method, len(each.parts)), []).append(each)
    return shapes


def _routes_of(tree: ast.Module) -> Iterator[Route]:
    """Yield the calls of one service module: every `self._request(method, path, …)` of its methods."""
    imports = {
        alias.asname or alias.name: node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for owner in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        for method in (node for node in owner.body if isinstance(node, ast.FunctionDef)):
            for call in (node for node in ast.walk(method) if isinstance(node, ast.Call)):
                if isinstance(call.func, ast.Attribute) and call.func.attr == "_request":
                    yield _route(owner.name, method, call, imports)


def _route(owner: str, method: ast.FunctionDef, call: ast.Call, imports: dict[str, str]) -> Route:
    address = call.args[1]
    if isinstance(address, ast.Call) and isinstance(address.func, ast.Attribute):
        address = address.func.value  # "/v1/invoices/{invoice}".format(invoice=…)
    annotation = next(each.annotation for each in method.args.args if each.arg == "params")
    params = re.sub(r"^Optional\[(.*)\]$", r"\1", _text(annotation))
    returns = _text(method.returns)
    return Route(
        method=str(ast.literal_eval(call.args[0])).upper(),
        path=ast.literal_eval(address),
        operation=f"{owner}.{method.name}",
        params=(imports[params], params),
        returns=returns,
        returned=tuple((imports[name], name) for name in re.findall(r"\w+", returns) if name in imports),
    )


def _text(annotation: ast.expr | None) -> str:
    """Return an annotation as it is written, without the quotes of forward references."""
    return "" if annotation is None else ast.unparse(annotation).replace("'", "")


def _load(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)
