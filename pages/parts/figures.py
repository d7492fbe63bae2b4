"""How figures are written: money, shares, counts and times as text, and money as a float for charts alone."""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

from billing_core.currencies import currency

PICO_PER_USD = 10**12
MISSING = "n/a"
"""Where there is nothing to divide by, or nothing known: never 0."""

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
SPACE = "\N{NO-BREAK SPACE}"
HIDDEN = "\N{BULLET}" * 4


def money(pico_usd: Decimal | int | None) -> str:
    """Write an amount as a person reads it: $1,234.56, and small ones with the digits that matter: $0.0012."""
    if pico_usd is None:
        return MISSING
    dollars = _dollars(pico_usd)
    size = abs(dollars)
    digits = 2 if size >= 1 or not size else max(4, 1 - size.adjusted())
    text = f"{size.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN):,f}"
    whole, _, fraction = text.partition(".")
    return f"{MINUS if dollars < 0 else ''}${whole}.{fraction[:2]}{fraction[2:].rstrip('0')}"


def exact_money(pico_usd: Decimal | int | None) -> str:
    """Write an amount to the last pico-dollar: $0.003500000000."""
    return MISSING if pico_usd is None else f"${_dollars(pico_usd):,.12f}"


def exact_dollars(pico_usd: Decimal | int) -> str:
    """Write an amount for a file: exact, without sign of currency, point as decimal separator."""
    return f"{_dollars(pico_usd):.12f}"


def money_for_chart(pico_usd: Decimal | int) -> float:
    """Return dollars as a float: the only place where money becomes one, and only to be drawn."""
    return float(_dollars(pico_usd))


def per_thousand_calls(cost_per_call_pico_usd_exact: Decimal | None) -> str:
    """Write what a thousand calls cost, because one call's cost is too small to be read."""
    return MISSING if cost_per_call_pico_usd_exact is None else money(cost_per_call_pico_usd_exact * 1000)


def share(part: Decimal | None) -> str:
    """Write a part of 1 as percent, cut off and not rounded: 99.96 % complete is not 100 %."""
    if part is None:
        return MISSING
    percent = part * 100
    if 0 < percent < Decimal("0.1"):
        return f"<{SPACE}0.1{SPACE}%"
    digits = Decimal(1) if percent >= 100 or percent == percent.to_integral_value() else Decimal("0.1")
    return f"{percent.quantize(digits, rounding=ROUND_DOWN)}{SPACE}%"


def margin_share(part: Decimal | None) -> str:
    """Write a margin as percent with one digit, a loss in brackets as accountants do: (12.4 %)."""
    if part is None:
        return MISSING
    percent = (part * 100).quantize(Decimal("0.1"), rounding=ROUND_HALF_EVEN)
    text = f"{abs(percent):,}{SPACE}%"
    return f"({text})" if percent < 0 else text


def points(now: Decimal | None, before: Decimal | None) -> str | None:
    """Write by how many points of percent a share moved; None where one of the two is not known."""
    if now is None or before is None:
        return None
    moved = ((now - before) * 100).quantize(Decimal("0.1"), rounding=ROUND_HALF_EVEN)
    if not moved:
        return f"0{SPACE}points"
    return f"{'+' if moved > 0 else MINUS}{abs(moved):,}{SPACE}points"


def accounting(pico: Decimal | int | None) -> str:
    """Write an amount to the cent as accountants do, a loss in brackets: ($1,234.56); small ones as money() does."""
    if pico is None:
        return MISSING
    text = money(-pico if pico < 0 else pico)
    return f"({text})" if pico < 0 else text


def minor_money(amount_minor: Decimal | int, code: str) -> str:
    """Write whole minor units in their own currency: $1,234.56, and others with their code behind: 1,234.56 EUR."""
    exponent = currency(code).exponent
    text = f"{abs(Decimal(amount_minor)).scaleb(-exponent):,.{exponent}f}"
    sign = MINUS if amount_minor < 0 else ""
    return f"{sign}${text}" if code == "usd" else f"{sign}{text}{SPACE}{code.upper()}"


def change(growth: Decimal | None) -> str:
    """Write a growth with its sign: +12 %, and so many times where percent say little."""
    if growth is None:
        return MISSING
    if growth >= 10:
        return f"{TIMES}{SPACE}{(growth + 1).quantize(Decimal(1)):,}"
    percent = (growth * 100).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    if not percent:
        return f"0{SPACE}%"
    return f"{'+' if percent > 0 else MINUS}{abs(percent)}{SPACE}%"


def growth(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    """Return a growth as a part of what was before; None where one of the two is unknown, or there was nothing."""
    return (now - before) / before if now is not None and before is not None and before > 0 else None


def count(number: Decimal | int) -> str:
    """Write a whole number with its thousands apart."""
    return f"{int(number):,}"


def short_count(number: Decimal | int) -> str:
    """Write a large number in three digits: 1.23M."""
    size = Decimal(number)
    for step, letter in ((12, "T"), (9, "B"), (6, "M"), (3, "K")):
        scaled = size.scaleb(-step)
        if scaled >= 1:
            digits = max(0, 2 - scaled.adjusted())
            return f"{scaled.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_DOWN)}{letter}"
    return count(number)


def counted(number: Decimal | int, thing: str) -> str:
    """Write a number with its thing: 1 call, 2 calls."""
    return f"{count(number)} {thing}{'' if number == 1 else 's'}"


def day(on: date) -> str:
    """Write a date: 3 Nov 2026."""
    return f"{on.day} {on:%b %Y}"


def span(start: date, end: date) -> str:
    """Write the days from start to before end: 1-21 Oct 2026, with an en dash."""
    last = end - timedelta(days=1)
    if start == last:
        return day(start)
    if (start.year, start.month) == (last.year, last.month):
        return f"{start.day}{DASH}{day(last)}"
    return f"{day(start)} {DASH} {day(last)}"


def instant(at: datetime) -> str:
    """Write an instant to the second: 2026-11-03 10:00:00 UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def minute(at: datetime) -> str:
    """Write an instant to the minute: 3 Nov 2026, 10:00 UTC."""
    at = at.astimezone(UTC)
    return f"{day(at.date())}, {at:%H:%M} UTC"


def _dollars(pico_usd: Decimal | int) -> Decimal:
    return Decimal(pico_usd).scaleb(-12)
