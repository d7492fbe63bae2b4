"""How the catalogue's match clauses become exact names: prefixes and parts of names never match by themselves."""

import re
from collections.abc import Iterator

from genai_prices.types import (
    ClauseAnd,
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseRegex,
    ClauseStartsWith,
    MatchLogic,
    ModelInfo,
    Provider,
)

from billing_core.price_book.names import dated_spellings

_GEOS = ("apac", "au", "ca", "eu", "in", "jp", "us", "us-gov")
_VENDORS = {"claude": "anthropic", "titan": "amazon"}
_PARTIAL_DATE = re.compile(r"-20\d\d$")
_REGEX_DATE = re.compile(r"^\^(?P<stem>[\w./\\-]+?)(?:-|\[-@\])(?:\\d\{8\}|\\d\{4\}-\\d\{2\}-\\d\{2\})\$$")
_BEDROCK_RELEASE = re.compile(r"-v\d+(?::\d+)?$")


def names_of(provider: Provider) -> dict[str, tuple[list[str], list[str]]]:
    """Return for each model its exact names, and the stems that may carry any date.

    A name in an equals clause is exact. The text of a prefix, part or suffix clause is an exact name and a stem, and so
    is what stands before the date in a pattern. An exact name is a stem too, unless the catalogue lists dated
    snapshots of it by name: then a snapshot that is not listed is not known. A name that the library itself would give
    to another model is dropped.
    """
    exact: dict[str, set[str]] = {}
    stems: dict[str, set[str]] = {}
    for model in provider.models:
        exact[model.id], stems[model.id] = _own_names(provider, model)
    snapshots = {dated[0] for names in exact.values() for name in names if (dated := dated_spellings(name))}
    for model_id, names in exact.items():
        stems[model_id] |= {name for name in names if name not in snapshots and dated_spellings(name) is None}
    return {model_id: (sorted(names - stems[model_id]), sorted(stems[model_id])) for model_id, names in exact.items()}


def _own_names(provider: Provider, model: ModelInfo) -> tuple[set[str], set[str]]:
    """Return the exact names and the open stems of one model, by its own clauses."""
    exact: set[str] = set()
    stems: set[str] = set()
    for clause in _clauses(model.match):
        literal = _literal(clause)
        if literal is None:
            continue
        if isinstance(clause, ClauseEquals):
            exact.add(literal)
        else:
            stems |= _opened(provider, clause, literal)
    exact.add(model.id.lower())
    if provider.id == "aws":
        exact |= {_BEDROCK_RELEASE.sub("", name) for name in exact}
    exact = {name for name in exact if _is_its(provider, model, name)}
    stems = {name for name in stems if _is_its(provider, model, name)}
    exact |= {f"{stem}-latest" for stem in stems if provider.find_model(f"{stem}-latest") is model}
    if provider.id == "google":
        exact |= {f"{stem}-00{n}" for stem in stems for n in (1, 2) if provider.find_model(f"{stem}-00{n}") is model}
    return exact - stems, stems


def _is_its(provider: Provider, model: ModelInfo, name: str) -> bool:
    """Say whether the library too gives this name to this model; Bedrock's lack the release, Fireworks' the path."""
    found = provider.find_model(name)
    if found is None and provider.id == "aws":
        return not name.startswith("regional.")
    return found is model or (found is None and provider.id == "fireworks" and name == model.id)


def _clauses(match: MatchLogic) -> Iterator[MatchLogic]:
    """Yield the simple clauses of a match; of several that must hold together, the prefix."""
    if isinstance(match, ClauseOr):
        for clause in match.or_:
            yield from _clauses(clause)
    elif isinstance(match, ClauseAnd):
        yield from (clause for clause in match.and_ if isinstance(clause, ClauseStartsWith))
    else:
        yield match


def _literal(clause: MatchLogic) -> str | None:
    """Return the text of a clause as a name; None for a pattern that ends in anything but a date."""
    if isinstance(clause, ClauseRegex):
        match = _REGEX_DATE.fullmatch(clause.regex)
        return match["stem"].replace("\\", "").lower() if match else None
    if isinstance(clause, ClauseEquals):
        return clause.equals.lower()
    if isinstance(clause, ClauseStartsWith):
        text = clause.starts_with
    elif isinstance(clause, ClauseEndsWith):
        text = clause.ends_with
    else:
        assert isinstance(clause, ClauseContains)  # noqa: S101  Other kinds were taken apart by _clauses.
        text = clause.contains
    return _PARTIAL_DATE.sub("", text.lower().strip("-@/"))


def _opened(provider: Provider, clause: MatchLogic, literal: str) -> set[str]:
    """Return the stems that a clause opens; on Bedrock a part of a name stands behind a geography and a vendor."""
    if provider.id != "aws" or not isinstance(clause, ClauseContains):
        return {_BEDROCK_RELEASE.sub("", literal) if provider.id == "aws" else literal}
    plain = _BEDROCK_RELEASE.sub("", literal)
    if plain.partition(".")[0] in (*_GEOS, "global"):
        return {plain}
    vendor = _VENDORS.get(plain.partition("-")[0])
    named = f"{vendor}.{plain}" if vendor else plain
    return {plain, named, *(f"{geo}.{named}" for geo in _GEOS)}
