"""When things happen in the demo: everything is counted back from the hour in which its tenant was made."""

import calendar
from datetime import UTC, datetime, timedelta

from ingestion.demo.company import MOVED_MONTHS_AGO, DemoCustomer

DAYS = 184
"""How far the demo's months reach back."""

FIRST_HOUR = 8


def end_of(made_at: datetime) -> datetime:
    """Return the hour with which the demo ends."""
    return made_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def days_before(end: datetime, days: int, *, hour: int = FIRST_HOUR) -> datetime:
    """Return an hour of the day that lies so many days before the end's day."""
    return end.replace(hour=hour) - timedelta(days=days)


def months_before(instant: datetime, months: int) -> datetime:
    """Return the same time so many months before, on the month's last day where it has no such day."""
    year, month = divmod(instant.year * 12 + instant.month - 1 - months, 12)
    day = min(instant.day, calendar.monthrange(year, month + 1)[1])
    return instant.replace(year=year, month=month + 1, day=day)


def joined_at(customer: DemoCustomer, end: datetime) -> datetime:
    """Return when the customer came: its invoices are due on that day of every month."""
    return months_before(days_before(end, customer.days), customer.months)


def left_at(customer: DemoCustomer, end: datetime) -> datetime | None:
    """Return when the customer left; None for one who stays."""
    return None if customer.left_days_ago is None else days_before(end, customer.left_days_ago)


def moved_at(end: datetime) -> datetime:
    """Return when the mover's traffic went to the dearer model: the first instant of the last whole month."""
    return months_before(end.replace(day=1, hour=0), MOVED_MONTHS_AGO)
