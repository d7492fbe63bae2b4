"""Exchange rates: learned from Stripe or set by a person, and kept for each document once it was booked with one."""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, text

from billing_core.store.ledger import SQL
from billing_core.store.statements import statement


@dataclass(frozen=True, slots=True)
class DayRate:
    """Units of the reporting currency for one unit of another, on one day."""

    rate_on: date
    rate: Decimal
    source: str


def reporting_currency(connection: Connection, tenant_id: int) -> str:
    """Return the currency in which the tenant reads its totals."""
    found = connection.execute(
        text("select reporting_currency from tenant where tenant_id = :tenant_id"), {"tenant_id": tenant_id}
    )
    return str(found.scalar_one())


def learn_rates(connection: Connection, tenant_id: int, connection_id: int, now: datetime) -> None:
    """Append what Stripe converted at, where it is not known yet."""
    connection.execute(
        statement(SQL, "learn_rates"),
        {
            "tenant_id": tenant_id,
            "connection_id": connection_id,
            "reporting_currency": reporting_currency(connection, tenant_id),
            "now": now,
        },
    )


def nearest(rates: Sequence[DayRate], day: date) -> DayRate | None:
    """Return the rate whose day is nearest, of two equally near the earlier; `rates` are in the order of days."""
    after = bisect_left(rates, day, key=lambda rate: rate.rate_on)
    around = rates[max(after - 1, 0) : after + 1]
    return min(around, key=lambda rate: (abs(rate.rate_on - day), rate.rate_on), default=None)


class DocumentRates:
    """The rates of documents: those kept, and, unless this is only a check, those that are kept from now on."""

    def __init__(self, connection: Connection, tenant_id: int, *, keep_at: datetime | None) -> None:
        """Read the known rates. `keep_at` None: documents without a kept rate stay without one."""
        self._connection = connection
        self._tenant_id = tenant_id
        self._keep_at = keep_at
        self._known: dict[str, list[DayRate]] = {}
        self._kept: dict[tuple[int, str], tuple[str, Decimal]] = {}
        self._new: list[dict[str, object]] = []
        if keep_at is not None:
            for row in connection.execute(statement(SQL, "known_rates"), {"tenant_id": tenant_id}):
                self._known.setdefault(row.currency, []).append(DayRate(row.rate_on, row.rate, row.source))

    def load(self, connection_id: int, document_ids: Collection[str]) -> None:
        """Read the kept rates of these documents; they are remembered until `keep`."""
        rows = self._connection.execute(
            text(
                "select document_id, currency, rate from document_rate "
                "where tenant_id = :tenant_id and connection_id = :connection_id and document_id = any(:document_ids)"
            ),
            {
                "tenant_id": self._tenant_id,
                "connection_id": connection_id,
                "document_ids": sorted(each for each in document_ids if (connection_id, each) not in self._kept),
            },
        )
        self._kept |= {(connection_id, row.document_id): (row.currency, row.rate) for row in rows}

    def rate(self, connection_id: int, document_id: str, *, currency: str, day: date) -> Decimal | None:
        """Return the rate that the document is booked with; None while no rate of its currency is known."""
        place = connection_id, document_id
        if place not in self._kept:
            found = nearest(self._known.get(currency, ()), day)
            if found is None:
                return None
            self._kept[place] = currency, found.rate
            self._new.append(
                {
                    "tenant_id": self._tenant_id,
                    "connection_id": connection_id,
                    "document_id": document_id,
                    "currency": currency,
                    "rate": found.rate,
                    "rate_on": found.rate_on,
                    "source": found.source,
                    "now": self._keep_at,
                }
            )
        kept_currency, rate = self._kept[place]
        return rate if kept_currency == currency else None

    def keep(self) -> None:
        """Append the rates that documents were given for the first time, and forget the documents."""
        self._kept.clear()
        if self._new:
            self._connection.execute(
                text(
                    """
                    insert into document_rate (
                        tenant_id, connection_id, document_id, currency, rate, rate_on, source, recorded_at
                    )
                    values (:tenant_id, :connection_id, :document_id, :currency, :rate, :rate_on, :source, :now)
                    """
                ),
                self._new,
            )
            self._new.clear()
