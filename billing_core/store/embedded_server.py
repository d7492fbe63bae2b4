"""One PostgreSQL cluster of our own in a folder: making it, whether it answers, starting and stopping it."""

import contextlib
import fcntl
import os
import re
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from psycopg.pq import PGconn, Ping

from billing_core.errors import EmbeddedDatabaseError
from billing_core.store.embedded_programs import Account, run_as, server_account, server_programs

MAJOR_VERSION = "18"
PORT = 5432
SUPERUSER = "postgres"
OWN_SERVER = "or set DATABASE_URL to a server of your own."
PROC = Path("/proc")

# A Unix socket's path has room for 103 bytes (macOS) or 107 (Linux), including /.s.PGSQL.5432.
SOCKET_FOLDER_BYTES_MAX = 103 - len(f"/.s.PGSQL.{PORT}")
# In a connection string a comma separates hosts and a colon the port.
SOCKET_FOLDER_FORBIDDEN = frozenset(",:@%")

# How long a server may say that it recovers or shuts down, and how long after a crash its pid file and
# shared memory may be in the way until the system has cleaned up.
SECONDS_OF_RECOVERY_MAX = 600.0
SECONDS_OF_CLEANING_MAX = 60.0
LEFT_BY_A_CRASH = ("already exists", "shared memory block")
# The note, beside the data folder, of which roles.sql its database was prepared with.
PREPARED = "prepared"
COMPLAINT = re.compile("FATAL: |ERROR: |error: ")
LOG = "server.log"
LOG_BYTES_MAX = 10_000_000

# For two cores, little memory and bulk imports. What a person writes below these lines wins.
CONFIGURATION = {
    "listen_addresses": "",
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "max_connections": "60",
    # Usage keys are random, and so is where they go in their index: with 128 MB an import of millions takes a third
    # longer. Memory that nothing has touched is not taken.
    "shared_buffers": "512MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "1",
    "io_method": "sync",
    "jit": "off",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "pglz",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The statement and the detail of a failed insert hold customers' data; the log names the failure only.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "cluster_name": "marginbook",
}


@dataclass(frozen=True)
class Server:
    """The cluster in `folder`; nothing outside it is written but, for a deep folder, a short link to it."""

    folder: Path

    @property
    def data(self) -> Path:
        """The data folder; it also holds the socket, and only we and the server's account may enter it."""
        return self.folder / "data"

    @cached_property
    def account(self) -> Account | None:
        """As whom the server runs; None = as ourselves."""
        return server_account(self.data)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Let only one process at a time make, start or stop this cluster; the others wait."""
        lock = os.open(self.folder / "lock", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def ping(self) -> Ping:
        """Ask the server itself, as pg_isready does; a pid file proves nothing."""
        socket = self.socket_folder()
        if socket is None:
            return Ping.NO_RESPONSE
        question = f"host='{_quoted(socket)}' port={PORT} user={SUPERUSER} dbname=postgres connect_timeout=5"
        return Ping(PGconn.ping(question.encode()))

    def socket_folder(self) -> Path | None:
        """Return how clients reach the data folder: itself, or the short link to it; None = no link any more."""
        if _fits_a_socket(self.data):
            return self.data
        try:
            link = Path((self.folder / "short_path").read_text()) / "s"
            private = link.parent.lstat()
            ours = private.st_uid == os.geteuid() and stat.S_IMODE(private.st_mode) == 0o700
            return link if ours and link.samefile(self.data) else None
        except OSError:
            return None

    def make_socket_folder(self) -> None:
        """Make the short link when the data folder's own path is too long for a socket."""
        if self.socket_folder() is not None or self._made_socket_folder_again():
            return
        for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - only for a link in a private folder of random name.
            short = Path(tempfile.mkdtemp(prefix="marginbook-", dir=parent))
            if _fits_a_socket(short / "s"):
                (short / "s").symlink_to(self.data)
                write_whole(self.folder / "short_path", str(short))
                return
            short.rmdir()

    def _made_socket_folder_again(self) -> bool:
        """Make the link where it was before the last stop: programs that outlived the stop still look there."""
        try:
            short = Path((self.folder / "short_path").read_text())
            # Fails when anybody else has put something there meanwhile.
            short.mkdir(mode=0o700)
        except OSError:
            return False
        (short / "s").symlink_to(self.data)
        return True

    def _remove_socket_folder(self) -> None:
        """Take the link away but remember its place, for the next start."""
        link = self.socket_folder()
        if link is not None and link != self.data:
            link.unlink()
            link.parent.rmdir()

    def make(self) -> None:
        """Make the cluster beside its place and move it there whole, so that a half-made one never counts."""
        for half_made in self.folder.glob("data.new-*"):
            # The initdb of a killed process may still be writing there; what stays goes the next time.
            shutil.rmtree(half_made, ignore_errors=True)
        if self.data.exists():
            self._check_version()
            return
        new = Path(tempfile.mkdtemp(prefix="data.new-", dir=self.folder))
        if self.account is not None:
            os.chown(new, self.account.uid, self.account.gid)
        settings = [f"--set={name}={value}" for name, value in CONFIGURATION.items()]
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        # `trust` is for who can enter the folder at all: this account, and root.
        access = [f"--username={SUPERUSER}", "--auth-local=trust", "--auth-host=reject", "--no-instructions"]
        made = self._run("initdb", *access, *locale, *settings, folder=new)
        if made.returncode != 0:
            shutil.rmtree(new, ignore_errors=True)
            raise EmbeddedDatabaseError(
                f"The database cannot be made in {self.folder} ({_cause(made.stdout)})",
                f"free the cause and start again, {OWN_SERVER}",
            )
        (self.folder / PREPARED).unlink(missing_ok=True)
        new.rename(self.data)
        _sync(self.folder)

    def start(self) -> None:
        """Start the server and return when it answers, which after a crash may take minutes of recovery."""
        self.make_socket_folder()
        self._turn_the_log()
        began = time.monotonic()
        while (answer := self.ping()) != Ping.OK:
            waited = time.monotonic() - began
            if answer == Ping.REJECT:
                reason = "it says that it is starting up or shutting down"
                goes_on = waited < SECONDS_OF_RECOVERY_MAX
            else:
                reason = self._try_to_start()
                passes = not reason or any(sign in reason for sign in LEFT_BY_A_CRASH)
                goes_on = passes and waited < SECONDS_OF_CLEANING_MAX
            if not goes_on:
                raise EmbeddedDatabaseError(
                    f"The database in {self.folder} does not start ({reason})",
                    f"free the cause (more in {self.data / LOG}) and start again, {OWN_SERVER}",
                )
            time.sleep(0.05)

    def stop(self) -> bool:
        """Stop the server, cutting its sessions; return whether there was one to stop."""
        if self.pid() is None:
            return False
        stopped = self._run("pg_ctl", "-m", "fast", "-w", "-t", "600", "stop", folder=self.data)
        if stopped.returncode != 0 and self.pid() is not None:
            raise EmbeddedDatabaseError(
                f"The database in {self.folder} does not stop ({_cause(stopped.stdout)})",
                f"look into {self.data / LOG}, end what it names and stop again.",
            )
        self._remove_socket_folder()
        return True

    def pid(self) -> int | None:
        """Return the server's process id when the pid file's process lives and is this cluster's server."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        return pid if self._is_server(pid) else None

    def _is_server(self, pid: int) -> bool:
        if not (PROC / "self").exists():
            said = run_as(None, ["ps", "-p", str(pid), "-o", "stat=,comm="], self.data).stdout.split()
            return bool(said) and "Z" not in said[0] and said[-1].endswith("postgres")
        try:
            name = (PROC / str(pid) / "comm").read_text().strip()
        except FileNotFoundError:
            return False
        # A zombie has no working directory any more. The server's own account asks, because root inside a container
        # may not look into other accounts' processes.
        same_folder = ["/bin/sh", "-c", '[ "/proc/$1/cwd" -ef . ]', "sh", str(pid)]
        return name == "postgres" and run_as(self.account, same_folder, self.data).returncode == 0

    def _try_to_start(self) -> str:
        """Start the server; return why it did not, or nothing."""
        if self.pid() is None:
            # The pids may be a zombie's that nobody reaps, or after a restart of the machine another program's:
            # PostgreSQL would refuse for ever. Its own guard, the shared memory key made of the data folder's
            # inode, still stops us when children of the dead server are left.
            for left in ("postmaster.pid", f".s.PGSQL.{PORT}.lock"):
                (self.data / left).unlink(missing_ok=True)
        log = self.data / LOG
        read_already = log.stat().st_size if log.exists() else 0
        started = self._run("pg_ctl", "-w", "-t", "600", "-l", LOG, "start", folder=self.data)
        if started.returncode == 0:
            return ""
        said = log.read_bytes()[read_already:].decode(errors="replace") if log.exists() else ""
        return _cause(said or started.stdout)

    def _run(self, program: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
        # The folder is named by the working directory it was entered by (see run_as): so the data stays where the
        # person wants it even below a folder that the server's account may not enter, whatever its name contains.
        where = "/proc/self/cwd" if (PROC / "self").exists() else str(folder)
        programs = server_programs(self.account, self.folder.parent)
        return run_as(self.account, [str(programs / program), "-D", where, *arguments], folder)

    def _check_version(self) -> None:
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != MAJOR_VERSION:
            raise EmbeddedDatabaseError(
                f"The database in {self.folder} was made by PostgreSQL {version}, and this is {MAJOR_VERSION}",
                "dump it with the Marginbook that made it and restore it into a new MARGINBOOK_HOME.",
            )

    def _turn_the_log(self) -> None:
        log = self.data / LOG
        if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
            log.rename(self.data / f"{LOG}.1")


def _fits_a_socket(folder: Path) -> bool:
    name = str(folder)
    return len(os.fsencode(folder)) <= SOCKET_FOLDER_BYTES_MAX and not SOCKET_FOLDER_FORBIDDEN.intersection(name)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    os.fsync(opened)
    os.close(opened)


def _quoted(path: Path) -> str:
    return str(path).replace("\\", r"\\").replace("'", r"\'")


def write_whole(file: Path, text: str) -> None:
    """Write a small file so that a reader sees the old text or the new one, never a part."""
    unfinished = file.with_name(f"{file.name}.new-{os.getpid()}")
    unfinished.write_text(text)
    unfinished.replace(file)


def _cause(printed: str) -> str:
    """Return what went wrong from what a program printed: its last complaint, else its last line."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    complaints = [COMPLAINT.split(line)[-1].strip() for line in lines if COMPLAINT.search(line)]
    return (complaints or lines or ["no reason given"])[-1]
