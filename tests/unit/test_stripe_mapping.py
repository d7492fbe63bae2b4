"""What the mirror keeps of each Stripe object, from the bodies that Stripe publishes, and what it refuses to guess."""

import copy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing_core import stripe_facts as facts
from billing_core.errors import StripeObjectUnreadableError
from billing_core.stripe_mapping import MetadataKeys, id_of, rows_of
from ingestion.stripe.sandbox.fixtures import published

pytestmark = pytest.mark.unit

KEYS = MetadataKeys("customer_id", "segment")
AT = 1_767_225_600
"""2026-01-01 00:00 UTC."""
DAY = 86_400
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def example(kind: str, **fields: Any) -> dict[str, Any]:
    """Return Stripe's own example of an object with some fields set."""
    return {**copy.deepcopy(published(kind)), "created": AT, **fields}


def rows(kind: str, raw: dict[str, Any], *, is_deleted: bool = False) -> list[Any]:
    return rows_of(kind, raw, is_deleted=is_deleted, keys=KEYS)


def line(**fields: Any) -> dict[str, Any]:
    """Return an invoice line of 2,000 for January, from a subscription."""
    from_item = {"subscription": "sub_1", "subscription_item": "si_1", "proration": False, "invoice_item": None}
    usual = {
        "id": "il_1",
        "amount": 2000,
        "currency": "usd",
        "period": {"start": AT, "end": AT + 31 * DAY},
        "quantity": 2,
        "quantity_decimal": None,
        "discount_amounts": [],
        "taxes": [],
        "parent": {"type": "subscription_item_details", "subscription_item_details": from_item},
        "pricing": {"type": "price_details", "price_details": {"price": "price_1", "product": "prod_1"}},
    }
    return {**example("line_item"), **usual, **fields}


def invoice(*lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return an open invoice over these lines."""
    usual = {
        "id": "in_1",
        "status": "open",
        "lines": {"object": "list", "data": list(lines), "has_more": False, "url": "/v1/invoices/in_1/lines"},
        "parent": {"type": "subscription_details", "subscription_details": {"subscription": "sub_1"}},
        "next_payment_attempt": None,
        "due_date": None,
    }
    return example("invoice", **{**usual, **fields})


def credit_note(*lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a credit note over these lines."""
    usual = {"id": "cn_1", "lines": {"object": "list", "data": list(lines), "has_more": False, "url": "/"}}
    return example("credit_note", **{**usual, "refunds": [], **fields})


def test_a_customer_keeps_its_own_id_and_segment_from_the_metadata_that_the_tenant_names():
    raw = example("customer", metadata={"customer_id": " acme ", "segment": "smb", "other": "x"}, name="Acme")

    (customer,) = rows("customer", raw)

    assert customer == facts.StripeCustomer(
        raw["id"], "Acme", None, "usd", "acme", "smb", created_at=NEW_YEAR, is_deleted=False
    )


@pytest.mark.parametrize("metadata", [{}, None, {"customer_id": "  "}, {"customer_id": 7}])
def test_without_an_id_in_its_metadata_a_customer_has_none(metadata):
    (customer,) = rows("customer", example("customer", metadata=metadata))

    assert customer.own_id is None


def test_a_deleted_customer_and_product_stay_by_name_and_other_deleted_objects_leave_no_row():
    assert rows("customer", example("customer", name="Acme"), is_deleted=True)[0].is_deleted
    assert rows("product", example("product"), is_deleted=True) == rows("product", example("product"))
    assert rows("invoice", invoice(line()), is_deleted=True) == []


def test_kinds_without_a_mirror_have_no_rows():
    assert rows("coupon", example("coupon")) == []


@pytest.mark.parametrize(
    ("amounts", "exact"),
    [
        ({"unit_amount": None, "unit_amount_decimal": "0.125"}, Decimal("0.125")),
        ({"unit_amount": 2000, "unit_amount_decimal": None}, Decimal(2000)),
        ({"unit_amount": None, "unit_amount_decimal": None}, None),
    ],
    ids=["fractions of a cent", "whole cents", "tiers"],
)
def test_a_price_is_exact_or_unknown(amounts, exact):
    (price,) = rows("price", example("price", **amounts))

    assert price.unit_amount_minor == exact


def test_a_price_says_how_often_it_is_paid_and_whether_it_is_metered():
    recurring = {"interval": "year", "interval_count": 1, "usage_type": "metered"}
    (metered,) = rows("price", example("price", recurring=recurring, nickname="Tokens"))
    (once,) = rows("price", example("price", recurring=None))

    assert (metered.recurring_interval, metered.interval_count, metered.is_metered, metered.name) == (
        "year",
        1,
        True,
        "Tokens",
    )
    assert (once.recurring_interval, once.interval_count, once.is_metered, once.name) == (None, None, False, None)


def test_a_subscription_has_the_periods_of_its_items():
    raw = example("subscription", id="sub_1", status="active", start_date=AT, trial_end=None, canceled_at=None)
    raw |= {"ended_at": None, "cancel_at": AT + 31 * DAY, "customer": "cus_1", "currency": "usd"}
    raw["items"]["data"][0] |= {"id": "si_1", "current_period_start": AT, "current_period_end": AT + 31 * DAY}
    head, item = rows("subscription", raw)

    assert head == facts.Subscription(
        "sub_1", "cus_1", "active", "usd", NEW_YEAR, NEW_YEAR, None, datetime(2026, 2, 1, tzinfo=UTC), None, None
    )
    assert item == facts.SubscriptionItem(
        "si_1", "sub_1", raw["items"]["data"][0]["price"]["id"], 1, NEW_YEAR, datetime(2026, 2, 1, tzinfo=UTC)
    )


def test_an_invoice_line_becomes_its_amount_period_and_origin():
    _, kept = rows("invoice", invoice(line()))

    assert kept == facts.InvoiceLine(
        invoice_id="in_1",
        line_id="il_1",
        description=published("line_item")["description"],
        amount_minor=2000,
        discount_minor=0,
        tax_minor=0,
        currency="usd",
        starts_at=NEW_YEAR,
        ends_at=datetime(2026, 2, 1, tzinfo=UTC),
        price_id="price_1",
        stripe_product_id="prod_1",
        subscription_id="sub_1",
        quantity=Decimal(2),
        is_proration=False,
        is_metered=False,
    )


def test_tax_on_top_is_beside_a_lines_amount_and_tax_inside_is_taken_out_of_it():
    on_top = line(taxes=[{"amount": 400, "tax_behavior": "exclusive"}])
    inside = line(amount=2400, taxes=[{"amount": 400, "tax_behavior": "inclusive"}])
    kept = [rows("invoice", invoice(each))[1] for each in (on_top, inside)]

    assert [(each.amount_minor, each.tax_minor) for each in kept] == [(2000, 400), (2000, 400)]


def test_a_line_sums_its_discounts():
    _, kept = rows("invoice", invoice(line(discount_amounts=[{"amount": 300}, {"amount": 50}])))

    assert kept.discount_minor == 300 + 50


def test_a_line_of_an_invoice_item_knows_its_subscription_and_that_it_prorates():
    details = {"invoice_item": "ii_1", "proration": True, "subscription": "sub_7"}
    raw = line(parent={"type": "invoice_item_details", "invoice_item_details": details}, quantity_decimal="1.5")
    _, kept = rows("invoice", invoice(raw))

    assert (kept.subscription_id, kept.is_proration, kept.quantity) == ("sub_7", True, Decimal("1.5"))


def test_a_line_of_its_own_has_no_price_and_no_subscription():
    _, kept = rows("invoice", invoice(line(parent=None, pricing=None, subscription=None, quantity=None)))

    assert (kept.price_id, kept.stripe_product_id, kept.subscription_id, kept.quantity) == (None, None, None, None)


def test_an_invoices_subtotal_is_what_its_lines_add_up_to():
    """Two lines of 2,000 with 10 % off and 20 % tax: 4,000 - 400 + 720 = 4,320."""
    each = {"discount_amounts": [{"amount": 200}], "taxes": [{"amount": 360, "tax_behavior": "exclusive"}]}
    head, *lines = rows(
        "invoice",
        invoice(
            line(**each),
            line(id="il_2", **each),
            total=4320,
            total_discount_amounts=[{"amount": 400}],
            total_taxes=[{"amount": 720}],
            status_transitions={"finalized_at": AT + 3600, "paid_at": None, "voided_at": None},
        ),
    )

    assert (head.subtotal_minor, head.discount_minor, head.tax_minor, head.total_minor) == (4000, 400, 720, 4320)
    assert sum(kept.amount_minor for kept in lines) == head.subtotal_minor
    assert (head.finalized_at, head.paid_at) == (datetime(2026, 1, 1, 1, tzinfo=UTC), None)
    assert (head.subscription_id, head.number) == ("sub_1", None)


def test_an_invoice_of_no_customer_belongs_to_its_customer_account():
    head, _ = rows("invoice", invoice(line(), customer=None, customer_account="acct_7"))

    assert head.stripe_customer_id == "acct_7"


def test_an_invoice_payment_names_the_payment_intent_or_the_charge():
    by_intent = {"type": "payment_intent", "payment_intent": {"id": "pi_1", "object": "payment_intent"}}
    (first,) = rows("invoice_payment", example("invoice_payment", payment=by_intent, amount_paid=2000))
    (second,) = rows("invoice_payment", example("invoice_payment", payment={"type": "charge", "charge": "ch_1"}))

    assert (first.payment_intent_id, first.payment_id, first.amount_paid_minor) == ("pi_1", None, 2000)
    assert (second.payment_intent_id, second.payment_id, second.amount_paid_minor) == (None, "ch_1", None)


def test_a_failed_charge_says_why_and_a_paid_one_how_much_was_captured():
    why = {"reason": "insufficient_funds", "advice_code": "try_again_later"}
    failed = example("charge", status="failed", amount=900, outcome=why, failure_code="card_declined")
    paid = example("charge", status="succeeded", captured=True, amount=900, amount_captured=700, outcome=why)
    (one,), (other,) = rows("charge", failed), rows("charge", paid)

    assert (one.status, one.amount_minor, one.failure_code) == ("failed", 900, "card_declined")
    assert (one.decline_code, one.advice_code) == ("insufficient_funds", "try_again_later")
    assert (other.status, other.amount_minor, other.decline_code) == ("succeeded", 700, None)
    assert (other.card_brand, other.card_last4, other.is_disputed) == ("visa", "4242", False)


def test_money_that_is_only_held_on_a_card_is_not_paid_yet():
    (held,) = rows("charge", example("charge", status="succeeded", captured=False, amount=900, amount_captured=0))

    assert (held.status, held.amount_minor) == ("pending", 900)


def test_a_charge_without_card_and_outcome_has_none():
    (transfer,) = rows("charge", example("charge", payment_method_details=None, outcome=None, customer=None))

    assert (transfer.card_brand, transfer.card_last4, transfer.advice_code) == (None, None, None)
    assert transfer.stripe_customer_id is None


def test_a_refund_without_a_status_is_pending():
    (refund,) = rows("refund", example("refund", status=None, charge={"id": "ch_1"}))

    assert (refund.status, refund.payment_id) == ("pending", "ch_1")


@pytest.mark.parametrize(("due_by", "due_at"), [(AT, NEW_YEAR), (0, None), (None, None)])
def test_a_dispute_is_due_when_an_answer_is_possible(due_by, due_at):
    (dispute,) = rows("dispute", example("dispute", evidence_details={"due_by": due_by}))

    assert dispute.due_at == due_at


def test_a_credit_note_names_its_refunds_and_credits_its_lines_without_tax_and_discount():
    raw = credit_note(
        {
            **published("credit_note_line_item"),
            "id": "cnli_1",
            "invoice_line_item": "il_1",
            "amount": 1200,
            "discount_amount": 100,
            "taxes": [{"amount": 200, "tax_behavior": "inclusive"}],
        },
        refunds=[{"refund": "re_1"}, {"refund": {"id": "re_2"}}, {"refund": None}],
        total=1100,
        total_excluding_tax=900,
        effective_at=AT + DAY,
    )
    head, kept = rows("credit_note", raw)

    assert (head.refund_ids, head.total_minor, head.excluding_tax_minor) == (("re_1", "re_2"), 1100, 900)
    assert head.effective_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert kept == facts.CreditNoteLine("cn_1", "cnli_1", "il_1", 1200 - 100 - 200)


def test_a_credit_note_without_an_amount_before_tax_has_its_taxes_taken_off():
    raw = credit_note(total=1190, total_excluding_tax=None, total_taxes=[{"amount": 190}], effective_at=None)
    (head,) = rows("credit_note", raw)

    assert (head.excluding_tax_minor, head.effective_at) == (1190 - 190, NEW_YEAR)


def test_a_balance_transaction_keeps_its_exchange_rate_exactly():
    raw = example("balance_transaction", exchange_rate=Decimal("1.0837"), amount=1000, fee=59, net=941, available_on=AT)
    (moved,) = rows("balance_transaction", raw)

    assert (moved.exchange_rate, moved.amount_minor, moved.fee_minor, moved.net_minor) == (
        Decimal("1.0837"),
        1000,
        59,
        941,
    )
    assert (moved.kind, moved.source_id) == ("charge", raw["source"])


@pytest.mark.parametrize(
    ("kind", "raw", "field"),
    [
        ("invoice", invoice(line(), customer=None), "customer"),
        ("invoice", invoice(line(), status=None), "status"),
        ("invoice", invoice(line(), total="1"), "total"),
        ("invoice", invoice(line(), total=True), "total"),
        ("invoice", invoice(line(), created=-1), "created"),
        ("invoice", invoice(line(), created=10**12), "created"),
        ("invoice", invoice(line(), lines=None), "lines"),
        ("invoice", invoice(line(), lines={"object": "list", "data": [], "has_more": True}), "lines"),
        ("invoice", invoice(line(), lines={"object": "list", "data": None, "has_more": False}), "lines"),
        ("invoice", invoice(line(period=None)), "start"),
        ("invoice", invoice(line(quantity_decimal="many")), "quantity_decimal"),
        ("invoice", invoice(line(quantity_decimal="NaN")), "quantity_decimal"),
        ("invoice", invoice(line(quantity=[1])), "quantity"),
        ("customer", {"id": "cus_1"}, "created"),
    ],
)
def test_an_object_that_lacks_what_all_of_its_kind_have_is_refused_by_name_and_field(kind, raw, field):
    with pytest.raises(StripeObjectUnreadableError, match=rf"{raw['id']} .* its field {field} is not") as refused:
        rows(kind, raw)

    assert (refused.value.kind, refused.value.object_id, refused.value.field) == (kind, raw["id"], field)


def test_fields_that_stripe_adds_change_nothing():
    assert rows("invoice", invoice(line(more=1), novelty={"a": [1]})) == rows("invoice", invoice(line()))


@pytest.mark.parametrize(
    ("reference", "found"), [("cus_1", "cus_1"), ({"id": "cus_1"}, "cus_1"), (None, None), ("", None), (7, None)]
)
def test_a_reference_is_an_id_or_the_whole_object(reference, found):
    assert id_of(reference) == found
