"""The web program for tests: its settings lead to a test's own database, its requests are made without a network."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from api import sign_in
from api.gate import SignInGate, unavailable
from api.health import healthz
from billing_core import access
from billing_core.commands.sign_in import hasher
from billing_core.errors import BillingError
from billing_core.store.embedded import ClusterUrls
from billing_core.store.engine import engine

HOST = "books.example.com"
PASSWORD = "correct horse battery"
PASSWORD_HASH = hasher.hash(PASSWORD)


@pytest.fixture
def settled(database: ClusterUrls, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[ClusterUrls]:
    """Let everything that asks the process's settings find this test's database, and nothing that was remembered."""
    monkeypatch.setenv("DATABASE_URL", database.app_url)
    monkeypatch.setenv("DATABASE_ADMIN_URL", database.admin_url)
    monkeypatch.setenv("MARGINBOOK_HOME", str(tmp_path))
    forget_everything()
    engine()
    yield database
    if engine.cache_info().currsize:
        engine().dispose()
    forget_everything()


def forget_everything() -> None:
    """Empty the caches that a process keeps."""
    engine.cache_clear()
    access._remembered.clear()
    st.cache_data.clear()


@dataclass(frozen=True)
class Answer:
    """What came back for one request."""

    status: int
    headers: dict[str, str]
    body: str
    cookies: dict[str, str] = field(default_factory=dict)


class Site:
    """The gate and the sign-in routes around an inside that greets whoever comes through."""

    def __init__(self) -> None:
        async def inside(_request: Request) -> PlainTextResponse:
            return PlainTextResponse("inside")

        async def stream(websocket: WebSocket) -> None:
            await websocket.accept()
            await websocket.send_text("inside")
            await websocket.close()

        self.app = Starlette(
            routes=[
                Route("/login", sign_in.login, methods=["GET", "POST"]),
                Route("/logout", sign_in.logout, methods=["POST"]),
                Route("/tenant", sign_in.switch, methods=["POST"]),
                Route("/password", sign_in.password, methods=["GET", "POST"]),
                Route("/healthz", healthz),
                WebSocketRoute("/_stcore/stream", stream),
                Route("/{path:path}", inside, methods=["GET", "POST", "PUT", "DELETE"]),
            ],
            middleware=[Middleware(SignInGate)],
            exception_handlers={BillingError: unavailable},
        )

    def get(self, path: str, cookie: str | None = None, **headers: str) -> Answer:
        """Open a path as a browser does."""
        return self.ask("GET", path, cookie=cookie, accept="text/html", **headers)

    def post(
        self, path: str, fields: dict[str, str] | None = None, cookie: str | None = None, **headers: str
    ) -> Answer:
        """Send a form as a browser does from a page of ours."""
        headers.setdefault("origin", f"http://{HOST}")
        return self.ask("POST", path, cookie=cookie, body=urlencode(fields or {}).encode(), **headers)

    def ask(self, method: str, path: str, *, cookie: str | None = None, body: bytes = b"", **headers: str) -> Answer:
        """Make one HTTP request."""
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.app(_scope("http", path, cookie, headers) | {"method": method}, receive, send))
        return _answer(sent)

    def handshake(self, cookie: str | None = None) -> str:
        """Try to open the WebSocket; return what the server said first."""
        sent: list[dict[str, Any]] = []
        said = iter([{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}])

        async def receive() -> Any:
            return next(said)

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.app(_scope("websocket", "/_stcore/stream", cookie, {}), receive, send))
        return str(sent[0]["type"])

    def sign_in(self, email: str, password: str = PASSWORD, **headers: str) -> str:
        """Sign in and return the cookie, name and value."""
        answer = self.post("/login", {"email": email, "password": password}, **headers)
        name, value = next(iter(answer.cookies.items()))
        return f"{name}={value}"


def _scope(kind: str, path: str, cookie: str | None, headers: dict[str, str]) -> dict[str, Any]:
    given = {"host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    if cookie is not None:
        given["cookie"] = cookie
    plain, _, query = path.partition("?")
    return {
        "type": kind,
        "scheme": "http" if kind == "http" else "ws",
        "path": plain,
        "raw_path": plain.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "server": (HOST, 80),
        "client": ("192.0.2.1", 4711),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "subprotocols": [],
        "extensions": {},
        "state": {},
    }


def _answer(sent: list[dict[str, Any]]) -> Answer:
    start = next(message for message in sent if message["type"] == "http.response.start")
    cookies: SimpleCookie = SimpleCookie()
    headers: dict[str, str] = {}
    for name, value in start["headers"]:
        if name == b"set-cookie":
            cookies.load(value.decode())
        headers[name.decode()] = value.decode()
    body = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    return Answer(start["status"], headers, body.decode(), {name: each.value for name, each in cookies.items()})
