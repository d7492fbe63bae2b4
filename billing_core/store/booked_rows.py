"""The rows of the booked projections: documents worked through a read at a time, names turned into numbers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, text

from billing_core.bookings import Booking
from billing_core.currencies import currency as known_currency
from billing_core.mrr import PlanSpan, plan_spans
from billing_core.revenue import CustomerDocuments, book, is_counted
from billing_core.standing import Standing, standing_of
from billing_core.store.documents import CustomerRecords, Mirror
from billing_core.store.ledger import SQL
from billing_core.store.matches import MatchedCustomer
from billing_core.store.names import NO_CUSTOMER
from billing_core.store.rates import DocumentRates, reporting_currency
from billing_core.store.statements import statement
from billing_core.stripe_facts import StripePrice

NO_PRODUCT = 0
NO_PLAN = 0
PICO_DIGITS = 12

_EXACT = Context(prec=200, traps=[Inexact])

_COPY = (
    "copy booking_stage (customer_id, day, product_id, plan_id, kind, currency, amount_minor, pico_per_minor) "
    "from stdin"
)


@dataclass(frozen=True, slots=True)
class _Connected:
    """What the rules and the rows need of one Stripe account, read once."""

    connection_id: int
    mirror: Mirror
    prices: list[StripePrice]
    product_ids: dict[str, int]
    plan_ids: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Written:
    """What one read made: staged bookings, plan spans, standings."""

    bookings: list[tuple[Any, ...]]
    spans: list[dict[str, Any]]
    standings: list[dict[str, Any]]


class BookingDesk:
    """Where documents become rows; all rows of a customer are made at once, so that each read is summed by itself."""

    def __init__(self, connection: Connection, tenant_id: int, rates: DocumentRates) -> None:
        connection.execute(statement(SQL, "stage_bookings"))
        self._connection = connection
        self._tenant_id = tenant_id
        self._rates = rates
        self._reporting = reporting_currency(connection, tenant_id)
        ids = connection.scalars(
            text("select connection_id from stripe_connection where tenant_id = :tenant_id order by connection_id"),
            {"tenant_id": tenant_id},
        )
        self._connected = {int(each): self._connect(int(each)) for each in ids.all()}

    def book_matched(self, matched: Sequence[MatchedCustomer]) -> None:
        """Write what the documents of these Stripe customers make; all those of one customer are among them."""
        records: dict[tuple[int, str], CustomerRecords] = {}
        for connection_id, connected in self._connected.items():
            asked = [each.stripe_customer_id for each in matched if each.connection_id == connection_id]
            found = connected.mirror.records_of(asked)
            records |= {(connection_id, each): record for each, record in zip(asked, found, strict=True)}
        written = _Written([], [], [])
        for customer_id, group in groupby(matched, key=lambda each: each.customer_id):
            theirs = [
                (self._connected[each.connection_id], records[each.connection_id, each.stripe_customer_id])
                for each in group
            ]
            for connected, record in theirs:
                written.bookings.extend(self._rows(connected, customer_id, record.documents))
            self._add_standing(written, customer_id, theirs)
        self._write(written)

    def book_nobodys(self) -> None:
        """Write what belongs to no customer: Stripe's own fees, and payments that name nobody."""
        bookings: list[tuple[Any, ...]] = []
        for connected in self._connected.values():
            bookings += self._rows(connected, NO_CUSTOMER, connected.mirror.documents_of_nobody())
        self._write(_Written(bookings, [], []))

    def _connect(self, connection_id: int) -> _Connected:
        place = {"tenant_id": self._tenant_id, "connection_id": connection_id}
        products = self._connection.execute(
            text(
                "select stripe_product_id, product_id from stripe_product join product using (tenant_id, name) "
                "where tenant_id = :tenant_id and connection_id = :connection_id"
            ),
            place,
        )
        plans = self._connection.execute(
            text("select price_id, plan_id from plan where tenant_id = :tenant_id and connection_id = :connection_id"),
            place,
        )
        mirror = Mirror(self._connection, self._tenant_id, connection_id)
        return _Connected(
            connection_id,
            mirror,
            mirror.prices(),
            {row.stripe_product_id: int(row.product_id) for row in products},
            {row.price_id: int(row.plan_id) for row in plans},
        )

    def _rows(self, connected: _Connected, customer_id: int, documents: CustomerDocuments) -> list[tuple[Any, ...]]:
        """Return one staged row per booking."""
        bookings = book(documents)
        days = _days(documents)
        self._load_rates(connected, bookings)
        factors: dict[tuple[str, str], Decimal | None] = {}
        rows = []
        for booking in bookings:
            place = booking.rate_document_id, booking.currency
            if place not in factors:
                day = days.get(booking.rate_document_id, booking.day)
                rate = self._rate(connected.connection_id, booking.rate_document_id, booking.currency, day)
                factors[place] = _pico_per_minor(booking.currency, rate)
            rows.append(
                (
                    customer_id,
                    booking.day,
                    connected.product_ids.get(booking.stripe_product_id or "", NO_PRODUCT),
                    connected.plan_ids.get(booking.price_id or "", NO_PLAN),
                    booking.kind.value,
                    booking.currency,
                    booking.amount_minor,
                    factors[place],
                )
            )
        return rows

    def _load_rates(self, connected: _Connected, bookings: Iterable[Booking]) -> None:
        foreign = {each.rate_document_id for each in bookings if each.currency != self._reporting}
        if foreign:
            self._rates.load(connected.connection_id, foreign)

    def _rate(self, connection_id: int, document_id: str, currency: str, day: date) -> Decimal | None:
        if currency == self._reporting:
            return Decimal(1)
        return self._rates.rate(connection_id, document_id, currency=currency, day=day)

    def _add_standing(
        self, written: _Written, customer_id: int, theirs: Sequence[tuple[_Connected, CustomerRecords]]
    ) -> None:
        """Add a customer's plan spans and standing."""
        spans: list[tuple[int, PlanSpan]] = []
        for connected, record in theirs:
            own = _spans(connected, record)
            spans += [(connected.connection_id, span) for span in own]
            written.spans.extend(self._span_rows(connected, customer_id, own, _days(record.documents)))
        standing = standing_of(
            [record.customer for _, record in theirs if record.customer is not None],
            subscriptions=[each for _, record in theirs for each in record.subscriptions],
            spans=spans,
            payments=[each for _, record in theirs for each in record.documents.payments],
        )
        written.standings.append(
            {
                "tenant_id": self._tenant_id,
                "customer_id": customer_id,
                "segment": standing.segment,
                "plan_id": self._plan_of(standing),
                "email": standing.email,
                "first_paid_on": standing.first_paid_on,
                "status": standing.status,
            }
        )

    def _plan_of(self, standing: Standing) -> int:
        if standing.connection_id is None or standing.price_id is None:
            return NO_PLAN
        return self._connected[standing.connection_id].plan_ids.get(standing.price_id, NO_PLAN)

    def _span_rows(
        self, connected: _Connected, customer_id: int, spans: Sequence[PlanSpan], days: dict[str, date]
    ) -> list[dict[str, Any]]:
        foreign = {span.invoice_id for span in spans if span.currency != self._reporting}
        if foreign:
            self._rates.load(connected.connection_id, foreign)
        return [
            {
                "tenant_id": self._tenant_id,
                "connection_id": connected.connection_id,
                "subscription_id": span.subscription_id,
                "plan_id": connected.plan_ids.get(span.price_id, NO_PLAN),
                "starts_at": span.starts_at,
                "ends_at": span.ends_at,
                "customer_id": customer_id,
                "product_id": connected.product_ids.get(span.stripe_product_id or "", NO_PRODUCT),
                "quantity": span.quantity,
                "currency": span.currency,
                "mrr_minor": span.mrr_minor,
                "rate": self._rate(
                    connected.connection_id,
                    span.invoice_id,
                    span.currency,
                    days.get(span.invoice_id, span.starts_at.astimezone(UTC).date()),
                ),
            }
            for span in spans
        ]

    def _write(self, written: _Written) -> None:
        """Write a read's rows, and keep the rates that its documents were given for the first time."""
        driver: Any = self._connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(_COPY) as target:
            for row in written.bookings:
                target.write_row(row)
        for insert, rows in ((_INSERT_SPAN, written.spans), (_INSERT_STANDING, written.standings)):
            if rows:
                self._connection.execute(insert, rows)
        place = {"tenant_id": self._tenant_id, "customer_ids": sorted({row[0] for row in written.bookings})}
        for name in ("book_days", "book_months"):
            self._connection.execute(statement(SQL, name), place)
        self._connection.execute(text("truncate booking_stage"))
        self._rates.keep()


_INSERT_SPAN = text(
    """
    insert into plan_span (
        tenant_id, connection_id, subscription_id, plan_id, starts_at, ends_at, customer_id, product_id, quantity,
        currency, mrr_minor, rate
    )
    values (:tenant_id, :connection_id, :subscription_id, :plan_id, :starts_at, :ends_at, :customer_id, :product_id,
            :quantity, :currency, :mrr_minor, :rate)
    """
)


_INSERT_STANDING = text(
    """
    insert into customer_standing (tenant_id, customer_id, segment, plan_id, email, first_paid_on, status, is_in_stripe)
    values (:tenant_id, :customer_id, :segment, :plan_id, :email, :first_paid_on, :status, true)
    """
)


def _spans(connected: _Connected, record: CustomerRecords) -> list[PlanSpan]:
    that_count = {invoice.invoice_id for invoice in record.documents.invoices if is_counted(invoice)}
    return plan_spans(
        lines=[line for line in record.documents.lines if line.invoice_id in that_count],
        prices=connected.prices,
        subscriptions=record.subscriptions,
        items=record.items,
    )


def _days(documents: CustomerDocuments) -> dict[str, date]:
    """Return the UTC day on which each document was made: the day whose rate converts it."""
    made: Iterator[tuple[str, datetime]] = (
        pair
        for pairs in (
            ((each.invoice_id, each.finalized_at or each.created_at) for each in documents.invoices),
            ((each.payment_id, each.created_at) for each in documents.payments),
            ((each.refund_id, each.created_at) for each in documents.refunds),
            ((each.dispute_id, each.created_at) for each in documents.disputes),
            ((each.credit_note_id, each.effective_at) for each in documents.credit_notes),
            ((each.balance_transaction_id, each.created_at) for each in documents.balance_transactions),
        )
        for pair in pairs
    )
    return {document_id: made_at.astimezone(UTC).date() for document_id, made_at in made}


def _pico_per_minor(currency: str, rate: Decimal | None) -> Decimal | None:
    """Return what one minor unit is in pico of the reporting currency, exactly; None where nobody can say."""
    if rate is None:
        return None
    return _EXACT.multiply(rate, Decimal(10 ** (PICO_DIGITS - known_currency(currency).exponent)))
