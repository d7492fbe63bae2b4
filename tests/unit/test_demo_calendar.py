"""When things happen in the demo, whatever day its tenant was made on."""

from datetime import UTC, datetime, timedelta

import pytest

from ingestion.demo.calendar import DAYS, days_before, end_of, joined_at, left_at, months_before, moved_at
from ingestion.demo.company import CUSTOMERS

pytestmark = pytest.mark.unit


def test_the_demo_ends_with_the_hour_in_which_it_was_made():
    assert end_of(datetime(2026, 11, 21, 9, 59, 59, 999_999, UTC)) == datetime(2026, 11, 21, 9, tzinfo=UTC)


def test_a_month_without_that_day_gives_its_last_one():
    assert months_before(datetime(2027, 3, 31, 8, tzinfo=UTC), 1) == datetime(2027, 2, 28, 8, tzinfo=UTC)
    assert months_before(datetime(2027, 1, 15, 8, tzinfo=UTC), 1) == datetime(2026, 12, 15, 8, tzinfo=UTC)


def test_days_before_are_whole_days_at_an_hour():
    end = datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert days_before(end, 20, hour=3) == datetime(2026, 11, 1, 3, tzinfo=UTC)


def test_the_traffic_moves_with_the_first_instant_of_the_last_whole_month():
    assert moved_at(datetime(2027, 1, 31, 23, tzinfo=UTC)) == datetime(2026, 12, 1, tzinfo=UTC)
    assert moved_at(datetime(2027, 2, 1, 0, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)


def test_on_every_day_of_four_years_each_customer_came_within_the_demos_months():
    for day in range(4 * 365 + 1):
        end = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
        for customer in CUSTOMERS:
            joined, left = joined_at(customer, end), left_at(customer, end)
            assert end - timedelta(days=DAYS) <= joined < (left or end) <= end
