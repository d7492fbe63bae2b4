"""The lists inside objects that Stripe shows only when they are expanded."""

from ingestion.stripe.sandbox.expand import on_request
from ingestion.stripe.sandbox.listing import nested
from ingestion.stripe.sandbox.state import Object, Sandbox


@on_request("invoice", "payments")
def payments_of_invoice(sandbox: Sandbox, invoice: Object) -> Object:
    """Return the payments made on an invoice."""
    found = [each for each in sandbox.objects("invoice_payment").values() if each["invoice"] == invoice["id"]]
    return nested(found[::-1], f"/v1/invoice_payments?invoice={invoice['id']}")


@on_request("charge", "refunds")
def refunds_of_charge(sandbox: Sandbox, charge: Object) -> Object:
    """Return the refunds of a charge."""
    found = [each for each in sandbox.objects("refund").values() if each["charge"] == charge["id"]]
    return nested(found[::-1], f"/v1/charges/{charge['id']}/refunds")


@on_request("customer", "subscriptions")
def subscriptions_of_customer(sandbox: Sandbox, customer: Object) -> Object:
    """Return a customer's subscriptions that have not ended."""
    found = [
        each
        for each in sandbox.objects("subscription").values()
        if each["customer"] == customer["id"] and each["ended_at"] is None
    ]
    return nested(found[::-1], f"/v1/customers/{customer['id']}/subscriptions")
