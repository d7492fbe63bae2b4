"""Signing in and out: an attempt is counted before its password is looked at, a session is a row that can be ended."""

import secrets
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from sqlalchemy import text

from billing_core.errors import WeakPasswordError
from billing_core.sign_in import (
    PASSWORD_LENGTH_MAX,
    PASSWORD_LENGTH_MIN,
    SESSION_LENGTH,
    SessionKey,
    locked_until,
)
from billing_core.store.audit import AuditLine, append_audit
from billing_core.workspace import Workspace

hasher = PasswordHasher()
NOBODYS_HASH = hasher.hash(secrets.token_urlsafe())
"""What an unknown e-mail address is checked against, so that it takes as long as a known one."""


@dataclass(frozen=True)
class Attempt:
    """One try to sign in, already counted; `password_hash` is nobody's where the try cannot succeed."""

    user_id: int | None
    email: str
    password_hash: str


def begin_attempt(installation: Workspace, *, email: str) -> Attempt:
    """Count a try against the account, lock the account when it is one too many, and return what to check.

    Counted first and committed on its own, so that tries at the same moment cannot share one.
    """
    found = installation.connection.execute(
        text(
            "select user_id, email, password_hash, failed_sign_ins, locked_until from user_account "
            "where lower(email) = lower(:email) for update"
        ),
        {"email": email.strip()},
    ).one_or_none()
    if found is None or found.password_hash is None:
        return Attempt(None, email, NOBODYS_HASH)
    if found.locked_until is not None and installation.now < found.locked_until:
        return Attempt(None, email, NOBODYS_HASH)
    failures = found.failed_sign_ins + 1
    _count(installation, user_id=found.user_id, failures=failures)
    if locked_until(failures, installation.now) is not None:
        _write_down(installation, act="rest after wrong passwords", user_id=found.user_id, email=found.email)
    return Attempt(found.user_id, found.email, found.password_hash)


def is_password_of(attempt: Attempt, password: str) -> bool:
    """Tell whether the password opens the account; slow on purpose, so call it outside any transaction."""
    # A stranger's megabytes are hashed no further than any password of ours could reach.
    given = password if len(password) <= PASSWORD_LENGTH_MAX else ""
    try:
        matches = hasher.verify(attempt.password_hash, given)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
    return matches and attempt.user_id is not None


def forget_failures(installation: Workspace, *, user_id: int) -> None:
    """Start counting anew, after a password was right."""
    _count(installation, user_id=user_id, failures=0)


def open_session(workspace: Workspace, *, user_id: int, email: str) -> SessionKey | None:
    """Open a session for a member of the workspace's tenant and return its new key; None for anyone else."""
    is_member = workspace.connection.execute(
        text("select from membership where tenant_id = :tenant_id and user_id = :user_id"),
        {"tenant_id": workspace.tenant_id, "user_id": user_id},
    ).one_or_none()
    if is_member is None:
        return None
    key = SessionKey(workspace.tenant_id, secrets.token_urlsafe(32))
    workspace.connection.execute(
        text(
            "insert into sign_in_session (tenant_id, session_hash, user_id, created_at, expires_at) "
            "values (:tenant_id, :session_hash, :user_id, :now, :expires_at)"
        ),
        {
            "tenant_id": workspace.tenant_id,
            "session_hash": key.session_hash,
            "user_id": user_id,
            "now": workspace.now,
            "expires_at": workspace.now + SESSION_LENGTH,
        },
    )
    _write_down(workspace, act="sign in", user_id=user_id, email=email)
    return key


def end_session(workspace: Workspace, *, key: SessionKey, email: str) -> None:
    """End a session, from now on and for every copy of its cookie; ending an ended one changes nothing."""
    ended = workspace.connection.execute(
        text(
            "update sign_in_session set revoked_at = :now "
            "where tenant_id = :tenant_id and session_hash = :session_hash and revoked_at is null returning user_id"
        ),
        {"tenant_id": workspace.tenant_id, "session_hash": key.session_hash, "now": workspace.now},
    ).one_or_none()
    if ended is not None:
        _write_down(workspace, act="sign out", user_id=ended.user_id, email=email)


def end_sessions_of(workspace: Workspace, *, user_id: int) -> int:
    """End every open session of a person in the workspace's tenant; return how many."""
    return workspace.connection.execute(
        text(
            "update sign_in_session set revoked_at = :now "
            "where tenant_id = :tenant_id and user_id = :user_id and revoked_at is null"
        ),
        {"tenant_id": workspace.tenant_id, "user_id": user_id, "now": workspace.now},
    ).rowcount


def store_password(installation: Workspace, *, user_id: int, email: str, password_hash: str) -> None:
    """Give an account a new password, whose hash was made before this transaction, and start counting anew."""
    installation.connection.execute(
        text(
            "update user_account set password_hash = :password_hash, failed_sign_ins = 0, locked_until = null "
            "where user_id = :user_id"
        ),
        {"password_hash": password_hash, "user_id": user_id},
    )
    _write_down(installation, act="change password", user_id=user_id, email=email)


def hash_of_new_password(password: str) -> str:
    """Return what is stored of a new password; refuse one that is too short or too long."""
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise WeakPasswordError(length_min=PASSWORD_LENGTH_MIN, length_max=PASSWORD_LENGTH_MAX)
    return hasher.hash(password)


def _count(installation: Workspace, *, user_id: int, failures: int) -> None:
    installation.connection.execute(
        text(
            "update user_account set failed_sign_ins = :failures, locked_until = :locked_until where user_id = :user_id"
        ),
        {"failures": failures, "locked_until": locked_until(failures, installation.now), "user_id": user_id},
    )


def _write_down(workspace: Workspace, *, act: str, user_id: int | None, email: str) -> None:
    line = AuditLine(act=act, target=f"user {user_id}", actor=email, role=workspace.role)
    append_audit(workspace.connection, workspace.tenant_id, line, workspace.now)
