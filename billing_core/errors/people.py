"""Refusals about people and tenants: passwords, accounts, short names."""

from billing_core.errors.refusal import BillingError


class WrongPasswordError(BillingError):
    """The password that was to be replaced is not the account's, or the account rests after too many tries."""

    def __init__(self) -> None:
        super().__init__(
            "The present password is wrong, so it was not changed: type it again. "
            "After five wrong tries an account rests for up to 15 minutes."
        )


class WeakPasswordError(BillingError):
    """A new password that is too short to resist guessing, or too long to be one."""

    def __init__(self, *, length_min: int, length_max: int) -> None:
        self.length_min = length_min
        self.length_max = length_max
        super().__init__(
            f"A password needs {length_min} to {length_max} characters: choose another one, a sentence for example."
        )


class UnknownAccountError(BillingError):
    """Nobody signs in with this e-mail address."""

    def __init__(self, email: str) -> None:
        self.email = email
        super().__init__(f"There is no account for {email}: check the address.")


class AccountExistsError(BillingError):
    """Somebody signs in with this e-mail address already."""

    def __init__(self, email: str) -> None:
        self.email = email
        super().__init__(f"There is an account for {email} already: use another address.")


class TenantExistsError(BillingError):
    """The short name of a tenant is taken."""

    def __init__(self, slug: str) -> None:
        self.slug = slug
        super().__init__(f"There is a tenant {slug!r} already: choose another short name.")


class TenantNotChosenError(BillingError):
    """A command that needs one tenant, and there is none of that name, or there are several."""

    def __init__(self, wanted: str | None, known: list[str]) -> None:
        self.wanted = wanted
        self.known = known
        problem = "no tenant was named" if wanted is None else f"there is no tenant {wanted!r}"
        listed = (
            f"name one of {', '.join(known)} with --tenant" if known else "run `marginbook up` once, which makes one"
        )
        super().__init__(f"It is not clear for whom this is, because {problem}: {listed}.")
