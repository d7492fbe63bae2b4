"""The demo's diary, lived through by the real Stripe client: the same stories whatever day the demo ends on."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.demo.diary import began_at, live
from ingestion.demo.history import stripe_account
from ingestion.demo.shop import Shop
from ingestion.stripe.gateway import open_gateway
from ingestion.stripe.sandbox.server import SandboxServer

pytestmark = [pytest.mark.scenario, pytest.mark.stripe]

ENDS = [
    datetime(2026, 3, 1, 0, tzinfo=UTC),
    datetime(2026, 3, 31, 23, tzinfo=UTC),
    datetime(2027, 1, 2, 5, tzinfo=UTC),
    datetime(2028, 2, 29, 9, tzinfo=UTC),
]
START = int(began_at(ENDS[0]).timestamp())


def everything(server: SandboxServer, kind: str) -> list[dict]:
    with open_gateway(server.key, server.url) as gateway:
        return [each for page in gateway.pages(kind, {}) for each in page]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: f"{end:%Y-%m-%d}")
def test_the_stories_are_the_same_whatever_day_it_is(end: datetime):
    with SandboxServer(start=int(began_at(end).timestamp())) as server:
        live(Shop(server.key, server.url), end)
        invoices, disputes = everything(server, "invoice"), everything(server, "dispute")
        refunds, notes = everything(server, "refund"), everything(server, "credit_note")
        subscriptions = everything(server, "subscription")

    unpaid = [each["amount_remaining"] for each in invoices if each["status"] == "open" and each["attempt_count"]]
    assert sorted(unpaid) == [290_00, 290_00, 290_00, 690_00, 990_00]
    assert sorted((each["status"], each["amount"]) for each in disputes) == [
        ("lost", 390_00),
        ("needs_response", 120_00),
    ]
    assert sorted(each["amount"] for each in refunds) == [120_00, 345_00]
    assert [each["total"] for each in notes] == [345_00]
    assert Counter(each["status"] for each in subscriptions) == {"active": 23, "past_due": 5, "canceled": 2}


def test_the_journal_makes_the_same_account_again(tmp_path: Path):
    with stripe_account(tmp_path, ENDS[0]) as made:
        first = made.sandbox.fingerprint()
    with stripe_account(tmp_path, ENDS[0]) as again:
        assert again.sandbox.fingerprint() == first
        assert len(again.log) == 0


def test_a_journal_of_other_months_is_replaced(tmp_path: Path):
    for end in ENDS[:2]:
        with stripe_account(tmp_path, end) as account:
            assert account.sandbox.now == int(end.timestamp())


def test_what_the_diary_asks_is_never_refused():
    with SandboxServer(start=START) as server:
        live(Shop(server.key, server.url), ENDS[0])
        assert {(each.status or 0) // 100 for each in server.log} == {2}
