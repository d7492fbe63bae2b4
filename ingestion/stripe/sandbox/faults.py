"""Faults on demand: the next requests are answered 429 or 500, hang, or lose their answer, before or after the work."""

import threading
from dataclasses import dataclass
from enum import StrEnum

from ingestion.stripe.sandbox.errors import StripeRefusal


class FaultKind(StrEnum):
    """What a caller sees."""

    RATE_LIMIT = "429"
    SERVER_ERROR = "500"
    HANG = "hang"  # No answer, until the caller gives up.
    DROP = "drop"  # The connection is closed without an answer.


class When(StrEnum):
    """Whether the work is done although its answer does not arrive."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Fault:
    """What happens to how many requests whose path begins with a prefix."""

    kind: FaultKind
    when: When = When.BEFORE
    count: int = 1
    prefix: str = "/v1/"
    method: str | None = None

    def hits(self, method: str, path: str) -> bool:
        """Whether a request is meant."""
        return path.startswith(self.prefix) and self.method in (None, method)


class Faults:
    """The faults that are still to come; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: list[tuple[Fault, int]] = []

    def add(self, fault: Fault) -> None:
        """Let a fault happen to the next requests that it hits, after those that were added before it."""
        with self._lock:
            self._left.append((fault, fault.count))

    def clear(self) -> None:
        """Let no more faults happen."""
        with self._lock:
            self._left.clear()

    @property
    def left(self) -> int:
        """How many requests are still to be hit."""
        with self._lock:
            return sum(count for _, count in self._left)

    def next_for(self, method: str, path: str) -> Fault | None:
        """Take the first fault that hits this request, or None."""
        with self._lock:
            for place, (fault, count) in enumerate(self._left):
                if fault.hits(method, path):
                    self._left[place : place + 1] = [(fault, count - 1)] if count > 1 else []
                    return fault
        return None


RATE_LIMITED = (
    "Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits."
)


def refusal_of(kind: FaultKind) -> StripeRefusal | None:
    """Return what a fault answers, or None where it answers nothing."""
    if kind is FaultKind.RATE_LIMIT:
        return StripeRefusal(429, "invalid_request_error", RATE_LIMITED, code="rate_limit")
    if kind is FaultKind.SERVER_ERROR:
        return StripeRefusal(500, "api_error", "An unknown error occurred")
    return None
