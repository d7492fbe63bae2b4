"""A small shop at the sandbox for tests: one product, monthly customers, and a clock that moves by days."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ingestion.stripe.gateway import StripeGateway, Waiting, open_gateway, stripe_client
from ingestion.stripe.sandbox.server import SandboxServer

START = datetime(2026, 1, 10, 9, tzinfo=UTC)
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
"""When the tests' syncs run; the shop's clock is some days behind."""

MONTHLY_MINOR = 2_000


@dataclass
class SmallShop:
    """Acts of a shop, each through the real Stripe client."""

    server: SandboxServer
    slept: list[int] = field(default_factory=list)
    customers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stripe = stripe_client(self.server.key, self.server.url).v1
        self.at = START
        self.clock = self.stripe.test_helpers.test_clocks.create({"frozen_time": int(START.timestamp())}).id
        self.product = self.stripe.products.create({"name": "Writer"}).id
        self.price = self.new_price(MONTHLY_MINOR)

    def new_price(self, amount_minor: int) -> str:
        """Put another monthly price of the product on the shelf."""
        monthly: Any = {"interval": "month"}
        price = {"product": self.product, "currency": "usd", "unit_amount": amount_minor, "recurring": monthly}
        return self.stripe.prices.create(price).id

    def sign_up(self, name: str, *prices: str) -> str:
        """Take on a customer with a card and a subscription; its own id is its name in small letters."""
        customer = self.stripe.customers.create({"name": name, "metadata": {"customer_id": name.lower()}}).id
        card = self.stripe.payment_methods.attach("pm_card_visa", {"customer": customer}).id
        self.stripe.customers.update(customer, {"invoice_settings": {"default_payment_method": card}})
        items: Any = [{"price": price} for price in prices or (self.price,)]
        self.stripe.subscriptions.create({"customer": customer, "items": items})
        self.customers[name] = customer
        return customer

    def delete(self, name: str) -> None:
        """End a customer's subscriptions and delete it."""
        for subscription in self.stripe.subscriptions.list({"customer": self.customers[name]}).data:
            self.stripe.subscriptions.cancel(subscription.id)
        self.stripe.customers.delete(self.customers[name])

    def wait(self, days: int) -> None:
        """Let days pass, in steps that a test clock takes."""
        for _ in range(days):
            self.at += timedelta(days=1)
            self.stripe.test_helpers.test_clocks.advance(self.clock, {"frozen_time": int(self.at.timestamp())})

    @contextmanager
    def gateway(self, key: str | None = None, **options: Any) -> Iterator[StripeGateway]:
        """Open a gateway that waits without sleeping, and notes for how long it would."""
        waiting = Waiting(sleep=self.slept.append)
        with open_gateway(key or self.server.key, self.server.url, waiting=waiting, **options) as gateway:
            yield gateway

    def ids(self, kind: str) -> set[str]:
        """Return what the sandbox holds of a kind, past its lists."""
        return set(self.server.sandbox.objects(kind))


@contextmanager
def open_shop(*names: str, days: int = 0) -> Iterator[SmallShop]:
    """Open a shop with these customers and let days pass."""
    with SandboxServer(start=int(START.timestamp())) as server:
        shop = SmallShop(server)
        for name in names:
            shop.sign_up(name)
        shop.wait(days)
        yield shop
