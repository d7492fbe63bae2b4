"""Every refusal Marginbook can give, as a sentence: what cannot be done, then what to do."""


import re

_NUMBER_OR_TIME = re.compile(r"[0-9.,:+/ $%_eETZ-]{0,40}")


class BillingError(Exception):
    """A refusal that is shown to the person; anything else is a bug and is never hidden."""


def shown(value: object) -> str:
    """Return a value as a refusal may show and keep it: numbers and dates, but no text that could be a prompt."""
    if isinstance(value, str) and not _NUMBER_OR_TIME.fullmatch(value):
        return f"a text of {len(value)} characters"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return repr(value) if isinstance(value, str) else str(value)[:40]


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


class InvalidSettingError(BillingError):
    """A setting in the environment or `.env` has a value that cannot be used."""

    def __init__(self, setting: str, reason: str) -> None:
        self.setting = setting
        self.reason = reason
        super().__init__(f"The setting {setting} cannot be used ({reason}): correct it in the environment or in .env.")


class EmbeddedDatabaseError(BillingError):
    """The embedded database cannot be made, started, stopped, copied out or filled."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}: {remedy}")


class InvalidCurrencyError(BillingError):
    """A code that is no currency anyone is billed in."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"{code[:20]!r} is no currency: give a three-letter ISO 4217 code, such as USD or EUR.")


class CurrencyMismatchError(BillingError):
    """Two amounts of different currencies were to be added, subtracted or compared."""

    def __init__(self, currency: str, other_currency: str) -> None:
        self.currency = currency
        self.other_currency = other_currency
        super().__init__(
            f"{currency.upper()} and {other_currency.upper()} cannot be added or compared: convert one of them first, "
            "by a rate that is kept with the result."
        )


class AmountStepError(BillingError):
    """An amount that is no multiple of its currency's step."""

    def __init__(self, amount_minor: int, currency: str, *, step: int) -> None:
        self.amount_minor = amount_minor
        self.currency = currency
        self.step = step
        super().__init__(
            f"{amount_minor} minor units of {currency.upper()} cannot be charged: give a multiple of {step}."
        )


class AmountTooSmallError(BillingError):
    """An amount below the smallest charge of its currency."""

    def __init__(self, amount_minor: int, currency: str, *, minimum_minor: int) -> None:
        self.amount_minor = amount_minor
        self.currency = currency
        self.minimum_minor = minimum_minor
        super().__init__(
            f"{amount_minor} minor units of {currency.upper()} cannot be charged: collect at least {minimum_minor}, "
            "or carry the amount over to the next invoice."
        )


class InvalidAmountError(BillingError):
    """A text or number that is no exact amount."""

    def __init__(self, text: str, problem: str) -> None:
        self.text = text
        self.problem = problem
        super().__init__(f"The amount {text[:40]!r} {problem}: write plain digits, such as 10.25.")


class InvalidWeightsError(BillingError):
    """Weights by which nothing can be split."""

    def __init__(self, problem: str, *, do: str) -> None:
        self.problem = problem
        super().__init__(f"A total cannot be split {problem}: {do}.")


class EmptyPeriodError(BillingError):
    """A period that ends before or when it starts."""

    def __init__(self, start: str, end: str) -> None:
        self.start = start
        self.end = end
        super().__init__(f"A period cannot start at {start} and end at {end}: let it end after it starts.")


class PeriodOutOfRangeError(BillingError):
    """A date or instant beyond the years that calendars here reach."""

    def __init__(self, *, year_min: int, year_max: int) -> None:
        self.year_min = year_min
        self.year_max = year_max
        super().__init__(f"Periods cannot leave the years {year_min} to {year_max}: choose dates between them.")


class InvalidIntervalError(BillingError):
    """An interval by which no periods can be counted."""

    def __init__(self, interval_count: int) -> None:
        self.interval_count = interval_count
        super().__init__(f"A period cannot last {interval_count} intervals: give a whole number of at least 1.")


class UnknownTimeZoneError(BillingError):
    """A name that the time zone database does not know."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name[:60]!r} is no time zone: give a name such as UTC or Europe/Berlin.")


class UsageNotUnderstoodError(BillingError):
    """A usage block has none of the forms in which providers report usage."""

    def __init__(self, provider: str, fields: list[str]) -> None:
        self.provider = provider
        self.fields = fields
        found = ", ".join(repr(field[:40]) for field in fields[:8]) if fields else "nothing"
        super().__init__(
            f"The usage of {provider!r} cannot be read (it has {found}): send the provider's own usage block as its "
            'API returned it, or counts by token class such as {"input": 86, "output": 300}.'
        )


class TokenCountNotWholeError(BillingError):
    """A count in a usage block is no whole number."""

    def __init__(self, field: str, value: object) -> None:
        self.field = field
        self.value = value
        super().__init__(
            f"{field} cannot be counted, because {shown(value)} is no whole number: send it as a number without "
            "quotes and without a decimal point, or leave it out."
        )


class TokenCountNegativeError(BillingError):
    """A count in a usage block is below zero."""

    def __init__(self, field: str, count: int) -> None:
        self.field = field
        self.count = count
        super().__init__(
            f"{field} cannot be {count}, because nobody uses less than nothing: send the count as the provider "
            "reported it; a correction is an event of its own."
        )


class TokenCountTooLargeError(BillingError):
    """A count in a usage block is larger than one event can have."""

    def __init__(self, field: str, count: int, *, count_max: int) -> None:
        self.field = field
        self.count = count
        self.count_max = count_max
        super().__init__(
            f"{field} cannot be {count} in one event (at most {count_max:,}): split the report into smaller buckets, "
            "or correct the count."
        )


class TokenPartsExceedTotalError(BillingError):
    """The parts of a usage block are more than the total that they are parts of."""

    def __init__(self, *, part: str, part_count: int, total: str, total_count: int) -> None:
        self.part = part
        self.part_count = part_count
        self.total = total
        self.total_count = total_count
        super().__init__(
            f"{part} ({part_count}) cannot be more than {total} ({total_count}), of which it is a part: check whether "
            "the sender counts cached tokens beside the total, and send the provider's own block."
        )


class ReportedCostInvalidError(BillingError):
    """A cost that the provider is said to have reported is no amount in USD."""

    def __init__(self, field: str, value: object) -> None:
        self.field = field
        self.value = value
        super().__init__(
            f"{field} cannot be {shown(value)}: send the provider's cost in USD as a number from 0 to 1,000,000, "
            "or leave it out to have the event priced by the price book."
        )


class OwnPriceInvalidError(BillingError):
    """An own (negotiated) price cannot be used."""

    def __init__(self, version_id: str, problem: str, *, do: str) -> None:
        self.version_id = version_id
        self.problem = problem
        super().__init__(f"The own price {version_id!r} cannot be used, because {problem}: {do}.")


class AdminUrlMissingError(BillingError):
    """Tables are to be changed on a server of the person's own, and nobody said as whom."""

    def __init__(self) -> None:
        super().__init__(
            "The tables cannot be changed, because only the application's role is known: set DATABASE_ADMIN_URL to the "
            "same database as marginbook_owner."
        )


class ProjectionsDifferError(BillingError):
    """The sums derived again from the ledger are not the sums that the pages read."""

    def __init__(self, differences: list[str]) -> None:
        self.differences = differences
        super().__init__(
            f"The rollups cannot be trusted, because they differ from the ledger ({'; '.join(differences)}): "
            "run `marginbook rebuild`, and keep this line for whoever looks for the cause."
        )


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


class MappingError(BillingError):
    """A mapping file that cannot be meant."""

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        self.problem = problem
        super().__init__(f"The mapping {name} cannot be used: {problem}.")


class UsageFileError(BillingError):
    """A usage file that cannot be read on; what was imported before stays, and the same import again goes on."""

    def __init__(self, name: str, problem: str, *, do: str) -> None:
        self.name = name
        self.problem = problem
        super().__init__(f"The file {name} cannot be read: {problem}. {do}")


class UsageRowError(BillingError):
    """One row of usage that cannot be read."""

    def __init__(self, reason: str, sentence: str) -> None:
        self.reason = reason
        super().__init__(sentence)


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


class HomeUnusableError(BillingError):
    """MARGINBOOK_HOME cannot be made or written."""

    def __init__(self, home: str, reason: str) -> None:
        self.home = home
        self.reason = reason
        super().__init__(
            f"Marginbook cannot keep its data in {home} ({reason}): make that folder writable, or name another one in "
            "MARGINBOOK_HOME."
        )


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
