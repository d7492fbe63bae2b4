"""How the sandbox answers one request: key, contract, idempotency, journal, work, expansion, contract again."""

import hashlib
import sys
import threading
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ingestion.stripe.sandbox import contract
from ingestion.stripe.sandbox.errors import StripeRefusal, invalid
from ingestion.stripe.sandbox.expand import expand
from ingestion.stripe.sandbox.journal import Entry, Journal
from ingestion.stripe.sandbox.keys import admit
from ingestion.stripe.sandbox.routes import Handler, handlers
from ingestion.stripe.sandbox.state import API_VERSION, Object, Sandbox, as_json

KEY_LENGTH_MAX = 255
WRITES = ("POST", "DELETE")


@dataclass(frozen=True)
class Ask:
    """One HTTP request; header names are in lower case."""

    method: str
    path: str
    query: str = ""
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class _Kept:
    """The first answer to an idempotency key, and a hash of what was asked with it."""

    asked: str
    answer: Answer


class Api:
    """Stripe's API over one sandbox: one request after the other."""

    def __init__(self, sandbox: Sandbox, journal: Journal | None = None) -> None:
        """Take a sandbox and do again what its journal holds."""
        self.sandbox = sandbox
        self._journal = journal
        self._handlers = handlers()
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._reads = 0
        self._replay(journal.entries if journal else ())

    def answer(self, ask: Ask) -> Answer:
        """Answer one request, whatever it is; safe to call from several threads."""
        with self._lock:
            try:
                admit(ask.headers.get("authorization"), ask.method, ask.path, self.sandbox.account_id)
                version = ask.headers.get("stripe-version", API_VERSION)
                if version != API_VERSION:
                    raise invalid(f"Invalid Stripe API version: {version}. This sandbox speaks {API_VERSION}.")
                return self._perform(ask, ask.headers.get("idempotency-key"))
            except StripeRefusal as refusal:
                return self._refused(refusal, self._next_read_id())

    def _replay(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            ask = Ask(entry.method, entry.path, entry.query, entry.body)
            request = contract.read_request(ask.method, ask.path, ask.query, ask.body)
            self._write(ask, request, entry.idempotency_key)

    def _perform(self, ask: Ask, key: str | None) -> Answer:
        request = contract.read_request(ask.method, ask.path, ask.query, ask.body)
        self._handler_of(request)
        if ask.method not in WRITES:
            return self._work(request, self._next_read_id())
        key = key if ask.method == "POST" else None
        if key is not None and (kept := self._kept_for(key, ask)):
            return kept
        if self._journal is not None:
            self._journal.append(Entry(ask.method, ask.path, ask.query, ask.body, key))
        return self._write(ask, request, key)

    def _write(self, ask: Ask, request: contract.Request, key: str | None) -> Answer:
        """Do a write request. Whatever comes of it, a refusal too, is the answer that its key keeps."""
        self.sandbox.request_id = self.sandbox.new_id("req")
        self.sandbox.idempotency_key = key
        answer = self._work(request, self.sandbox.request_id)
        if key is not None:
            self._kept[key] = _Kept(_hash(ask), answer)
        return answer

    def _kept_for(self, key: str, ask: Ask) -> Answer | None:
        """Return the first answer again, None for a new key; refuse a key that was used for something else."""
        if len(key) > KEY_LENGTH_MAX:
            raise invalid(f"Idempotency keys may only be up to {KEY_LENGTH_MAX} characters.")
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.asked != _hash(ask):
            raise StripeRefusal(
                400,
                "idempotency_error",
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request.",
            )
        original = kept.answer.headers["Request-Id"]
        headers = {**kept.answer.headers, "Idempotent-Replayed": "true", "Original-Request": original}
        headers["Request-Id"] = self._next_read_id()
        return Answer(kept.answer.status, kept.answer.body, headers)

    def _handler_of(self, request: contract.Request) -> Handler:
        handler = self._handlers.get((request.route.method, request.route.path))
        if handler is None:
            raise invalid(
                f"Unrecognized request URL ({request.route.method}: {request.route.path}): Stripe has it, this sandbox "
                "does not play it.",
                status=404,
            )
        return handler

    def _work(self, request: contract.Request, request_id: str) -> Answer:
        params = dict(request.params)
        wanted: list[str] = params.pop("expand", [])
        try:
            body: Object = self.sandbox.copy(self._handler_of(request)(self.sandbox, params, *request.ids))
            expand(self.sandbox, body, wanted)
        except StripeRefusal as refusal:
            return self._refused(refusal, request_id)
        except Exception as bug:  # noqa: BLE001 - shown below and answered as Stripe answers its own failures
            traceback.print_exception(bug, file=sys.stderr)
            return self._broken(f"{request.route.operation} failed: {type(bug).__name__}: {bug}", request_id)
        if problems := contract.check_answer(request.route, body):
            return self._broken("the answer breaks Stripe's contract: " + "; ".join(problems), request_id)
        return _answer(200, body, request_id)

    def _refused(self, refusal: StripeRefusal, request_id: str) -> Answer:
        body = self.sandbox.copy({"error": {**refusal.error, "request_log_url": _log_url(request_id)}})
        if problems := contract.check_error(body):
            return self._broken("the refusal breaks Stripe's contract: " + "; ".join(problems), request_id)
        return _answer(refusal.status, body, request_id)

    def _broken(self, what: str, request_id: str) -> Answer:
        return _answer(500, {"error": {"type": "api_error", "message": f"The sandbox is wrong: {what}"}}, request_id)

    def _next_read_id(self) -> str:
        self._reads += 1
        return f"req_{hashlib.sha256(f'read:{self._reads}'.encode()).hexdigest()[:14]}"


def _answer(status: int, body: Mapping[str, Any], request_id: str) -> Answer:
    headers = {"Content-Type": "application/json", "Request-Id": request_id, "Stripe-Version": API_VERSION}
    return Answer(status, as_json(body), headers)


def _hash(ask: Ask) -> str:
    return hashlib.sha256(f"{ask.method}\n{ask.path}\n{ask.query}\n{ask.body}".encode()).hexdigest()


def _log_url(request_id: str) -> str:
    return f"https://dashboard.stripe.com/test/logs/{request_id}"
