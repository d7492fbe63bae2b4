"""The demo's stories, each read from the database by SQL of its own: what a person who opens the demo may rely on."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from billing_core.commands.match_customer import match_customer
from billing_core.periods import DatePeriod
from billing_core.queries.margin_by_customer import margin_by_customer
from billing_core.queries.usage_filter import UsageFilter
from billing_core.store.settings import PROJECT_FOLDER
from billing_core.workspace import open_workspace
from ingestion.demo.usage import demo_lines
from tests.demo_books import MADE_AT, Demo
from tests.scenarios import by_hand

pytestmark = [pytest.mark.scenario, pytest.mark.postgres]

MAY, APRIL = dt.date(2026, 5, 1), dt.date(2026, 4, 1)
"""The last whole month, in which the traffic moved, and the one before."""

PICO = Decimal(10) ** 12
DOCUMENT = (PROJECT_FOLDER / "docs/demo.md").read_text(encoding="utf-8")


class UndoneError(Exception):
    """Ends a transaction without a trace."""


COST_OF_MONTH = "select sum(cost_pico_usd + known_pico_usd) from usage_cost_month where month = %(month)s"
COST_OF_CUSTOMER = """
    select sum(cost_pico_usd + known_pico_usd) from usage_cost_month join customer using (tenant_id, customer_id)
    where month = %(month)s and name = %(name)s
"""
REVENUE_OF_MONTH = """
    select sum(reporting_pico) from booked_month
    where month = %(month)s
      and kind in ('subscription', 'usage', 'one_off', 'discount', 'credit_note', 'refund', 'dispute')
"""
MARGINS = """
    with revenue as (
        select customer_id, sum(reporting_pico) as pico from booked_month
        where month = %(month)s
          and kind in ('subscription', 'usage', 'one_off', 'discount', 'credit_note', 'refund', 'dispute')
        group by customer_id
    ), fees as (
        select customer_id, sum(reporting_pico) as pico from booked_month
        where month = %(month)s and kind in ('payment_fee', 'dispute_fee', 'stripe_fee')
        group by customer_id
    ), llm as (
        select customer_id, sum(cost_pico_usd + known_pico_usd) as pico, sum(calls) as calls from usage_cost_month
        where month = %(month)s group by customer_id
    )
    select name, coalesce(revenue.pico, 0) as revenue, coalesce(calls, 0) as calls,
           coalesce(revenue.pico, 0) - coalesce(llm.pico, 0) - coalesce(fees.pico, 0) as margin
    from customer
    left join revenue using (customer_id) left join fees using (customer_id) left join llm using (customer_id)
"""


def test_the_documents_table_says_what_is_in_the_books(demo: Demo):
    found = demo.rows("""
        with revenue as (
            select month, sum(reporting_pico) filter (where kind not like '%%fee' and kind not like 'cash%%'
                                                      and kind <> 'open_dispute') / 1e12 as revenue,
                   sum(reporting_pico) filter (where kind like '%%fee') / 1e12 as fees
            from booked_month group by month
        ), llm as (
            select month, sum(calls) as calls, sum(cost_pico_usd + known_pico_usd) / 1e12 as cost
            from usage_cost_month group by month
        )
        select month, calls, revenue, cost, fees, revenue - cost - fees - 600 as margin
        from revenue join llm using (month) where month between '2026-01-01' and '2026-05-01' order by month
    """)
    lines = [
        f"| {row['month']:%B} | {row['calls']:,} | {row['revenue']:,.0f} | {row['cost']:,.0f} "
        f"| {row['cost'] / row['revenue']:.0%} | {row['fees']:,.0f} | 600 "
        f"| {row['margin']:,.0f}, {row['margin'] / row['revenue']:.0%} |".replace("%", " %")
        for row in found
    ]
    assert len(lines) == 5
    assert [line for line in lines if line not in DOCUMENT] == []


def test_thirty_customers_buy_two_products_and_made_300_000_reports_in_six_months(demo: Demo):
    assert demo.one("select count(*) from stripe_customer") == 30
    assert demo.one("select array_agg(name order by name) from stripe_product") == ["Inkwell Coder", "Inkwell Writer"]
    assert demo.one("select array_agg(name order by name) from product") == ["Inkwell Coder", "Inkwell Writer"]
    assert demo.one("select count(*) from usage_event") == 300_000
    assert demo.one("select count(*) from quarantine") == 0
    span = demo.rows("select min(occurred_at) as first, max(occurred_at) as last from usage_event")[0]
    assert dt.timedelta(days=175) < span["last"] - span["first"] < dt.timedelta(days=184)
    assert span["last"] < MADE_AT


def test_one_customer_makes_two_fifths_of_the_calls_pays_a_tenth_and_loses_money(demo: Demo):
    rows = demo.rows(MARGINS, month=MAY)
    calls = demo.one("select sum(calls) from usage_cost_month where month = %(month)s", month=MAY)
    (vantor,) = [row for row in rows if row["name"] == "Vantor Freight"]
    assert Decimal("0.38") < vantor["calls"] / calls < Decimal("0.42")
    assert Decimal("0.09") < vantor["revenue"] / demo.one(REVENUE_OF_MONTH, month=MAY) < Decimal("0.11")
    assert vantor["margin"] < -300 * PICO


def test_the_bill_jumps_from_4_to_7_thousand_because_one_customer_moved_to_a_dearer_model(demo: Demo):
    before, after = (demo.one(COST_OF_MONTH, month=month) for month in (APRIL, MAY))
    assert 3_700 * PICO < before < 4_400 * PICO
    assert 6_700 * PICO < after < 7_500 * PICO
    mover = [demo.one(COST_OF_CUSTOMER, month=month, name="Ostby Logistics") for month in (APRIL, MAY)]
    assert mover[1] - mover[0] > (after - before) * 9 / 10
    models = """
        select distinct model from usage_day join customer using (tenant_id, customer_id)
        join usage_dimension using (tenant_id, dimension_id)
        where name = 'Ostby Logistics' and feature = 'Migration agent' and (day >= '2026-05-01') = %(moved)s
    """
    assert [row["model"] for row in demo.rows(models, moved=False)] == ["claude-haiku-4-5"]
    assert [row["model"] for row in demo.rows(models, moved=True)] == ["claude-opus-4-8"]


def test_about_2_500_dollars_of_failed_payments_are_open(demo: Demo):
    unpaid = demo.rows(
        "select name, amount_remaining_minor as open from invoice join stripe_customer using (stripe_customer_id) "
        "where status = 'open' and attempt_count > 0 and invoice.created_at > %(since)s order by name",
        since=MADE_AT - dt.timedelta(days=30),
    )
    assert {row["name"]: row["open"] for row in unpaid} == {
        "Cobble Hill Realty": 290_00,
        "Fennec Robotics": 990_00,
        "Greywater Energy": 690_00,
        "Lumenfield": 290_00,
        "Meridian Travel": 290_00,
    }
    assert sum(row["open"] for row in unpaid) == 2_550_00
    codes = demo.one(
        "select array_agg(distinct coalesce(decline_code, failure_code)) from payment "
        "where status = 'failed' and created_at > %(since)s",
        since=MADE_AT - dt.timedelta(days=30),
    )
    assert {"insufficient_funds", "expired_card", "do_not_honor", "lost_card"} <= set(codes)


def test_two_payments_that_failed_were_recovered_one_by_a_retry_and_one_by_a_new_card(demo: Demo):
    recovered = demo.rows("""
        select name, count(*) filter (where payment.status = 'failed') as failed,
               count(*) filter (where payment.status = 'succeeded') as paid
        from payment join stripe_customer using (stripe_customer_id)
        where name in ('Tessera Games', 'Brightmoor Schools') group by name order by name
    """)
    assert [(row["name"], row["failed"] > 0, row["paid"]) for row in recovered] == [
        ("Brightmoor Schools", True, 6),
        ("Tessera Games", True, 6),
    ]
    unpaid = "select count(*) from invoice join stripe_customer using (stripe_customer_id) where name in "
    assert demo.one(f"{unpaid} ('Tessera Games', 'Brightmoor Schools') and invoice.status <> 'paid'") == 0


def test_a_yearly_plan_is_paid_once_and_worth_a_twelfth_a_month(demo: Demo):
    yearly = demo.rows("""
        select stripe_price.name, mrr_minor, ends_at - starts_at as lasts from plan_span
        join plan using (tenant_id, plan_id) join stripe_price using (tenant_id, price_id)
        where recurring_interval = 'year' order by 1, 2
    """)
    assert [(row["name"], round(row["mrr_minor"], 6)) for row in yearly] == [
        ("Coder Scale yearly", 9_900_00 / Decimal(12)),
        ("Writer Business yearly", 6_900_00 / Decimal(12)),
        ("Writer Business yearly", 6_900_00 / Decimal(12)),
    ]
    assert all(row["lasts"] == dt.timedelta(days=365) for row in yearly)


def test_an_upgrade_in_the_middle_of_a_period_is_a_credit_and_a_charge(demo: Demo):
    lines = demo.rows("""
        select amount_minor, stripe_price.name from invoice_line join invoice using (tenant_id, invoice_id)
        join stripe_customer using (tenant_id, stripe_customer_id) join stripe_price using (tenant_id, price_id)
        where is_proration and stripe_customer.name = 'Quillfort Legal' order by amount_minor
    """)
    assert [row["name"] for row in lines] == ["Writer Team", "Writer Business"]
    assert lines[0]["amount_minor"] < 0 < lines[1]["amount_minor"]
    assert abs(lines[1]["amount_minor"] * 290 + lines[0]["amount_minor"] * 690) <= 690


def test_one_refund_has_a_credit_note_and_one_has_none(demo: Demo):
    refunds = demo.rows("""
        select stripe_customer.name, refund.amount_minor, credit_note_id is not null as noted
        from refund join payment using (tenant_id, payment_id)
        join stripe_customer using (tenant_id, stripe_customer_id)
        left join credit_note on refund_id = any (refund_ids) order by 1
    """)
    assert [tuple(row.values()) for row in refunds] == [
        ("Juniper Lane", 120_00, False),
        ("Saltmarsh Media", 690_00 // 2, True),
    ]
    taken_back = demo.rows("""
        select name, kind, sum(amount_minor) as amount from booked_day join customer using (tenant_id, customer_id)
        where kind in ('refund', 'credit_note') and name in ('Juniper Lane', 'Saltmarsh Media')
        group by 1, 2 order by 1
    """)
    assert [tuple(row.values()) for row in taken_back] == [
        ("Juniper Lane", "refund", -120_00),
        ("Saltmarsh Media", "credit_note", -690_00 // 2),
    ]


def test_one_dispute_is_lost_and_one_is_open(demo: Demo):
    disputes = demo.rows("""
        select stripe_customer.name, dispute.status, dispute.amount_minor, dispute.reason
        from dispute join payment using (tenant_id, payment_id)
        join stripe_customer using (tenant_id, stripe_customer_id)
        order by 1
    """)
    assert [tuple(row.values()) for row in disputes] == [
        ("Arbor Software", "lost", 390_00, "fraudulent"),
        ("Nine Elms Studio", "needs_response", 120_00, "product_not_received"),
    ]
    kinds = demo.one("select array_agg(distinct kind) from booked_day where kind like '%%dispute%%'")
    assert {"dispute", "dispute_fee", "open_dispute"} <= set(kinds)


def test_euros_are_booked_in_dollars_at_stripes_own_rates(demo: Demo):
    assert demo.one("select count(distinct stripe_customer_id) from invoice where currency = 'eur'") == 3
    rates = demo.one(
        "select array_agg(distinct exchange_rate) from balance_transaction where exchange_rate is not null"
    )
    assert len(rates) > 1
    booked = demo.rows(
        "select sum(amount_minor) as euro, sum(unconverted_minor) as unknown, sum(reporting_pico) as dollar "
        "from booked_month where currency = 'eur' and kind = 'subscription'"
    )[0]
    assert booked["unknown"] == 0
    assert min(rates) < booked["dollar"] / PICO / (booked["euro"] / 100) < max(rates)


def test_a_model_without_a_price_is_unknown_and_not_free(demo: Demo):
    unpriced = demo.rows("""
        select model, sum(unpriced_calls) as unpriced, sum(calls) as calls, sum(cost_pico_usd) as cost
        from usage_day join usage_dimension using (tenant_id, dimension_id)
        group by model having sum(unpriced_calls) > 0
    """)
    assert [(row["model"], row["unpriced"], row["cost"]) for row in unpriced] == [
        ("gpt-unreleased-preview", unpriced[0]["calls"], 0)
    ]


def test_two_calls_in_a_hundred_name_no_customer(demo: Demo):
    without = demo.one("select count(*) from usage_event where customer_id = 0")
    assert 300_000 * 15 // 1000 < without < 300_000 * 25 // 1000


def test_a_coupon_takes_a_fifth_off(demo: Demo):
    sums = demo.rows("""
        select kind, sum(amount_minor) as amount from booked_day join customer using (tenant_id, customer_id)
        where name = 'Brightmoor Schools' and kind in ('subscription', 'discount') group by kind order by kind
    """)
    assert [row["kind"] for row in sums] == ["discount", "subscription"]
    assert abs(sums[0]["amount"] * 5 + sums[1]["amount"]) < 100


def test_a_trial_is_worth_nothing_until_it_ends(demo: Demo):
    spans = demo.rows("""
        select mrr_minor, ends_at - starts_at as lasts from plan_span join customer using (tenant_id, customer_id)
        where name = 'Umber & Ash' order by starts_at
    """)
    assert (spans[0]["mrr_minor"], spans[0]["lasts"]) == (0, dt.timedelta(days=14))
    assert spans[1]["mrr_minor"] == 120_00


def test_two_customers_left_one_at_once_and_one_when_its_month_was_over(demo: Demo):
    left = demo.rows("""
        select stripe_customer.name, subscription.status, canceled_at = ended_at as at_once
        from subscription join stripe_customer using (tenant_id, stripe_customer_id)
        where subscription.ended_at is not null order by 1
    """)
    assert [tuple(row.values()) for row in left] == [
        ("Redbarn Foods", "canceled", True),
        ("Silverpine Outdoors", "canceled", False),
    ]


def test_one_customer_is_two_rows_until_a_person_matches_them_and_one_pays_without_use(demo: Demo):
    standing = demo.rows("""
        select name, exists (select from usage_cost_month as u where u.customer_id = c.customer_id) as uses,
               exists (select from booked_month as b where b.customer_id = c.customer_id) as pays
        from customer as c order by name
    """)
    apart = [(row["name"], row["uses"], row["pays"]) for row in standing if not (row["uses"] and row["pays"])]
    assert apart == [
        ("Fable House Audio", False, True),
        ("Tallow & Wick", True, False),
        ("Tallow and Wick Ltd", False, True),
    ]
    assert len(standing) == 31


def test_one_match_makes_one_customer_of_two_rows_and_moves_no_total(demo: Demo):
    (stripe,) = demo.rows("""
        select connection_id, stripe_customer_id from stripe_customer where name = 'Tallow and Wick Ltd'
    """)
    customer_id = demo.one("select customer_id from customer where name = 'Tallow & Wick'")
    of_customer = "select coalesce(sum(reporting_pico), 0) from booked_month where customer_id = :customer_id"
    of_all = "select sum(reporting_pico) from booked_month"

    def match_and_forget() -> None:
        # The other stories are told of the demo as it was loaded: this one leaves nothing behind.
        with open_workspace(tenant_id=demo.tenant_id, actor="test", role="owner", engine=demo.pool) as workspace:
            total = workspace.connection.scalar(text(of_all))
            assert workspace.connection.scalar(text(of_customer), {"customer_id": customer_id}) == 0
            match_customer(workspace, **stripe, customer_id=customer_id, reason="the same company")
            assert workspace.connection.scalar(text(of_customer), {"customer_id": customer_id}) > 1_000 * PICO
            assert workspace.connection.scalar(text(of_all)) == total
            raise UndoneError

    with pytest.raises(UndoneError):
        match_and_forget()


def test_the_company_earns_and_a_few_customers_and_one_plan_lose_money(demo: Demo):
    for month in (dt.date(2026, month, 1) for month in (1, 2, 3, 4, 5)):
        assert sum(row["margin"] for row in demo.rows(MARGINS, month=month)) > 0
    losing = [row["name"] for row in demo.rows(MARGINS, month=MAY) if row["margin"] < 0 < row["revenue"]]
    assert sorted(losing) == ["Bluestem Biotech", "Ostby Logistics", "Umber & Ash", "Vantor Freight"]
    on_plan = demo.one("""
        select array_agg(distinct customer.name order by customer.name) from plan_span
        join plan using (tenant_id, plan_id) join stripe_price using (tenant_id, price_id)
        join customer using (tenant_id, customer_id) where stripe_price.name = 'Coder Unlimited'
    """)
    assert on_plan == ["Bluestem Biotech", "Vantor Freight"]


def test_the_gross_margin_of_the_whole_months_is_believable(demo: Demo):
    until = "month <= %(month)s"
    revenue = demo.one(REVENUE_OF_MONTH.replace("month = %(month)s", until), month=MAY)
    fees = demo.one(f"select sum(reporting_pico) from booked_month where {until} and kind like '%%_fee'", month=MAY)
    cost = demo.one(COST_OF_MONTH.replace("month = %(month)s", until), month=MAY)
    hosting = demo.one("select amount_minor from shared_cost") * PICO / 100 * 5
    assert hosting == 3_000 * PICO
    assert Decimal("0.55") < (revenue - fees - cost - hosting) / revenue < Decimal("0.65")


BY_HAND = ("Marlow & Sons", "Oakline Insurance", "Saltmarsh Media")
"""Two products and metered usage; euro at kept rates; a credit note with its refund."""


@pytest.fixture(scope="module")
def calls() -> list[dict[str, Any]]:
    """Read the usage file's lines of the customers that are worked out by hand."""
    names = [json.dumps(name).encode() for name in BY_HAND]
    return [json.loads(line) for line in demo_lines(MADE_AT) if any(name in line for name in names)]


@pytest.mark.parametrize("customer", BY_HAND)
def test_three_customers_worked_out_by_hand_agree_to_the_last_digit(demo, calls, customer):
    objects: dict[str, dict[str, Any]] = {}
    for row in demo.rows("select kind, object_id, raw from stripe_object_version order by version_number"):
        objects.setdefault(row["kind"], {})[row["object_id"]] = row["raw"]
    account = by_hand.Account(objects, customer)

    for month in [dt.date(2026, number, 1) for number in range(1, 6)]:
        with demo.asking() as workspace:
            rows = margin_by_customer(workspace, UsageFilter(DatePeriod(month, by_hand.following(month))))
        (row,) = (row for row in rows if row.name == customer)
        assert (
            account.revenue_of_month(month) * 10**12,
            by_hand.cost_of_month(calls, customer, month) * 10**12,
            account.fees_of_month(month) * 10**12,
        ) == (row.revenue_pico, row.cost_pico, row.fees_pico)
        assert row.revenue_pico
