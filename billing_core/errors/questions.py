"""Refusals of questions asked line by line at the command line."""

from billing_core.errors.refusal import BillingError


class UnreadableLineError(BillingError):
    """A line of a JSON lines file is no JSON."""

    def __init__(self, line_number: int, reason: str) -> None:
        self.line_number = line_number
        self.reason = reason
        super().__init__(f"Line {line_number} is no JSON ({reason}): write one JSON object per line.")


class UnreadableFileError(BillingError):
    """A file that a person named cannot be opened or read."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(
            f"The file {name!r} cannot be read ({reason}): name a file that exists, or - for standard input."
        )


class InvalidFieldError(BillingError):
    """A field of a question is missing or says something that it cannot mean."""

    def __init__(self, field: str, problem: str, *, do: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"The field {field!r} {problem}: {do}.")
