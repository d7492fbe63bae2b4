"""What a refusal is, and how it quotes what somebody sent."""

import re

_NUMBER_OR_TIME = re.compile(r"[0-9.,:+/ $%_eETZ-]{0,40}")


class BillingError(Exception):
    """A refusal that is shown to the person; anything else is a bug and is never hidden."""


def shown(value: object) -> str:
    """Return a value as a refusal may show and keep it: numbers and dates, but no text that could be a prompt."""
    if isinstance(value, str) and not _NUMBER_OR_TIME.fullmatch(value):
        return f"a text of {len(value)} characters"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return repr(value) if isinstance(value, str) else str(value)[:40]
