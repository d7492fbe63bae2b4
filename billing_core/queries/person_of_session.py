"""Whose session is this?"""

from dataclasses import dataclass

from billing_core.queries.asking import ask
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class SessionPerson:
    """The person of a session and the role that the membership gives at this moment."""

    user_id: int
    role: str
    tenant_name: str
    is_demo: bool


def person_of_session(workspace: Workspace, *, session_hash: bytes) -> SessionPerson | None:
    """Return whose session it is; None when it is over, revoked or unknown."""
    found = ask(workspace, SessionPerson, session_hash=session_hash, now=workspace.now)
    return found[0] if found else None
