"""Every refusal Marginbook can give, as a sentence: what cannot be done, then what to do."""


class BillingError(Exception):
    """A refusal that is shown to the person; anything else is a bug and is never hidden."""


class DatabaseUnavailableError(BillingError):
    """The server did not answer, or went away in the middle: nothing of the transaction was kept."""

    def __init__(self, detail: str) -> None:
        self.detail = detail.strip().splitlines()[0] if detail.strip() else "no answer"
        super().__init__(
            f"The database cannot be reached ({self.detail}). What was under way was not written; start it with "
            "`marginbook db start`, or check DATABASE_URL, then do it again."
        )


class UnsafeDatabaseRoleError(BillingError):
    """DATABASE_URL names a role that row level security does not hold."""

    def __init__(self, role: str) -> None:
        self.role = role
        super().__init__(
            f"Marginbook does not work as the database role {role!r}, because it is superuser, owner of the tables or "
            "bypasses row level security: let DATABASE_URL name marginbook_app, and DATABASE_ADMIN_URL the owner."
        )


class SchemaMissingError(BillingError):
    """The database has no tables of ours yet."""

    def __init__(self) -> None:
        super().__init__("The database has no Marginbook tables yet: run `marginbook migrate` first.")


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
