"""Refusals of money, currencies and periods."""

from billing_core.errors.refusal import BillingError


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
