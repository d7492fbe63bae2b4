"""Refusals of usage: counts, rows, files, mappings and prices that cannot be meant."""

from billing_core.errors.refusal import BillingError, shown


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
