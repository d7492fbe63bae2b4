"""`marginbook calc recognise`: what an amount earns month by month, and what of it is still deferred."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from billing_core.errors import InvalidFieldError
from billing_core.money import Money, settling_unit
from billing_core.periods import DatePeriod, Period, day_period
from billing_core.recognition import MonthPart, by_month, by_month_of_days
from cli import calc_fields as fields
from cli.calc import FILE, PRETTY, Line, answer_lines

YEARS_MAX = 100
"""The longest period of one answer: 1,200 months."""


class Basis(StrEnum):
    """What counts as a part of the period."""

    SECOND = "second"
    DAY = "day"


def recognise(file: str = FILE, pretty: bool = PRETTY) -> None:
    """Spread amounts straight-line over their periods: recognised and deferred, month by month."""
    answer_lines(file, recognised, pretty=pretty)


def recognised(line: Line) -> Line:
    """Answer `{"currency", "amount_minor", "start", "end", "basis", "time_zone"?}` with `{"months"}`."""
    amount = Money(fields.whole_field(line, "amount_minor"), fields.text_field(line, "currency"))
    basis = fields.choice_field(line, "basis", Basis)
    zone = fields.time_zone_field(line, "time_zone") or UTC
    unit = settling_unit(amount.amount_minor, amount.currency)
    if basis is Basis.DAY:
        return _answer(by_month_of_days(amount.amount_minor, _dates(line, zone), unit=unit))
    return _answer(by_month(amount.amount_minor, _instants(line, zone), zone, unit=unit))


def _instants(line: Line, zone: tzinfo) -> Period:
    """Read the period; a date is the first instant of that day in the time zone."""
    start, end = (
        moment if isinstance(moment, datetime) else day_period(moment, zone).start
        for moment in (fields.date_or_instant_field(line, field) for field in ("start", "end"))
    )
    _require_length(start.year, end.year)
    return Period(start, end)


def _dates(line: Line, zone: tzinfo) -> DatePeriod:
    """Read the period's dates in the time zone; the start's date counts whole, even where it is the end's too."""
    period = _instants(line, zone)
    start, end = (moment.astimezone(zone).date() for moment in (period.start, period.end))
    return DatePeriod(start, max(end, start + timedelta(days=1)))


def _require_length(start_year: int, end_year: int) -> None:
    if end_year - start_year > YEARS_MAX:
        raise InvalidFieldError(
            "end", f"is more than {YEARS_MAX} years after the start", do="recognise a shorter period"
        )


def _answer(parts: Iterable[MonthPart]) -> Line:
    return {
        "months": [
            {
                "month": f"{part.month:%Y-%m}",
                "recognised_minor": part.recognised_minor,
                "deferred_minor": part.deferred_minor,
            }
            for part in parts
        ]
    }
