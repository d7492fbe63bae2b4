"""Meters: usage reported as events, kept in order, and summed up over a billing period."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from ingestion.stripe.sandbox.cycles import DAY
from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.listing import cut, page
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox, changed

KIND = "billing.meter"
OLDEST = 35 * DAY
AHEAD = 300
WINDOWS = {"hour": 3_600, "day": DAY}


class Reported(NamedTuple):
    """One usage event's instant and value."""

    at: int
    value: Decimal


def usage(sandbox: Sandbox, meter_id: str, customer_id: str, *, start: int, end: int) -> Decimal:
    """Return a customer's usage in a half-open span, by the meter's own formula."""
    meter = sandbox.get(KIND, meter_id)
    every: list[Reported] = sandbox.notes.get("usage", {}).get(f"{meter_id} {customer_id}", [])
    found = [each for each in every if start <= each.at < end]
    formula = meter["default_aggregation"]["formula"]
    if formula == "count":
        return Decimal(len(found))
    if formula == "last":
        return max(found, key=lambda each: each.at).value if found else Decimal(0)
    return sum((each.value for each in found), Decimal(0))


@route(
    "POST",
    "/v1/billing/meters",
    takes=(
        "customer_mapping",
        "default_aggregation",
        "display_name",
        "event_name",
        "event_time_window",
        "value_settings",
    ),
)
def create_meter(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """Make a meter for events of one name."""
    if _meter_named(sandbox, params["event_name"]) is not None:
        text = f"There is already an active meter with the event name {params['event_name']}."
        raise invalid(text, param="event_name")
    mapping = params.get("customer_mapping") or {"event_payload_key": "stripe_customer_id", "type": "by_id"}
    meter = fixture(KIND) | {
        "id": sandbox.new_id("mtr"),
        "created": sandbox.now,
        "customer_mapping": mapping,
        "default_aggregation": params["default_aggregation"],
        "display_name": params["display_name"],
        "event_name": params["event_name"],
        "event_time_window": params.get("event_time_window"),
        "livemode": sandbox.livemode,
        "status": "active",
        "status_transitions": {"deactivated_at": None},
        "updated": sandbox.now,
        "value_settings": params.get("value_settings") or {"event_payload_key": "value"},
    }
    sandbox.put(KIND, meter)
    sandbox.emit("billing.meter.created", meter)
    return meter


@route("GET", "/v1/billing/meters", takes=("ending_before", "limit", "starting_after", "status"))
def list_meters(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List meters."""
    return page(sandbox.objects(KIND).values(), params, "/v1/billing/meters", equal=("status",))


@route("GET", "/v1/billing/meters/{id}")
def retrieve_meter(sandbox: Sandbox, _params: dict[str, Any], meter_id: str) -> Object:
    """Return one meter."""
    return sandbox.get(KIND, meter_id)


@route("POST", "/v1/billing/meters/{id}/deactivate", takes=())
def deactivate_meter(sandbox: Sandbox, _params: dict[str, Any], meter_id: str) -> Object:
    """Take a meter out of use: no event reaches it any more."""
    meter = sandbox.get(KIND, meter_id)
    if meter["status"] == "inactive":
        raise invalid("This meter is already inactive.")
    transitions = {"deactivated_at": sandbox.now}
    previous = changed(meter, {"status": "inactive", "status_transitions": transitions, "updated": sandbox.now})
    sandbox.emit("billing.meter.deactivated", meter, previous)
    return meter


@route("POST", "/v1/billing/meter_events", takes=("event_name", "identifier", "payload", "timestamp"))
def create_meter_event(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """Take one usage event; one identifier is taken once."""
    meter = _meter_named(sandbox, params["event_name"])
    if meter is None:
        raise invalid(f"No active meter found for event name {params['event_name']}.", param="event_name")
    at = params.get("timestamp", sandbox.now)
    if not sandbox.now - OLDEST <= at <= sandbox.now + AHEAD:
        text = "The timestamp must be within the past 35 calendar days and not more than 5 minutes in the future."
        raise invalid(text, param="timestamp", code="timestamp_too_far_in_past" if at < sandbox.now else None)
    payload = params["payload"]
    customer = _customer(sandbox, meter, payload)
    value = _value(meter, payload)
    identifier = params.get("identifier") or sandbox.new_id("mev")
    taken = sandbox.notes.setdefault("meter_event_identifiers", {})
    if identifier in taken:
        raise invalid(f"An event already exists with identifier {identifier}.", param="identifier")
    taken[identifier] = sandbox.now
    usages = sandbox.notes.setdefault("usage", {})
    usages.setdefault(f"{meter['id']} {customer}", []).append(Reported(at, value))
    return {
        "object": "billing.meter_event",
        "created": sandbox.now,
        "event_name": params["event_name"],
        "identifier": identifier,
        "livemode": sandbox.livemode,
        "payload": payload,
        "timestamp": at,
    }


@route(
    "GET",
    "/v1/billing/meters/{id}/event_summaries",
    takes=("customer", "end_time", "ending_before", "limit", "start_time", "starting_after", "value_grouping_window"),
)
def list_event_summaries(sandbox: Sandbox, params: dict[str, Any], meter_id: str) -> Object:
    """Return a customer's usage over a span, in one sum or by hours or days, the newest first."""
    sandbox.get(KIND, meter_id)
    start, end = params["start_time"], params["end_time"]
    step = WINDOWS.get(params.get("value_grouping_window", ""), end - start)
    if end <= start or start % 60 or end % 60:
        raise invalid("start_time and end_time must be aligned with minute boundaries, in this order.")
    rows = [
        {
            "id": f"mtrusg_sandbox_{meter_id}_{at}",
            "object": "billing.meter_event_summary",
            "aggregated_value": _number(
                usage(sandbox, meter_id, params["customer"], start=at, end=min(at + step, end))
            ),
            "end_time": min(at + step, end),
            "livemode": sandbox.livemode,
            "meter": meter_id,
            "start_time": at,
        }
        for at in range(start, end, step)
    ]
    return cut(rows[::-1], params, f"/v1/billing/meters/{meter_id}/event_summaries")


def _meter_named(sandbox: Sandbox, event_name: str) -> Object | None:
    meters = sandbox.objects(KIND).values()
    return next((each for each in meters if each["event_name"] == event_name and each["status"] == "active"), None)


def _customer(sandbox: Sandbox, meter: Object, payload: dict[str, Any]) -> str:
    key = meter["customer_mapping"]["event_payload_key"]
    if key not in payload:
        raise invalid(f"The payload must name the customer as {key}.", param="payload")
    return str(sandbox.get("customer", payload[key], param="payload")["id"])


def _value(meter: Object, payload: dict[str, Any]) -> Decimal:
    key = meter["value_settings"]["event_payload_key"]
    if meter["default_aggregation"]["formula"] == "count" and key not in payload:
        return Decimal(1)
    try:
        value = Decimal(payload.get(key, ""))
    except InvalidOperation:
        raise invalid(f"The payload must hold a number as {key}.", param="payload") from None
    if not value.is_finite():
        raise invalid(f"The payload must hold a number as {key}.", param="payload")
    return value


def _number(value: Decimal) -> Any:
    """Return a plain number for JSON."""
    return json.loads(f"{value.normalize():f}")
