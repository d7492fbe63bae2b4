"""The demo's plan sheet and diary: who pays, who uses, and that everything happens within the demo's months."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from ingestion.demo.calendar import joined_at
from ingestion.demo.company import CUSTOMERS, SUBSIDISED
from ingestion.demo.diary import began_at, came_at, diary
from ingestion.demo.plans import ACCOUNTS, FAILING, PLANS, WITHOUT_OWN_ID, WITHOUT_USAGE
from ingestion.demo.shop import Shop

pytestmark = pytest.mark.unit

END = datetime(2026, 11, 21, 9, tzinfo=UTC)


def test_thirty_accounts_of_which_one_has_no_usage_and_one_no_id():
    assert len({account.name for account in ACCOUNTS}) == len(ACCOUNTS) == 30
    users = {customer.name for customer in CUSTOMERS}
    ids = [account.own_id for account in ACCOUNTS]
    assert {*ids} == {*users, WITHOUT_USAGE.name, None} - {"Tallow & Wick"}
    assert [account for account in ACCOUNTS if account.own_id is None] == [WITHOUT_OWN_ID]


def test_who_pays_comes_and_leaves_with_its_usage():
    users = {customer.name: customer for customer in CUSTOMERS}
    for account in ACCOUNTS:
        if account.own_id in users:
            assert came_at(account, END) == joined_at(users[account.own_id], END)
            assert account.left_days_ago == users[account.own_id].left_days_ago


def test_every_plan_is_bought_and_its_product_is_one_of_two():
    assert {plan for account in ACCOUNTS for plan, _ in account.items} == set(PLANS)
    assert len({plan.product for plan in PLANS}) == 2


def test_what_fails_this_month_adds_up_to_2_550_dollars():
    assert sum(plan.amount_minor * seats for account in FAILING for plan, seats in account.items) == 2_550_00


def test_the_subsidised_customer_pays_three_seats_of_490_dollars():
    (account,) = [account for account in ACCOUNTS if account.name == SUBSIDISED]
    assert sum(plan.amount_minor * seats for plan, seats in account.items) == 3 * 490_00


def test_the_diary_is_the_same_twice_and_in_the_order_of_time():
    times = [entry.at for entry in diary(END)]
    assert times == sorted(times) == [entry.at for entry in diary(END)]


def test_everything_happens_after_the_account_was_opened_and_before_the_end_whatever_day_it_is():
    for day in range(4 * 365 + 1):
        end = END + timedelta(days=day)
        entries = diary(end)
        assert began_at(end) < entries[0].at <= entries[-1].at < end
        for entry in entries:
            assert entry.at >= came_at(entry.account, end)


def test_every_account_signs_up_once_and_two_leave():
    acts = Counter(entry.act for entry in diary(END))
    assert acts[Shop.sign_up] == 30
    assert (acts[Shop.end_now], acts[Shop.end_with_period]) == (1, 1)


def test_nobody_does_anything_before_signing_up():
    seen = set()
    for entry in diary(END):
        assert entry.account in seen or entry.act is Shop.sign_up
        seen.add(entry.account)
