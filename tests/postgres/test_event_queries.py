"""Which events stand behind a number: page by page, to the first and last instant, each with its multiplication."""

from datetime import UTC, date, datetime, timedelta

import pytest

from billing_core.periods import DatePeriod
from billing_core.queries.usage_event import usage_event
from billing_core.queries.usage_events import usage_events
from billing_core.queries.usage_filter import UsageFilter
from billing_core.queries.usage_totals import usage_totals
from tests.builders import asking, books, pico, two_months

pytestmark = pytest.mark.postgres

ALL = UsageFilter(DatePeriod(date(2026, 11, 1), date(2026, 12, 1)))


def test_pages_of_events_follow_each_other_without_gap_or_repetition(database):
    with books(database.superuser_url) as tenant:
        for minute in range(25):  # Several in one hour, several at one instant, some days apart.
            tenant.usage(f"2026-11-{1 + minute % 4:02} 10:{minute // 2:02}", cost="0.5", calls=1 + minute % 2)
        tenant_id = tenant.tenant_id
    seen, before = [], None
    with asking(database.app_url, tenant_id) as workspace:
        for _ in range(7):  # 6 pages of 4 and the last of 1
            page = usage_events(workspace, ALL, before=before, count_max=4)
            seen += page
            before = page[-1].key
        assert usage_events(workspace, ALL, before=before) == []

    assert len(seen) == len({event.event_id for event in seen}) == 25
    assert [event.key for event in seen] == sorted(
        (event.key for event in seen), key=lambda key: (key.occurred_at, key.event_id), reverse=True
    )
    assert sum(event.cost_pico_usd for event in seen) == 25 * pico("0.5")


def test_unpriced_events_are_found_alone(database):
    with books(database.superuser_url) as tenant:
        two_months(tenant)
    with asking(database.app_url, tenant.tenant_id) as workspace:
        events = usage_events(workspace, ALL, unpriced_only=True)

    assert [(event.model, event.cost_pico_usd, event.customer_name) for event in events] == [
        ("house-model", None, "Cedar")
    ]


def test_the_first_and_the_last_instant_of_a_period_are_the_events_shown(database):
    with books(database.superuser_url) as tenant:
        for at in ("2026-10-31 23:59:59.999999", "2026-11-01 00:00", "2026-11-30 23:59:59.999999", "2026-12-01 00:00"):
            tenant.usage(at)
        tenant_id = tenant.tenant_id
    with asking(database.app_url, tenant_id) as workspace:
        events = usage_events(workspace, ALL)
        totals = usage_totals(workspace, ALL)

    end = datetime(2026, 12, 1, tzinfo=UTC)
    assert [event.occurred_at for event in events] == [
        end - timedelta(microseconds=1),
        datetime(2026, 11, 1, tzinfo=UTC),
    ]
    assert totals.calls == 2


def test_one_event_shows_the_multiplication_behind_its_cost(database):
    with books(database.superuser_url) as tenant:
        version = tenant.row(
            "own_price",
            version="ours-1",
            provider="openai",
            model="gpt-4o",
            mode="",
            valid_from=datetime(2026, 1, 1, tzinfo=UTC),
            bands='[[0, {"input": 2500000, "output": 10000000}], [200000, {"input": 5000000, "output": 10000000}]]',
            reason="Contract of January",
            actor="test",
        )
        event_id = tenant.usage(
            "2026-11-03 10:00", cost="0.0035", price_version_id=version, input=1000, output=100, raw={"total": 1100}
        )
        tenant.usage("2026-11-03 11:00", cost="1.001", price_version_id=version, input=200_001, output=100)
        tenant_id = tenant.tenant_id
    with asking(database.app_url, tenant_id) as workspace:
        large, small = usage_events(workspace, ALL)
        detail, dear = (
            usage_event(workspace, customer_id=e.customer_id, occurred_at=e.occurred_at, event_id=e.event_id)
            for e in (small, large)
        )

    assert detail.event_id == event_id
    assert [(line.token_class, line.count, line.rate_pico_usd, line.cost_pico_usd) for line in detail.lines] == [
        ("input", 1000, 2_500_000, 1000 * 2_500_000),
        ("output", 100, 10_000_000, 100 * 10_000_000),
    ]
    assert sum(line.cost_pico_usd for line in detail.lines) == detail.cost_pico_usd == pico("0.0035")
    assert (detail.price_version, detail.price_source, detail.is_own_price) == ("ours-1", "Contract of January", True)
    assert detail.raw == {"total": 1100}
    assert dear.lines[0].rate_pico_usd == 5_000_000
