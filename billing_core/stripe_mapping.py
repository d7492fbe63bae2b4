"""From one Stripe object's raw JSON to the rows that the mirror keeps of it; pure, so that a rebuild makes the same."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from billing_core import stripe_facts as facts
from billing_core.stripe_reader import ObjectReader, Raw, id_of, listing, mapping

Row = Any
"""A row of billing_core/stripe_facts.py."""

KEPT_WHEN_DELETED = frozenset({"customer", "product"})
"""Kinds that documents still name after they are deleted; of others (a deleted draft invoice) the rows go."""


@dataclass(frozen=True, slots=True)
class MetadataKeys:
    """Under which metadata keys the tenant writes its own customer id and the customer's segment."""

    customer_key: str
    segment_key: str


def rows_of(kind: str, raw: Raw, *, is_deleted: bool, keys: MetadataKeys) -> list[Row]:
    """Return an object's rows; none for a kind without a mirror, or when it is deleted and nothing names it.

    Raises StripeObjectUnreadableError when the object lacks what every object of its kind has.
    """
    if is_deleted and kind not in KEPT_WHEN_DELETED:
        return []
    if kind == "customer":
        return [_customer(ObjectReader(kind, raw), keys, is_deleted=is_deleted)]
    mapped = _MAPPINGS.get(kind)
    return [] if mapped is None else mapped(ObjectReader(kind, raw))


def _customer(customer: ObjectReader, keys: MetadataKeys, *, is_deleted: bool) -> facts.StripeCustomer:
    metadata = mapping(customer.raw.get("metadata"))
    return facts.StripeCustomer(
        stripe_customer_id=customer.text("id"),
        name=customer.text_or_none("name"),
        email=customer.text_or_none("email"),
        currency=customer.text_or_none("currency"),
        own_id=_metadata(metadata, keys.customer_key),
        segment=_metadata(metadata, keys.segment_key),
        created_at=customer.instant("created"),
        is_deleted=is_deleted,
    )


def _metadata(metadata: Raw, key: str) -> str | None:
    value = metadata.get(key)
    return value.strip() or None if isinstance(value, str) else None


def _product(product: ObjectReader) -> list[Row]:
    return [facts.StripeProduct(product.text("id"), product.text("name"))]


def _price(price: ObjectReader) -> list[Row]:
    recurring = price.inside(price.raw.get("recurring"))
    exact = price.decimal_or_none("unit_amount_decimal")
    return [
        facts.StripePrice(
            price_id=price.text("id"),
            stripe_product_id=id_of(price.raw.get("product")),
            name=price.text_or_none("nickname"),
            currency=price.text("currency"),
            unit_amount_minor=exact if exact is not None else price.decimal_or_none("unit_amount"),
            recurring_interval=recurring.text_or_none("interval"),
            interval_count=recurring.whole_or_none("interval_count"),
            is_metered=recurring.raw.get("usage_type") == "metered",
        )
    ]


def _subscription(subscription: ObjectReader) -> list[Row]:
    subscription_id = subscription.text("id")
    head = facts.Subscription(
        subscription_id=subscription_id,
        stripe_customer_id=subscription.reference("customer", "customer_account"),
        status=subscription.text("status"),
        currency=subscription.text("currency"),
        created_at=subscription.instant("created"),
        started_at=subscription.instant("start_date"),
        trial_ends_at=subscription.instant_or_none("trial_end"),
        cancels_at=subscription.instant_or_none("cancel_at"),
        canceled_at=subscription.instant_or_none("canceled_at"),
        ended_at=subscription.instant_or_none("ended_at"),
    )
    items = [
        facts.SubscriptionItem(
            subscription_item_id=item.text("id"),
            subscription_id=subscription_id,
            price_id=item.reference("price"),
            quantity=item.whole_or_none("quantity"),
            period_starts_at=item.instant("current_period_start"),
            period_ends_at=item.instant("current_period_end"),
        )
        for item in subscription.listed("items")
    ]
    return [head, *items]


def _invoice(invoice: ObjectReader) -> list[Row]:
    moved = invoice.inside(invoice.raw.get("status_transitions"))
    details = mapping(mapping(invoice.raw.get("parent")).get("subscription_details"))
    discount, tax, total = (
        invoice.sum_of("total_discount_amounts"),
        invoice.sum_of("total_taxes"),
        invoice.whole("total"),
    )
    head = facts.Invoice(
        invoice_id=invoice.text("id"),
        stripe_customer_id=invoice.reference("customer", "customer_account"),
        subscription_id=id_of(details.get("subscription")),
        number=invoice.text_or_none("number"),
        status=invoice.text("status"),
        currency=invoice.text("currency"),
        # Stripe's own `subtotal` has item discounts taken off and inclusive tax left in: this is what its lines add to.
        subtotal_minor=total - tax + discount,
        discount_minor=discount,
        tax_minor=tax,
        total_minor=total,
        amount_due_minor=invoice.whole("amount_due"),
        amount_paid_minor=invoice.whole("amount_paid"),
        amount_remaining_minor=invoice.whole("amount_remaining"),
        billing_reason=invoice.text_or_none("billing_reason"),
        attempt_count=invoice.whole("attempt_count"),
        next_attempt_at=invoice.instant_or_none("next_payment_attempt"),
        created_at=invoice.instant("created"),
        finalized_at=moved.instant_or_none("finalized_at"),
        paid_at=moved.instant_or_none("paid_at"),
        voided_at=moved.instant_or_none("voided_at"),
        due_at=invoice.instant_or_none("due_date"),
    )
    return [head, *(_invoice_line(line, head.invoice_id) for line in invoice.listed("lines"))]


def _invoice_line(line: ObjectReader, invoice_id: str) -> facts.InvoiceLine:
    parent = mapping(line.raw.get("parent"))
    from_subscription = mapping(parent.get("subscription_item_details"))
    source = from_subscription or mapping(parent.get("invoice_item_details"))
    pricing = mapping(mapping(line.raw.get("pricing")).get("price_details"))
    period = line.inside(line.raw.get("period"))
    exact = line.decimal_or_none("quantity_decimal")
    return facts.InvoiceLine(
        invoice_id=invoice_id,
        line_id=line.text("id"),
        description=line.text_or_none("description"),
        amount_minor=line.whole("amount") - _inclusive_tax(line),
        discount_minor=line.sum_of("discount_amounts"),
        tax_minor=line.sum_of("taxes"),
        currency=line.text("currency"),
        starts_at=period.instant("start"),
        ends_at=period.instant("end"),
        price_id=id_of(pricing.get("price")),
        stripe_product_id=id_of(pricing.get("product")),
        subscription_id=id_of(source.get("subscription")) or id_of(line.raw.get("subscription")),
        quantity=exact if exact is not None else line.decimal_or_none("quantity"),
        is_proration=source.get("proration") is True,
        # A line names its price by id: the mirror then asks the price (mark_lines_of_invoices.sql).
        is_metered=False,
    )


def _inclusive_tax(line: ObjectReader) -> int:
    taxes = [line.inside(tax) for tax in listing(line.raw.get("taxes"))]
    return sum(tax.whole("amount") for tax in taxes if tax.raw.get("tax_behavior") == "inclusive")


def _invoice_payment(payment: ObjectReader) -> list[Row]:
    paid_by = mapping(payment.raw.get("payment"))
    return [
        facts.InvoicePayment(
            invoice_payment_id=payment.text("id"),
            invoice_id=payment.reference("invoice"),
            payment_intent_id=id_of(paid_by.get("payment_intent")),
            payment_id=id_of(paid_by.get("charge")),
            amount_paid_minor=payment.whole_or_none("amount_paid"),
            currency=payment.text("currency"),
            status=payment.text("status"),
            created_at=payment.instant("created"),
        )
    ]


def _charge(charge: ObjectReader) -> list[Row]:
    outcome = charge.inside(charge.raw.get("outcome"))
    card = charge.inside(mapping(charge.raw.get("payment_method_details")).get("card"))
    status = charge.text("status")
    # An authorisation that is not captured has "succeeded" at Stripe, but no money has moved.
    is_held = status == "succeeded" and charge.raw.get("captured") is False
    is_captured = status == "succeeded" and not is_held
    return [
        facts.Payment(
            payment_id=charge.text("id"),
            stripe_customer_id=id_of(charge.raw.get("customer")),
            payment_intent_id=id_of(charge.raw.get("payment_intent")),
            amount_minor=charge.whole("amount_captured") if is_captured else charge.whole("amount"),
            refunded_minor=charge.whole("amount_refunded"),
            currency=charge.text("currency"),
            status="pending" if is_held else status,
            failure_code=charge.text_or_none("failure_code"),
            # `reason` is the decline code of a failed charge only; of others it says how risky they were.
            decline_code=outcome.text_or_none("reason") if status == "failed" else None,
            advice_code=outcome.text_or_none("advice_code"),
            card_brand=card.text_or_none("brand"),
            card_last4=card.text_or_none("last4"),
            is_disputed=charge.raw.get("disputed") is True,
            balance_transaction_id=id_of(charge.raw.get("balance_transaction")),
            created_at=charge.instant("created"),
        )
    ]


def _refund(refund: ObjectReader) -> list[Row]:
    return [
        facts.Refund(
            refund_id=refund.text("id"),
            payment_id=id_of(refund.raw.get("charge")),
            amount_minor=refund.whole("amount"),
            currency=refund.text("currency"),
            # Null for some bank methods until the bank has answered.
            status=refund.text_or_none("status") or "pending",
            reason=refund.text_or_none("reason"),
            balance_transaction_id=id_of(refund.raw.get("balance_transaction")),
            created_at=refund.instant("created"),
        )
    ]


def _dispute(dispute: ObjectReader) -> list[Row]:
    details = dispute.inside(dispute.raw.get("evidence_details"))
    return [
        facts.Dispute(
            dispute_id=dispute.text("id"),
            payment_id=dispute.reference("charge"),
            amount_minor=dispute.whole("amount"),
            currency=dispute.text("currency"),
            status=dispute.text("status"),
            reason=dispute.text("reason"),
            # 0: no answer is possible.
            due_at=details.instant("due_by") if details.raw.get("due_by") else None,
            created_at=dispute.instant("created"),
        )
    ]


def _credit_note(note: ObjectReader) -> list[Row]:
    total, excluding_tax = note.whole("total"), note.whole_or_none("total_excluding_tax")
    refunds = [id_of(mapping(each).get("refund")) for each in listing(note.raw.get("refunds"))]
    created_at = note.instant("created")
    head = facts.CreditNote(
        credit_note_id=note.text("id"),
        invoice_id=note.reference("invoice"),
        stripe_customer_id=note.reference("customer", "customer_account"),
        status=note.text("status"),
        currency=note.text("currency"),
        total_minor=total,
        excluding_tax_minor=total - note.sum_of("total_taxes") if excluding_tax is None else excluding_tax,
        refund_ids=tuple(refund for refund in refunds if refund is not None),
        created_at=created_at,
        effective_at=note.instant_or_none("effective_at") or created_at,
    )
    lines = [
        facts.CreditNoteLine(
            credit_note_id=head.credit_note_id,
            credit_note_line_id=line.text("id"),
            line_id=id_of(line.raw.get("invoice_line_item")),
            amount_minor=line.whole("amount") - line.whole("discount_amount") - _inclusive_tax(line),
        )
        for line in note.listed("lines")
    ]
    return [head, *lines]


def _balance_transaction(moved: ObjectReader) -> list[Row]:
    return [
        facts.BalanceTransaction(
            balance_transaction_id=moved.text("id"),
            kind=moved.text("type"),
            reporting_category=moved.text("reporting_category"),
            source_id=id_of(moved.raw.get("source")),
            amount_minor=moved.whole("amount"),
            fee_minor=moved.whole("fee"),
            net_minor=moved.whole("net"),
            currency=moved.text("currency"),
            exchange_rate=moved.decimal_or_none("exchange_rate"),
            status=moved.text("status"),
            created_at=moved.instant("created"),
            available_at=moved.instant("available_on"),
        )
    ]


_MAPPINGS: dict[str, Callable[[ObjectReader], list[Row]]] = {
    "product": _product,
    "price": _price,
    "subscription": _subscription,
    "invoice": _invoice,
    "invoice_payment": _invoice_payment,
    "charge": _charge,
    "refund": _refund,
    "dispute": _dispute,
    "credit_note": _credit_note,
    "balance_transaction": _balance_transaction,
}
