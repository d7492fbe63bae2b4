"""What millions of events cost: pricing.py's definition over columns, in int64, which cannot overflow (versions.py)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from billing_core.price_book.book import PriceBook
from billing_core.price_book.versions import UnpricedReason
from billing_core.pricing import SOURCES
from billing_core.usage import CLASS_INDEX, CONTEXT_CLASSES, TOKEN_CLASSES, PriceKey, context_of_a_call

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

CHUNK_ROWS = 8192
"""Rows worked on at a time, so that they stay in the processor's cache."""

BOUNDS_FEW = 16
"""So many changes of price are found faster by comparing with each than by searching."""

NOT_REPORTED = -1
"""In a column of reported costs: the provider reported none."""

_REPORTED = SOURCES.index("reported")
_CONTEXT_POSITIONS = range(*CONTEXT_CLASSES.indices(len(TOKEN_CLASSES)))


@dataclass(frozen=True, slots=True)
class BatchPrices:
    """One value per event in each column."""

    known_pico: Int64s
    """The cost where priced, else the part of it that has a price."""
    reason: NDArray[np.uint8]
    """An UnpricedReason; 0 where priced."""
    version: NDArray[np.int32]
    """Index into the book's versions; -1 for none."""
    source: NDArray[np.uint8]
    """Index into SOURCES; 0 where unpriced."""
    list_known_pico: Int64s
    """Like known_pico, by catalogue alone."""
    list_reason: NDArray[np.uint8]
    """Like reason, by catalogue alone."""

    @property
    def priced(self) -> Bools:
        """Which events have a cost."""
        return np.equal(self.reason, 0)

    @property
    def cost_pico(self) -> Int64s:
        """The cost; 0 where unpriced, so look at `priced` first."""
        return np.where(self.priced, self.known_pico, 0)

    @property
    def list_priced(self) -> Bools:
        """Which events have a cost by catalogue alone."""
        return np.equal(self.list_reason, 0)

    @property
    def list_pico(self) -> Int64s:
        """The cost by catalogue alone; 0 where it has none, so look at `list_priced` first."""
        return np.where(self.list_priced, self.list_known_pico, 0)


def tokens_matrix(tokens: Sequence[Mapping[str, int]]) -> Int64s:
    """Return counts by class as a matrix [events, classes]; an absent class is 0."""
    rows: list[int] = []
    columns: list[int] = []
    counts: list[int] = []
    for row, by_class in enumerate(tokens):
        for token_class, count in by_class.items():
            rows.append(row)
            columns.append(CLASS_INDEX[token_class])
            counts.append(count)
    matrix = np.zeros((len(tokens), len(TOKEN_CLASSES)), dtype=np.int64)
    matrix[rows, columns] = counts
    return matrix


def price_batch(
    book: PriceBook,
    keys: Sequence[PriceKey],
    *,
    key_code: NDArray[Any],
    occurred_at_us: Int64s,
    tokens: Int64s,
    calls: Int64s | None = None,
    reported_pico: Int64s | None = None,
    uncounted: Bools | None = None,
) -> BatchPrices:
    """Price events: event i has the key `keys[key_code[i]]`, and `tokens[i]` counts within the limits of usage.py.

    `calls` says how many calls each stands for (absent: one each); `reported_pico` holds what providers reported,
    NOT_REPORTED where they did not; `uncounted` marks events with billed units that have no class. Says for each event
    exactly what `pricing.price_usage` says.
    """
    periods = _Periods.of(book, keys, occurred_at_us)
    table = _Table.of(book, periods)
    code = periods.code(key_code, occurred_at_us)
    counts = _Counts(tokens, None if calls is None or (calls == 1).all() else calls)
    known, reason, version, source = _priced(table, periods.slots, code, counts)
    list_known, list_reason = known, reason
    if periods.has_own:
        list_known, list_reason, _, _ = _priced(table, periods.list_slots, code, counts)
    if uncounted is not None:
        _mark_uncounted(reason, source, uncounted)
        if periods.has_own:
            _mark_uncounted(list_reason, None, uncounted)
    if reported_pico is not None:
        told = reported_pico != NOT_REPORTED
        known = np.where(told, reported_pico, known)
        reason = np.where(told, np.uint8(UnpricedReason.PRICED), reason)
        version = np.where(told, np.int32(-1), version)
        source = np.where(told, np.uint8(_REPORTED), source)
    return BatchPrices(known, reason, version, source, list_known, list_reason)


def _mark_uncounted(reason: NDArray[np.uint8], source: NDArray[np.uint8] | None, uncounted: Bools) -> None:
    """Take the cost from events that are also billed by what has no class; another reason is named first."""
    reason[uncounted & (reason == 0)] = UnpricedReason.UNIT_WITHOUT_CLASS
    if source is not None:
        source[uncounted] = 0


@dataclass(frozen=True, slots=True)
class _Periods:
    """The slots of each key in each period of the batch, between two changes of any of its prices."""

    bounds: Int64s
    """Instants at which a price changes, inside the batch's time: one period more than bounds."""
    slots: NDArray[np.int32]
    """[key x period]: an index into the versions, or minus an UnpricedReason."""
    list_slots: NDArray[np.int32]

    @property
    def has_own(self) -> bool:
        """Whether any price is not the catalogue's."""
        return not np.array_equal(self.slots, self.list_slots)

    @classmethod
    def of(cls, book: PriceBook, keys: Sequence[PriceKey], occurred_at_us: Int64s) -> "_Periods":
        """Lay out the keys' routes over the batch's time."""
        routes = [book.route(key) for key in keys]
        earliest, latest = (int(occurred_at_us.min()), int(occurred_at_us.max())) if len(occurred_at_us) else (0, 0)
        bounds = sorted({start for route in routes for start in route.starts if earliest < start <= latest})
        pairs = [route.at(instant) for route in routes for instant in [earliest, *bounds]]
        both = np.array(pairs, dtype=np.int32).reshape(len(pairs), 2)
        return cls(np.array(bounds, dtype=np.int64), both[:, 0].copy(), both[:, 1].copy())

    def code(self, key_code: NDArray[Any], occurred_at_us: Int64s) -> "_Codes":
        """Return a reader of each event's place in `slots`."""
        return _Codes(self.bounds, key_code, occurred_at_us)


@dataclass(frozen=True, slots=True)
class _Codes:
    """Each event's place among the slots, chunk by chunk."""

    bounds: Int64s
    key_code: NDArray[Any]
    occurred_at_us: Int64s

    def of(self, rows: slice) -> NDArray[np.intp]:
        """Return the places of some events."""
        code = self.key_code[rows].astype(np.intp)
        code *= len(self.bounds) + 1
        if len(self.bounds) > BOUNDS_FEW:
            code += np.searchsorted(self.bounds, self.occurred_at_us[rows], side="right")
        else:
            for bound in self.bounds:
                code += self.occurred_at_us[rows] >= bound
        return code


@dataclass(frozen=True, slots=True)
class _Counts:
    """What each event used."""

    tokens: Int64s
    calls: Int64s | None
    """None where each event is one call."""

    def of(self, rows: slice) -> tuple[Int64s, Int64s | None]:
        """Return the counts of some events."""
        return self.tokens[rows], None if self.calls is None else self.calls[rows]


@dataclass(frozen=True, slots=True)
class _Table:
    """The rates of a batch's versions as columns: one column per band, so that an event finds its rates by index."""

    source: NDArray[np.uint8]
    """By version; the last element (index -1) stands for no version."""
    first_band: Int64s
    """By version: its first column of `rates`; the last element (index -1) is a column of zeros."""
    aboves: Int64s
    """[band step, version]: from which context size on the event moves one column further."""
    rates: Int64s
    """[class, band]: pico-USD; 0 where there is none."""
    without_rate: Bools
    """[class, band]."""

    @classmethod
    def of(cls, book: PriceBook, periods: _Periods) -> "_Table":
        """Lay out the bands of the versions that may occur."""
        used = sorted({int(slot) for slot in (*periods.slots, *periods.list_slots) if slot >= 0})
        size = len(book.versions) + 1
        source, first_band = np.zeros(size, dtype=np.uint8), np.zeros(size, dtype=np.int64)
        steps = max((len(book.versions[slot].bands) - 1 for slot in used), default=0)
        aboves = np.full((steps, size), np.iinfo(np.int64).max, dtype=np.int64)
        bands: list[tuple[int | None, ...]] = []
        for slot in used:
            version = book.versions[slot]
            source[slot] = SOURCES.index(version.source)
            first_band[slot] = len(bands)
            for step, band in enumerate(version.bands):
                bands.append(band.rates)
                if step:
                    aboves[step - 1, slot] = band.above
        first_band[-1] = len(bands)
        bands.append((0,) * len(TOKEN_CLASSES))
        rates = np.array([[rate or 0 for rate in band] for band in bands], dtype=np.int64)
        without_rate = np.array([[rate is None for rate in band] for band in bands], dtype=np.bool_)
        return cls(source, first_band, aboves, rates.T.copy(), without_rate.T.copy())

    def price(self, version: NDArray[np.int32], tokens: Int64s, calls: Int64s | None) -> tuple[Int64s, Bools | None]:
        """Return the priced part of events, and which of them use a class without a rate (None: no event)."""
        present = np.flatnonzero(np.bitwise_or.reduce(tokens, axis=0))
        counts = {int(position): np.ascontiguousarray(tokens[:, position]) for position in present}
        band = self.first_band.take(version)
        if len(self.aboves):
            context = np.zeros(len(version), dtype=np.int64)
            for position in _CONTEXT_POSITIONS:
                if position in counts:
                    context += counts[position]
            if calls is not None:
                context = context_of_a_call(context, calls)
            for above in self.aboves:
                band += context > above.take(version)
        known = np.zeros(len(version), dtype=np.int64)
        holes: Bools | None = None
        for position, count in counts.items():
            known += count * self.rates[position].take(band)
            if self.without_rate[position].any():
                lacking = self.without_rate[position].take(band) & (count > 0)
                holes = lacking if holes is None else holes | lacking
        return known, holes


def _priced(
    table: _Table, slots: NDArray[np.int32], codes: _Codes, counts: _Counts
) -> tuple[Int64s, NDArray[np.uint8], NDArray[np.int32], NDArray[np.uint8]]:
    """Return known_pico, reason, version and source of each event by one set of slots."""
    size = len(counts.tokens)
    known = np.empty(size, dtype=np.int64)
    reason = np.zeros(size, dtype=np.uint8)
    version = np.empty(size, dtype=np.int32)
    source = np.empty(size, dtype=np.uint8)
    missing = bool((slots < 0).any())
    for start in range(0, size, CHUNK_ROWS):
        rows = slice(start, start + CHUNK_ROWS)
        slot = slots.take(codes.of(rows))
        if missing:
            reason[rows] = np.maximum(-slot, 0)
            slot = np.maximum(slot, -1)
        known[rows], holes = table.price(slot, *counts.of(rows))
        source[rows] = table.source.take(slot)
        if holes is not None and holes.any():
            reason[rows][holes] = UnpricedReason.CLASS_WITHOUT_RATE
            source[rows][holes] = 0
        version[rows] = slot
    return known, reason, version, source
