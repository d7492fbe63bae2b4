"""Programs that the benchmark starts as a person would, and ends when it has measured them."""

import http.client
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlencode

from bench.unmeasured import UnmeasuredError
from billing_core.store.settings import Settings

PROJECT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
STOP_SECONDS_MAX = 60


@contextmanager
def running(command: Sequence[str], *, folder: Path, settings: Mapping[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """Run a program in a session of its own with these settings and no others; ask it to stop at the end."""
    inherited = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    program = subprocess.Popen(
        command,
        cwd=folder,
        env={**inherited, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield program
    finally:
        if program.poll() is None:
            os.killpg(program.pid, signal.SIGTERM)
        program.communicate(timeout=STOP_SECONDS_MAX)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_for_ready(program: "subprocess.Popen[str]") -> tuple[str, str]:
    """Read what `marginbook up` says until it is ready; return the first account's address and password."""
    said: list[str] = []
    for line in program.stdout or ():
        said.append(line.strip())
        account = re.match(r"Sign in as (\S+) with the password (\S+)", said[-1])
        if account:
            return account[1], account[2]
    raise UnmeasuredError(f"The product ended before it was ready: {' / '.join(said[-3:])}")


def wait_until_healthy(port: int, *, seconds_max: float) -> None:
    """Wait until the web program says that it and its database work."""
    give_up_at = monotonic() + seconds_max
    while _status(port) != http.client.OK:
        if monotonic() > give_up_at:
            raise UnmeasuredError(f"The web program did not answer within {seconds_max:.0f} seconds.")
        sleep(0.1)


def sign_in(port: int, *, email: str, password: str) -> str:
    """Sign in as the form does and return the session's cookie."""
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{HOST}:{port}"}
    connection.request("POST", "/login", urlencode({"email": email, "password": password}), headers)
    answer = connection.getresponse()
    cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    connection.close()
    if answer.status != http.client.SEE_OTHER or not cookie:
        raise UnmeasuredError(f"Signing in was answered with {answer.status}.")
    return cookie


def first_page_status(port: int, cookie: str) -> int:
    """Ask for the first page as a signed-in person."""
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    connection.request("GET", "/", headers={"Cookie": cookie, "Accept": "text/html"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def _status(port: int) -> int:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
