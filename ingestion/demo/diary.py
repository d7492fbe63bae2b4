"""The demo's six months at Stripe, day by day: who comes, who goes, and what goes wrong between."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingestion.demo import plans
from ingestion.demo.calendar import days_before, months_before
from ingestion.demo.plans import ACCOUNTS, Account
from ingestion.demo.shop import Shop


@dataclass(frozen=True)
class Entry:
    """One act of the company about one of its customers, and when it does it."""

    at: datetime
    act: Callable[[Shop, Account], None]
    account: Account


def diary(end: datetime) -> list[Entry]:
    """Return every act in the order of time; the same end makes the same diary."""
    entries = [Entry(came_at(account, end), Shop.sign_up, account) for account in ACCOUNTS]
    entries += [*_leaving(end), *_changes(end), *_trouble(end), *_runs(end)]
    return sorted(entries, key=lambda entry: entry.at)


def began_at(end: datetime) -> datetime:
    """Return when the company opened its Stripe account: the day before its first customer."""
    return diary(end)[0].at - timedelta(days=1)


def live(shop: Shop, end: datetime) -> None:
    """Live through the diary: open the shop, do each act in its hour, and stop at the end."""
    now = began_at(end)
    shop.open(now)
    for entry in diary(end):
        if entry.at > now:
            shop.wait_until(entry.at)
            now = entry.at
        entry.act(shop, entry.account)
    shop.wait_until(end)


def came_at(account: Account, end: datetime) -> datetime:
    """Return when the customer signed up; its invoices come on that day of every month."""
    return _renewal(account, end, months_ago=account.came[0])


def _renewal(account: Account, end: datetime, *, months_ago: int) -> datetime:
    """Return when the customer's invoice came due, so many renewals before its last one."""
    return months_before(days_before(end, account.came[1]), months_ago)


def _leaving(end: datetime) -> list[Entry]:
    """Return who leaves: one at once, the others with the month that is paid."""
    return [
        Entry(
            days_before(end, account.left_days_ago),
            Shop.end_now if account is plans.LEAVES_AT_ONCE else Shop.end_with_period,
            account,
        )
        for account in ACCOUNTS
        if account.left_days_ago is not None
    ]


def _changes(end: datetime) -> list[Entry]:
    """Return the upgrade in the middle of a period, the credit note with its refund, and the refund without one."""
    upgraded, credited, refunded = (
        _renewal(plans.UPGRADED, end, months_ago=3),
        _renewal(plans.CREDITED, end, months_ago=1),
        _renewal(plans.REFUNDED, end, months_ago=2),
    )
    return [
        Entry(upgraded + timedelta(days=12, hours=5), _upgrade, plans.UPGRADED),
        Entry(credited + timedelta(days=3, hours=2), Shop.credit_half, plans.CREDITED),
        Entry(refunded + timedelta(days=6, hours=3), Shop.refund, plans.REFUNDED),
    ]


def _trouble(end: datetime) -> list[Entry]:
    """Return the cards that are changed: for a new one after a decline, and before a payment that is disputed."""
    recovered, lost, opened = plans.RECOVERED_BY_CARD, plans.DISPUTE_LOST, plans.DISPUTE_OPEN
    before, after = timedelta(days=-1), timedelta(days=2)
    declined = _renewal(recovered, end, months_ago=2)
    contested = _renewal(lost, end, months_ago=2)
    unanswered = _renewal(opened, end, months_ago=0)
    return [
        Entry(declined + after, _use("pm_card_visa"), recovered),
        Entry(declined + after + timedelta(hours=1), Shop.pay_open_invoice, recovered),
        Entry(contested + before, _use("pm_card_createDispute"), lost),
        Entry(contested + after, _use("pm_card_visa"), lost),
        Entry(contested + timedelta(days=9), Shop.give_up_dispute, lost),
        Entry(unanswered + before, _use("pm_card_createDisputeProductNotReceived"), opened),
    ]


def _runs(end: datetime) -> list[Entry]:
    """Return the weekly reports of metered use."""
    came = came_at(plans.METERED, end)
    weeks = (end - came).days // 7
    return [
        Entry(came + timedelta(days=7 * week), _report(30 + 7 * week % 25), plans.METERED) for week in range(1, weeks)
    ]


def _upgrade(shop: Shop, account: Account) -> None:
    shop.change_plan(account, plans.BUSINESS)


def _use(card: str) -> Callable[[Shop, Account], None]:
    def use(shop: Shop, account: Account) -> None:
        shop.use_card(account, card)

    return use


def _report(runs: int) -> Callable[[Shop, Account], None]:
    def report(shop: Shop, account: Account) -> None:
        shop.report_runs(account, runs)

    return report
