"""The journal: every write request in its order, on disk before it is done, and done again at the next start."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from io import BufferedRandom
from pathlib import Path

from billing_core.errors import SandboxJournalError


@dataclass(frozen=True)
class Entry:
    """One write request as it came."""

    method: str
    path: str
    query: str
    body: str
    idempotency_key: str | None


class Journal:
    """A file of JSON lines: when the sandbox began, then its write requests."""

    def __init__(self, path: Path, *, start: int) -> None:
        """Open or begin a journal; an opened one keeps the instant at which it began.

        Raises SandboxJournalError for a file that cannot be used or is none of this program's.
        """
        self.path = path
        try:
            self._file = path.open("ab+")
        except OSError as refused:
            raise SandboxJournalError(str(path), refused.strerror or str(refused)) from refused
        try:
            _lock(self._file, path)
            begun, self.entries = _read(self._file, path)
        except BaseException:
            self._file.close()
            raise
        self.start = start if begun is None else begun
        if begun is None:
            self._write({"journal_of": "marginbook sandbox", "start": start})

    def append(self, entry: Entry) -> None:
        """Write an entry and wait until it is on the disk."""
        self._write(asdict(entry))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, line: dict[str, object]) -> None:
        try:
            self._file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as refused:
            raise SandboxJournalError(str(self.path), refused.strerror or str(refused)) from refused


def _lock(file: BufferedRandom, path: Path) -> None:
    """Keep the file to this process for as long as it is open."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as taken:
        raise SandboxJournalError(str(path), "another sandbox writes it") from taken


def _read(file: BufferedRandom, path: Path) -> tuple[int | None, list[Entry]]:
    """Return the start and the entries; what a kill left of a last line is cut off: it was never answered."""
    file.seek(0)
    content = file.read()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        file.truncate(whole)
    lines = content[:whole].splitlines()
    if not lines:
        return None, []
    try:
        start = json.loads(lines[0])["start"]
        return int(start), [Entry(**json.loads(line)) for line in lines[1:]]
    except (ValueError, KeyError, TypeError) as unreadable:
        raise SandboxJournalError(str(path), "it is no journal of this sandbox") from unreadable
