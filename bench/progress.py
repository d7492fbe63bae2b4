"""What the benchmark says while it works: on standard error, because standard output holds the figures alone."""

import sys
from time import perf_counter

_BEGAN = perf_counter()


def say(sentence: str) -> None:
    """Say what goes on, with the seconds since the start."""
    sys.stderr.write(f"{perf_counter() - _BEGAN:7.1f} s  {sentence}\n")
    sys.stderr.flush()
