"""Who is at the door: from e-mail and password to a session, from a cookie to a person, each asked of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from billing_core.clock import utc_now
from billing_core.commands.sign_in import (
    begin_attempt,
    end_session,
    end_sessions_of,
    forget_failures,
    hash_of_new_password,
    is_password_of,
    open_session,
    store_password,
)
from billing_core.errors import WrongPasswordError
from billing_core.queries.account import account
from billing_core.queries.person_of_session import person_of_session
from billing_core.queries.tenants_of_person import OpenTenant, tenants_of_person
from billing_core.queries.usage_months import usage_months
from billing_core.sign_in import Person, SessionKey, cookie_name, read_cookie, sign_cookie
from billing_core.store.signing_key import signing_key
from billing_core.store.tenancy import INSTALLATION
from billing_core.workspace import Workspace, open_workspace

TRUSTED_FOR = timedelta(seconds=2)
"""A page makes dozens of requests at once; revocation and a new role act after this at the latest."""
REMEMBERED_MAX = 1_000

TENANTS_LOOKED_INTO = 10

DOORKEEPER = "sign-in"


@dataclass(frozen=True)
class Entered:
    """A session that was just opened: the cookie's name and value."""

    cookie_name: str
    cookie: str


_remembered: dict[str, tuple[datetime, Person]] = {}
_lock = Lock()


def name_of_cookie() -> str:
    """Return the name of this installation's cookie."""
    return cookie_name(signing_key())


def reach_database() -> None:
    """Raise the refusal that a request would meet when the database is away, missing or unsafe."""
    with _installation():
        pass


def person_of_cookie(cookie: str | None) -> Person | None:
    """Return who a cookie stands for now, with the role they have now; None when it opens nothing."""
    key = read_cookie(signing_key(), cookie)
    if key is None or cookie is None:
        return None
    now = utc_now()
    known = _remembered.get(cookie)
    if known is not None and now - known[0] < TRUSTED_FOR:
        return known[1]
    person = _person_of(key)
    with _lock:
        if len(_remembered) >= REMEMBERED_MAX:
            _remembered.clear()
        _remembered.pop(cookie, None)
        if person is not None:
            _remembered[cookie] = (now, person)
    return person


def sign_in(*, email: str, password: str, old_cookie: str | None = None) -> Entered | None:
    """Open a new session in the person's first tenant that has usage; None says nothing about what was wrong."""
    with _installation() as installation:
        attempt = begin_attempt(installation, email=email)
    if not is_password_of(attempt, password) or attempt.user_id is None:
        return None
    with _installation() as installation:
        forget_failures(installation, user_id=attempt.user_id)
        tenants = tenants_of_person(installation, user_id=attempt.user_id)
    sign_out(old_cookie)
    if not tenants:
        return None
    return _enter(_first_with_usage(tenants), user_id=attempt.user_id, email=attempt.email)


def sign_out(cookie: str | None) -> None:
    """End the session that a cookie names, if it names one."""
    key = read_cookie(signing_key(), cookie)
    person = person_of_cookie(cookie)
    if key is None or person is None or cookie is None:
        return
    with _tenant(key.tenant_id) as workspace:
        end_session(workspace, key=key, email=person.email)
    with _lock:
        _remembered.pop(cookie, None)


def open_tenants(person: Person) -> list[OpenTenant]:
    """Return the tenants that a person may open."""
    with _installation() as installation:
        return tenants_of_person(installation, user_id=person.user_id)


def switch_tenant(cookie: str | None, *, tenant_id: int) -> Entered | None:
    """Leave one tenant for another of the same person's: a new session there, the old one ended."""
    person = person_of_cookie(cookie)
    if person is None or tenant_id not in {tenant.tenant_id for tenant in open_tenants(person)}:
        return None
    entered = _enter(tenant_id, user_id=person.user_id, email=person.email)
    sign_out(cookie)
    return entered


def change_password(person: Person, *, old_password: str, new_password: str) -> Entered | None:
    """Change a person's password, end all their sessions, and open a new one where they are."""
    password_hash = hash_of_new_password(new_password)
    with _installation() as installation:
        attempt = begin_attempt(installation, email=person.email)
    if not is_password_of(attempt, old_password):
        raise WrongPasswordError
    with _installation() as installation:
        store_password(installation, user_id=person.user_id, email=person.email, password_hash=password_hash)
        tenants = tenants_of_person(installation, user_id=person.user_id)
    for tenant in tenants:
        with _tenant(tenant.tenant_id) as workspace:
            end_sessions_of(workspace, user_id=person.user_id)
    with _lock:
        _remembered.clear()
    return _enter(person.tenant_id, user_id=person.user_id, email=person.email)


def _first_with_usage(tenants: list[OpenTenant]) -> int:
    """Return where there is something to see: a newcomer's own tenant is empty beside the demo."""
    for tenant in tenants[:TENANTS_LOOKED_INTO]:
        with _tenant(tenant.tenant_id) as workspace:
            if usage_months(workspace):
                return tenant.tenant_id
    return tenants[0].tenant_id


def _person_of(key: SessionKey) -> Person | None:
    with _tenant(key.tenant_id) as workspace:
        found = person_of_session(workspace, session_hash=key.session_hash)
    if found is None:
        return None
    with _installation() as installation:
        who = account(installation, user_id=found.user_id)
    if who is None:
        return None
    return Person(key.tenant_id, found.tenant_name, found.is_demo, found.user_id, who.email, who.name, found.role)


def _enter(tenant_id: int, *, user_id: int, email: str) -> Entered | None:
    with _tenant(tenant_id) as workspace:
        key = open_session(workspace, user_id=user_id, email=email)
    secret = signing_key()
    return Entered(cookie_name(secret), sign_cookie(secret, key)) if key is not None else None


@contextmanager
def _installation() -> Iterator[Workspace]:
    with _tenant(INSTALLATION) as workspace:
        yield workspace


@contextmanager
def _tenant(tenant_id: int) -> Iterator[Workspace]:
    with open_workspace(tenant_id=tenant_id, actor=DOORKEEPER, role="service") as workspace:
        yield workspace
