"""Refusals of the installation: settings, home, port, programs and jobs."""

from billing_core.errors.refusal import BillingError


class InvalidSettingError(BillingError):
    """A setting in the environment or `.env` has a value that cannot be used."""

    def __init__(self, setting: str, reason: str) -> None:
        self.setting = setting
        self.reason = reason
        super().__init__(f"The setting {setting} cannot be used ({reason}): correct it in the environment or in .env.")


class HomeUnusableError(BillingError):
    """MARGINBOOK_HOME cannot be made or written."""

    def __init__(self, home: str, reason: str) -> None:
        self.home = home
        self.reason = reason
        super().__init__(
            f"Marginbook cannot keep its data in {home} ({reason}): make that folder writable, or name another one in "
            "MARGINBOOK_HOME."
        )


class AlreadyRunningError(BillingError):
    """`marginbook up` runs already in this MARGINBOOK_HOME."""

    def __init__(self, *, address: str, process_id: int) -> None:
        self.address = address
        self.process_id = process_id
        super().__init__(
            f"Marginbook already runs here, at {address} (process {process_id}): use that one or stop it first; for a "
            "second installation set another MARGINBOOK_HOME and PORT."
        )


class PortTakenError(BillingError):
    """The port of the pages belongs to another program."""

    def __init__(self, port: int) -> None:
        self.port = port
        super().__init__(
            f"Port {port} is taken by another program: stop that one, or choose another port, as in PORT={port + 1}."
        )


class ProgramEndedError(BillingError):
    """A part of Marginbook ended while `marginbook up` was starting it."""

    def __init__(self, part: str, last_words: str) -> None:
        self.part = part
        self.last_words = last_words
        super().__init__(f"Marginbook could not start, because its {part} ended. {last_words}")


class JobTooSlowError(BillingError):
    """A job of the worker reached its time limit."""

    def __init__(self, limit_seconds: int) -> None:
        self.limit_seconds = limit_seconds
        super().__init__(
            f"The job did not end within its limit of {limit_seconds} seconds and was rolled back: it is tried again; "
            "if it stays too slow, look for what blocks the database."
        )


class JobCutError(BillingError):
    """The worker must stop while a job runs."""

    def __init__(self) -> None:
        super().__init__("The worker was asked to stop before the job ended: nothing of it was kept, it is run again.")


class JobTakenError(BillingError):
    """Another worker took a run over, because this one had lost its lock."""

    def __init__(self) -> None:
        super().__init__(
            "The worker lost its claim on the job before it ended: nothing of it was kept, another runs it."
        )
