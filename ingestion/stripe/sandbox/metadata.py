"""How parameters change an object: an empty text unsets."""

from typing import Any


def merged(before: dict[str, str], asked: Any) -> dict[str, str]:
    """Return metadata after an update: given keys are set, keys given empty are unset, an empty text unsets all."""
    if not asked:
        return {}
    return {name: value for name, value in {**before, **asked}.items() if value}


def without_empty(value: Any) -> Any:
    """Return a parameter's value for its field: an empty text is nothing."""
    return None if value == "" else value
