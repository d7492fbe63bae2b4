"""A Stripe sandbox of its own for every test here, and the real stripe package as its caller."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import stripe

from ingestion.stripe.gateway import stripe_client
from ingestion.stripe.sandbox.server import SandboxServer

START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())


@pytest.fixture
def local() -> Iterator[SandboxServer]:
    """A sandbox whose first instant is 2026-01-01 00:00 UTC."""
    with SandboxServer(start=START) as server:
        yield server


@pytest.fixture
def client_of(local: SandboxServer) -> Iterator[Callable[..., stripe.StripeClient]]:
    """Make clients of this sandbox: `client_of()`, or with another key, other time-outs or retries."""
    opened: list[stripe.RequestsClient] = []

    def make(key: str = local.key, *, answer_seconds: float = 20, retries: int = 0) -> stripe.StripeClient:
        http = stripe.RequestsClient(timeout=(5, answer_seconds))
        opened.append(http)
        return stripe_client(key, local.url, http_client=http, retries=retries)

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def client(client_of):
    """The version 1 services of a client with the secret key; it repeats nothing by itself."""
    return client_of().v1
