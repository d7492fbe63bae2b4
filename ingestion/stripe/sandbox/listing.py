"""Lists as Stripe gives them: filtered, newest first, page by page."""

import operator
from collections.abc import Iterable
from typing import Any

from ingestion.stripe.sandbox.errors import invalid, missing
from ingestion.stripe.sandbox.state import Object

LIMIT = 10
LIMIT_MAX = 100
COMPARISONS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}


def page(objects: Iterable[Object], params: dict[str, Any], url: str, *, equal: Iterable[str] = ()) -> Object:
    """Return one page of objects given oldest first, as a list envelope with the newest first.

    Applies `created` (an instant, or gt/gte/lt/lte) and, for each name in `equal`, the parameter of that name to the
    field of that name. Filters of another kind are the caller's: filter `objects` before.
    """
    wanted = {name: params[name] for name in equal if name in params}
    found = [
        each
        for each in objects
        if all(_id_of(each.get(name)) == value for name, value in wanted.items())
        and ("created" not in params or _is_within(each["created"], params["created"]))
    ]
    found.reverse()
    return cut(found, params, url)


def cut(newest_first: list[Object], params: dict[str, Any], url: str) -> Object:
    """Cut the asked page out of a list that is already in its order."""
    limit = params.get("limit", LIMIT)
    if not 1 <= limit <= LIMIT_MAX:
        raise invalid(f"This value must be between 1 and {LIMIT_MAX} (inclusive).", param="limit")
    if "starting_after" in params and "ending_before" in params:
        raise invalid("You cannot parameterize both starting_after and ending_before.", param="starting_after")
    if "starting_after" in params:
        newest_first = newest_first[_place(newest_first, params, "starting_after") + 1 :]
    elif "ending_before" in params:
        newer = newest_first[: _place(newest_first, params, "ending_before")]
        shown = newer[-limit:]
        return {"object": "list", "data": shown, "has_more": len(newer) > limit, "url": url}
    return {"object": "list", "data": newest_first[:limit], "has_more": len(newest_first) > limit, "url": url}


def nested(objects: list[Object], url: str, *, limit: int = LIMIT) -> Object:
    """Return the list envelope that stands inside another object: the first ten, in the given order."""
    return {"object": "list", "data": objects[:limit], "has_more": len(objects) > limit, "url": url}


def _place(newest_first: list[Object], params: dict[str, Any], name: str) -> int:
    for place, each in enumerate(newest_first):
        if each["id"] == params[name]:
            return place
    raise missing("object", params[name], param=name, status=400)


def _is_within(created: int, asked: int | dict[str, int]) -> bool:
    if isinstance(asked, int):
        return created == asked
    return all(COMPARISONS[name](created, bound) for name, bound in asked.items())


def _id_of(value: Any) -> Any:
    return value["id"] if isinstance(value, dict) and "id" in value else value
