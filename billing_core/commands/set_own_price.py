"""Setting an own (negotiated) price: usage that comes in from now on is priced by it; the past is never changed."""

from sqlalchemy import text

from billing_core.errors import OwnPriceInvalidError
from billing_core.price_book import OwnVersion
from billing_core.store.audit import AuditLine, append_audit
from billing_core.store.catalogue import bands_json, price_book_of
from billing_core.workspace import Workspace


def set_own_price(workspace: Workspace, own: OwnVersion, *, reason: str) -> None:
    """Append an own price version and one audit line; raise OwnPriceInvalidError for one that cannot be used.

    Rates are pico-USD per token or call. A version is never edited: a new price is a new version with a later start.
    """
    if not reason.strip():
        raise OwnPriceInvalidError(own.id, "nobody says why", do="name the contract or the mail that agreed it")
    book, _ = price_book_of(workspace.connection, workspace.tenant_id)
    version = book.with_own([own]).versions[-1]
    bands = bands_json(version.bands)
    workspace.connection.execute(
        text(
            """
            insert into own_price (tenant_id, version, provider, model, mode, region, valid_from, valid_until, bands,
                                   reason, actor, recorded_at)
            values (:tenant_id, :version, :provider, :model, :mode, :region, :valid_from, :valid_until,
                    cast(:bands as jsonb), :reason, :actor, :now)
            """
        ),
        {
            "tenant_id": workspace.tenant_id,
            "version": own.id,
            "provider": version.provider,
            "model": own.model,
            "mode": own.mode,
            "region": own.region,
            "valid_from": own.valid_from,
            "valid_until": own.valid_until,
            "bands": bands,
            "reason": reason.strip(),
            "actor": workspace.actor,
            "now": workspace.now,
        },
    )
    line = AuditLine(
        "set own price", own.id, workspace.actor, workspace.role, reason=reason.strip(), after={"bands": bands}
    )
    append_audit(workspace.connection, workspace.tenant_id, line, workspace.now)
