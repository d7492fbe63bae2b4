"""Compiles the catalogue of genai-prices and our corrections into catalogue.json: `--check` proves it is up to date."""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from importlib.metadata import version as installed_version
from importlib.resources import files
from pathlib import Path
from typing import Any

from genai_prices.data import providers as library_providers
from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    PriceVariant,
    Provider,
    StartDateConstraint,
    TimeOfDateConstraint,
)

from billing_core.price_book.corrected import Corrections, Segments
from billing_core.price_book.import_names import names_of
from billing_core.price_book.import_rates import Bands, Rounding, bands_of
from billing_core.price_book.versions import COST_PICO_MAX, dearest_event_pico, rates_of

_URL = re.compile(r"https?://[^\s,;)\"']+")
_LINE_MAX = 120
_BY_THE_HOUR = "The catalogue prices it by the hour of the day, which one price version cannot say."


def main(arguments: Sequence[str] | None = None) -> int:
    """Write catalogue.json, or with --check compare it; 1 if it differs."""
    parser = argparse.ArgumentParser(prog="python -m billing_core.price_book.compile", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the committed file differs")
    parser.add_argument("--to", type=Path, default=Path(__file__).with_name("catalogue.json"), help="the file")
    options = parser.parse_args(arguments)
    text = catalogue_text(compiled())
    if not options.check:
        options.to.write_text(text, encoding="utf-8")
        return 0
    if options.to.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{options.to.name} is not what the compiler makes now: run `make price-book` and commit it.\n")
    return 1


def compiled() -> dict[str, Any]:
    """Return the catalogue as it must be committed."""
    corrections = Corrections(
        json.loads(files("billing_core.price_book").joinpath("corrections.json").read_text(encoding="utf-8"))
    )
    rounding = Rounding()
    installed = installed_version("genai-prices")
    if installed != corrections.catalogue_version:
        message = f"corrections.json was checked against genai-prices {corrections.catalogue_version}, not {installed}"
        raise ValueError(message)
    providers = sorted(library_providers, key=lambda provider: provider.id)
    models = {
        f"{provider.id}/{model.id}": _model(provider, model, names, corrections=corrections, rounding=rounding)
        for provider in providers
        for model, names in _models_with_names(provider)
    }
    corrections.require_all_used()
    _require_one_meaning(models)
    return {
        "about": "Made by `make price-book` from genai-prices (MIT licence) and corrections.json: do not edit.",
        "source": f"genai-prices {installed}",
        "taken_on": corrections.taken_on,
        "providers": {provider.id: _provider(provider, corrections) for provider in providers},
        "aliases": corrections.aliases(),
        "rounded": sorted(rounding.lines, key=lambda line: line["rate"]),
        "models": models,
    }


def _require_one_meaning(models: dict[str, dict[str, Any]]) -> None:
    """Fail if a name means two models of one provider."""
    owner: dict[tuple[str, str], str] = {}
    for model_id, raw in models.items():
        provider = model_id.partition("/")[0]
        for name in {*raw["names"], *raw["stems"]}:
            other = owner.setdefault((provider, name), model_id)
            if other != model_id:
                message = f"{name!r} would mean {other} and {model_id}"
                raise ValueError(message)


def _models_with_names(provider: Provider) -> list[tuple[ModelInfo, tuple[list[str], list[str]]]]:
    names = names_of(provider)
    return [(model, names[model.id]) for model in sorted(provider.models, key=lambda model: model.id)]


def _provider(provider: Provider, corrections: Corrections) -> dict[str, Any]:
    raw: dict[str, Any] = {"page": (provider.pricing_urls or [""])[0]}
    if provider.fallback_model_providers:
        raw["fallback"] = provider.fallback_model_providers
    if corrections.has_regions(provider.id):
        raw["strict_regions"] = True
    return raw


def _model(
    provider: Provider,
    model: ModelInfo,
    names: tuple[list[str], list[str]],
    *,
    corrections: Corrections,
    rounding: Rounding,
) -> dict[str, Any]:
    model_id = f"{provider.id}/{model.id}"
    exact, stems = names
    raw: dict[str, Any] = {"names": sorted({*exact, *corrections.names(provider.id, model.id)}), "stems": stems}
    page = _URL.search(model.price_comments or "")
    if page:
        raw["page"] = page[0].rstrip(".")
    if any(isinstance(price.constraint, TimeOfDateConstraint) for price in _conditional(model)):
        return raw | {"left_out": _BY_THE_HOUR, "versions": []}
    modes = {
        mode: _segments(model, variants, mode=mode, rounding=rounding, model_id=model_id)
        for mode, variants in _modes(model).items()
    }
    modes, regions = corrections.applied(provider.id, model.id, modes)
    if regions is not None:
        raw["regions"] = regions
    raw["versions"] = [
        line for mode in sorted(modes) for line in _lines(model_id, mode, modes[mode], corrections.sources(model_id))
    ]
    return raw


def _conditional(model: ModelInfo) -> list[ConditionalPrice]:
    return model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]


def _modes(model: ModelInfo) -> dict[str, list[PriceVariant]]:
    """Return the catalogue's variants by mode; the list price is the mode "", other distinctions we cannot tell."""
    modes: dict[str, list[PriceVariant]] = {"": []}
    for variant in model.price_variants or ():
        ((what, value),) = variant.when.items()
        known = (what, value) in {("processing", "batch"), ("speed", "fast")}
        known = known or (what == "service_tier" and value != "default")
        if known:
            modes.setdefault(value, []).append(variant)
    return modes


def _segments(
    model: ModelInfo, variants: list[PriceVariant], *, mode: str, rounding: Rounding, model_id: str
) -> Segments:
    """Return the prices of one mode over time, as the library resolves them on each day of a change."""
    own_days = {_first_day(variant.constraint) for variant in variants}
    first = None if not variants or None in own_days else min(day for day in own_days if day)
    days = {_first_day(price.constraint) for price in _conditional(model)} | own_days
    days = {first} | {day for day in days if day is not None and (first is None or day > first)}
    segments: Segments = []
    for day in sorted(days, key=lambda day: day or date.min):
        at = datetime.combine(day or date(2000, 1, 1), time(), tzinfo=UTC)
        price = model.get_prices(at, variants[0].when if variants else None)
        where = f"{model_id}@{day or 'undated'}" + (f"+{mode}" if mode else "")
        segments.append((day, bands_of(price, rounding, where)))
    return segments


def _first_day(constraint: object) -> date | None:
    return constraint.start_date if isinstance(constraint, StartDateConstraint) else None


def _lines(model_id: str, mode: str, segments: Segments, sources: dict[str, str]) -> list[dict[str, Any]]:
    """Return the price versions of one mode; a price that only repeats the one before is none."""
    lines: list[dict[str, Any]] = []
    previous: Bands | None = None
    for day, bands in segments:
        if bands == previous:
            continue
        previous = bands
        line: dict[str, Any] = {"id": f"{model_id}@{day or 'undated'}" + (f"+{mode}" if mode else "")}
        line["rates"] = bands[0][1]
        if len(bands) > 1:
            line["above"] = [[above, prices] for above, prices in bands[1:]]
        if mode in sources:
            line["correction"] = sources[mode]
        for _, prices in bands:
            if dearest_event_pico(rates_of(prices)) > COST_PICO_MAX:
                message = f"{line['id']} could overflow int64"
                raise ValueError(message)
        lines.append(line)
    return lines


def catalogue_text(catalogue: dict[str, Any]) -> str:
    """Write the catalogue so that a change of one price is a change of one line."""
    return _written(catalogue, 0) + "\n"


def _written(value: Any, depth: int) -> str:
    """Write JSON: a price version has a line of its own, and so has what is short and holds none."""
    flat = json.dumps(value, ensure_ascii=False)
    is_version = isinstance(value, dict) and "id" in value
    is_short = len(flat) + depth <= _LINE_MAX and '"id": ' not in flat
    if is_version or is_short or not isinstance(value, dict | list):
        return flat
    inner = " " * (depth + 1)
    if isinstance(value, dict):
        items = [f"{json.dumps(key, ensure_ascii=False)}: {_written(item, depth + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(inner + item for item in items) + "\n" + " " * depth + "}"
    return "[\n" + ",\n".join(inner + _written(item, depth + 1) for item in value) + "\n" + " " * depth + "]"


if __name__ == "__main__":
    sys.exit(main())
