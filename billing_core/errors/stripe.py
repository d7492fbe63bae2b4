"""Refusals of Stripe: keys, rights, answers and objects that Marginbook cannot work with."""

from billing_core.errors.refusal import BillingError


class StripeKeyMissingError(BillingError):
    """No key of Stripe is set."""

    def __init__(self) -> None:
        super().__init__(
            "Stripe cannot be read, because no key is set: make a restricted key with read rights in the Stripe "
            "Dashboard under Developers, API keys, and set it as STRIPE_API_KEY in the environment or in .env."
        )


class StripeKeyRefusedError(BillingError):
    """Stripe does not know the key, or it is no secret key at all."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(
            f"Stripe cannot be read, because {problem}: copy the key anew from the Stripe Dashboard under Developers, "
            "API keys (it starts with rk_ or sk_), and set it as STRIPE_API_KEY."
        )


class StripeRightMissingError(BillingError):
    """The restricted key may not read one kind of object."""

    def __init__(self, right: str) -> None:
        self.right = right
        super().__init__(
            f"The Stripe key may not read {right}, so that this is missing in the books: edit the key in the Stripe "
            "Dashboard under Developers, API keys, give it this right, and run `marginbook sync stripe` again."
        )


class StripeRateLimitedError(BillingError):
    """Stripe kept saying that it is asked too often."""

    def __init__(self, tries: int) -> None:
        self.tries = tries
        super().__init__(
            f"Stripe says after {tries} tries that it is asked too often: wait some minutes, look what else uses this "
            "account's limit, and run `marginbook sync stripe` again; it goes on where it stopped."
        )


class StripeUnavailableError(BillingError):
    """Stripe did not answer, or answered that it is broken."""

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(
            f"Stripe does not answer as it should ({detail}): check the network and status.stripe.com, then run "
            "`marginbook sync stripe` again; it goes on where it stopped."
        )


class StripeVersionError(BillingError):
    """Stripe answers in another version of its API than the one that was asked for."""

    def __init__(self, *, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        super().__init__(
            f"Stripe answers in API version {found}, and Marginbook reads {expected}: nothing was stored. Check that "
            "STRIPE_API_BASE leads to Stripe itself, and update Marginbook."
        )


class StripeRequestRefusedError(BillingError):
    """Stripe refuses a request that Marginbook believed to be right."""

    def __init__(self, asked: str, said: str) -> None:
        self.asked = asked
        self.said = said
        super().__init__(f"Stripe refuses {asked} ({said}): update Marginbook, and report this line if it stays so.")


class StripeModeError(BillingError):
    """Test data would be mixed with live data."""

    def __init__(self, *, key_mode: str, mirrored_mode: str) -> None:
        self.key_mode = key_mode
        self.mirrored_mode = mirrored_mode
        super().__init__(
            f"This key is for Stripe's {key_mode} mode, but this tenant's books hold its {mirrored_mode} mode, and the "
            f"two never mix: set a {mirrored_mode} key, or make another tenant for the {key_mode} data."
        )


class StripeSyncRunningError(BillingError):
    """Another sync of the same account is at work."""

    def __init__(self, account: str) -> None:
        self.account = account
        super().__init__(
            f"Stripe account {account} is being synced already: wait until that sync has ended, then run it again."
        )


class StripeObjectUnreadableError(BillingError):
    """An object of Stripe lacks what every object of its kind has."""

    def __init__(self, kind: str, object_id: str, *, field: str) -> None:
        self.kind = kind
        self.object_id = object_id
        self.field = field
        super().__init__(
            f"The {kind.replace('_', ' ')} {object_id} of Stripe cannot be read, because its field {field} is not as "
            "expected: it is kept as it came, but it is in no sum; update Marginbook and run `marginbook rebuild`."
        )


class StripeMirrorIncompleteError(BillingError):
    """A sync ended, but not everything that it should hold could be read."""

    def __init__(self, sentences: list[str]) -> None:
        self.sentences = sentences
        super().__init__(f"The mirror of Stripe is not complete. {' '.join(sentences)}")
