"""Who is this account?"""

from dataclasses import dataclass

from billing_core.queries.asking import ask
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account, without the password's hash."""

    user_id: int
    email: str
    name: str


def account(installation: Workspace, *, user_id: int) -> Account | None:
    """Return an account by its number; the workspace is the installation's (tenant 0)."""
    found = ask(installation, Account, user_id=user_id)
    return found[0] if found else None
