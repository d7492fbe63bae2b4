"""The installation's signing key: 32 random bytes in a file that only its owner reads."""

import os
import secrets
from functools import cache
from pathlib import Path

from billing_core.store.settings import read_settings

FILE = "signing.key"
LENGTH = 32


def signing_key() -> bytes:
    """Return the key that signs this installation's cookies, made at the first start."""
    return _key_in(read_settings().marginbook_home)


@cache
def _key_in(home: Path) -> bytes:
    """Read the key, or make it; of two programs that start at once, one makes it and both use it."""
    path = home / FILE
    if not path.exists():
        home.mkdir(mode=0o711, parents=True, exist_ok=True)
        draft = home / f"{FILE}.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_bytes(LENGTH))
        try:
            os.link(draft, path)  # Whole or not at all, and never over one that is already in use.
        except FileExistsError:
            return path.read_bytes()
        finally:
            draft.unlink()
    return path.read_bytes()
