"""Measures what is asked for and prints one JSON object: `ONLY=key,key SCALE=0.1 python -m bench`."""

import json
import os
import signal
import sys

from bench.machine import load_average, machine
from bench.run import Asked, run
from bench.targets import TARGETS


def main() -> int:
    """Read ONLY and SCALE from the environment, measure, and print the figures; 2 when they make no sense."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # So that a cluster of ours is stopped and removed.
    try:
        asked = Asked.read(os.environ.get("ONLY", ""), os.environ.get("SCALE", ""))
    except ValueError as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 2
    before = machine()
    figures, notes = run(asked)
    after = load_average()
    report = {
        **figures,
        "scale": asked.scale,
        **({} if asked.scale == 1 else {"about_scale": "A quick look at smaller data: compare it with no target."}),
        "targets": {
            key: {"target": str(TARGETS[key]), "met": None if figure is None else TARGETS[key].is_met(figure)}
            for key, figure in figures.items()
        },
        "notes": notes,
        "machine": before | {"load_average_after": after},
    }
    sys.stdout.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
