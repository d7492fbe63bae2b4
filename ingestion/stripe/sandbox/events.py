"""What happened in the account: events, each with its object as it was then."""

import fnmatch
from typing import Any

from ingestion.stripe.sandbox.listing import page
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox


@route("GET", "/v1/events", takes=("created", "ending_before", "limit", "starting_after", "type", "types"))
def list_events(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List events; `type` may hold a star: `invoice.*`."""
    wanted = params.get("types", [params["type"]] if "type" in params else None)
    found = sandbox.objects("event").values()
    if wanted is None:
        return page(found, params, "/v1/events")
    meant = [each for each in found if any(fnmatch.fnmatchcase(each["type"], pattern) for pattern in wanted)]
    return page(meant, params, "/v1/events")


@route("GET", "/v1/events/{id}")
def retrieve_event(sandbox: Sandbox, _params: dict[str, Any], event_id: str) -> Object:
    """Return an event."""
    return sandbox.get("event", event_id)
