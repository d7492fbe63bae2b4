"""Making tenants and the people who may open them."""

import secrets
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from billing_core.commands.sign_in import hash_of_new_password
from billing_core.errors import AccountExistsError, TenantExistsError, TenantNotChosenError, UnknownAccountError
from billing_core.store.audit import AuditLine, append_audit
from billing_core.workspace import Workspace


@dataclass(frozen=True)
class NewPassword:
    """An account with the password that was made for it: shown once, kept nowhere."""

    user_id: int
    email: str
    password: str


@dataclass(frozen=True)
class ChosenTenant:
    """The tenant that a command works for."""

    tenant_id: int
    name: str


def create_tenant(installation: Workspace, *, slug: str, name: str, is_demo: bool = False) -> int:
    """Make a tenant and return its number; raise TenantExistsError when the short name is taken."""
    made = installation.connection.execute(
        text(
            "insert into tenant (slug, name, reporting_currency, is_demo, recorded_at) "
            "values (:slug, :name, 'usd', :is_demo, :now) on conflict (slug) do nothing returning tenant_id"
        ),
        {"slug": slug, "name": name, "is_demo": is_demo, "now": installation.now},
    ).scalar_one_or_none()
    if made is None:
        raise TenantExistsError(slug)
    _write_down(installation, "create tenant", target=f"tenant {made}", after={"slug": slug, "name": name})
    return int(made)


def chosen_tenant(installation: Workspace, slug: str | None) -> ChosenTenant:
    """Return the tenant with this short name, or the only one that is no demo; raise TenantNotChosenError."""
    rows = installation.connection.execute(
        text("select tenant_id, slug, name, is_demo from tenant order by slug")
    ).all()
    found = [row for row in rows if (not row.is_demo if slug is None else row.slug == slug)]
    if len(found) != 1:
        raise TenantNotChosenError(slug, [row.slug for row in rows])
    return ChosenTenant(int(found[0].tenant_id), found[0].name)


def create_account(installation: Workspace, *, email: str, name: str) -> NewPassword:
    """Make an account with a password of its own making; raise AccountExistsError when the address is taken."""
    password = secrets.token_urlsafe(12)
    try:
        # Its own savepoint, so that a refusal leaves the transaction usable.
        with installation.connection.begin_nested():
            user_id = installation.connection.execute(
                text(
                    "insert into user_account (email, name, password_hash, recorded_at) "
                    "values (:email, :name, :password_hash, :now) returning user_id"
                ),
                {
                    "email": email,
                    "name": name,
                    "password_hash": hash_of_new_password(password),
                    "now": installation.now,
                },
            ).scalar_one()
    except IntegrityError as failure:
        raise AccountExistsError(email) from failure
    _write_down(installation, "create account", target=f"user {user_id}", after={"email": email})
    return NewPassword(int(user_id), email, password)


def add_member(installation: Workspace, *, tenant_id: int, user_id: int, role: str) -> None:
    """Let an account open a tenant in a role: owner, finance, support or viewer."""
    installation.connection.execute(
        text(
            "insert into membership (tenant_id, user_id, role, recorded_at) values (:tenant_id, :user_id, :role, :now)"
        ),
        {"tenant_id": tenant_id, "user_id": user_id, "role": role, "now": installation.now},
    )
    _write_down(installation, "add member", target=f"tenant {tenant_id}", after={"user_id": user_id, "role": role})


def reset_password(installation: Workspace, *, email: str) -> NewPassword:
    """Give an account a new password of our making, for a person who forgot theirs, and let it sign in at once."""
    password = secrets.token_urlsafe(12)
    found = installation.connection.execute(
        text(
            "update user_account set password_hash = :password_hash, failed_sign_ins = 0, locked_until = null "
            "where lower(email) = lower(:email) returning user_id, email"
        ),
        {"password_hash": hash_of_new_password(password), "email": email.strip()},
    ).one_or_none()
    if found is None:
        raise UnknownAccountError(email)
    _write_down(installation, "reset password", target=f"user {found.user_id}", after={})
    return NewPassword(found.user_id, found.email, password)


def _write_down(installation: Workspace, act: str, *, target: str, after: dict[str, object]) -> None:
    line = AuditLine(act=act, target=target, actor=installation.actor, role=installation.role, after=after)
    append_audit(installation.connection, installation.tenant_id, line, installation.now)
