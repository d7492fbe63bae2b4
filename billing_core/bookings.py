"""Bookings: the words for what is booked beside usage, one document's amount on one UTC day at a time."""

from datetime import date
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a booking is; revenue is signed (reductions are negative), costs are positive."""

    SUBSCRIPTION = "subscription"
    USAGE = "usage"
    ONE_OFF = "one_off"
    DISCOUNT = "discount"
    CREDIT_NOTE = "credit_note"
    REFUND = "refund"
    DISPUTE = "dispute"

    PAYMENT_FEE = "payment_fee"
    DISPUTE_FEE = "dispute_fee"
    STRIPE_FEE = "stripe_fee"

    CASH_PAYMENT = "cash_payment"
    CASH_REFUND = "cash_refund"
    CASH_DISPUTE = "cash_dispute"

    OPEN_DISPUTE = "open_dispute"
    """What revenue would lose if a dispute that is not decided yet were lost: in no sum, only in the interval."""


GROSS_KINDS = (Kind.SUBSCRIPTION, Kind.USAGE, Kind.ONE_OFF)
REDUCTION_KINDS = (Kind.DISCOUNT, Kind.CREDIT_NOTE, Kind.REFUND, Kind.DISPUTE)
REVENUE_KINDS = GROSS_KINDS + REDUCTION_KINDS
COST_KINDS = (Kind.PAYMENT_FEE, Kind.DISPUTE_FEE, Kind.STRIPE_FEE)
CASH_KINDS = (Kind.CASH_PAYMENT, Kind.CASH_REFUND, Kind.CASH_DISPUTE)
OPEN_KINDS = (Kind.OPEN_DISPUTE,)


class Booking(NamedTuple):
    """One document's amount on one UTC day; a tuple, because a tenant's books hold millions."""

    stripe_customer_id: str | None
    day: date
    stripe_product_id: str | None
    price_id: str | None
    kind: Kind
    currency: str
    amount_minor: int
    document_id: str
    """The invoice, credit note, refund, dispute, payment or balance transaction that says so."""
    rate_document_id: str
    """The document whose exchange rate converts it: what takes revenue back is worth what the revenue was worth."""
