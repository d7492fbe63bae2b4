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


class DemoHistoryError(BillingError):
    """The program that makes the demo's Stripe account ended before the account was complete."""

    def __init__(self, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(
            f"The demo's Stripe account could not be made: its program ended with {exit_code}. Start again with "
            "`marginbook demo`; MARGINBOOK_DEMO=0 starts without."
        )
