"""A year in the life of one customer: upgrade, failure, recovery, refund, credit, dispute; then every balance ties."""

import pytest

from tests.stripe.billing_shop import BillingShop, amounts, at, open_shop

pytestmark = [pytest.mark.stripe, pytest.mark.scenario]

END_OF_YEAR = at("2027-01-01")


@pytest.fixture
def shop(client) -> BillingShop:
    return open_shop(client)


def test_a_year_of_one_customer_ties_out_to_the_cent(shop):
    # 1 January: Ada subscribes at 100.00 a month; her card is good for three payments.
    ada = shop.customer("pm_card_succeedsFirst3_chargeDeclined_insufficient_funds")
    subscription = shop.subscribe(ada, shop.price(10_000))
    item = subscription["items"].data[0].id

    # 15 February, half of the month's 28 days are left: an upgrade to 300.00, billed at once: -50.00 + 150.00.
    shop.advance("2026-02-15")
    bigger = [{"id": item, "price": shop.price(30_000)}]
    shop.stripe.subscriptions.update(subscription.id, {"items": bigger, "proration_behavior": "always_invoice"})
    assert amounts(shop.invoices(subscription.id)[-1]) == [-5_000, 15_000]

    # March's payment is declined, and so is the retry after three days.
    shop.advance("2026-03-05")
    march = shop.invoices(subscription.id)[-1]
    assert (march.status, march.attempt_count, shop.subscription(subscription.id).status) == ("open", 2, "past_due")

    # On 6 March she brings another card and pays.
    good = shop.use(ada, "pm_card_visa")
    shop.advance("2026-03-06")
    shop.stripe.invoices.pay(march.id, {"payment_method": good})
    assert shop.subscription(subscription.id).status == "active"

    # 10 April: a week was lost; 70.00 of April come back with a credit note.
    shop.advance("2026-04-10")
    april = shop.invoices(subscription.id)[-1]
    line = {"type": "invoice_line_item", "invoice_line_item": april.lines.data[0].id, "amount": 7_000}
    shop.stripe.credit_notes.create({"invoice": april.id, "lines": [line], "refund_amount": 7_000})

    # 20 May: a refund of 10.00 out of goodwill, without a note.
    shop.advance("2026-05-20")
    shop.stripe.refunds.create({"charge": shop.charges()[-1].id, "amount": 1_000})

    # July's payment is disputed and lost, August's disputed and won.
    for month, card in ((7, "pm_card_createDispute"), (8, "pm_card_createDisputeWon"), (9, "pm_card_visa")):
        shop.advance(f"2026-{month - 1:02d}-28")
        shop.use(ada, card)
    # She leaves at the end of the year.
    shop.stripe.subscriptions.update(subscription.id, {"cancel_at": END_OF_YEAR})
    shop.advance("2027-01-05")

    ended = shop.subscription(subscription.id)
    assert (ended.status, ended.ended_at) == ("canceled", END_OF_YEAR)
    _assert_that_it_ties(shop)
    # 100 + 100 + 100 (upgrade) + ten months of 300.
    assert sum(charge.amount for charge in shop.charges() if charge.paid) == 30_000 + 10 * 30_000


def _assert_that_it_ties(shop: BillingShop) -> None:
    """Hold the balance against the documents: payments less refunds, disputes and fees, and each row by itself."""
    rows = shop.balance()
    assert all(row.net == row.amount - row.fee for row in rows)
    paid = [charge for charge in shop.charges() if charge.paid]
    refunds = shop.stripe.refunds.list({"limit": 100}).data
    disputes = shop.stripe.disputes.list({"limit": 100}).data
    lost = sum(dispute.amount for dispute in disputes if dispute.status == "lost")
    payment_fees = sum((charge.amount * 29 + 500) // 1_000 + 30 for charge in paid)
    dispute_fees = 1_500 * len(disputes)
    by_month: dict[int, int] = {}
    for row in rows:
        if row.type == "charge":
            by_month[_month(row.created)] = by_month.get(_month(row.created), 0) + row.amount
    billing_fees = sum((volume * 7 + 500) // 1_000 for volume in by_month.values())
    assert sorted(dispute.status for dispute in disputes) == ["lost", "won"]
    assert sum(row.net for row in rows) == (
        sum(charge.amount for charge in paid)
        - sum(refund.amount for refund in refunds)
        - lost
        - payment_fees
        - dispute_fees
        - billing_fees
    )
    assert all(row.status == "available" for row in rows if row.created < END_OF_YEAR)
    invoices = list(shop.stripe.invoices.list({"limit": 100}).auto_paging_iter())
    assert sum(invoice.amount_paid for invoice in invoices) == sum(charge.amount for charge in paid)
    assert {invoice.status for invoice in invoices} == {"paid"}


def _month(seconds: int) -> int:
    """Return a number of the UTC month, from the days since 1970 in 2026 and 2027."""
    lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] * 2
    days, month = (seconds - at("2026-01-01")) // 86_400, 0
    while days >= lengths[month]:
        days -= lengths[month]
        month += 1
    return month
