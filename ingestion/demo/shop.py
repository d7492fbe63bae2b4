"""The demo's company at its desk: every act goes through the real Stripe client to the sandbox, as a shop's would."""

from datetime import UTC, datetime

from ingestion.demo.company import CODER, WRITER
from ingestion.demo.plans import PLANS, Account, Plan
from ingestion.stripe.gateway import stripe_client

COUPON_PERCENT = 20
RUN_EVENT = "agent_runs"


class Shop:
    """What the company has made at Stripe so far, by the names of the plan sheet."""

    def __init__(self, key: str, url: str) -> None:
        self._client = stripe_client(key, url).v1
        self._clock = ""
        self._prices: dict[Plan, str] = {}
        self._customers: dict[Account, str] = {}
        self._subscriptions: dict[Account, str] = {}
        self._coupon = ""

    def open(self, at: datetime) -> None:
        """Set the clock and put the products with their prices and the coupon on the shelf."""
        clock = self._client.test_helpers.test_clocks.create({"frozen_time": _seconds(at), "name": "The demo's months"})
        self._clock = clock.id
        meter = self._client.billing.meters.create(
            {"display_name": "Agent runs", "event_name": RUN_EVENT, "default_aggregation": {"formula": "sum"}}
        )
        products = {name: self._client.products.create({"name": name}).id for name in (WRITER, CODER)}
        for plan in PLANS:
            self._prices[plan] = self._client.prices.create(
                {
                    "product": products[plan.product],
                    "nickname": plan.name,
                    "currency": plan.currency,
                    "unit_amount": plan.amount_minor,
                    "recurring": {"interval": "month", "usage_type": "metered", "meter": meter.id}
                    if plan.is_metered
                    else {"interval": "year" if plan.interval == "year" else "month"},
                }
            ).id
        coupon = self._client.coupons.create(
            {"percent_off": COUPON_PERCENT, "duration": "forever", "name": "Schools pay a fifth less"}
        )
        self._coupon = coupon.id

    def wait_until(self, at: datetime) -> None:
        """Let the time pass: renewals, payments, retries and trial ends happen at their instants."""
        self._client.test_helpers.test_clocks.advance(self._clock, {"frozen_time": _seconds(at)})

    def sign_up(self, account: Account) -> None:
        """Take on a customer with card and subscription."""
        metadata = {"segment": account.segment}
        if account.own_id is not None:
            metadata["customer_id"] = account.own_id
        mailbox = "".join(letter for letter in account.name.lower() if letter.isalnum())
        customer = self._client.customers.create(
            {
                "name": account.name,
                "email": f"billing@{mailbox}.example",
                "metadata": metadata,
                "test_clock": self._clock,
            }
        )
        self._customers[account] = customer.id
        self.use_card(account, account.card)
        subscription = self._client.subscriptions.create(
            {
                "customer": customer.id,
                "items": [
                    {"price": self._prices[plan]}
                    if plan.is_metered
                    else {"price": self._prices[plan], "quantity": seats}
                    for plan, seats in account.items
                ],
                "discounts": [{"coupon": self._coupon}] if account.has_coupon else [],
                "trial_period_days": account.trial_days or 0,
            }
        )
        self._subscriptions[account] = subscription.id

    def use_card(self, account: Account, card: str) -> None:
        """Let the customer's next payments go to this card."""
        customer = self._customers[account]
        method = self._client.payment_methods.attach(card, {"customer": customer})
        self._client.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})

    def report_runs(self, account: Account, runs: int) -> None:
        """Report agent runs that the customer pays for one by one."""
        self._client.billing.meter_events.create(
            {"event_name": RUN_EVENT, "payload": {"stripe_customer_id": self._customers[account], "value": str(runs)}}
        )

    def pay_open_invoice(self, account: Account) -> None:
        """Collect what the customer owes, with the card it has now."""
        self._client.invoices.pay(self._newest_invoice(account, status="open"))

    def change_plan(self, account: Account, plan: Plan) -> None:
        """Move the customer to another price at once, with the difference on its next invoice."""
        subscription = self._client.subscriptions.retrieve(self._subscriptions[account])
        self._client.subscriptions.update(
            subscription.id,
            {
                "items": [{"id": subscription["items"].data[0].id, "price": self._prices[plan]}],
                "proration_behavior": "create_prorations",
            },
        )

    def credit_half(self, account: Account) -> None:
        """Credit half of the newest invoice and send the money back: a credit note and its refund."""
        invoice = self._client.invoices.retrieve(self._newest_invoice(account, status="paid"))
        half = invoice.total // 2
        self._client.credit_notes.create(
            {"invoice": invoice.id, "amount": half, "refund_amount": half, "reason": "order_change"}
        )

    def refund(self, account: Account) -> None:
        """Send the newest payment back, without a credit note."""
        charge = self._client.charges.list({"customer": self._customers[account], "limit": 1}).data[0]
        self._client.refunds.create({"charge": charge.id, "reason": "requested_by_customer"})

    def give_up_dispute(self, account: Account) -> None:
        """Accept that the customer's newest disputed payment is lost."""
        charge = self._client.charges.list({"customer": self._customers[account], "limit": 1}).data[0]
        dispute = self._client.disputes.list({"charge": charge.id, "limit": 1}).data[0]
        self._client.disputes.close(dispute.id)

    def end_now(self, account: Account) -> None:
        """End the customer's subscription at once, without giving anything back."""
        self._client.subscriptions.cancel(self._subscriptions[account])

    def end_with_period(self, account: Account) -> None:
        """End the customer's subscription when what it has paid for is over."""
        self._client.subscriptions.update(self._subscriptions[account], {"cancel_at_period_end": True})

    def _newest_invoice(self, account: Account, *, status: str) -> str:
        listed = self._client.invoices.list(
            {"customer": self._customers[account], "status": "open" if status == "open" else "paid", "limit": 1}
        )
        return listed.data[0].id


def _seconds(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp())
