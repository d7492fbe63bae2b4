"""A backfill's windows: calendar months without gap or overlap, open where objects of unforeseen times may lie."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from ingestion.stripe.windows import STRIPE_BEGAN_AT, windows

pytestmark = pytest.mark.unit

MADE = datetime(2026, 1, 15, 8, tzinfo=UTC)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MARCH, FEBRUARY = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


def seconds(at: datetime) -> int:
    return int(at.timestamp())


def test_windows_are_months_newest_first_and_open_at_both_ends():
    found = windows(account_created_at=MADE, since=None, started_at=NOW)

    assert [(each.starts_at, each.ends_at) for each in found] == [(MARCH, NOW), (FEBRUARY, MARCH), (MADE, FEBRUARY)]
    assert [each.created() for each in found] == [
        {"gte": seconds(MARCH)},
        {"gte": seconds(FEBRUARY), "lt": seconds(MARCH)},
        {"lt": seconds(FEBRUARY)},
    ]


def test_since_closes_the_oldest_window():
    found = windows(account_created_at=MADE, since=FEBRUARY, started_at=NOW)

    assert [each.created() for each in found] == [
        {"gte": seconds(MARCH)},
        {"gte": seconds(FEBRUARY), "lt": seconds(MARCH)},
    ]


def test_an_account_of_unknown_age_is_read_from_stripes_beginning():
    found = windows(account_created_at=None, since=None, started_at=NOW)

    assert (found[-1].starts_at, len(found)) == (STRIPE_BEGAN_AT, 4 + 14 * 12 + 3)
    assert all(older.ends_at == newer.starts_at for newer, older in pairwise(found))


@pytest.mark.parametrize("made", [NOW, NOW + timedelta(days=40)])
def test_an_account_that_is_new_or_made_in_the_future_of_a_test_clock_is_one_open_window(made):
    (only,) = windows(account_created_at=made, since=None, started_at=NOW)

    assert only.created() == {}
    assert only.holds(made - timedelta(days=1000))


def test_every_instant_belongs_to_exactly_one_window():
    found = windows(account_created_at=MADE, since=None, started_at=NOW)
    first_of_march = MARCH, MARCH - timedelta(seconds=1)

    for at in (MADE - timedelta(days=9), *first_of_march, NOW, NOW + timedelta(days=9)):
        assert sum(each.holds(at) for each in found) == 1
    assert [found[1].holds(at) for at in first_of_march] == [False, True]
