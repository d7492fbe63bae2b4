"""What our corrections change in the catalogue: names, aliases, earlier half prices, fees and regions."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Any

from billing_core.price_book.import_rates import PICO_PER_USD, Bands, Prices, whole_rate
from billing_core.usage import CALL_CLASSES

Segments = list[tuple[date | None, Bands]]
"""The prices of one mode over time: (first day, or None for ever before; bands), ascending."""

Modes = dict[str, Segments]


class Corrections:
    """corrections.json, which knows which of its entries met a model."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self._raw = raw
        self._used: set[int] = set()
        self._sources: dict[str, dict[str, str]] = {}
        self.catalogue_version: str = raw["catalogue"]["version"]
        self.taken_on: str = raw["catalogue"]["taken_on"]

    def names(self, provider: str, model: str) -> list[str]:
        """Return names that a model has beside the catalogue's."""
        return [name for entry in self._entries("names", provider, model) for name in entry["names"]]

    def aliases(self) -> dict[str, list[list[str | None]]]:
        """Return what moving names meant over time, by `provider/name`."""
        entries = sorted(self._raw["aliases"], key=lambda entry: (entry["provider"], entry["name"]))
        return {f"{entry['provider']}/{entry['name']}": entry["targets"] for entry in entries}

    def has_regions(self, provider: str) -> bool:
        """Say whether a provider's prices differ by region, so that an unlisted region has no price."""
        return any(entry["provider"] == provider for entry in self._raw["regions"])

    def sources(self, model_id: str) -> dict[str, str]:
        """Return the source of each corrected mode of a model."""
        return self._sources.get(model_id, {})

    def require_all_used(self) -> None:
        """Fail if an entry met no model: a correction of something gone must go."""
        idle = [
            entry
            for kind in ("names", "earlier_modes", "added_modes", "call_fees", "one_input_rate", "regions")
            for entry in self._raw[kind]
            if id(entry) not in self._used
        ]
        if idle:
            message = f"corrections without a model: {idle}"
            raise ValueError(message)

    def applied(self, provider: str, model: str, modes: Modes) -> tuple[Modes, dict[str, str] | None]:
        """Return the corrected prices by mode, and the regions: {name or "*": "" for list price, else a mode}."""
        done = dict(modes)
        note = self._sources.setdefault(f"{provider}/{model}", {})
        for entry in self._entries("one_input_rate", provider, model):
            done = {mode: _changed(segments, _audio_as_text) for mode, segments in done.items()}
            note |= dict.fromkeys(done, entry["source"])
        for entry in self._entries("earlier_modes", provider, model):
            if entry["mode"] in done:
                done[entry["mode"]] = _earlier(done[""], done[entry["mode"]], date.fromisoformat(entry["since"]))
                note[entry["mode"]] = entry["source"]
        for entry in self._entries("added_modes", provider, model):
            done[entry["mode"]] = _halved(done[""], date.fromisoformat(entry["since"]), entry["halve"])
            note[entry["mode"]] = entry["source"]
        for entry in self._entries("classes_left_unpriced", provider, model):
            for token_class in entry["classes"]:
                done = {mode: _changed(segments, _without(token_class)) for mode, segments in done.items()}
            note |= dict.fromkeys(done, entry["source"])
        for entry in self._entries("call_fees", provider, model):
            done |= _with_fees(done[""], entry)
            note |= dict.fromkeys(["", *entry.get("by_search_context_size", ())], entry["source"])
        return self._with_regions(provider, model, done, note)

    def _with_regions(
        self, provider: str, model: str, modes: Modes, note: dict[str, str]
    ) -> tuple[Modes, dict[str, str] | None]:
        """Add the modes at regional prices; of several entries the first that names the model counts."""
        entry = next(iter(self._entries("regions", provider, model)), None)
        if entry is None:
            return modes, None
        multiplier = Fraction(entry["multiplier"])
        if multiplier == 1:
            return modes, dict.fromkeys(entry["regions"], "")
        done = dict(modes)
        for mode, segments in modes.items():
            regional = f"{mode}+regional".strip("+")
            done[regional] = _changed(segments, _multiplied(multiplier))
            note[regional] = entry["source"]
        return done, dict.fromkeys(entry["regions"], "regional")

    def _entries(self, kind: str, provider: str, model: str) -> list[Mapping[str, Any]]:
        """Return the entries of one kind that name a model."""
        found = [
            entry
            for entry in self._raw[kind]
            if entry["provider"] == provider
            and any(fnmatchcase(model, pattern) for pattern in entry.get("models", [entry.get("model")]))
        ]
        self._used |= {id(entry) for entry in found}
        return found


def _changed(segments: Segments, change: Callable[[Prices], Prices]) -> Segments:
    return [(day, [(above, change(prices)) for above, prices in bands]) for day, bands in segments]


def _audio_as_text(prices: Prices) -> Prices:
    done = prices | {"input_audio": prices["input"]}
    return done | {"cache_read_audio": prices["cache_read"]} if "cache_read" in prices else done


def _without(token_class: str) -> Callable[[Prices], Prices]:
    return lambda prices: {name: rate for name, rate in prices.items() if name != token_class}


def _multiplied(multiplier: Fraction) -> Callable[[Prices], Prices]:
    """Return what multiplies token prices, not fees per call; 1.1 times a whole rate may need half-even rounding."""
    return lambda prices: {
        name: rate if name in CALL_CLASSES else whole_rate(rate * multiplier) for name, rate in prices.items()
    }


def _with_fees(segments: Segments, entry: Mapping[str, Any]) -> Modes:
    """Return the modes with a fee per call: one for all, or one for each size of the search context."""
    token_class = entry["class"]

    def fee(usd: str) -> Callable[[Prices], Prices]:
        return lambda prices: prices | {token_class: int(Decimal(usd) * PICO_PER_USD)}

    if "each" in entry:
        return {"": _changed(segments, fee(entry["each"]))}
    plain = _changed(segments, _without(token_class))
    return {"": plain} | {size: _changed(segments, fee(usd)) for size, usd in entry["by_search_context_size"].items()}


def _halved(standard: Segments, since: date, classes: list[str]) -> Segments:
    """Return a mode at half of the list price of the named classes from a day on."""

    def change(prices: Prices) -> Prices:
        done = {name: _half(rate) if name in classes else rate for name, rate in prices.items()}
        return done | _twins(done)

    return _from_day(_changed(standard, change), since)


def _twins(prices: Prices) -> Prices:
    """Return the classes that follow another one, after that one changed."""
    follows = {"input_image": "input", "input_video": "input", "cache_read_image": "cache_read"}
    follows["cache_write_5m"] = "cache_write"
    return {name: prices[other] for name, other in follows.items() if name in prices and other in prices}


def _half(rate: int) -> int:
    half, rest = divmod(rate, 2)
    if rest:
        message = f"half of {rate} pico-USD is not whole"
        raise ValueError(message)
    return half


def _from_day(segments: Segments, since: date) -> Segments:
    """Return what holds from a day on; the price in force on that day begins there."""
    before = [bands for day, bands in segments if day is None or day <= since]
    later: Segments = [(day, bands) for day, bands in segments if day is not None and day > since]
    return [(since, before[-1]), *later] if before else later


def _earlier(standard: Segments, mode: Segments, since: date) -> Segments:
    """Let a mode begin on an earlier day, with the same shares of the list price in force then.

    A share is one half or the whole; a class whose published price is anything else (rounded halves) keeps it where
    the list price was the same, and has none where it was not.
    """
    first_day, first_bands = mode[0]
    if first_day is None or first_day <= since:
        return mode
    listed_bands = _from_day(standard, first_day)[0][1]
    earlier: Segments = []
    for day, bands in _from_day(standard, since):
        if day is not None and day < first_day:
            same = bands == listed_bands
            earlier.append((day, first_bands if same else _shared(bands, listed_bands[0][1], first_bands[0][1])))
    return earlier + mode


def _shared(bands: Bands, listed: Prices, charged: Prices) -> Bands:
    """Return the shares `charged / listed` of other list prices."""
    done: Bands = []
    for above, prices in bands:
        part: Prices = {}
        for name, rate in prices.items():
            if name in charged and charged[name] == listed.get(name):
                part[name] = rate
            elif name in charged and 2 * charged[name] == listed.get(name):
                part[name] = _half(rate)
        done.append((above, part))
    return done
