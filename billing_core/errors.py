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
