"""The price book: finds the price version of a model, mode and region at an instant, or why there is none."""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from billing_core.price_book.names import dated_spellings, spellings
from billing_core.price_book.own import checked_own_version
from billing_core.price_book.versions import ALWAYS_US, Band, OwnVersion, PriceVersion, UnpricedReason, rates_of
from billing_core.usage import PriceKey, epoch_us, provider_of

PLAIN_REGIONS = frozenset({"", "global", "not_available"})
"""Regions at list price everywhere."""

ROUTES_MAX = 10_000
"""Routes kept ready: names of models come from outside, so their number has no other end."""

_PLAIN_TIERS = frozenset({"", "auto", "default", "on_demand", "standard", "standard_only"})
_PLAIN_SPEEDS = frozenset({"", "normal", "standard"})
_SIZES = frozenset({"low", "medium", "high"})

Timeline = list[tuple[int, int]]
"""(from when in microseconds, index of the version or minus the reason why there is none), ascending."""


@dataclass(frozen=True, slots=True)
class Route:
    """All prices of one PriceKey over time; from starts[i] on, slots[i] holds."""

    starts: tuple[int, ...]
    slots: tuple[int, ...]
    """An index into the book's versions, or minus an UnpricedReason."""
    list_slots: tuple[int, ...]
    """The same by catalogue alone."""

    def at(self, occurred_at_us: int) -> tuple[int, int]:
        """Return the slot and the list slot at an instant."""
        position = bisect_right(self.starts, occurred_at_us) - 1
        return self.slots[position], self.list_slots[position]


@dataclass(frozen=True, slots=True)
class _Model:
    """One model of the catalogue."""

    id: str
    left_out: str
    regions: Mapping[str, str] | None
    timelines: dict[str, Timeline] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Provider:
    """One provider of the catalogue, with the names of its models."""

    page: str
    fallback: list[str]
    strict_regions: bool
    models: dict[str, _Model] = field(default_factory=dict)
    names: dict[str, _Model] = field(default_factory=dict)
    stems: dict[str, _Model] = field(default_factory=dict)
    aliases: dict[str, list[tuple[int, str | None]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Found:
    """The models that a name means over time, and whether another provider's list was needed."""

    segments: list[tuple[int, _Model | None]]
    hosted: bool

    @property
    def last(self) -> _Model | None:
        return self.segments[-1][1]


class PriceBook:
    """Every price version, by catalogue and of one's own; unchanging, so that one book serves all threads."""

    def __init__(self, catalogue: Mapping[str, Any]) -> None:
        """Take the catalogue as compiled (`catalogue.json`)."""
        self._providers = {name: _provider(raw) for name, raw in catalogue["providers"].items()}
        versions: list[PriceVersion] = []
        for model_id, raw in catalogue["models"].items():
            self._add_model(model_id, raw, versions)
        for alias, segments in catalogue["aliases"].items():
            provider, _, name = alias.partition("/")
            self._providers[provider].aliases[name] = [(_start_us(start), target) for start, target in segments]
        self.versions: tuple[PriceVersion, ...] = tuple(versions)
        self.source: str = catalogue["source"]
        self.taken_on = date.fromisoformat(catalogue["taken_on"])
        self._own: tuple[OwnVersion, ...] = ()
        self._own_by_name: dict[tuple[str, str], list[int]] = {}
        self._routes: dict[PriceKey, Route] = {}

    def _add_model(self, model_id: str, raw: Mapping[str, Any], versions: list[PriceVersion]) -> None:
        """File one model under its names, and its versions under their modes."""
        provider_name, _, model_name = model_id.partition("/")
        provider = self._providers[provider_name]
        model = _Model(model_id, raw.get("left_out", ""), raw.get("regions"))
        page = raw.get("page", provider.page)
        for line in raw["versions"]:
            version = _version(line, provider_name, model_name, page)
            model.timelines.setdefault(version.mode, []).append((version.valid_from_us, len(versions)))
            versions.append(version)
        provider.models[model_name] = model
        for name in raw["names"]:
            provider.names[name] = model
        for stem in raw["stems"]:
            provider.names[stem] = model
            provider.stems[stem] = model

    def with_own(self, own: Sequence[OwnVersion]) -> "PriceBook":
        """Return a book in which these prices outrank the catalogue; of two that hold, the one with the later start.

        Raises OwnPriceInvalidError for a price that cannot be used.
        """
        book = object.__new__(PriceBook)
        book.__dict__.update(self.__dict__)
        ids = {version.id for version in self.versions}
        added: list[PriceVersion] = []
        for version in own:
            added.append(checked_own_version(version, ids))
            ids.add(version.id)
        book.versions = self.versions + tuple(added)
        book._own = self._own + tuple(own)
        book._own_by_name = {names: list(indexes) for names, indexes in self._own_by_name.items()}
        for position, version in enumerate(own, start=len(self._own)):
            for names in self._own_names(version.provider, version.model):
                book._own_by_name.setdefault(names, []).append(position)
        book._routes = {}
        return book

    def _own_names(self, provider_name: str, model: str) -> list[tuple[str, str]]:
        """Return under which names an own price is filed and looked for: as written, and the catalogue's model."""
        provider = provider_of(provider_name)
        names = [(provider, model.strip().lower())]
        found = self._find(provider, model)
        if isinstance(found, _Found) and found.last is not None:
            names.append((provider, f"= {found.last.id}"))
        return names

    def route(self, key: PriceKey) -> Route:
        """Return the prices of a key over time."""
        route = self._routes.get(key)
        if route is None:
            if len(self._routes) >= ROUTES_MAX:
                self._routes.clear()
            route = self._routes[key] = self._make_route(key)
        return route

    def _make_route(self, key: PriceKey) -> Route:
        listed = self._listed(key)
        own = self._own_for(key)
        bounds = {start for start, _ in listed}
        for _, version in own:
            bounds.add(epoch_us(version.valid_from))
            if version.valid_until is not None:
                bounds.add(epoch_us(version.valid_until))
        starts = tuple(sorted(bounds))
        positions = [bisect_right(listed, start, key=lambda segment: segment[0]) - 1 for start in starts]
        list_slots = tuple(listed[position][1] for position in positions)
        slots = tuple(_own_slot(own, start, slot) for start, slot in zip(starts, list_slots, strict=True))
        return Route(starts, slots, list_slots)

    def _own_for(self, key: PriceKey) -> list[tuple[int, OwnVersion]]:
        """Return the own prices of a key with their index, the one that wins last."""
        mode, region = _mode(key), key.region.strip().lower()
        first_own = len(self.versions) - len(self._own)
        positions = {
            position
            for names in self._own_names(key.provider, key.model)
            for position in self._own_by_name.get(names, ())
        }
        own = [
            (first_own + position, self._own[position])
            for position in sorted(positions)
            if _mode(PriceKey("", "", self._own[position].mode)) == mode
            and _in_region(self._own[position].region, region)
        ]
        return sorted(own, key=lambda indexed: indexed[1].valid_from)

    def _listed(self, key: PriceKey) -> Timeline:
        """Return the catalogue's prices of a key over time."""
        found = self._find(provider_of(key.provider), key.model)
        if isinstance(found, UnpricedReason):
            return [(ALWAYS_US, -found)]
        listed: Timeline = []
        strict = self._providers[provider_of(key.provider)].strict_regions
        for position, (start, model) in enumerate(found.segments):
            end = found.segments[position + 1][0] if position + 1 < len(found.segments) else None
            timeline = _model_timeline(model, key, hosted=found.hosted, strict_regions=strict)
            listed += _clipped(timeline, start, end)
        return listed

    def _find(self, provider_name: str, model: str) -> _Found | UnpricedReason:
        """Return what a name means at a provider, or at those whose models it hosts at their price."""
        provider = self._providers.get(provider_name)
        if provider is None:
            return UnpricedReason.UNKNOWN_PROVIDER
        for position, hosting in enumerate([provider_name, *provider.fallback]):
            segments = _meaning(self._providers[hosting], spellings(provider_name, model))
            if segments:
                return _Found(segments, hosted=position > 0)
        return UnpricedReason.UNKNOWN_MODEL


def _meaning(provider: _Provider, names: list[str]) -> list[tuple[int, _Model | None]]:
    """Return the models that the first known of these names means over time; empty if none is known."""
    for name in names:
        if name in provider.aliases:
            targets = provider.aliases[name]
            return [(start, provider.models[target] if target else None) for start, target in targets]
        if name in provider.names:
            return [(ALWAYS_US, provider.names[name])]
    for name in names:
        dated = dated_spellings(name)
        if dated is None:
            continue
        stem, same = dated
        model = next((provider.names[spelling] for spelling in same if spelling in provider.names), None)
        model = model or provider.stems.get(stem)
        if model is not None:
            return [(ALWAYS_US, model)]
    return []


def _mode(key: PriceKey) -> str:
    """Return the words for what is special about a key's processing; more than one has no price anywhere."""
    tier, speed = key.service_tier.strip().lower(), key.speed.strip().lower()
    words = {"batch"} if key.batch or tier == "batch" else set()
    words |= {tier} - _PLAIN_TIERS | {speed} - _PLAIN_SPEEDS
    return "+".join(sorted(words))


def _in_region(own: str | None, region: str) -> bool:
    """Whether an own price, as a person wrote it, holds in a region."""
    return own is None or own.strip().lower() == region


def _model_timeline(model: _Model | None, key: PriceKey, *, hosted: bool, strict_regions: bool) -> Timeline:
    """Return one model's prices in the key's mode and region over time."""
    if model is None or model.left_out:
        return [(ALWAYS_US, -UnpricedReason.LEFT_OUT)]
    words = [_mode(key)]
    region = key.region.strip().lower()
    if strict_regions and region not in PLAIN_REGIONS:
        regions = {} if hosted or model.regions is None else model.regions
        word = regions.get(region, regions.get("*"))
        if word is None:
            return [(ALWAYS_US, -UnpricedReason.UNKNOWN_REGION)]
        words.append(word)
    if key.search_context_size in model.timelines and key.search_context_size in _SIZES:
        words.append(key.search_context_size)
    timeline = model.timelines.get("+".join(word for word in words if word))
    if timeline is None or (hosted and words[0]):
        return [(ALWAYS_US, -UnpricedReason.UNKNOWN_MODE)]
    if timeline[0][0] > ALWAYS_US:
        return [(ALWAYS_US, -UnpricedReason.UNKNOWN_MODE), *timeline]
    return timeline


def _clipped(timeline: Timeline, start: int, end: int | None) -> Timeline:
    """Return the part of a timeline from start (in) to end (out)."""
    first = bisect_right(timeline, start, key=lambda segment: segment[0]) - 1
    part = [(start, timeline[first][1]), *timeline[first + 1 :]]
    return part if end is None else [segment for segment in part if segment[0] < end]


def _own_slot(own: list[tuple[int, OwnVersion]], at_us: int, otherwise: int) -> int:
    """Return the own price that holds at an instant: of several, the last of the list."""
    for index, version in reversed(own):
        until = version.valid_until
        if epoch_us(version.valid_from) <= at_us and (until is None or at_us < epoch_us(until)):
            return index
    return otherwise


def _provider(raw: Mapping[str, Any]) -> _Provider:
    return _Provider(raw["page"], raw.get("fallback", []), raw.get("strict_regions", False))


def _version(line: Mapping[str, Any], provider: str, model: str, page: str) -> PriceVersion:
    """Read one price version; its id says from when on and in which mode."""
    start, _, mode = line["id"].rpartition("@")[2].partition("+")
    bands = [Band(0, rates_of(line["rates"]))]
    bands += [Band(above, rates_of(rates)) for above, rates in line.get("above", ())]
    valid_from_us = _start_us(None if start == "undated" else start)
    return PriceVersion(
        line["id"], provider, model, mode, valid_from_us, tuple(bands), "catalogue", page, line.get("correction", "")
    )


def _start_us(day: str | None) -> int:
    """Return a UTC day's first instant; a price without a known first day holds from ever."""
    if day is None:
        return ALWAYS_US
    start = date.fromisoformat(day)
    return epoch_us(datetime(start.year, start.month, start.day, tzinfo=UTC))


@cache
def load_book() -> PriceBook:
    """Return the price book of the committed catalogue, read once per process."""
    text = files("billing_core.price_book").joinpath("catalogue.json").read_text(encoding="utf-8")
    return PriceBook(json.loads(text))
