"""Derives ingestion/demo/traces.json.gz, once, from the two public traces that its NOTICE names.

Run `python -m tools.demo_traces servegen_client_windows.csv.gz AzureLLMInferenceTrace_code.csv`; the same files make
the same bytes.
"""

import csv
import gzip
import json
import sys
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "ingestion" / "demo" / "traces.json.gz"

# The clients of ServeGen that stand for customers: active on most of the 14 days, inputs of ordinary length.
CLIENTS = (
    ("m-mid", "14"), ("m-small", "36"), ("m-small", "41"), ("m-large", "104"), ("m-mid", "5"), ("m-mid", "31"),
    ("m-mid", "22"), ("m-large", "78"), ("m-mid", "72"), ("m-large", "56"), ("m-small", "16"), ("m-large", "110"),
    ("m-large", "83"), ("m-large", "37"), ("m-large", "144"), ("m-large", "31"), ("m-large", "0"), ("m-large", "88"),
    ("m-large", "16"), ("m-large", "49"), ("m-large", "113"), ("m-large", "95"), ("m-mid", "69"), ("m-large", "76"),
    ("m-large", "35"), ("m-mid", "91"), ("m-large", "94"), ("m-mid", "64"), ("m-mid", "35"),
)  # fmt: skip
HOURS = 14 * 24
SHARE = 100_000
LENGTHS_PER_CLIENT = 120


def main() -> None:
    """Read both traces and write the derived file."""
    servegen, azure = (Path(name) for name in sys.argv[1:])
    derived = {"clients": _clients(servegen), "code": _code(azure)}
    text = json.dumps(derived, separators=(",", ":"))
    TARGET.write_bytes(gzip.compress(text.encode(), mtime=0))


def _clients(path: Path) -> list[dict[str, Any]]:
    """Return per client its share of requests per hour of the 14 days, and lengths of its windows."""
    windows = defaultdict(list)
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            if row["category"] == "language" and (row["model"], row["client"]) in CLIENTS:
                windows[row["model"], row["client"]].append(row)
    return [_client(client, windows[client]) for client in CLIENTS]


def _client(client: tuple[str, str], windows: list[dict[str, str]]) -> dict[str, Any]:
    requests = [round(float(row["requests"])) for row in windows]
    hours = [0] * HOURS
    for row, count in zip(windows, requests, strict=True):
        hours[int(float(row["t_start_s"])) // 3600] += count
    step = max(1, len(windows) // LENGTHS_PER_CLIENT)
    lengths = [
        [round(float(row["mean_input_tokens"])), max(1, round(float(row["mean_output_tokens"])))]
        for row in windows[::step]
    ]
    return {
        "client": "/".join(client),
        "hours": [count * SHARE // sum(requests) for count in hours],
        "lengths": lengths[:LENGTHS_PER_CLIENT],
    }


def _code(path: Path) -> list[list[int]]:
    """Return per request its milliseconds since the first one, its input and its output tokens."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    times = [datetime.fromisoformat(row["TIMESTAMP"][:26]) for row in rows]
    return [
        [round((at - times[0]).total_seconds() * 1000), int(row["ContextTokens"]), max(1, int(row["GeneratedTokens"]))]
        for at, row in zip(times, rows, strict=True)
    ]


if __name__ == "__main__":
    main()
