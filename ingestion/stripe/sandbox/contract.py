"""The contract that keeps the sandbox honest: what the installed stripe package may ask, and what it understands.

stripe-python is generated from Stripe's own description of its API: its service classes hold every route, its
TypedDicts every parameter, its resource classes every field of an answer, for exactly the version that it pins. Not in
the types, and so not checked here: value ranges, rules across parameters, state (over-refunds, paying a void invoice).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingestion.stripe.sandbox.contract_params import decode_form, json_number, read_params
from ingestion.stripe.sandbox.contract_responses import check_error, check_object
from ingestion.stripe.sandbox.contract_routes import Route, find_route, routes
from ingestion.stripe.sandbox.errors import invalid

__all__ = ["Request", "Route", "check_answer", "check_error", "check_object", "json_number", "read_request", "routes"]


@dataclass(frozen=True)
class Request:
    """A request that Stripe could have been sent: its route, the ids in its address, its typed parameters."""

    route: Route
    ids: tuple[str, ...]
    params: dict[str, Any]


def read_request(method: str, path: str, query: str = "", body: str = "") -> Request:
    """Return a request, checked and typed; refuse in Stripe's words what Stripe would not know."""
    found = find_route(method, path)
    if found is None:
        raise invalid(f"Unrecognized request URL ({method}: {path}).", status=404)
    route, ids = found
    raw = decode_form(query) | decode_form(body)
    return Request(route, ids, read_params(route.params_type, raw))


def check_answer(route: Route, body: Mapping[str, Any]) -> list[str]:
    """Return what in an answer's body the stripe package would not expect from this route."""
    problems: list[str] = []
    check_object(body, str(body.get("object")), problems)
    items = body.get("data", ()) if route.is_list else (body,)
    strangers = [str(item.get("object")) for item in items if item.get("object") not in route.object_names]
    if route.is_list and body.get("object") not in ("list", "search_result"):
        strangers.append(str(body.get("object")))
    if strangers:
        problems.append(f"{route.operation} returns {route.returns}, not {', '.join(strangers)}")
    return problems
