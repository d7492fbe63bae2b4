"""Stripe's words in plain ones: how an invoice, a payment and a subscription stand, and why a card was declined."""

from billing_core.queries.payments_of_customer import CustomerPayment

INVOICE_COLOURS = {"paid": "green", "open": "orange", "uncollectible": "red", "void": "gray", "draft": "blue"}
PAYMENT_COLOURS = {
    "paid": "green",
    "failed": "red",
    "pending": "blue",
    "refunded": "gray",
    "partly refunded": "orange",
    "disputed": "red",
    "dispute lost": "red",
}
STANDING = {"active": "good", "past_due": "open", "trialing": "new", "canceled": "over", "none": "over"}
STANDING_WORDS = {"past_due": "past due", "none": "no subscription"}

REASONS = {
    "insufficient_funds": "Not enough money on the card",
    "withdrawal_count_limit_exceeded": "The card's limit is reached",
    "card_velocity_exceeded": "The card's limit is reached",
    "expired_card": "The card has expired",
    "incorrect_cvc": "The security code is wrong",
    "invalid_cvc": "The security code is wrong",
    "incorrect_number": "The card number is wrong",
    "invalid_number": "The card number is wrong",
    "incorrect_zip": "The postal code is wrong",
    "incorrect_address": "The address is wrong",
    "invalid_expiry_month": "The expiry date is wrong",
    "invalid_expiry_year": "The expiry date is wrong",
    "authentication_required": "The bank wants the customer to confirm",
    "authentication_not_handled": "The bank wants the customer to confirm",
    "lost_card": "The card was reported lost",
    "stolen_card": "The card was reported stolen",
    "pickup_card": "The bank has blocked the card",
    "restricted_card": "The card may not be used for this",
    "card_not_supported": "The card does not support this purchase",
    "currency_not_supported": "The card does not support this currency",
    "do_not_honor": "The bank refused, without a reason",
    "generic_decline": "The bank refused, without a reason",
    "call_issuer": "The bank refused: the customer must call it",
    "transaction_not_allowed": "The bank does not allow this purchase",
    "fraudulent": "Stripe suspects fraud",
    "highest_risk_level": "Stripe blocked it as too risky",
    "merchant_blacklist": "It stands on your block list",
    "issuer_not_available": "The bank could not be reached",
    "processing_error": "The bank could not process it",
    "try_again_later": "The bank asks to try again later",
    "reenter_transaction": "The bank asks to try again",
    "revocation_of_authorization": "The customer told the bank to stop it",
    "revocation_of_all_authorizations": "The customer told the bank to stop all of yours",
    "stop_payment_order": "The customer told the bank to stop it",
    "duplicate_transaction": "The same amount was charged just before",
    "invalid_account": "The account is closed or wrong",
    "new_account_information_available": "The card was replaced by a new one",
}
"""Why a card was declined; a code without a sentence here is shown in its own words."""


def payment_word(payment: CustomerPayment) -> str:
    """Return how a payment stands, the worst first."""
    if payment.dispute_status == "lost":
        return "dispute lost"
    if payment.dispute_status is not None and payment.dispute_status not in {"won", "warning_closed", "prevented"}:
        return "disputed"
    if payment.refunded_minor:
        return "refunded" if payment.refunded_minor >= payment.amount_minor else "partly refunded"
    return "paid" if payment.status == "succeeded" else payment.status


def reason(payment: CustomerPayment) -> str | None:
    """Return in plain words why a payment failed; None of one that did not."""
    if payment.status != "failed":
        return None
    code = payment.decline_code or payment.failure_code
    if code is None:
        return "No reason was given"
    return REASONS.get(code, code.replace("_", " ").capitalize())
