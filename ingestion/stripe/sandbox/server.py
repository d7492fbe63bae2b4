"""The sandbox over HTTP: a small threaded server on this machine only."""

import json
import socket
import sys
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from ingestion.stripe.sandbox.api import Answer, Api, Ask
from ingestion.stripe.sandbox.contract_params import decode_form
from ingestion.stripe.sandbox.errors import StripeRefusal
from ingestion.stripe.sandbox.faults import Fault, FaultKind, Faults, When, refusal_of
from ingestion.stripe.sandbox.journal import Journal
from ingestion.stripe.sandbox.keys import SECRET_KEY
from ingestion.stripe.sandbox.state import Sandbox, as_json

HOST = "127.0.0.1"
ADMIN = "/_sandbox/"
BODY_BYTES_MAX = 1_000_000
IDLE_SECONDS_MAX = 60
HANG_SECONDS_MAX = 600
LOG_LENGTH_MAX = 10_000


@dataclass(frozen=True)
class Logged:
    """One request that was answered, or that a fault swallowed (status None)."""

    method: str
    path: str
    status: int | None
    idempotency_key: str | None


class SandboxServer:
    """A running sandbox: `with SandboxServer(start=…) as stripe: stripe.url, stripe.key`."""

    def __init__(self, *, start: int, port: int = 0, journal: Path | None = None) -> None:
        """Bind the port (0: a free one) and bring the sandbox to where its journal left it.

        `start` is the sandbox's first instant in Unix seconds; a journal that exists already has its own.
        Raises SandboxJournalError for an unusable journal, OSError for a port that is taken.
        """
        self.journal = None if journal is None else Journal(journal, start=start)
        self.sandbox = Sandbox(now=start if self.journal is None else self.journal.start)
        self.api = Api(self.sandbox, self.journal)
        self.faults = Faults()
        self.log: deque[Logged] = deque(maxlen=LOG_LENGTH_MAX)
        self.closing = threading.Event()
        self._http = _Http((HOST, port), self)
        self._thread: threading.Thread | None = None
        self.key = SECRET_KEY
        self.url = f"http://{HOST}:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        """Serve from a thread."""
        self._thread = threading.Thread(target=self.serve, name="stripe sandbox", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _value: BaseException | None, _at: TracebackType | None
    ) -> None:
        """Stop serving and let go of the port and the journal."""
        self.closing.set()
        self._http.shutdown()
        if self._thread is not None:
            self._thread.join()
        self.close()

    def serve(self) -> None:
        """Serve until `shutdown` or an interrupt."""
        self._http.serve_forever(poll_interval=1 / 20)

    def close(self) -> None:
        """Let go of the port, of every connection and of the journal."""
        self.closing.set()
        self._http.close_connections()
        self._http.server_close()
        if self.journal is not None:
            self.journal.close()

    def answer(self, ask: Ask) -> Answer | None:
        """Answer a request, unless a fault is due; None: the connection is closed without an answer."""
        if ask.path.startswith(ADMIN):
            return self._administer(ask)
        fault = self.faults.next_for(ask.method, ask.path)
        answer = None
        if fault is None or fault.when is When.AFTER:
            answer = self.api.answer(ask)
        if fault is not None:
            answer = self._spoil(fault)
        status = None if answer is None else answer.status
        self.log.append(Logged(ask.method, ask.path, status, ask.headers.get("idempotency-key")))
        return answer

    def _spoil(self, fault: Fault) -> Answer | None:
        refusal = refusal_of(fault.kind)
        if refusal is not None:
            return Answer(refusal.status, as_json(refusal.body), {"Content-Type": "application/json"})
        if fault.kind is FaultKind.HANG:
            self.closing.wait(HANG_SECONDS_MAX)
        return None

    def _administer(self, ask: Ask) -> Answer:
        """Serve /_sandbox/faults (POST one, DELETE all) and /_sandbox/state (GET: the clock and a fingerprint)."""
        if "origin" in ask.headers:
            return _plain(403, {"wrong": "a page in a browser has no business here"})
        what = (ask.method, ask.path.removeprefix(ADMIN))
        if what == ("GET", "state"):
            state = {"now": self.sandbox.now, "fingerprint": self.sandbox.fingerprint()}
            return _plain(200, {**state, "faults_left": self.faults.left})
        if what == ("DELETE", "faults"):
            self.faults.clear()
            return _plain(200, {"faults_left": 0})
        if what == ("POST", "faults"):
            try:
                self.faults.add(_fault_of(decode_form(ask.body)))
            except (StripeRefusal, ValueError, TypeError) as wrong:
                return _plain(400, {"wrong": str(wrong)})
            return _plain(200, {"faults_left": self.faults.left})
        return _plain(404, {"wrong": f"{ask.method} {ask.path} does not exist"})


def _fault_of(given: Mapping[str, Any]) -> Fault:
    known = {**given, "kind": FaultKind(given.get("kind", "")), "when": When(given.get("when", "before"))}
    return Fault(**{**known, "count": int(given.get("count", 1))})


def _plain(status: int, body: Mapping[str, Any]) -> Answer:
    return Answer(status, json.dumps(body), {"Content-Type": "application/json"})


class _Http(ThreadingHTTPServer):
    """One thread per connection; it knows the open ones, so that closing leaves none behind."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], stripe: SandboxServer) -> None:
        self.stripe = stripe
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note an opened connection."""
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Note a closed connection."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """End every open connection."""
        with self._open_lock:
            still_open = list(self._open)
        for each in still_open:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # The other side was faster.

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about a caller who hung up; everything else is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    """One connection: request after request until the caller closes it."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS_MAX
    disable_nagle_algorithm = True
    wbufsize = -1  # Buffered: an answer leaves in one piece.
    server: _Http

    def _serve(self) -> None:
        stated = self.headers.get("Content-Length") or "0"
        length = int(stated) if stated.isdecimal() else BODY_BYTES_MAX + 1
        if length > BODY_BYTES_MAX:
            self.close_connection = True
            self.send_error(413)
            return
        address = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(length).decode(errors="replace")
        answer = self.server.stripe.answer(Ask(self.command, address.path, address.query, body, headers))
        if answer is None:
            self.close_connection = True
            return
        content = answer.body.encode()
        self.send_response_only(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the server's own names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the server's own name
        """Log nothing: `SandboxServer.log` holds what was asked."""
