"""The invented company of the demo: what its features call, and who its customers are."""

from dataclasses import dataclass

COMPANY = "Demo: Inkwell AI"
WRITER, CODER = "Inkwell Writer", "Inkwell Coder"


@dataclass(frozen=True)
class Model:
    """A model of the demo, by its provider."""

    provider: str
    name: str


HAIKU = Model("anthropic", "claude-haiku-4-5")
OLD_SONNET = Model("anthropic", "claude-sonnet-4-5")
SONNET = Model("anthropic", "claude-sonnet-5-5")
OPUS = Model("anthropic", "claude-opus-4-8")
NANO = Model("openai", "gpt-5.4-nano")
MINI = Model("openai", "gpt-5.4-mini")
GPT = Model("openai", "gpt-5.4")
REASONER = Model("openai", "gpt-5.5")
PREVIEW = Model("openai", "gpt-unreleased-preview")
"""Nobody has published a price for it: its usage is unpriced, and must not count as free."""


@dataclass(frozen=True)
class Feature:
    """One feature of a product, and what its calls look like.

    A call's prompt is the trace's input times `input_times`, behind a context of `context_tokens` (lowest, highest).
    Of the context, `cached_percent` is read from the cache and `written_percent` written to it: for an hour if
    `keeps_hour`, else for five minutes. An agent makes several such calls, `steps` (lowest, highest), and reports them
    as one bucket.
    """

    product: str
    name: str
    models: tuple[Model, ...]
    context_tokens: tuple[int, int]
    steps: tuple[int, int] = (1, 1)
    input_times: int = 1
    output_times: int = 1
    cached_percent: int = 0
    written_percent: int = 0
    keeps_hour: bool = False
    reasoning_percent: int = 0
    is_batch: bool = False
    is_code: bool = False


DRAFT = Feature(
    WRITER, "Draft", (SONNET,), (8_000, 48_000), input_times=2, output_times=8, cached_percent=70, written_percent=12
)
REWRITE = Feature(WRITER, "Rewrite", (MINI, MINI, NANO), (1_500, 5_000), output_times=3, cached_percent=55)
RESEARCH = Feature(
    WRITER,
    "Research",
    (REASONER,),
    (20_000, 95_000),
    input_times=3,
    output_times=10,
    cached_percent=62,
    reasoning_percent=55,
)
DIGEST = Feature(WRITER, "Nightly digest", (GPT,), (20_000, 90_000), input_times=4, output_times=6, is_batch=True)
COMPLETE = Feature(CODER, "Complete", (HAIKU,), (400, 2_500), is_code=True, cached_percent=60, written_percent=15)
REVIEW = Feature(
    CODER,
    "Review agent",
    (SONNET,),
    (12_000, 62_000),
    steps=(3, 16),
    output_times=45,
    cached_percent=88,
    written_percent=8,
    keeps_hour=True,
    is_code=True,
)
MIGRATE = Feature(
    CODER,
    "Migration agent",
    (HAIKU,),
    (60_000, 170_000),
    steps=(3, 16),
    output_times=45,
    cached_percent=88,
    written_percent=8,
    keeps_hour=True,
    is_code=True,
)
FEATURES = (DRAFT, REWRITE, RESEARCH, DIGEST, COMPLETE, REVIEW, MIGRATE)

Mix = tuple[tuple[Feature, int], ...]
"""Which features a customer uses, with their weights."""

WRITERS: Mix = ((DRAFT, 55), (REWRITE, 40), (RESEARCH, 5))
EDITORS: Mix = ((REWRITE, 75), (DRAFT, 22), (DIGEST, 3))
ANALYSTS: Mix = ((RESEARCH, 50), (DRAFT, 25), (DIGEST, 25))
CODERS: Mix = ((COMPLETE, 97), (REVIEW, 3))
AGENTS: Mix = ((REVIEW, 65), (COMPLETE, 35))
MIGRATORS: Mix = ((MIGRATE, 60), (COMPLETE, 40))
BOTH: Mix = ((DRAFT, 30), (REWRITE, 25), (COMPLETE, 42), (REVIEW, 3))


@dataclass(frozen=True)
class DemoCustomer:
    """A customer of the demo.

    It uses the features of `mix`, by about `events` reports in 30 days. It came on the day that is `days` days before
    the demo's end and then `months` months earlier; `grows_percent` is how much its usage grows over the whole demo.
    """

    name: str
    mix: Mix
    events: int
    months: int
    days: int
    left_days_ago: int | None = None
    grows_percent: int = 20


# In the order of the trace's clients.
CUSTOMERS = (
    DemoCustomer("Vantor Freight", AGENTS, 7_500, 5, 28),
    DemoCustomer("Halden & Roe Publishing", WRITERS, 1_700, 5, 27),
    DemoCustomer("Brightmoor Schools", EDITORS, 3_000, 5, 26, grows_percent=40),
    DemoCustomer("Oakline Insurance", ANALYSTS, 480, 5, 22),
    DemoCustomer("Tessera Games", CODERS, 3_200, 5, 24),
    DemoCustomer("Quillfort Legal", ANALYSTS, 420, 5, 21, grows_percent=35),
    DemoCustomer("Saltmarsh Media", EDITORS, 2_600, 5, 23),
    DemoCustomer("Pinewick Health", WRITERS, 1_500, 5, 19),
    DemoCustomer("Marlow & Sons", BOTH, 1_700, 5, 17),
    DemoCustomer("Fennec Robotics", CODERS, 3_000, 5, 6, grows_percent=60),
    DemoCustomer("Lumenfield", WRITERS, 1_200, 5, 4),
    DemoCustomer("Corvid Press", EDITORS, 1_900, 5, 20, grows_percent=-30),
    DemoCustomer("Greywater Energy", ANALYSTS, 380, 5, 8),
    DemoCustomer("Juniper Lane", WRITERS, 700, 5, 25),
    DemoCustomer("Ostby Logistics", MIGRATORS, 2_500, 5, 16),
    DemoCustomer("Kestrel Finance", ANALYSTS, 400, 5, 14),
    DemoCustomer("Nine Elms Studio", WRITERS, 600, 5, 5),
    DemoCustomer("Redbarn Foods", EDITORS, 1_700, 5, 18, left_days_ago=41),
    DemoCustomer("Tallow & Wick", EDITORS, 1_600, 5, 15),
    DemoCustomer("Arbor Software", CODERS, 2_300, 5, 13),
    DemoCustomer("Meridian Travel", WRITERS, 1_000, 5, 3),
    DemoCustomer("Bluestem Biotech", AGENTS, 2_300, 4, 12),
    DemoCustomer("Cobble Hill Realty", EDITORS, 1_700, 5, 9),
    DemoCustomer("Northgate Academy", WRITERS, 650, 5, 11, grows_percent=-20),
    DemoCustomer("Silverpine Outdoors", EDITORS, 1_500, 5, 29, left_days_ago=95),
    DemoCustomer("Hexley Instruments", CODERS, 1_900, 4, 7),
    DemoCustomer("Umber & Ash", ANALYSTS, 1_500, 3, 10, grows_percent=60),
    DemoCustomer("Wren Street Bakery", EDITORS, 700, 3, 2),
    DemoCustomer("Dunmore Analytics", CODERS, 2_600, 5, 1),
)

SUBSIDISED = "Vantor Freight"
"""Makes about 40 % of the calls and pays about 10 % of the revenue."""

MOVER = "Ostby Logistics"
MOVED_FEATURE, MOVED_TO = MIGRATE, OPUS
MOVED_MONTHS_AGO = 1
"""Whose traffic moved to a dearer model, which, and in which month: the last whole one."""

SONNET_SINCE_DAYS_AGO = 110
"""When drafts moved from the old Sonnet to the new one."""

PREVIEW_SINCE_DAYS_AGO = 45
PREVIEW_USERS = ("Halden & Roe Publishing", "Brightmoor Schools", "Lumenfield")
