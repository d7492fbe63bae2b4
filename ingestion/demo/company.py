"""The invented company of the demo: what it sells, which models its features call, and who its customers are."""

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
    as one event.
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
    (60_000, 240_000),
    input_times=3,
    output_times=14,
    cached_percent=62,
    reasoning_percent=55,
)
DIGEST = Feature(WRITER, "Nightly digest", (GPT,), (20_000, 90_000), input_times=4, output_times=6, is_batch=True)
COMPLETE = Feature(CODER, "Complete", (HAIKU,), (400, 2_500), is_code=True, cached_percent=60, written_percent=15)
REVIEW = Feature(
    CODER,
    "Review agent",
    (OPUS,),
    (60_000, 185_000),
    steps=(3, 16),
    output_times=45,
    cached_percent=88,
    written_percent=8,
    keeps_hour=True,
    is_code=True,
)
FEATURES = (DRAFT, REWRITE, RESEARCH, DIGEST, COMPLETE, REVIEW)

Mix = tuple[tuple[Feature, int], ...]
"""Which features a customer uses, with their weights."""

WRITERS: Mix = ((DRAFT, 55), (REWRITE, 35), (RESEARCH, 10))
EDITORS: Mix = ((REWRITE, 70), (DRAFT, 25), (DIGEST, 5))
ANALYSTS: Mix = ((RESEARCH, 50), (DRAFT, 25), (DIGEST, 25))
CODERS: Mix = ((COMPLETE, 88), (REVIEW, 12))
AGENTS: Mix = ((REVIEW, 65), (COMPLETE, 35))
BOTH: Mix = ((DRAFT, 30), (REWRITE, 25), (COMPLETE, 35), (REVIEW, 10))


@dataclass(frozen=True)
class DemoCustomer:
    """A customer: came and went so many days before the demo's end; `grows_percent` over the whole span."""

    name: str
    mix: Mix
    weight_percent: int = 100
    joined_days_ago: int = 10_000
    left_days_ago: int = -1
    grows_percent: int = 20


# In the order of the trace's clients.
CUSTOMERS = (
    DemoCustomer("Vantor Freight", AGENTS, weight_percent=55, grows_percent=70),
    DemoCustomer("Halden & Roe Publishing", WRITERS, weight_percent=90),
    DemoCustomer("Brightmoor Schools", EDITORS, weight_percent=110, grows_percent=40),
    DemoCustomer("Oakline Insurance", ANALYSTS, weight_percent=45),
    DemoCustomer("Tessera Games", CODERS),
    DemoCustomer("Quillfort Legal", ANALYSTS, weight_percent=60, grows_percent=35),
    DemoCustomer("Saltmarsh Media", EDITORS),
    DemoCustomer("Pinewick Health", WRITERS, weight_percent=70),
    DemoCustomer("Marlow & Sons", BOTH, weight_percent=70),
    DemoCustomer("Fennec Robotics", CODERS, weight_percent=140, grows_percent=60),
    DemoCustomer("Lumenfield", WRITERS),
    DemoCustomer("Corvid Press", EDITORS, grows_percent=-30),
    DemoCustomer("Greywater Energy", ANALYSTS),
    DemoCustomer("Juniper Lane", WRITERS),
    DemoCustomer("Ostby Logistics", BOTH, joined_days_ago=74, weight_percent=220, grows_percent=160),
    DemoCustomer("Kestrel Finance", ANALYSTS, weight_percent=80),
    DemoCustomer("Nine Elms Studio", WRITERS),
    DemoCustomer("Redbarn Foods", EDITORS, left_days_ago=41),
    DemoCustomer("Tallow & Wick", EDITORS),
    DemoCustomer("Arbor Software", CODERS, weight_percent=150),
    DemoCustomer("Meridian Travel", WRITERS),
    DemoCustomer("Bluestem Biotech", AGENTS, weight_percent=180, joined_days_ago=120),
    DemoCustomer("Cobble Hill Realty", EDITORS),
    DemoCustomer("Northgate Academy", WRITERS, grows_percent=-20),
    DemoCustomer("Silverpine Outdoors", EDITORS, left_days_ago=95),
    DemoCustomer("Hexley Instruments", CODERS, weight_percent=130),
    DemoCustomer("Umber & Ash", WRITERS, joined_days_ago=33, weight_percent=200, grows_percent=300),
    DemoCustomer("Wren Street Bakery", EDITORS, weight_percent=60),
)

RUNAWAY = ("Tessera Games", AGENTS, 13, 12)
"""Whose agent ran wild, what it then called, and from how many to how many days before the end."""

RUNAWAY_TIMES = 6
SONNET_SINCE_DAYS_AGO = 70
"""When drafts moved from the old Sonnet to the new one."""

PREVIEW_SINCE_DAYS_AGO = 20
PREVIEW_USERS = ("Halden & Roe Publishing", "Brightmoor Schools", "Lumenfield")
