"""Turns the traces into the invented company's usage events: the same end, the same bytes, in whole numbers only."""

import gzip
import json
import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from itertools import accumulate
from typing import Any

from ingestion.demo.calendar import DAYS, end_of, joined_at, left_at, moved_at
from ingestion.demo.company import (
    CUSTOMERS,
    DRAFT,
    MOVED_FEATURE,
    MOVED_TO,
    MOVER,
    OLD_SONNET,
    PREVIEW,
    PREVIEW_SINCE_DAYS_AGO,
    PREVIEW_USERS,
    REWRITE,
    SONNET_SINCE_DAYS_AGO,
    DemoCustomer,
    Feature,
    Model,
)

EVENTS = 300_000
SEED = 20_260_523
WITHOUT_CUSTOMER_PERCENT = 2
HOUR_MS = 3_600_000
TRACE_DAYS = 14
SHARE = 100_000
_JSON = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True)
class Traces:
    """What the shipped file holds: per client a rhythm and lengths, and the requests of a code service."""

    clients: list[dict[str, Any]]
    code: list[list[int]]


@dataclass(frozen=True)
class _Life:
    """A customer's time in the demo, the trace's client it stands for, and a factor per day in percent.

    `bounds` are its features' weights, added up one after the other.
    """

    customer: DemoCustomer
    bounds: list[int]
    client: dict[str, Any]
    joined: datetime
    left: datetime | None
    daily: list[int]


@dataclass(frozen=True)
class _Cell:
    """One hour of one customer, and how many events fall into it."""

    life: _Life
    hour: datetime
    days_ago: int
    has_moved: bool
    events: int


def read_traces() -> Traces:
    """Read the shipped traces."""
    packed = files("ingestion.demo").joinpath("traces.json.gz").read_bytes()
    return Traces(**json.loads(gzip.decompress(packed)))


def demo_lines(until: datetime, count: int = EVENTS) -> Iterator[bytes]:
    """Yield `count` events of the DAYS days before `until`, oldest hour first, each as a line of JSON."""
    chance = random.Random(SEED)  # noqa: S311 - the same dice at every start are the point.
    traces = read_traces()
    number = 0
    for cell in _cells(traces, until, chance, count):
        for _ in range(cell.events):
            number += 1
            event = {"id": f"demo-{number:06d}"} | _event(cell, traces, chance)
            yield _JSON.encode(event).encode() + b"\n"


def _cells(traces: Traces, until: datetime, chance: random.Random, count: int) -> Iterator[_Cell]:
    """Yield every hour of every customer with its share of the events; together they are exactly `count`."""
    end = end_of(until)
    lives = [
        _Life(
            customer,
            list(accumulate(weight for _, weight in customer.mix)),
            client,
            joined_at(customer, end),
            left_at(customer, end),
            [chance.randrange(70, 131) for _ in range(DAYS + 1)],
        )
        for customer, client in zip(CUSTOMERS, traces.clients, strict=True)
    ]
    total = sum(weight for _, _, _, weight in _weighted(lives, end))
    moved = moved_at(end)
    passed = 0
    for life, hour, days_ago, weight in _weighted(lives, end):
        # The difference of two whole parts: no event is lost and none is rounded up twice.
        events = (passed + weight) * count // total - passed * count // total
        passed += weight
        yield _Cell(life, hour, days_ago, life.customer.name == MOVER and hour >= moved, events)


def _weighted(lives: list[_Life], end: datetime) -> Iterator[tuple[_Life, datetime, int, int]]:
    """Yield every hour of every life with its weight."""
    for ago in range(DAYS * 24, 0, -1):
        hour, days_ago = end - timedelta(hours=ago), (ago - 1) // 24
        for life in lives:
            yield life, hour, days_ago, _weight(life, hour, days_ago)


def _weight(life: _Life, hour: datetime, days_ago: int) -> int:
    """Return a customer's weight in one hour: its volume, the client's rhythm, the day, and how it has grown."""
    if hour < life.joined or (life.left is not None and hour >= life.left):
        return 0
    # Days 4 and 5 of the trace are its quiet ones: it begins on a Tuesday, as ordinal day 2 does.
    trace_hour = (hour.toordinal() - 2) % TRACE_DAYS * 24 + hour.hour
    # A third is spread evenly, so that one loud hour of the trace is not all there is of a customer.
    rhythm = int(life.client["hours"][trace_hour]) * 2 + SHARE // (TRACE_DAYS * 24)
    growth = 100 * DAYS - life.customer.grows_percent * days_ago
    return rhythm * life.customer.events * growth * life.daily[days_ago]


def _event(cell: _Cell, traces: Traces, chance: random.Random) -> dict[str, Any]:
    """Make one event of a customer's hour."""
    customer = cell.life.customer
    feature = _drawn(cell.life, chance)
    offset_ms, traced_input, traced_output = _traced(feature, cell.life.client, traces, chance)
    model = _model(feature, cell, chance)
    steps = chance.randint(*feature.steps)
    context = chance.randint(*feature.context_tokens)
    at = cell.hour + timedelta(milliseconds=offset_ms)
    event: dict[str, Any] = {"at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z")}
    if chance.randrange(100) >= WITHOUT_CUSTOMER_PERCENT:
        event |= {"customer": customer.name, "user": f"user-{chance.randrange(1, 40):02d}"}
    event |= {
        "product": feature.product,
        "feature": feature.name,
        "provider": model.provider,
        "model": model.name,
        "usage": _usage(
            feature,
            model,
            context=context * steps,
            own_input=traced_input * feature.input_times * steps,
            output=traced_output * feature.output_times * steps,
        ),
        "calls": steps,
        "project": "inkwell-production",
        "api_key": f"{feature.product.split()[-1].lower()}-{model.provider}",
    }
    return event | ({"context": {"batch": True}} if feature.is_batch else {})


def _drawn(life: _Life, chance: random.Random) -> Feature:
    """Draw a feature by its weight."""
    return life.customer.mix[bisect_right(life.bounds, chance.randrange(life.bounds[-1]))][0]


def _traced(feature: Feature, client: dict[str, Any], traces: Traces, chance: random.Random) -> tuple[int, int, int]:
    """Return when in its hour a call came, and its input and output tokens, as a trace has them."""
    if feature.is_code:
        offset_ms, traced_input, traced_output = traces.code[chance.randrange(len(traces.code))]
        return offset_ms, traced_input, traced_output
    traced_input, traced_output = client["lengths"][chance.randrange(len(client["lengths"]))]
    # The windows' lengths are means; single calls scatter around them.
    return (
        chance.randrange(HOUR_MS),
        max(1, traced_input * chance.randrange(40, 190) // 100),
        max(1, traced_output * chance.randrange(30, 210) // 100),
    )


def _model(feature: Feature, cell: _Cell, chance: random.Random) -> Model:
    """Return the model that answers: features move to newer ones with time, and one customer's to a dearer one."""
    if feature is MOVED_FEATURE and cell.has_moved:
        return MOVED_TO
    if feature is REWRITE and cell.life.customer.name in PREVIEW_USERS and cell.days_ago < PREVIEW_SINCE_DAYS_AGO:
        return PREVIEW
    model = feature.models[chance.randrange(len(feature.models))]
    return OLD_SONNET if feature is DRAFT and cell.days_ago >= SONNET_SINCE_DAYS_AGO else model


def _usage(feature: Feature, model: Model, *, context: int, own_input: int, output: int) -> dict[str, Any]:
    """Write the tokens of all of an event's calls as its provider does."""
    cached = context * feature.cached_percent // 100
    written = context * feature.written_percent // 100
    fresh = context - cached - written + own_input
    if model.provider == "anthropic":
        return {
            "input_tokens": fresh,
            "cache_read_input_tokens": cached,
            "cache_creation_input_tokens": written,
            "cache_creation": {
                "ephemeral_5m_input_tokens": 0 if feature.keeps_hour else written,
                "ephemeral_1h_input_tokens": written if feature.keeps_hour else 0,
            },
            "output_tokens": output,
        }
    return {
        "input_tokens": fresh + written + cached,
        "input_tokens_details": {"cached_tokens": cached},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": output * feature.reasoning_percent // 100},
        "total_tokens": fresh + written + cached + output,
    }
