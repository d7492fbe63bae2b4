"""The rows of the mirror: what Marginbook keeps of each Stripe object, named as the tables' columns are.

Amounts are whole minor units of the row's currency, instants are aware UTC, ids are Stripe's own texts.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class StripeCustomer:
    """`own_id`: the tenant's own id of the customer, from the metadata key that the connection names."""

    stripe_customer_id: str
    name: str | None
    email: str | None
    currency: str | None
    own_id: str | None
    segment: str | None
    created_at: datetime
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class StripeProduct:
    """What a price is for."""

    stripe_product_id: str
    name: str


@dataclass(frozen=True, slots=True)
class StripePrice:
    """`unit_amount_minor` may have decimals; None for tiers. `recurring_interval` None: paid once."""

    price_id: str
    stripe_product_id: str | None
    name: str | None
    currency: str
    unit_amount_minor: Decimal | None
    recurring_interval: str | None
    interval_count: int | None
    is_metered: bool


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription in its newest state."""

    subscription_id: str
    stripe_customer_id: str
    status: str
    currency: str
    created_at: datetime
    started_at: datetime
    trial_ends_at: datetime | None
    cancels_at: datetime | None
    canceled_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class SubscriptionItem:
    """One price of a subscription; `quantity` None for metered prices."""

    subscription_item_id: str
    subscription_id: str
    price_id: str
    quantity: int | None
    period_starts_at: datetime
    period_ends_at: datetime


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice's head; `subtotal_minor` is before discounts and tax."""

    invoice_id: str
    stripe_customer_id: str
    subscription_id: str | None
    number: str | None
    status: str
    currency: str
    subtotal_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    amount_due_minor: int
    amount_paid_minor: int
    amount_remaining_minor: int
    billing_reason: str | None
    attempt_count: int
    next_attempt_at: datetime | None
    created_at: datetime
    finalized_at: datetime | None
    paid_at: datetime | None
    voided_at: datetime | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """`amount_minor`: before discount, without tax; `discount_minor`: what it is reduced by; a half-open period."""

    invoice_id: str
    line_id: str
    description: str | None
    amount_minor: int
    discount_minor: int
    tax_minor: int
    currency: str
    starts_at: datetime
    ends_at: datetime
    price_id: str | None
    stripe_product_id: str | None
    subscription_id: str | None
    quantity: Decimal | None
    is_proration: bool
    is_metered: bool


@dataclass(frozen=True, slots=True)
class InvoicePayment:
    """Which payment paid which invoice, by payment intent or by charge."""

    invoice_payment_id: str
    invoice_id: str
    payment_intent_id: str | None
    payment_id: str | None
    amount_paid_minor: int | None
    currency: str
    status: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Payment:
    """A charge: one attempt to move money; `status` succeeded, pending or failed."""

    payment_id: str
    stripe_customer_id: str | None
    payment_intent_id: str | None
    amount_minor: int
    refunded_minor: int
    currency: str
    status: str
    failure_code: str | None
    decline_code: str | None
    advice_code: str | None
    card_brand: str | None
    card_last4: str | None
    is_disputed: bool
    balance_transaction_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back of one payment."""

    refund_id: str
    payment_id: str | None
    amount_minor: int
    currency: str
    status: str
    reason: str | None
    balance_transaction_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Dispute:
    """A payment that its cardholder contests; `due_at` is the last instant for evidence."""

    dispute_id: str
    payment_id: str
    amount_minor: int
    currency: str
    status: str
    reason: str
    due_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CreditNote:
    """`refund_ids`: the refunds that this note accounts for; they are not taken off revenue a second time."""

    credit_note_id: str
    invoice_id: str
    stripe_customer_id: str
    status: str
    currency: str
    total_minor: int
    excluding_tax_minor: int
    refund_ids: tuple[str, ...]
    created_at: datetime
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class CreditNoteLine:
    """`line_id`: the invoice line that is credited; None for a line of its own. `amount_minor` is without tax."""

    credit_note_id: str
    credit_note_line_id: str
    line_id: str | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class BalanceTransaction:
    """`kind` is Stripe's `type`; `exchange_rate`: units of `currency` for one unit of the source's currency."""

    balance_transaction_id: str
    kind: str
    reporting_category: str
    source_id: str | None
    amount_minor: int
    fee_minor: int
    net_minor: int
    currency: str
    exchange_rate: Decimal | None
    status: str
    created_at: datetime
    available_at: datetime
