"""What the sandbox does not do: a parameter that Stripe takes and the sandbox does not is refused, never overlooked."""

from typing import Any

from ingestion.stripe.sandbox.errors import invalid


def only(params: dict[str, Any], *names: str) -> None:
    """Refuse a parameter that is none of these."""
    for name in params:
        if name not in names:
            raise invalid(f"The sandbox does not do what the parameter {name} asks for: leave it out.", param=name)
