"""On what machine the figures came about."""

import os
import platform
import subprocess
from pathlib import Path

from billing_core.store.embedded_programs import client_program


def machine() -> dict[str, object]:
    """Return cores, processor, memory, versions, and how busy the machine was with other things before we began."""
    postgres = subprocess.run([client_program("psql"), "--version"], capture_output=True, text=True, check=True)
    return {
        "cores": os.cpu_count(),
        "processor": _line("/proc/cpuinfo", "model name") or platform.processor(),
        "memory": _line("/proc/meminfo", "MemTotal"),
        "system": platform.platform(),
        "python": platform.python_version(),
        "postgres": postgres.stdout.split()[-1],
        "load_average_before": load_average(),
    }


def load_average() -> list[float]:
    """Return how many programs wanted a core, over 1, 5 and 15 minutes."""
    return [round(load, 2) for load in os.getloadavg()]


def _line(file: str, name: str) -> str:
    """Return what a file of the system says under a name; nothing where there is no such file."""
    if not Path(file).exists():
        return ""
    lines = (line.partition(":") for line in Path(file).read_text(encoding="utf-8").splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "")
