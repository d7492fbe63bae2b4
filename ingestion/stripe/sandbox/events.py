"""What happened in the account: events, each with its object as it was then."""

import fnmatch
import json
from typing import Any

from ingestion.stripe.sandbox.listing import page
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox


@route("GET", "/v1/events", takes=("created", "ending_before", "limit", "starting_after", "type", "types"))
def list_events(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List events; `type` may hold a star: `invoice.*`."""
    wanted = params.get("types", [params["type"]] if "type" in params else None)
    found = sandbox.objects("event").values()
    meant = [
        each
        for each in found
        if wanted is None or any(fnmatch.fnmatchcase(each["type"], pattern) for pattern in wanted)
    ]
    shown = page(meant, params, "/v1/events")
    return {**shown, "data": [told(each) for each in shown["data"]]}


@route("GET", "/v1/events/{id}")
def retrieve_event(sandbox: Sandbox, _params: dict[str, Any], event_id: str) -> Object:
    """Return an event."""
    return told(sandbox.get("event", event_id))


def told(event: Object) -> Object:
    """Return an event as it is shown: what happened to the object is kept as text until then."""
    return {**event, "data": json.loads(event["data"])}
