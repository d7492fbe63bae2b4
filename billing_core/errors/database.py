"""Refusals of the database: not there, full, busy, not ours, not as it must be."""

from billing_core.errors.refusal import BillingError


class DatabaseUnavailableError(BillingError):
    """The server did not answer, or went away in the middle: nothing of the transaction was kept."""

    def __init__(self, detail: str) -> None:
        self.detail = detail.strip().splitlines()[0] if detail.strip() else "no answer"
        super().__init__(
            f"The database cannot be reached ({self.detail}). What was under way was not written; start it with "
            "`marginbook db start`, or check DATABASE_URL, then do it again."
        )


class DatabaseFullError(BillingError):
    """The server found no room to write: nothing of the transaction was kept."""

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(
            f"The database has no room to write ({detail}). What was under way was not written: make room where its "
            "data lies, then do it again."
        )


class DatabaseBusyError(BillingError):
    """The server gave a transaction up (deadlock, time limit, cancelled, read-only): nothing of it was kept."""

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(
            f"The database gave up what was under way ({detail}), and nothing of it was written: do it again; if it "
            "stays so, look for what holds the database."
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


class PricesMissingError(BillingError):
    """The program's price book is newer than the database's."""

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(
            f"Usage cannot be priced, because the database lacks prices that this program knows ({version}): run "
            "`marginbook migrate`."
        )


class AdminUrlMissingError(BillingError):
    """Tables are to be changed on a server of the person's own, and nobody said as whom."""

    def __init__(self) -> None:
        super().__init__(
            "The tables cannot be changed, because only the application's role is known: set DATABASE_ADMIN_URL to the "
            "same database as marginbook_owner."
        )


class EmbeddedDatabaseError(BillingError):
    """The embedded database cannot be made, started, stopped, copied out or filled."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}: {remedy}")


class DatabaseNotOursError(BillingError):
    """The command is for the embedded database, but DATABASE_URL names a server of the person's own."""

    def __init__(self, act: str, remedy: str) -> None:
        self.act = act
        super().__init__(
            f"DATABASE_URL names a server of your own, which Marginbook does not {act}: {remedy}, "
            "or remove DATABASE_URL to use the embedded database."
        )


class DatabaseNotEmptyError(BillingError):
    """A dump was to be restored into a database that has tables."""

    def __init__(self, tables: int) -> None:
        self.tables = tables
        super().__init__(
            f"A dump is restored into an empty database only, and this one has {tables} tables: "
            "set MARGINBOOK_HOME to a new folder and restore there."
        )


class BackupFailedError(BillingError):
    """A dump was not written, or not read back."""

    def __init__(self, act: str, file: object, reason: str, remedy: str) -> None:
        self.act = act
        self.file = file
        self.reason = reason
        super().__init__(f"The database was not {act} ({file}: {reason}): {remedy}.")


class ProjectionsDifferError(BillingError):
    """The sums derived again from the ledger are not the sums that the pages read."""

    def __init__(self, differences: list[str]) -> None:
        self.differences = differences
        super().__init__(
            f"The rollups cannot be trusted, because they differ from the ledger ({'; '.join(differences)}): "
            "run `marginbook rebuild`, and keep this line for whoever looks for the cause."
        )
