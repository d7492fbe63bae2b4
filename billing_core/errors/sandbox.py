"""Refusals about the Stripe sandbox."""

from billing_core.errors.refusal import BillingError


class SandboxJournalError(BillingError):
    """The sandbox's journal cannot be read or written."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"The Stripe sandbox cannot use the journal {path} ({reason}): name another file, or remove that one."
        )


class SandboxPortTakenError(BillingError):
    """The port of the Stripe sandbox belongs to another program."""

    def __init__(self, port: int) -> None:
        self.port = port
        super().__init__(
            f"The Stripe sandbox cannot answer on port {port}, which another program has: stop that one, or choose "
            "another port with --port."
        )
