"""Setting an exchange rate by hand: documents that had none are booked with it, those that have one keep it."""

from datetime import date
from decimal import Decimal

from sqlalchemy import text

from billing_core.currencies import currency as known_currency
from billing_core.errors import ExchangeRateInvalidError
from billing_core.store.audit import AuditLine, append_audit
from billing_core.store.bookings import book_again
from billing_core.store.matches import lock_bookings
from billing_core.store.rates import reporting_currency
from billing_core.workspace import Workspace

RATE_MAX = Decimal(10**9)
RATE_DIGITS_MAX = 30


def set_fx_rate(workspace: Workspace, currency: str, *, rate: Decimal, rate_on: date, reason: str) -> int:
    """Append a rate and one audit line; book the customers anew who have documents without one, return how many.

    `rate`: units of the reporting currency for one unit of `currency`. Owner and finance may. Raises
    ExchangeRateInvalidError, InvalidCurrencyError.
    """
    code = known_currency(currency).code
    _require_meant(workspace, code, rate=rate, rate_on=rate_on, reason=reason)
    lock_bookings(workspace.connection, workspace.tenant_id)
    workspace.connection.execute(
        text(
            """
            insert into fx_rate (tenant_id, currency, rate_on, source, rate, recorded_at)
            values (:tenant_id, :currency, :rate_on, :source, :rate, :now)
            """
        ),
        {
            "tenant_id": workspace.tenant_id,
            "currency": code,
            "rate_on": rate_on,
            "source": _source(workspace),
            "rate": rate,
            "now": workspace.now,
        },
    )
    waiting = workspace.connection.scalars(
        text(
            "select distinct customer_id from booked_month "
            "where tenant_id = :tenant_id and currency = :currency and unconverted_minor <> 0 "
            "union select distinct customer_id from plan_span "
            "where tenant_id = :tenant_id and currency = :currency and rate is null"
        ),
        {"tenant_id": workspace.tenant_id, "currency": code},
    ).all()
    if waiting:
        book_again(workspace.connection, workspace.tenant_id, waiting, keep_rates_at=workspace.now)
    line = AuditLine(
        "set exchange rate",
        f"{code} {rate_on.isoformat()}",
        workspace.actor,
        workspace.role,
        reason=reason.strip(),
        after={"rate": str(rate), "customers": len(waiting)},
    )
    append_audit(workspace.connection, workspace.tenant_id, line, workspace.now)
    return len(waiting)


def _source(workspace: Workspace) -> str:
    return f"set by {workspace.actor}"


def _require_meant(workspace: Workspace, code: str, *, rate: Decimal, rate_on: date, reason: str) -> None:
    if not rate.is_finite() or not 0 < rate <= RATE_MAX or len(rate.as_tuple().digits) > RATE_DIGITS_MAX:
        raise ExchangeRateInvalidError(code, f"{rate} is no rate", do="give a plain number above 0, such as 1.0832")
    if code == reporting_currency(workspace.connection, workspace.tenant_id):
        raise ExchangeRateInvalidError(code, "totals are read in it", do="name the currency of the documents")
    if not reason.strip():
        raise ExchangeRateInvalidError(code, "nobody says why", do="name the bank or the list it is from")
    taken = workspace.connection.scalar(
        text(
            "select exists (select from fx_rate where tenant_id = :tenant_id and currency = :currency "
            "and rate_on = :rate_on and source = :source)"
        ),
        {
            "tenant_id": workspace.tenant_id,
            "currency": code,
            "rate_on": rate_on,
            "source": _source(workspace),
        },
    )
    if taken:
        raise ExchangeRateInvalidError(
            code,
            f"you set one for {rate_on.isoformat()} already, and documents may stand on it",
            do="set another day's",
        )
