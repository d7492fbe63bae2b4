"""Every refusal Marginbook can give, as a sentence: what cannot be done, then what to do."""


class BillingError(Exception):
    """A refusal that is shown to the person; anything else is a bug and is never hidden."""
