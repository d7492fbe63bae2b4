"""Recognised revenue, fees and cash of one customer's Stripe documents, as bookings per UTC day.

Each line of an invoice is earned straight-line over its period, and so is its discount. What takes revenue back (credit
notes, refunds, lost disputes) follows the same lines: what was earned before is caught up on its own day, the rest runs
along with the period that is left, and no earlier day changes. Tax is in no revenue. docs/metrics.md has each case.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from billing_core.bookings import Booking, Kind
from billing_core.fees_and_cash import REFUNDS_VOID, cash_bookings, fee_bookings, on_its_day
from billing_core.money import Money, allocate, settling_unit
from billing_core.recognition import by_day
from billing_core.reversals import Sale, SoldLine, TakenBack
from billing_core.stripe_facts import (
    BalanceTransaction,
    CreditNote,
    CreditNoteLine,
    Dispute,
    Invoice,
    InvoiceLine,
    InvoicePayment,
    Payment,
    Refund,
)

INVOICES_COUNTED = ("open", "paid", "uncollectible")
"""Statuses of invoices whose lines are revenue: what was finalised and not voided, whether it is paid or not."""

DISPUTES_CLOSED = ("won", "lost", "warning_closed", "prevented")
"""Statuses after which nothing is open; any other one, also one that is new to us, may still be lost."""


@dataclass(frozen=True, slots=True)
class CustomerDocuments:
    """Everything Stripe says about one customer's money; None: what belongs to no customer (Stripe's own fees)."""

    stripe_customer_id: str | None
    invoices: tuple[Invoice, ...] = ()
    lines: tuple[InvoiceLine, ...] = ()
    invoice_payments: tuple[InvoicePayment, ...] = ()
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    credit_notes: tuple[CreditNote, ...] = ()
    credit_note_lines: tuple[CreditNoteLine, ...] = ()
    balance_transactions: tuple[BalanceTransaction, ...] = ()
    """Those whose source is one of the payments, refunds or disputes here; without a customer, all others."""


def is_counted(invoice: Invoice) -> bool:
    """Tell whether an invoice's lines are revenue."""
    return invoice.status in INVOICES_COUNTED


def book(documents: CustomerDocuments) -> list[Booking]:
    """Return every booking of a customer's documents; the same for any order of them."""
    payer = documents.stripe_customer_id
    dispute_ids = frozenset(dispute.dispute_id for dispute in documents.disputes)
    transactions = sorted(documents.balance_transactions, key=lambda row: row.balance_transaction_id)
    return [
        *_Books(documents).bookings(),
        *fee_bookings(transactions, stripe_customer_id=payer, dispute_ids=dispute_ids),
        *cash_bookings(
            sorted(documents.payments, key=lambda payment: payment.payment_id),
            sorted(documents.refunds, key=lambda refund: refund.refund_id),
            transactions,
            stripe_customer_id=payer,
            dispute_ids=dispute_ids,
        ),
    ]


class _Books:
    """What a customer bought, which payment paid what of it, and what each reversal takes back, in order of time."""

    def __init__(self, documents: CustomerDocuments) -> None:
        self._documents = documents
        self._payer = documents.stripe_customer_id
        self._lines = _counted_lines(documents)
        self._payments = {payment.payment_id: payment for payment in documents.payments}
        self._paid_with = _invoices_paid(documents)
        self._alone = [
            payment
            for payment_id, payment in sorted(self._payments.items())
            if payment.status == "succeeded" and payment_id not in self._paid_with
        ]
        self._sales = _sales(self._lines, self._alone)
        self._note_lines: dict[str, list[tuple[str | None, int]]] = {}
        for line in sorted(documents.credit_note_lines, key=lambda line: line.credit_note_line_id):
            self._note_lines.setdefault(line.credit_note_id, []).append((line.line_id, line.amount_minor))

    def bookings(self) -> Iterator[Booking]:
        """Yield revenue and what reduces it."""
        for line in self._lines:
            yield from self._earned(line)
        for payment in self._alone:
            amount, currency, at = payment.amount_minor, payment.currency, payment.created_at
            yield from on_its_day(
                payment.payment_id, self._payer, Kind.ONE_OFF, amount_minor=amount, currency=currency, at=at
            )
        for kind, act in _acts(self._documents):
            if isinstance(act, CreditNote):
                yield from self._credited(act)
            else:
                yield from self._given_back(kind, act)

    def _earned(self, line: InvoiceLine) -> Iterator[Booking]:
        for kind, amount_minor in ((_kind_of(line), line.amount_minor), (Kind.DISCOUNT, -line.discount_minor)):
            unit = settling_unit(amount_minor, line.currency)
            for day, part_minor in by_day(amount_minor, line.starts_at, line.ends_at, unit=unit):
                yield Booking(
                    self._payer, day, line.stripe_product_id, line.price_id,
                    kind, line.currency, part_minor, line.invoice_id, line.invoice_id,
                )  # fmt: skip

    def _credited(self, note: CreditNote) -> Iterator[Booking]:
        sale = self._sales.get(note.invoice_id)
        if sale is not None:
            taken = sale.credit(
                note.excluding_tax_minor,
                self._note_lines.get(note.credit_note_id, []),
                tax_minor=note.total_minor - note.excluding_tax_minor,
            )
            yield from self._taken_back(sale, taken, Kind.CREDIT_NOTE, note.credit_note_id, at=note.effective_at)

    def _given_back(self, kind: Kind, act: Refund | Dispute) -> Iterator[Booking]:
        """Take back the sales that the payment paid; money of a payment that nobody knows goes on its day."""
        document_id = act.refund_id if isinstance(act, Refund) else act.dispute_id
        payment = self._payments.get(act.payment_id or "")
        if payment is None:
            amount, currency, at = -act.amount_minor, act.currency, act.created_at
            yield from on_its_day(document_id, self._payer, kind, amount_minor=amount, currency=currency, at=at)
            return
        for sale, gross_minor in self._shares(payment, act):
            taken = sale.give_back(gross_minor)
            yield from self._taken_back(sale, taken, kind, document_id, at=act.created_at)

    def _shares(self, payment: Payment, act: Refund | Dispute) -> list[tuple[Sale, int]]:
        """Split money given back over what its payment paid; in another currency than the payment's it is all of it."""
        amount_minor = act.amount_minor if act.currency == payment.currency else payment.amount_minor
        paid = self._paid_with.get(payment.payment_id, {payment.payment_id: 1})
        parts = allocate(Money(amount_minor, payment.currency), list(paid.values()))
        return [
            (self._sales[sale_id], part.amount_minor)
            for sale_id, part in zip(paid, parts, strict=True)
            if sale_id in self._sales
        ]

    def _taken_back(
        self, sale: Sale, taken: TakenBack, kind: Kind, document_id: str, *, at: datetime
    ) -> Iterator[Booking]:
        act_day = at.astimezone(UTC).date()
        for line, amount_minor in taken:
            unit = settling_unit(amount_minor, sale.currency)
            for day, part in by_day(-amount_minor, line.starts_at, line.ends_at, unit=unit, not_before=act_day):
                yield Booking(
                    self._payer, day, line.stripe_product_id, line.price_id,
                    kind, sale.currency, part, document_id, sale.document_id,
                )  # fmt: skip


def _counted_lines(documents: CustomerDocuments) -> list[InvoiceLine]:
    counted = {invoice.invoice_id for invoice in documents.invoices if is_counted(invoice)}
    lines = (line for line in documents.lines if line.invoice_id in counted)
    return sorted(lines, key=lambda line: (line.invoice_id, line.line_id))


def _kind_of(line: InvoiceLine) -> Kind:
    if line.is_metered:
        return Kind.USAGE
    if line.subscription_id is not None and line.starts_at < line.ends_at:
        return Kind.SUBSCRIPTION
    return Kind.ONE_OFF


def _invoices_paid(documents: CustomerDocuments) -> dict[str, dict[str, int]]:
    """Return, per payment, the invoices that it paid with the amounts; a payment without an invoice is not in it."""
    by_intent: dict[str, list[str]] = {}
    for payment in documents.payments:
        if payment.payment_intent_id is not None:
            by_intent.setdefault(payment.payment_intent_id, []).append(payment.payment_id)
    paid: dict[str, dict[str, int]] = {}
    for link in sorted(documents.invoice_payments, key=lambda link: link.invoice_payment_id):
        for payment_id in {link.payment_id, *by_intent.get(link.payment_intent_id or "", ())} - {None}:
            amounts = paid.setdefault(payment_id, {})
            amounts[link.invoice_id] = amounts.get(link.invoice_id, 0) + (link.amount_paid_minor or 0)
    return {
        payment_id: amounts if any(amounts.values()) else dict.fromkeys(amounts, 1)
        for payment_id, amounts in paid.items()
    }


def _sales(lines: list[InvoiceLine], alone: list[Payment]) -> dict[str, Sale]:
    """Return what can be taken back, per invoice, and per payment that has none."""
    sold: dict[str, list[InvoiceLine]] = {}
    for line in lines:
        sold.setdefault(line.invoice_id, []).append(line)
    sales = {
        invoice_id: Sale(
            invoice_id,
            its[0].currency,
            tuple(_sold(line) for line in its),
            tax_left_minor=max(0, sum(line.tax_minor for line in its)),
        )
        for invoice_id, its in sold.items()
    }
    for payment in alone:
        at = payment.created_at
        whole = SoldLine(payment.payment_id, at, at, None, None, payment.amount_minor)
        sales[payment.payment_id] = Sale(payment.payment_id, payment.currency, (whole,))
    return sales


def _sold(line: InvoiceLine) -> SoldLine:
    net_minor = line.amount_minor - line.discount_minor
    return SoldLine(line.line_id, line.starts_at, line.ends_at, line.stripe_product_id, line.price_id, net_minor)


def _acts(documents: CustomerDocuments) -> list[tuple[Kind, CreditNote | Refund | Dispute]]:
    """Return what takes revenue back in order of time; disputes that are still open come last, and only as a question.

    A refund that an issued credit note accounts for is in the note, not beside it.
    """
    notes = [note for note in documents.credit_notes if note.status != "void"]
    in_notes = {refund_id for note in notes for refund_id in note.refund_ids}
    refunds = (refund for refund in documents.refunds if refund.status not in REFUNDS_VOID)
    lost = [dispute for dispute in documents.disputes if dispute.status == "lost"]
    undecided = [dispute for dispute in documents.disputes if dispute.status not in DISPUTES_CLOSED]
    acts: list[tuple[tuple[bool, datetime, str], Kind, CreditNote | Refund | Dispute]] = [
        *(((False, note.effective_at, note.credit_note_id), Kind.CREDIT_NOTE, note) for note in notes),
        *(((False, it.created_at, it.refund_id), Kind.REFUND, it) for it in refunds if it.refund_id not in in_notes),
        *(((False, it.created_at, it.dispute_id), Kind.DISPUTE, it) for it in lost),
        *(((True, it.created_at, it.dispute_id), Kind.OPEN_DISPUTE, it) for it in undecided),
    ]
    return [(kind, act) for _, kind, act in sorted(acts, key=lambda entry: entry[0])]
