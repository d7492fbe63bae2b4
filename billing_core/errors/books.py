"""Refusals of what people add to the books: matches, shared costs and exchange rates."""

from billing_core.errors.refusal import BillingError


class UnknownStripeCustomerError(BillingError):
    """A Stripe customer that no connection of the tenant has brought."""

    def __init__(self, stripe_customer_id: str) -> None:
        self.stripe_customer_id = stripe_customer_id
        super().__init__(
            f"There is no Stripe customer {stripe_customer_id!r} here: run `marginbook sync stripe`, or check its id."
        )


class UnknownCustomerError(BillingError):
    """A customer that the tenant does not have."""

    def __init__(self, customer: str) -> None:
        self.customer = customer
        super().__init__(
            f"There is no customer {customer!r} here: name one by the id that usage has for it, or by its number."
        )


class OwnRowMissingError(BillingError):
    """A Stripe customer is to stand alone again, has no row of its own yet, and this role makes no customers."""

    def __init__(self, stripe_customer_id: str, role: str) -> None:
        self.stripe_customer_id = stripe_customer_id
        self.role = role
        super().__init__(
            f"The Stripe customer {stripe_customer_id!r} never had a row of its own, and the role {role!r} makes no "
            "new customers: ask an owner or someone of finance to take the match back."
        )


class ReasonMissingError(BillingError):
    """An act that changes the books, and nobody says why."""

    def __init__(self, act: str) -> None:
        self.act = act
        super().__init__(f"The books are not changed by {act} without a reason: name the contract, mail or invoice.")


class SharedCostInvalidError(BillingError):
    """A shared cost that cannot be meant."""

    def __init__(self, name: str, problem: str, *, do: str) -> None:
        self.name = name
        self.problem = problem
        super().__init__(f"The shared cost {name!r} cannot be added, because {problem}: {do}.")


class ExchangeRateInvalidError(BillingError):
    """An exchange rate that cannot be meant."""

    def __init__(self, currency: str, problem: str, *, do: str) -> None:
        self.currency = currency
        self.problem = problem
        super().__init__(f"The rate of {currency!r} cannot be set, because {problem}: {do}.")
