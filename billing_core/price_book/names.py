"""Which spellings of a model's name mean the same model: strict, because a near match would give it another's price."""

import re

from billing_core.usage import provider_of

_DATED = re.compile(
    r"(?P<stem>.+?)(?:[-@](?P<year>20[2-3]\d)-?(?P<month>0[1-9]|1[0-2])-?(?P<day>0[1-9]|[12]\d|3[01])|@latest|@default)"
)
_BEDROCK_RELEASE = re.compile(r"-v\d+(?::\d+)?(?::\d+k)?$")
_FINE_TUNED = re.compile(r"(ft:[^:]+):.*")


def spellings(provider: str, model: str) -> list[str]:
    """Return the exact names to look for, the most literal first.

    Only what a hosting puts around a name is taken off: `openai/…`, `models/…`, `projects/…/models/…`, an ARN and the
    release (`-v1:0`) of Bedrock, and what follows the base of a fine-tuned model (`ft:gpt-4o-2024-08-06:…`).
    """
    plain = model.strip().lower()
    found = [plain]
    head, slash, rest = plain.partition("/")
    if slash and provider_of(head) == provider:
        found.append(rest)
    if provider == "google" and "models/" in plain:
        found.append(plain.rpartition("models/")[2])
    if provider == "aws":
        bare = found[-1].rpartition("/")[2]
        found += [bare, _BEDROCK_RELEASE.sub("", bare)]
    fine_tuned = _FINE_TUNED.fullmatch(found[-1])
    if fine_tuned:
        found.append(fine_tuned[1])
    return list(dict.fromkeys(found))


def dated_spellings(name: str) -> tuple[str, list[str]] | None:
    """Return a dated name's stem and its other spellings of the date; None if it carries no date.

    "gpt-4o-20240806" has the stem "gpt-4o" and is also spelled "gpt-4o-2024-08-06" and "gpt-4o@20240806".
    """
    match = _DATED.fullmatch(name)
    if match is None:
        return None
    stem, year, month, day = match["stem"], match["year"], match["month"], match["day"]
    if year is None:
        return stem, [stem]
    return stem, [f"{stem}-{year}-{month}-{day}", f"{stem}-{year}{month}{day}", f"{stem}@{year}{month}{day}"]
