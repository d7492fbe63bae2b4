"""The routes of signing in, out and over: each form is checked for where it came from, each answer is a redirect."""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import parse_qsl

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from api.screens import new_password_screen, sign_in_screen
from billing_core import access
from billing_core.access import Entered
from billing_core.errors import BillingError, DatabaseUnavailableError
from billing_core.sign_in import SESSION_LENGTH, Person, is_same_site, safe_path

FORM_BYTES_MAX = 16_384
FIELDS_MAX = 10
PASSWORDS_AT_ONCE = 2
"""Hashing a password takes 64 MB and a core for 50 ms: a crowd of guesses waits its turn."""

WRONG = (
    "E-mail or password is wrong. After five wrong tries an account rests for half a minute, then longer, "
    "up to 15 minutes."
)
FOREIGN = "This form came from another site, so nothing was done: open Marginbook and do it there."
TOO_LONG = "This form is too long to be read: type less."

Result = TypeVar("Result")


class _Passwords:
    """The queue for hashing; made on first use, because it belongs to the running event loop."""

    limiter: CapacityLimiter | None = None


async def login(request: Request) -> Response:
    """Show the sign-in form, or open a session and lead on to the page that was wanted."""
    wanted = safe_path(request.query_params.get("next", "/"))
    if request.method != "POST":
        is_inside = await in_thread(lambda: access.person_of_cookie(cookie_of(request)))
        return RedirectResponse(wanted, 303) if is_inside else sign_in_screen()
    if (refusal := _refused(request)) is not None:
        return refusal
    form = await _form(request)
    if form is None:
        return sign_in_screen(note=TOO_LONG, status=413)
    email, password = form.get("email", ""), form.get("password", "")
    entered = await _one_of_few(lambda: access.sign_in(email=email, password=password, old_cookie=cookie_of(request)))
    if entered is None:
        return sign_in_screen(email=email, note=WRONG, status=401)
    return _let_in(request, entered, wanted)


async def logout(request: Request) -> Response:
    """End the session and forget the cookie."""
    if (refusal := _refused(request)) is not None:
        return refusal
    await in_thread(lambda: access.sign_out(cookie_of(request)))
    response = RedirectResponse("/login", 303)
    response.delete_cookie(access.name_of_cookie())
    return response


async def switch(request: Request) -> Response:
    """Open another tenant of the same person's."""
    if (refusal := _refused(request)) is not None:
        return refusal
    form = await _form(request) or {}
    named = form.get("tenant", "")
    tenant_id = int(named) if named.isascii() and named.isdigit() and len(named) < 19 else 0
    entered = await in_thread(lambda: access.switch_tenant(cookie_of(request), tenant_id=tenant_id))
    if entered is None:
        return PlainTextResponse("This tenant is not yours to open: ask its owner to add you.", 403)
    return _let_in(request, entered, "/")


async def password(request: Request) -> Response:
    """Show the form for a new password, or change it."""
    person: Person | None = await in_thread(lambda: access.person_of_cookie(cookie_of(request)))
    if person is None:
        return RedirectResponse("/login?next=/password", 303)
    if request.method != "POST":
        return new_password_screen()
    if (refusal := _refused(request)) is not None:
        return refusal
    form = await _form(request)
    if form is None:
        return new_password_screen(note=TOO_LONG, status=413)
    old, new = form.get("old", ""), form.get("new", "")
    try:
        entered = await _one_of_few(lambda: access.change_password(person, old_password=old, new_password=new))
    except DatabaseUnavailableError:
        raise
    except BillingError as refused:
        return new_password_screen(note=str(refused), status=400)
    return RedirectResponse("/login", 303) if entered is None else _let_in(request, entered, "/")


def cookie_of(connection: HTTPConnection) -> str | None:
    """Return the value of this installation's cookie."""
    return connection.cookies.get(access.name_of_cookie())


async def in_thread(call: Callable[[], Result]) -> Result:
    """Run what waits for the database beside the event loop."""
    return await run_sync(call)


async def _one_of_few(call: Callable[[], Result]) -> Result:
    if _Passwords.limiter is None:
        _Passwords.limiter = CapacityLimiter(PASSWORDS_AT_ONCE)
    return await run_sync(call, limiter=_Passwords.limiter)


def _refused(request: Request) -> Response | None:
    """Refuse a form that a page of another site sent; SameSite=Lax alone would let a sibling domain through."""
    headers: Headers = request.headers
    hosts = [headers.get("host"), headers.get("x-forwarded-host")]
    is_ours = any(is_same_site(headers.get("origin"), host) for host in hosts)
    if is_ours and headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}:
        return None
    return PlainTextResponse(FOREIGN, 403)


async def _form(request: Request) -> dict[str, str] | None:
    """Return a form's fields; None when it is longer than any form of ours."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES_MAX:
            return None
    try:
        return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError:
        return None


def _let_in(request: Request, entered: Entered, path: str) -> Response:
    response = RedirectResponse(path, 303)
    is_secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
    response.set_cookie(
        entered.cookie_name,
        entered.cookie,
        max_age=int(SESSION_LENGTH.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=is_secure,
    )
    return response
