"""How `expand[]` works: the id at a path is replaced by its object, or a list that is only shown on request appears."""

from collections.abc import Callable
from typing import Any

from ingestion.stripe.sandbox.errors import StripeRefusal, invalid
from ingestion.stripe.sandbox.state import Object, Sandbox

DEPTH_MAX = 4
OnRequest = Callable[[Sandbox, Object], Any]

_on_request: dict[tuple[str, str], OnRequest] = {}


def on_request(kind: str, field: str) -> Callable[[OnRequest], OnRequest]:
    """Register what stands in a field that an object of this kind shows only when it is expanded: invoice.payments."""

    def register(render: OnRequest) -> OnRequest:
        _on_request[kind, field] = render
        return render

    return register


def expand(sandbox: Sandbox, body: Object, paths: list[str]) -> None:
    """Expand an answer in place; the body must be a copy of the sandbox's objects. Shorter paths go first."""
    for path in sorted(paths, key=len):
        parts = path.split(".")
        if len([part for part in parts if part != "data"]) > DEPTH_MAX:
            raise invalid(f"You cannot expand more than {DEPTH_MAX} levels of a property: {path}", param="expand")
        if not _expand_at(sandbox, body, parts):
            raise _refusal(path)


def _expand_at(sandbox: Sandbox, owner: Any, parts: list[str]) -> bool:
    """Expand the first part and go on inside it; False where there is no such property."""
    if isinstance(owner, list):
        return all(_expand_at(sandbox, each, parts) for each in owner)
    if not isinstance(owner, dict):
        return owner is None or isinstance(owner, str)  # Nothing there to go into, which is no fault of the path.
    name, *rest = parts
    render = _on_request.get((str(owner.get("object")), name))
    if render is not None and owner.get(name) is None:
        owner[name] = sandbox.copy(render(sandbox, owner))
    elif name not in owner:
        return False
    value = owner[name]
    if isinstance(value, str):
        owner[name] = sandbox.find_copy(value) or value
    elif isinstance(value, list):
        owner[name] = [(sandbox.find_copy(each) or each) if isinstance(each, str) else each for each in value]
    return not rest or _expand_at(sandbox, owner[name], rest)


def _refusal(path: str) -> StripeRefusal:
    return invalid(f"This property cannot be expanded ({path}).", param="expand")
