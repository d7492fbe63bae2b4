"""Lists as Stripe gives them: filtered, newest first, page by page."""

import operator
from collections.abc import Callable, Iterable
from itertools import islice
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

    def matches(each: Object) -> bool:
        return all(_id_of(each.get(name)) == value for name, value in wanted.items()) and (
            "created" not in params or _is_within(each["created"], params["created"])
        )

    return cut(list(objects)[::-1], params, url, matches=matches)


def cut(
    newest_first: list[Object], params: dict[str, Any], url: str, *, matches: Callable[[Object], bool] | None = None
) -> Object:
    """Cut the asked page out of a list that is already in its order, looking no further than the page reaches."""
    limit = params.get("limit", LIMIT)
    if not 1 <= limit <= LIMIT_MAX:
        raise invalid(f"This value must be between 1 and {LIMIT_MAX} (inclusive).", param="limit")
    if "starting_after" in params and "ending_before" in params:
        raise invalid("You cannot parameterize both starting_after and ending_before.", param="starting_after")
    if "ending_before" in params:
        end = _place(newest_first, params, "ending_before")
        nearest_first = list(islice(filter(matches, reversed(newest_first[:end])), limit + 1))
        return _envelope(nearest_first[:limit][::-1], url, has_more=len(nearest_first) > limit)
    begin = _place(newest_first, params, "starting_after") + 1 if "starting_after" in params else 0
    found = list(islice(filter(matches, islice(newest_first, begin, None)), limit + 1))
    return _envelope(found[:limit], url, has_more=len(found) > limit)


def nested(objects: list[Object], url: str, *, limit: int = LIMIT) -> Object:
    """Return the list envelope that stands inside another object: the first ten, in the given order."""
    return _envelope(objects[:limit], url, has_more=len(objects) > limit)


def _envelope(data: list[Object], url: str, *, has_more: bool) -> Object:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def _place(newest_first: list[Object], params: dict[str, Any], name: str) -> int:
    try:
        return [each["id"] for each in newest_first].index(params[name])
    except ValueError:
        raise missing("object", params[name], param=name, status=400) from None


def _is_within(created: int, asked: int | dict[str, int]) -> bool:
    if isinstance(asked, int):
        return created == asked
    return all(COMPARISONS[name](created, bound) for name, bound in asked.items())


def _id_of(value: Any) -> Any:
    return value["id"] if isinstance(value, dict) and "id" in value else value
