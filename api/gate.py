"""The gate: every HTTP request and every WebSocket needs a session, except the few paths that lead to one."""

from urllib.parse import quote, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.health import DOWN
from api.screens import sentence_screen
from api.sign_in import cookie_of, in_thread
from billing_core import access
from billing_core.errors import BillingError, DatabaseUnavailableError

OPEN_PATHS = {"/login", "/healthz", "/_stcore/health"}
OPEN_FOLDER = "/static/"
"""Streamlit's public bundle; closed, a page whose session ended could not load the rest of its own script."""

NOT_SIGNED_IN = 4401
TRY_LATER = 1013

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not no-referrer: browsers would then name no origin for our own forms either.
    "referrer-policy": "same-origin",
}


class SignInGate:
    """Lets a request through to the application only with an open path or an open session."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, send to sign-in, or say that the database is away."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        guarded = _with_headers(send)
        try:
            if await _may_pass(scope):
                await self.app(scope, receive, guarded)
                return
        except BillingError as refusal:
            await _close(scope, receive, guarded, code=TRY_LATER, response=_unavailable(refusal))
            return
        await _close(scope, receive, guarded, code=NOT_SIGNED_IN, response=_to_sign_in(scope))


async def _may_pass(scope: Scope) -> bool:
    path = scope["path"]
    if path in OPEN_PATHS or path.startswith(OPEN_FOLDER):
        return True
    cookie = cookie_of(HTTPConnection(scope))
    return cookie is not None and await in_thread(lambda: access.person_of_cookie(cookie)) is not None


def _to_sign_in(scope: Scope) -> Response:
    """Redirect what a person opened; anything else could overwrite a sign-in that is under way."""
    if scope["type"] == "http" and "text/html" in HTTPConnection(scope).headers.get("accept", ""):
        query = scope["query_string"].decode("latin-1")
        wanted = quote(scope["path"]) + (f"?{query}" if query else "")
        return RedirectResponse("/login" if wanted == "/" else "/login?" + urlencode({"next": wanted}), 303)
    return PlainTextResponse("Sign in first.", 401)


async def unavailable(_request: Request, refusal: Exception) -> Response:
    """Say in a sentence why nothing can be shown; to strangers no address of the database."""
    return _unavailable(refusal)


def _unavailable(refusal: Exception) -> Response:
    sentence = DOWN if isinstance(refusal, DatabaseUnavailableError) else str(refusal)
    return sentence_screen("Not now", sentence, status=503)


async def _close(scope: Scope, receive: Receive, send: Send, *, code: int, response: Response) -> None:
    if scope["type"] == "websocket":
        await receive()
        # Before it was accepted: the client sees a refused handshake and no byte of the application.
        await send({"type": "websocket.close", "code": code})
    else:
        await response(scope, receive, send)


def _with_headers(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return with_headers
