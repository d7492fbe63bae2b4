"""Disputes at the sandbox: opened by the clock, answered, decided, and what each step moves."""

import pytest

from tests.stripe.billing_shop import DAY, BillingShop, at, open_shop, refused

pytestmark = pytest.mark.stripe

OPENED = at("2026-01-04")


@pytest.fixture
def shop(client) -> BillingShop:
    return open_shop(client)


def _disputed(shop: BillingShop, card: str = "pm_card_createDispute", currency: str = "usd"):
    """Let a payment of 100.00 be disputed three days after it."""
    shop.subscribe(shop.customer(card), shop.price(10_000, currency=currency))
    shop.advance("2026-01-03 23:59")
    assert shop.stripe.disputes.list().data == []
    shop.advance("2026-01-04")
    (dispute,) = shop.stripe.disputes.list().data
    return dispute


def _moved(shop: BillingShop) -> list[tuple[int, int, str]]:
    """Return amount, fee and category of what disputes moved."""
    rows = shop.stripe.balance_transactions.list({"type": "adjustment"}).data[::-1]
    return [(row.amount, row.fee, row.reporting_category) for row in rows]


def test_a_dispute_opens_three_days_after_the_payment_and_takes_its_amount_and_a_fee(shop):
    dispute = _disputed(shop)
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", "fraudulent", 10_000)
    assert (dispute.created, dispute.evidence_details.due_by) == (OPENED, OPENED + 14 * DAY)
    assert _moved(shop) == [(-10_000, 1_500, "dispute")]
    (charge,) = shop.charges()
    assert charge.disputed
    assert [row.net for row in dispute.balance_transactions] == [-11_500]
    assert refused(shop.stripe.refunds.create, {"charge": charge.id}).code == "charge_disputed"


def test_without_an_answer_it_is_lost_on_its_due_day(shop):
    dispute = _disputed(shop)
    shop.advance("2026-01-17 23:59")
    assert shop.stripe.disputes.retrieve(dispute.id).status == "needs_response"
    shop.advance("2026-01-18")
    after = shop.stripe.disputes.retrieve(dispute.id)
    assert (after.status, after.evidence_details.past_due) == ("lost", True)
    assert _moved(shop) == [(-10_000, 1_500, "dispute")]


def test_evidence_is_submitted_with_the_update_and_decided_by_the_clock(shop):
    dispute = _disputed(shop)
    under_review = shop.stripe.disputes.update(dispute.id, {"evidence": {"access_activity_log": "1,000 calls"}})
    assert (under_review.status, under_review.evidence_details.submission_count) == ("under_review", 1)
    shop.advance("2026-01-18")
    assert shop.stripe.disputes.retrieve(dispute.id).status == "under_review"
    shop.advance("2026-02-03")
    assert shop.stripe.disputes.retrieve(dispute.id).status == "lost"


def test_evidence_can_be_kept_back_with_submit_false(shop):
    dispute = _disputed(shop)
    kept = shop.stripe.disputes.update(dispute.id, {"evidence": {"customer_name": "Ada"}, "submit": False})
    assert (kept.status, kept.evidence_details.has_evidence, kept.evidence_details.submission_count) == (
        "needs_response",
        True,
        0,
    )
    sent = shop.stripe.disputes.update(dispute.id, {"submit": True, "metadata": {"case": "7"}})
    assert (sent.status, sent.evidence.customer_name, sent.metadata["case"]) == ("under_review", "Ada", "7")
    assert refused(shop.stripe.disputes.update, dispute.id, {"evidence": {"customer_name": "B"}}).http_status == 400


def test_a_dispute_won_gives_back_the_amount_and_keeps_the_fee(shop):
    dispute = _disputed(shop, "pm_card_createDisputeWon")
    shop.stripe.disputes.update(dispute.id, {"evidence": {"receipt": "file_1"}})
    shop.advance("2026-02-03")
    assert shop.stripe.disputes.retrieve(dispute.id).status == "won"
    assert _moved(shop) == [(-10_000, 1_500, "dispute"), (10_000, 0, "dispute_reversal")]


@pytest.mark.parametrize(("text", "status"), [("winning_evidence", "won"), ("losing_evidence", "lost")])
def test_stripes_own_test_evidence_decides_at_once(shop, text, status):
    dispute = _disputed(shop)
    decided = shop.stripe.disputes.update(dispute.id, {"evidence": {"uncategorized_text": text}})
    assert decided.status == status


def test_a_dispute_can_be_accepted_once(shop):
    dispute = _disputed(shop)
    assert shop.stripe.disputes.close(dispute.id).status == "lost"
    assert "already closed" in str(refused(shop.stripe.disputes.close, dispute.id))


def test_an_inquiry_moves_no_money_and_the_payment_can_still_be_refunded(shop):
    dispute = _disputed(shop, "pm_card_createDisputeInquiry")
    assert (dispute.status, dispute.is_charge_refundable, _moved(shop)) == ("warning_needs_response", True, [])
    answered = shop.stripe.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}})
    assert answered.status == "warning_under_review"
    assert shop.stripe.refunds.create({"charge": dispute.charge}).amount == 10_000
    assert shop.stripe.disputes.close(dispute.id).status == "warning_closed"


def test_a_payment_refunded_in_full_is_not_disputed_any_more(shop):
    shop.subscribe(shop.customer("pm_card_createDispute"), shop.price(10_000))
    shop.stripe.refunds.create({"charge": shop.charges()[0].id})
    shop.advance("2026-01-05")
    assert shop.stripe.disputes.list().data == []


def test_another_reason_and_the_filters(shop):
    dispute = _disputed(shop, "pm_card_createDisputeProductNotReceived")
    assert dispute.reason == "product_not_received"
    listed = shop.stripe.disputes.list
    assert [each.id for each in listed({"charge": dispute.charge}).data] == [dispute.id]
    assert listed({"created": {"lt": OPENED}}).data == []
    assert [each.id for each in listed({"created": {"gte": OPENED}}).data] == [dispute.id]


def test_a_dispute_won_in_another_currency_brings_back_exactly_what_went(shop):
    dispute = _disputed(shop, "pm_card_createDisputeWon", currency="eur")
    shop.stripe.disputes.update(dispute.id, {"evidence": {"customer_name": "Ada"}})
    shop.advance("2026-02-03")
    assert shop.stripe.disputes.retrieve(dispute.id).status == "won"
    # Withdrawn in January at 1.083 and given back as much, although February's rate is another.
    assert _moved(shop) == [(-10_830, 1_500, "dispute"), (10_830, 0, "dispute_reversal")]


def test_a_dispute_tells_its_story_in_events(shop):
    dispute = _disputed(shop)
    shop.stripe.disputes.close(dispute.id)
    assert [each for each in shop.events() if each.startswith("charge.dispute")] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
    ]
