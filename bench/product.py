"""What the product as a whole asks of a machine: memory while nobody does anything, time from a clone to a page."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, sleep

from bench.pages import signed_in
from bench.programs import (
    HOST,
    PROJECT,
    first_page_status,
    free_port,
    running,
    sign_in,
    wait_for_ready,
)
from bench.progress import say
from bench.unmeasured import UnmeasuredError
from billing_core.store import embedded

IDLE_SECONDS = 60
PROC = Path("/proc")


def idle_megabytes() -> float:
    """Start the product with its demo, draw its first page, let it rest, and sum the memory of all its processes.

    What several of them share is counted once (Linux's PSS).
    """
    if not (PROC / "self/smaps_rollup").exists():
        raise UnmeasuredError("Only Linux says how much memory processes share.")
    home = Path(tempfile.mkdtemp(prefix="marginbook-bench-home-"))
    port = free_port()
    settings = {"MARGINBOOK_HOME": str(home), "PORT": str(port)}
    try:
        with running([sys.executable, "-m", "cli", "up"], folder=PROJECT, settings=settings) as program:
            email, password = wait_for_ready(program)
            with signed_in(f"http://{HOST}:{port}", email=email, password=password):
                say(f"the product is up and its first page drawn; now it rests for {IDLE_SECONDS} seconds")
            sleep(IDLE_SECONDS)
            server = embedded.status(home).pid
            roots = {program.pid} | ({server} if server else set())
            return sum(map(_proportional_bytes, _family(roots))) / 1_000_000
    finally:
        embedded.stop(home)
        shutil.rmtree(home)


def first_page_seconds() -> float:
    """Clone HEAD into an empty folder, run `make run` there, and wait until the first page answers signed in."""
    parent = Path(tempfile.mkdtemp(prefix="marginbook-bench-clone-"))
    clone = parent / "marginbook"
    port = free_port()
    began = perf_counter()
    try:
        _clone(clone)
        with running(["make", "run"], folder=clone, settings={"PORT": str(port)}) as program:
            email, password = wait_for_ready(program)
            status = first_page_status(port, sign_in(port, email=email, password=password))
            seconds = perf_counter() - began
        if status != 200:
            raise UnmeasuredError(f"The first page of http://{HOST}:{port} answered {status}.")
        return seconds
    finally:
        embedded.stop(clone / ".marginbook")
        shutil.rmtree(parent)


def _clone(to: Path) -> None:
    cloned = subprocess.run(
        ["git", "clone", "--quiet", "--no-hardlinks", str(PROJECT), str(to)],  # noqa: S607 - git is found by PATH.
        capture_output=True,
        text=True,
        check=False,
    )
    if cloned.returncode != 0:
        raise UnmeasuredError(f"This folder cannot be cloned: {cloned.stderr.strip()}")


def _family(roots: set[int]) -> set[int]:
    """Return these processes and all that descend from them."""
    parents = {int(folder.name): _parent(folder) for folder in PROC.iterdir() if folder.name.isdigit()}
    family = set(roots)
    while True:
        more = {process for process, parent in parents.items() if parent in family} - family
        if not more:
            return family
        family |= more


def _parent(folder: Path) -> int:
    try:
        # The name, in brackets, may hold anything; after it come state and parent.
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except FileNotFoundError:
        return 0


def _proportional_bytes(process: int) -> int:
    try:
        lines = (PROC / str(process) / "smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
