"""The rules of signing in: how often one may fail, what the cookie says, where a deep link may lead."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeSerializer

SESSION_LENGTH = timedelta(hours=12)
PASSWORD_LENGTH_MIN = 12
PASSWORD_LENGTH_MAX = 200
"""Above it argon2 would be asked to hash megabytes for a stranger."""

FREE_FAILURES = 5
"""So many wrong passwords cost nothing but the try itself."""
FIRST_LOCK = timedelta(seconds=30)
LOCK_MAX = timedelta(minutes=15)
"""Longer would hand every stranger who knows an e-mail address a switch that keeps its owner out."""


@dataclass(frozen=True)
class SessionKey:
    """What the cookie names: the tenant whose row is looked up, and the token of which the row keeps a hash."""

    tenant_id: int
    token: str

    @property
    def session_hash(self) -> bytes:
        """Return the SHA-256 that stands in the database: whoever reads the table cannot sign in with it."""
        return sha256(self.token.encode()).digest()


@dataclass(frozen=True)
class Person:
    """Who is signed in, for which tenant and with which role."""

    tenant_id: int
    tenant_name: str
    is_demo: bool
    user_id: int
    email: str
    name: str
    role: str


def locked_until(failures: int, now: datetime) -> datetime | None:
    """Return until when an account rests after so many failures in a row: 30 s, doubling up to 15 minutes."""
    if failures < FREE_FAILURES:
        return None
    doublings = min(failures - FREE_FAILURES, 10)
    return now + min(FIRST_LOCK * (1 << doublings), LOCK_MAX)


def cookie_name(secret: bytes) -> str:
    """Return the cookie's name, one per installation: browsers send cookies to every port of a host."""
    return f"marginbook_{sha256(b'cookie name' + secret).hexdigest()[:8]}"


def sign_cookie(secret: bytes, key: SessionKey) -> str:
    """Return the cookie's value, signed, so that a request with a forged tenant or token costs no query."""
    return _serializer(secret).dumps([key.tenant_id, key.token])


def read_cookie(secret: bytes, cookie: str | None) -> SessionKey | None:
    """Return what a cookie names, or None when it was not signed by us."""
    try:
        tenant_id, token = _serializer(secret).loads(cookie or "")
    except BadData:
        return None
    return SessionKey(tenant_id, token)


def safe_path(wanted: str) -> str:
    """Return the path to open after sign-in: the wanted one if it stays on this site, else the first page."""
    # Browsers read \ as /, and drop tabs and line ends before they look.
    if not wanted.startswith("/") or wanted.startswith("//") or "\\" in wanted or not wanted.isprintable():
        return "/"
    parts = urlsplit(wanted)
    if parts.path in {"/login", "/logout", "/tenant"}:
        return "/"
    return wanted


def is_same_site(origin: str | None, host: str | None) -> bool:
    """Tell whether a form was sent from our own pages: its Origin names the host that it was sent to."""
    # "null" comes from sandboxed frames and from redirects across sites; a missing Origin from programs, not browsers.
    return origin is None or (host is not None and urlsplit(origin).netloc.lower() == host.lower())


def _serializer(secret: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="marginbook sign-in", signer_kwargs={"digest_method": sha256})
