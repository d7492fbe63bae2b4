"""Test clocks: the only way in which time passes here. There is one time, and every test clock shows it."""

from typing import Any

from ingestion.stripe.sandbox.billing import run_until
from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.listing import page
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox

KIND = "test_helpers.test_clock"
URL = "/v1/test_helpers/test_clocks"
DAY_SECONDS = 86_400
KEPT_DAYS = 30
# The longest that a period of each interval can last, for the limit of two intervals.
INTERVAL_DAYS = {"day": 1, "week": 7, "month": 31, "year": 366}
WITHOUT_SUBSCRIPTIONS_DAYS = 2 * 366


@route("POST", URL, takes=("frozen_time", "name"))
def create_test_clock(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """Create a test clock. It can only show the sandbox's time: a later `frozen_time` moves everything there."""
    _move(sandbox, params["frozen_time"])
    clock = fixture(KIND) | {
        "id": sandbox.new_id("clock"),
        "created": sandbox.now,
        "deletes_after": sandbox.now + KEPT_DAYS * DAY_SECONDS,
        "frozen_time": sandbox.now,
        "name": params.get("name"),
        "status": "ready",
    }
    sandbox.emit("test_helpers.test_clock.created", sandbox.put(KIND, clock))
    return clock


@route("POST", f"{URL}/{{test_clock}}/advance", takes=("frozen_time",))
def advance_test_clock(sandbox: Sandbox, params: dict[str, Any], clock_id: str) -> Object:
    """Let time pass: renewals, finalisations, payments and retries happen, each at its instant.

    Stripe answers before the work is done (status advancing); here it is done when the answer comes (status ready).
    """
    clock = sandbox.get(KIND, clock_id)
    if params["frozen_time"] <= sandbox.now:
        raise invalid("The frozen_time must be after the current frozen_time of the test clock.", param="frozen_time")
    _move(sandbox, params["frozen_time"])
    sandbox.emit("test_helpers.test_clock.ready", clock)
    return clock


@route("GET", f"{URL}/{{test_clock}}")
def retrieve_test_clock(sandbox: Sandbox, _params: dict[str, Any], clock_id: str) -> Object:
    """Return a test clock."""
    return sandbox.deleted(clock_id) or sandbox.get(KIND, clock_id)


@route("DELETE", f"{URL}/{{test_clock}}")
def delete_test_clock(sandbox: Sandbox, _params: dict[str, Any], clock_id: str) -> Object:
    """Delete a test clock that no customer names; Stripe would delete the customers too, which this sandbox refuses."""
    if any(each["test_clock"] == clock_id for each in sandbox.objects("customer").values()):
        raise invalid("Customers name this test clock: this sandbox does not delete them with it.")
    sandbox.emit("test_helpers.test_clock.deleted", sandbox.get(KIND, clock_id))
    return sandbox.delete(KIND, clock_id)


@route("GET", URL, takes=("ending_before", "limit", "starting_after"))
def list_test_clocks(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List test clocks."""
    return page(sandbox.objects(KIND).values(), params, URL)


def _move(sandbox: Sandbox, to: int) -> None:
    """Let time pass until an instant; refuse the past, and more than Stripe's test clocks can at once."""
    if to < sandbox.now:
        raise invalid(f"This sandbox has one time for everything and it is {sandbox.now}: no clock can show less.")
    if to - sandbox.now > _limit(sandbox):
        raise invalid(
            "A test clock can be advanced by two intervals of the shortest subscription at most: advance in steps.",
            param="frozen_time",
        )
    run_until(sandbox, to)
    sandbox.now = to
    for each in sandbox.objects(KIND).values():
        each["frozen_time"] = to


def _limit(sandbox: Sandbox) -> int:
    days = [
        2 * INTERVAL_DAYS[item["price"]["recurring"]["interval"]] * item["price"]["recurring"]["interval_count"]
        for each in sandbox.objects("subscription").values()
        if each["ended_at"] is None
        for item in each["items"]["data"]
    ]
    return min(days, default=WITHOUT_SUBSCRIPTIONS_DAYS) * DAY_SECONDS
