"""What exactly did one event cost, and why?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing_core.queries.asking import ask
from billing_core.usage import CONTEXT_CLASSES, TOKEN_CLASSES, context_of_a_call
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CostLine:
    """One token class of an event: count times rate = cost; None where the price has no rate for it."""

    token_class: str
    count: int
    rate_pico_usd: int | None

    @property
    def cost_pico_usd(self) -> int | None:
        """Return the product, exactly."""
        return None if self.rate_pico_usd is None else self.count * self.rate_pico_usd


@dataclass(frozen=True, slots=True)
class UsageEventDetail:
    """One event, its tokens by class and the price version that made its cost."""

    event_id: int
    occurred_at: datetime
    recorded_at: datetime
    customer_id: int
    customer_name: str
    product_name: str
    feature: str
    provider: str
    model: str
    calls: int
    cost_pico_usd: int | None
    list_pico_usd: int | None
    known_pico_usd: int | None
    unpriced_reason: str | None
    source: str | None
    key: str
    end_user: str | None
    tags: Mapping[str, Any] | None
    circumstances: Mapping[str, Any]
    tokens: Mapping[str, int]
    price_version: str | None
    price_valid_from: datetime | None
    price_source: str | None
    is_own_price: bool
    bands: Sequence[tuple[int, Mapping[str, int]]] | None
    raw: Any

    @property
    def context_tokens(self) -> int:
        """Return how many tokens went in, cached ones included: by each call, what decides between rates by context."""
        return sum(self.tokens.get(token_class, 0) for token_class in TOKEN_CLASSES[CONTEXT_CLASSES])

    @property
    def lines(self) -> list[CostLine]:
        """Return the multiplication behind the cost, one line per class that occurs."""
        rates: Mapping[str, int] = {}
        for above, band in self.bands or ():
            if above == 0 or context_of_a_call(self.context_tokens, self.calls) > above:
                rates = band
        return [CostLine(name, self.tokens[name], rates.get(name)) for name in TOKEN_CLASSES if name in self.tokens]

    @property
    def adds_up(self) -> bool:
        """Tell whether the lines are the cost, to the last pico-dollar."""
        return sum(line.cost_pico_usd or 0 for line in self.lines) == self.cost_pico_usd

    @property
    def is_reported(self) -> bool:
        """Tell whether the provider itself named the cost, which outranks every price of ours."""
        return self.cost_pico_usd is not None and self.price_version is None


def usage_event(
    workspace: Workspace, *, customer_id: int, occurred_at: datetime, event_id: int
) -> UsageEventDetail | None:
    """Return one event by its place in the ledger; None when it is not there."""
    found = ask(workspace, UsageEventDetail, customer_id=customer_id, occurred_at=occurred_at, event_id=event_id)
    return found[0] if found else None
