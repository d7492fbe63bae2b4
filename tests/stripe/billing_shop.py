"""A small shop at the sandbox for the tests of its billing: prices by need, customers with a card, and a clock."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

DAY = 86_400


def at(text: str) -> int:
    """Return an instant written as "2026-03-31" or "2026-03-31 12:00" (UTC) in Unix seconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@dataclass
class BillingShop:
    """The version 1 services of a client, and what a test needs from them in a line."""

    stripe: Any
    clock_id: str
    product_id: str

    def price(self, amount: int, *, currency: str = "usd", interval: str = "month", **more: Any) -> str:
        """Make a recurring price of an amount in minor units."""
        recurring = {"interval": interval, **more.pop("recurring", {})}
        params = {"product": self.product_id, "currency": currency, "unit_amount": amount, "recurring": recurring}
        return self.stripe.prices.create(params | more).id

    def customer(self, card: str | None = "pm_card_visa") -> str:
        """Make a customer who pays with a test card."""
        customer = self.stripe.customers.create({"name": "Ada Lovelace"})
        if card is not None:
            self.use(customer.id, card)
        return customer.id

    def use(self, customer_id: str, card: str) -> str:
        """Have a customer pay with a test card from now on."""
        method = self.stripe.payment_methods.attach(card, {"customer": customer_id})
        self.stripe.customers.update(customer_id, {"invoice_settings": {"default_payment_method": method.id}})
        return method.id

    def subscribe(self, customer_id: str, *prices: str, **more: Any) -> Any:
        """Begin a subscription of one of each price."""
        items = [{"price": each} for each in prices]
        return self.stripe.subscriptions.create({"customer": customer_id, "items": items, **more})

    def advance(self, until: str) -> None:
        """Let time pass until an instant, in steps as long as a test clock may make."""
        target = at(until)
        while (now := self.stripe.test_helpers.test_clocks.retrieve(self.clock_id).frozen_time) < target:
            step = min(target, now + 14 * DAY)
            self.stripe.test_helpers.test_clocks.advance(self.clock_id, {"frozen_time": step})

    def invoices(self, subscription_id: str) -> list[Any]:
        """Return a subscription's invoices, oldest first."""
        found = self.stripe.invoices.list({"subscription": subscription_id, "limit": 100})
        return list(found.auto_paging_iter())[::-1]

    def subscription(self, subscription_id: str) -> Any:
        """Return a subscription as it is now."""
        return self.stripe.subscriptions.retrieve(subscription_id)

    def charges(self) -> list[Any]:
        """Return every attempt to charge a card, oldest first."""
        return list(self.stripe.charges.list({"limit": 100}).auto_paging_iter())[::-1]

    def balance(self) -> list[Any]:
        """Return every movement of the balance, oldest first."""
        return list(self.stripe.balance_transactions.list({"limit": 100}).auto_paging_iter())[::-1]

    def events(self) -> list[str]:
        """Return the types of all events, oldest first."""
        return [event.type for event in self.stripe.events.list({"limit": 100}).auto_paging_iter()][::-1]


def open_shop(services: Any) -> BillingShop:
    """Open a shop whose clock stands where the sandbox's does."""
    clock = services.test_helpers.test_clocks.create({"frozen_time": at("2026-01-01")})
    product = services.products.create({"name": "Pro"})
    return BillingShop(services, clock.id, product.id)


def refused(call: Any, *asked: Any) -> stripe.StripeError:
    """Return the refusal that a call meets."""
    with pytest.raises(stripe.StripeError) as caught:
        call(*asked)
    return caught.value


def amounts(invoice: Any) -> list[int]:
    """Return the amounts of an invoice's first ten lines."""
    return [line.amount for line in invoice.lines.data]
