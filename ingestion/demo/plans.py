"""What the demo's company sells for how much, and who pays for what: the facts that its Stripe account is made from."""

from dataclasses import dataclass, replace

from ingestion.demo.company import CODER, CUSTOMERS, WRITER


@dataclass(frozen=True)
class Plan:
    """A price of a product; `interval` is month or year. A metered one is paid per unit when the month is over."""

    name: str
    product: str
    amount_minor: int
    interval: str = "month"
    currency: str = "usd"
    is_metered: bool = False


STARTER = Plan("Writer Starter", WRITER, 120_00)
TEAM = Plan("Writer Team", WRITER, 290_00)
BUSINESS = Plan("Writer Business", WRITER, 690_00)
BUSINESS_YEAR = Plan("Writer Business yearly", WRITER, 6_900_00, interval="year")
BUSINESS_EUR = Plan("Writer Business EUR", WRITER, 640_00, currency="eur")
PRO = Plan("Coder Pro", CODER, 390_00)
PRO_EUR = Plan("Coder Pro EUR", CODER, 360_00, currency="eur")
SCALE = Plan("Coder Scale", CODER, 990_00)
SCALE_YEAR = Plan("Coder Scale yearly", CODER, 9_900_00, interval="year")
UNLIMITED = Plan("Coder Unlimited", CODER, 490_00)
"""A flat price per seat for as many agents as one likes: the plan that loses money."""

RUNS = Plan("Coder extra agent runs", CODER, 50, is_metered=True)

PLANS = (STARTER, TEAM, BUSINESS, BUSINESS_YEAR, BUSINESS_EUR, PRO, PRO_EUR, SCALE, SCALE_YEAR, UNLIMITED, RUNS)

STARTUP, SCALE_UP, ENTERPRISE = "startup", "scale-up", "enterprise"


@dataclass(frozen=True)
class Account:
    """A customer as Stripe has it.

    It came on the day that is `came[1]` days before the demo's end and then `came[0]` months earlier. `own_id` is the
    usage's name of the same customer: None where nobody has written it into Stripe.
    """

    name: str
    segment: str
    items: tuple[tuple[Plan, int], ...]
    came: tuple[int, int]
    left_days_ago: int | None = None
    own_id: str | None = None
    card: str = "pm_card_visa"
    trial_days: int | None = None
    has_coupon: bool = False


USERS = {customer.name: customer for customer in CUSTOMERS}


def _account(name: str, segment: str, *plans: Plan, seats: int = 1, card: str = "pm_card_visa") -> Account:
    """Return the account of a customer who uses what it pays for."""
    user = USERS[name]
    return Account(
        name,
        segment,
        items=tuple((plan, seats) for plan in plans),
        came=(user.months, user.days),
        left_days_ago=user.left_days_ago,
        own_id=name,
        card=card,
    )


def _declined(code: str, *, after: int = 5, declines: int | None = None) -> str:
    """Return a card that is declined after so many payments, for good or so often."""
    times = "" if declines is None else f"declinesFirst{declines}_"
    return f"pm_card_succeedsFirst{after}_{times}chargeDeclined_{code}"


# Each payer's sixth invoice, that of this month, is not paid.
FAILING = (
    _account("Fennec Robotics", SCALE_UP, SCALE, card=_declined("expired_card")),
    _account("Greywater Energy", ENTERPRISE, BUSINESS, card=_declined("do_not_honor")),
    _account("Lumenfield", STARTUP, TEAM, card=_declined("insufficient_funds")),
    _account("Meridian Travel", STARTUP, TEAM, card=_declined("insufficient_funds")),
    _account("Cobble Hill Realty", STARTUP, TEAM, card=_declined("lost_card")),
)

RECOVERED_BY_RETRY = _account(
    "Tessera Games", SCALE_UP, SCALE, card=_declined("insufficient_funds", after=2, declines=2)
)
RECOVERED_BY_CARD = replace(
    _account("Brightmoor Schools", SCALE_UP, TEAM, seats=2, card=_declined("expired_card", after=3)), has_coupon=True
)
CREDITED = _account("Saltmarsh Media", SCALE_UP, BUSINESS)
REFUNDED = _account("Juniper Lane", STARTUP, STARTER)
UPGRADED = _account("Quillfort Legal", SCALE_UP, TEAM)
DISPUTE_LOST = _account("Arbor Software", STARTUP, PRO)
DISPUTE_OPEN = _account("Nine Elms Studio", STARTUP, STARTER)
LEAVES_AT_ONCE = _account("Redbarn Foods", STARTUP, TEAM)
METERED = _account("Marlow & Sons", SCALE_UP, TEAM, PRO, RUNS)
WITHOUT_OWN_ID = replace(_account("Tallow & Wick", STARTUP, TEAM), name="Tallow and Wick Ltd", own_id=None)
"""Nobody wrote its id into Stripe, and it signs its usage with another name: a person has to match the two."""

WITHOUT_USAGE = Account("Fable House Audio", STARTUP, ((TEAM, 1),), came=(4, 19), own_id="Fable House Audio")
"""Pays and has never used anything."""

ACCOUNTS = (
    _account("Vantor Freight", ENTERPRISE, UNLIMITED, seats=3),
    _account("Halden & Roe Publishing", ENTERPRISE, BUSINESS_YEAR, card="pm_card_mastercard"),
    RECOVERED_BY_CARD,
    _account("Oakline Insurance", ENTERPRISE, BUSINESS_EUR, card="pm_card_de"),
    RECOVERED_BY_RETRY,
    UPGRADED,
    CREDITED,
    _account("Pinewick Health", ENTERPRISE, BUSINESS_YEAR, card="pm_card_amex"),
    METERED,
    _account("Corvid Press", STARTUP, TEAM),
    REFUNDED,
    _account("Ostby Logistics", SCALE_UP, SCALE, card="pm_card_mastercard"),
    _account("Kestrel Finance", ENTERPRISE, BUSINESS_EUR, card="pm_card_nl"),
    DISPUTE_OPEN,
    LEAVES_AT_ONCE,
    WITHOUT_OWN_ID,
    DISPUTE_LOST,
    _account("Bluestem Biotech", STARTUP, UNLIMITED),
    _account("Northgate Academy", STARTUP, STARTER),
    _account("Silverpine Outdoors", STARTUP, TEAM),
    _account("Hexley Instruments", STARTUP, PRO_EUR, card="pm_card_fr"),
    replace(_account("Umber & Ash", STARTUP, STARTER), trial_days=14),
    replace(_account("Wren Street Bakery", STARTUP, STARTER), trial_days=7),
    _account("Dunmore Analytics", SCALE_UP, SCALE_YEAR),
    *FAILING,
    WITHOUT_USAGE,
)
