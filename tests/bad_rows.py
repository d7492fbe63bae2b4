"""Rows that cannot be usage, each with its sentence: read one by one without a database, and all in one file."""

import json
from typing import Any

from tests.imports import event

NO_NAME = "is no name of at most 200 printable characters"
NO_WORD = "is no word of at most 64 printable characters"
WRITE_AT = "write it as 2026-11-01T10:00:00Z"
BEYOND = "The line holds a number or a nesting beyond all bounds: JSON knows no NaN and no Infinity"


def usage(**counts: Any) -> dict[str, Any]:
    """Return an event with one count changed."""
    return event(usage={"prompt_tokens": 10, "completion_tokens": 5, **counts})


def raw(field: str, text: str) -> str:
    """Return an event's line with a field whose JSON is written as given."""
    line = json.dumps(event(**{field: "@"}))
    assert line.count('"@"') == 1
    return line.replace('"@"', text)


BAD_LINES: dict[str, tuple[dict[str, Any] | str | bytes, str]] = {
    # No JSON object at all.
    "words": ("hello", "The line is no JSON object (Expecting value at character 1): it may be cut off."),
    "cut": (json.dumps(event())[:60], "The line is no JSON object"),
    "two objects": ("{}{}", "The line is no JSON object (Extra data at character 3)"),
    "list": ("[1, 2]", "The line is JSON but no object: write one event per line as {…}."),
    "null": ("null", "The line is JSON but no object"),
    "text": ('"hello"', "The line is JSON but no object"),
    "latin-1": ('{"customer": "Müller"}'.encode("latin-1"), "The line is no UTF-8 (byte 16): save the file as UTF-8."),
    "binary": (bytes(range(128, 256)), "The line is no UTF-8 (byte 1)"),
    "zero bytes": (b"\0\0\0", "The line is no JSON object"),
    "control character": ('{"customer": "a\tb"}', "The line is no JSON object (Invalid control character at"),
    "NaN": (raw("calls", "NaN"), BEYOND),
    "Infinity": (raw("calls", "-Infinity"), BEYOND),
    "huge integer": (raw("calls", "9" * 5000), BEYOND),
    "huge exponent": (raw("calls", "1e99999999999999999999"), BEYOND),
    "deep nesting": ('{"usage": ' + "[" * 100_000 + "]" * 100_000 + "}", BEYOND),
    "ten megabytes": ('{"customer": "' + "x" * 10_000_000 + '"}', "The line has more than 1000000 bytes"),
    # The plain form's fields.
    "unknown field": (event(custmer="Acme"), "The field 'custmer' is not known: leave it out, or name your columns in"),
    "unknown context": (event(context={"bach": True}), "The field 'context.bach' is not known: leave it out"),
    "context": (event(context="batch"), "The field 'context' is no object: write it as"),
    "context batch": (event(context={"batch": "maybe"}), "The field 'context.batch' is neither true nor false"),
    "context tier": (event(context={"service_tier": 7}), "The field 'service_tier' is no text"),
    "tier too long": (event(context={"service_tier": "t" * 65}), f"The 'service_tier' {NO_WORD}"),
    "region with zero": (event(context={"region": "eu\0"}), f"The 'region' {NO_WORD}"),
    "no provider": (event(provider=None), "The field 'provider' is missing: without it no price can be found."),
    "no model": (event(model=" "), "The field 'model' is missing"),
    "no usage": (event(usage=None), "The field 'usage' is missing or no JSON object: give the usage block."),
    "usage text": (
        event(usage="12 tokens"),
        "The field 'usage' is no JSON: give the object as the provider returned it.",
    ),
    "usage list": (event(usage=[1]), "The field 'usage' is missing or no JSON object"),
    "usage empty": (event(usage={}), "The usage of 'openai' cannot be read (it has nothing)"),
    "usage unknown": (event(usage={"tokens\0": 5}), "The usage of 'openai' cannot be read (it has 'tokens\\x00')"),
    # Names and ids.
    "name is a list": (event(customer=["Acme"]), "The field 'customer' is no text: give a name or leave it out."),
    "name is true": (event(feature=True), "The field 'feature' is no text"),
    "name with zero": (event(customer="Ac\0me"), f"The field 'customer' {NO_NAME}"),
    "half a character": (event(customer="\ud800"), f"The field 'customer' {NO_NAME}"),
    "name of two lines": (event(product="a\nb"), f"The field 'product' {NO_NAME}"),
    "invisible name": (event(project="Acme\u200b"), f"The field 'project' {NO_NAME}"),
    "long name": (event(user="n" * 201), f"The field 'user' {NO_NAME}"),
    "long model": (event(model="m" * 201), f"The field 'model' {NO_NAME}"),
    "model of the response": (
        event(usage={"model": "gpt\0", "usage": {"prompt_tokens": 1, "completion_tokens": 1}}),
        f"The model {NO_NAME}",
    ),
    "names together": (
        event(**dict.fromkeys(("model", "feature", "api_key", "project"), "語" * 200)),
        "The names of provider, model, feature, key and project are too long together.",
    ),
    "id with zero": (event(id="a\0"), "The field 'id' is no text of at most 300 printable characters."),
    "id half a character": (event(id="\udc00"), "The field 'id' is no text of at most 300"),
    "long id": (event(id="i" * 301), "The field 'id' is no text of at most 300"),
    "id is a fraction": (event(id=1.5), "The field 'id' is no text or number: give the call's own id or leave it out."),
    "tags": (event(tags=["a"]), "The field 'tags' is no object of short texts, such as"),
    "tags with zero": (event(tags={"team": "a\0"}), "The field 'tags' is no object of short texts"),
    "tag's name": (event(tags={"\ud800": "a"}), "The field 'tags' is no object of short texts"),
    "tag too long": (event(tags={"note": "n" * 201}), "The field 'tags' is no object of short texts"),
    "tag in a tag": (event(tags={"a": {"b": "c"}}), "The field 'tags' is no object of short texts"),
    "too many tags": (event(tags={str(number): 1 for number in range(51)}), "The field 'tags' is no object"),
    # Counts and costs.
    "negative": (usage(prompt_tokens=-1), "prompt_tokens cannot be -1, because nobody uses less than nothing"),
    "fraction": (usage(prompt_tokens=1.5), "prompt_tokens cannot be counted, because 1.5 is no whole number"),
    "fraction of zero": (usage(prompt_tokens=1.0), "prompt_tokens cannot be counted, because 1.0 is no whole number"),
    "truth": (usage(completion_tokens=True), "completion_tokens cannot be counted, because True is no whole number"),
    "quoted": (usage(prompt_tokens="12"), "prompt_tokens cannot be counted, because '12' is no whole number"),
    "a list of counts": (usage(prompt_tokens=[12]), "prompt_tokens cannot be counted, because a list is no whole"),
    "absurd": (
        usage(prompt_tokens=1_000_000_001),
        "prompt_tokens cannot be 1000000001 in one event (at most 1,000,000,000): split the report",
    ),
    "beyond int64": (usage(prompt_tokens=2**70), f"prompt_tokens cannot be {2**70} in one event"),
    "parts above total": (
        usage(prompt_tokens_details={"cached_tokens": 11}),
        "cannot be more than prompt_tokens (10), of which it is a part",
    ),
    "unknown class": (event(usage={"input": 1, "inputs": 2}), "The usage of 'openai' cannot be read"),
    "no calls": (event(calls=0), "The event says 0 calls: one event stands for 1 to 1000000 calls."),
    "calls": (event(calls=1.5), "The field 'calls' is no whole number (1.5)."),
    "quoted calls": (event(calls="--5"), "The field 'calls' is no whole number ('--5')."),
    "calls in other digits": (event(calls="²"), "The field 'calls' is no whole number (a text of 1 characters)."),
    "absurd calls": (event(calls=10**30), "The field 'calls' is absurdly large: check the mapping of the columns."),
    "too many calls": (event(calls=10**7), "The event says 10000000 calls"),
    "negative cost": (event(cost_usd=-0.01), "cost_usd cannot be -0.01: send the provider's cost in USD as a number"),
    "absurd cost": (event(cost_usd=1_000_001), "cost_usd cannot be 1000001: send the provider's cost in USD"),
    "cost in words": (event(cost_usd="free"), "cost_usd cannot be a text of 4 characters: send the provider's cost"),
    "cost is true": (event(cost_usd=True), "cost_usd cannot be True"),
    # Times.
    "no time": (event(at=None), "The field 'at' is missing: give the time of the call, such as 2026-11-01T10:00:00Z."),
    "time is true": (event(at=True), "The field 'at' is missing"),
    "time in words": (event(at="yesterday"), f"The time (a text of 9 characters) is none: {WRITE_AT}."),
    "month 13": (event(at="2025-13-01T00:00:00Z"), f"The time ('2025-13-01T00:00:00Z') is none: {WRITE_AT}."),
    "time is a list": (event(at=[0, [1], 9]), f"The time (a list) is none: {WRITE_AT}."),
    "other digits": (event(at="²"), f"The time (a text of 1 characters) is none: {WRITE_AT}."),
    "1970": (event(at="1970-01-01T00:00:00Z"), "The event's time 1970-01-01T00:00:00Z lies before 2020-01-01"),
    "last moment of 2019": (
        event(at="2019-12-31T23:59:59.999999Z"),
        "The event's time 2019-12-31T23:59:59.999999Z lies before 2020-01-01: check its column and unit.",
    ),
    "2019 by its zone": (event(at="2020-01-01T00:30:00+01:00"), "The event's time 2019-12-31T23:30:00Z lies before"),
    "year 9999": (event(at="9999-12-31T23:59:59Z"), "The event's time 9999-12-31T23:59:59Z lies more than a day ahead"),
    "year 1": (event(at="0001-01-01T00:00:00+14:00"), "The event's time 0001-01-01T00:00:00Z lies before"),
    "hours since 1970": (event(at=483_000), "The time (483000) is no Unix time in seconds: check its unit."),
    "days": (event(at=20_000), "The time (20000) is no Unix time in seconds"),
    "minus one": (event(at=-1), "The time (-1) is no Unix time in seconds"),
    "huge time": (event(at=10**20), "The time (100000000000000000000) is no Unix time in seconds"),
    "tenths of seconds": (event(at=17_409_996_000), "The event's time 1970-07-21T12:06:36Z lies before"),
}
"""By name: the line, and what its sentence begins with or holds."""

GOOD_LINES: dict[str, dict[str, Any] | str | bytes] = {
    "first moment of 2020": event(id="g1", at="2020-01-01T00:00:00Z"),
    "seconds": event(id="g2", at=1_740_996_000),
    "milliseconds": event(id="g3", at=1_740_996_000_000),
    "microseconds as text": event(id="g4", at="1740996000000000"),
    "nanoseconds": event(id="g5", at=1_740_996_000_000_000_000),
    "seconds with a fraction": event(id="g6", at=1_740_996_000.25),
    "zone": event(id="g7", at="2025-03-03T11:00:00.1234567+01:00"),
    "names of the world": event(id="g8", customer="株式会社　例", product="می‌خواهم", feature="👩‍💻 Ünïcode"),
    "longest names": event(id="i" * 300, customer="c" * 200, tags={"team": "t" * 200, "n": 5, "ok": True}),
    "number as id": event(id=12345678901234567890),
    "largest count": event(id="g9", usage={"input": 1_000_000_000, "output": 0}),
    "usage as text": event(id="g10", usage='{"prompt_tokens": 1, "completion_tokens": 1}'),
    "spaces around": f"  {json.dumps(event(id='g11'))}  ",
    "carriage return": (json.dumps(event(id="g12")) + "\r").encode(),
}
"""Lines at the edge of what is taken."""
