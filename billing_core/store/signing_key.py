"""The installation's signing key: 32 random bytes in a file that only its owner reads."""

import contextlib
import os
import secrets
import tempfile
from functools import cache
from pathlib import Path

from billing_core.errors import HomeUnusableError
from billing_core.store.settings import read_settings

FILE = "signing.key"
LENGTH = 32


def signing_key() -> bytes:
    """Return the key that signs this installation's cookies, made at the first start."""
    return _key_in(read_settings().marginbook_home)


@cache
def _key_in(home: Path) -> bytes:
    """Read the key, or make it; of several that start at once, one makes it and all use it."""
    path = home / FILE
    try:
        if not path.exists():
            home.mkdir(mode=0o711, parents=True, exist_ok=True)
            _make(path)
        return path.read_bytes()
    except OSError as refused:
        raise HomeUnusableError(str(home), refused.strerror or str(refused)) from refused


def _make(path: Path) -> None:
    """Write a draft that nobody else can read, and publish it whole, never over a key that is already in use."""
    number, draft = tempfile.mkstemp(prefix=f"{FILE}.", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(secrets.token_bytes(LENGTH))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
