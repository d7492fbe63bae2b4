"""What each customer earns and costs: small books that can be added up by hand, asked through every wall."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing_core.periods import DatePeriod
from billing_core.queries.margin_by_customer import margin_by_customer, margin_ranking, unprofitable
from billing_core.queries.margin_by_customer_month import margin_by_customer_month
from billing_core.queries.margin_by_model import margin_by_model
from billing_core.queries.margin_changes import margin_changes
from billing_core.queries.margin_cuts import margin_cuts
from billing_core.queries.margin_months import margin_months
from billing_core.queries.margin_totals import margin_totals
from billing_core.queries.revenue_bases import revenue_bases
from billing_core.queries.usage_choices import usage_choices
from billing_core.queries.usage_cuts import usage_cuts
from billing_core.queries.usage_events import usage_events
from billing_core.queries.usage_filter import UsageFilter
from billing_core.queries.usage_months import usage_months
from billing_core.queries.usage_totals import usage_totals
from tests.builders import asking, books, pico
from tests.margin_books import MarginBooks

pytestmark = pytest.mark.postgres

OCTOBER = DatePeriod(date(2026, 10, 1), date(2026, 11, 1))
NOVEMBER = DatePeriod(date(2026, 11, 1), date(2026, 12, 1))
BOTH = DatePeriod(date(2026, 10, 1), date(2026, 12, 1))


def two_months_of_margin(margin: MarginBooks) -> None:
    """October: Acme earns 100 and costs 20 + 3; Birch earns 50 and costs 60. Nobody costs 5. Margin 150 - 88 = 62.

    November until the 21st: Acme earns 100 and costs 30 + 3; Birch earns 50 - 10 and costs 90; Cedar earns 40 and has
    no usage; Dune costs 7 and is not in Stripe; nobody costs 5, and Stripe takes 2. Margin 180 - 137 = 43.
    """
    margin.connect()
    margin.stand("Acme", segment="scale-up", plan="Writer Pro")
    margin.stand("Birch", segment="start-up", plan="Helper")
    margin.stand("Cedar", segment="start-up", plan="Helper")
    writer, helper = {"product": "Writer", "plan": "Writer Pro"}, {"product": "Helper", "plan": "Helper"}
    margin.use("2026-10-05 09:00", "Acme", "20", product="Writer", feature="draft")
    margin.use("2026-10-06 09:00", "Birch", "60", product="Helper", model="gpt-5", feature="chat")
    margin.use("2026-10-07 09:00", None, "5")
    margin.book("2026-10-01", "Acme", "100", **writer)
    margin.book("2026-10-01", "Acme", "3", kind="payment_fee")
    margin.book("2026-10-31", "Birch", "50", **helper)
    margin.use("2026-11-02 09:00", "Acme", "30", product="Writer", feature="draft")
    margin.use("2026-11-21 09:00", "Birch", "60", product="Helper", model="gpt-5", feature="chat")
    margin.use("2026-11-21 10:00", "Birch", "30", product="Helper", model="gpt-5-pro", feature="chat")
    margin.use("2026-11-03 09:00", "Dune", "7")
    margin.use("2026-11-04 09:00", None, "5")
    margin.book("2026-11-01", "Acme", "100", **writer)
    margin.book("2026-11-01", "Acme", "3", kind="payment_fee")
    margin.book("2026-11-21", "Birch", "50", **helper)
    margin.book("2026-11-21", "Birch", "-10", kind="refund", **helper)
    margin.book("2026-11-05", "Cedar", "40", **helper)
    margin.book("2026-11-05", None, "2", kind="stripe_fee")
    margin.book("2026-11-22", "Acme", "1000", **writer)  # Tomorrow: not earned yet.
    margin.book("2026-11-05", "Cedar", "40", kind="cash_payment")


@pytest.fixture
def north(database) -> int:
    """A tenant whose November margin is 43 dollars; see two_months_of_margin."""
    with books(database.superuser_url) as tenant:
        two_months_of_margin(MarginBooks(tenant))
        return tenant.tenant_id


def test_customers_and_unattributed_are_the_total(database, north):
    with asking(database.app_url, north) as workspace:
        rows = margin_by_customer(workspace, UsageFilter(NOVEMBER), before=OCTOBER)
        totals = margin_totals(workspace, UsageFilter(NOVEMBER))

    assert [(row.name, row.revenue_pico, row.cost_pico, row.fees_pico, row.margin_pico) for row in rows] == [
        ("Birch", pico("40"), pico("90"), 0, pico("-50")),
        ("", 0, pico("5"), pico("2"), pico("-7")),
        ("Dune", 0, pico("7"), 0, pico("-7")),
        ("Cedar", pico("40"), 0, 0, pico("40")),
        ("Acme", pico("100"), pico("30"), pico("3"), pico("67")),
    ]
    assert totals.margin_pico == sum(row.margin_pico for row in rows) == pico("43")
    assert totals.revenue_pico == pico("180") == totals.gross_pico - pico("10")
    assert (totals.cost_pico, totals.fees_pico, totals.shared_pico) == (pico("132"), pico("5"), 0)
    assert totals.refunds_pico == pico("-10")
    assert totals.margin_share == Decimal(43) / 180
    assert totals.llm_share == Decimal(132) / 180
    assert totals.attributed_share == Decimal(127) / 132
    assert totals.recognised_share == 1
    assert (totals.paying_customers, totals.usage_customers) == (3, 3)
    assert totals.cash_pico == pico("40")


def test_a_customer_shows_what_it_was_before_and_what_is_known_of_it(database, north):
    with asking(database.app_url, north) as workspace:
        rows = {row.name: row for row in margin_by_customer(workspace, UsageFilter(NOVEMBER), before=OCTOBER)}

    birch, dune, acme = rows["Birch"], rows["Dune"], rows["Acme"]
    assert (birch.segment, birch.plan_name, birch.is_in_stripe, birch.has_usage) == ("start-up", "Helper", True, True)
    assert (birch.revenue_before_pico, birch.cost_before_pico, birch.margin_before_pico) == (
        pico("50"),
        pico("60"),
        pico("-10"),
    )
    assert birch.margin_change_pico == pico("-40")
    assert birch.margin_share == Decimal(-50) / 40
    assert dune.is_in_stripe is False
    assert (dune.known_revenue_pico, dune.known_margin_pico, dune.margin_share) == (None, None, None)
    assert acme.llm_share == Decimal(30) / 100
    assert rows["Cedar"].has_usage is False
    assert [row.name for row in unprofitable(list(rows.values())).customers] == ["Birch"]
    assert unprofitable(list(rows.values())).margin_pico == pico("-50")


def test_a_ranking_hides_nothing(database, north):
    with asking(database.app_url, north) as workspace:
        rows = margin_by_customer(workspace, UsageFilter(NOVEMBER), before=OCTOBER)
    ranked = margin_ranking(rows, start=1, count=2)

    assert [row.name for row in ranked.shown] == ["Dune", "Cedar"]
    assert (ranked.others_count, ranked.others.margin_pico) == (2, pico("17"))  # Birch -50 + Acme 67
    assert ranked.unattributed.margin_pico == pico("-7")
    assert ranked.total.margin_pico == pico("43")
    assert ranked.total.margin_before_pico == pico("62")


def test_revenue_ends_today_and_cost_does_too(database, north):
    """The next day's 1,000 dollars are booked, and are no revenue yet."""
    tomorrow = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
    with asking(database.app_url, north) as workspace:
        today = margin_totals(workspace, UsageFilter(NOVEMBER))
        months = margin_months(workspace, UsageFilter(BOTH))
    with asking(database.app_url, north, now=tomorrow) as workspace:
        then = margin_totals(workspace, UsageFilter(NOVEMBER))

    assert (today.revenue_pico, then.revenue_pico) == (pico("180"), pico("1180"))
    assert [(month.month, month.revenue_pico, month.margin_pico) for month in months] == [
        (date(2026, 10, 1), pico("150"), pico("62")),
        (date(2026, 11, 1), pico("180"), pico("43")),
    ]


@pytest.mark.parametrize(
    ("narrowed", "revenue", "cost"),
    [
        ({"segment": "start-up"}, "80", "90"),
        ({"segment": ""}, "0", "12"),  # Dune, and what names no customer.
        ({"segment": "no such segment"}, "0", "0"),
        ({"product_id": 0}, "0", "12"),
    ],
    ids=str,
)
def test_every_question_obeys_the_filter(database, north, narrowed, revenue, cost):
    asked = UsageFilter(NOVEMBER, **narrowed)
    with asking(database.app_url, north) as workspace:
        totals = margin_totals(workspace, asked)
        rows = margin_by_customer(workspace, asked, before=OCTOBER)
        months = margin_months(workspace, asked)
        by_month = margin_by_customer_month(workspace, asked)
        cuts = margin_cuts(workspace, asked)
        models = margin_by_model(workspace, asked)
        usage = usage_totals(workspace, asked)
        events = usage_events(workspace, asked)
        usage_by = usage_cuts(workspace, asked)

    assert (totals.revenue_pico, totals.cost_pico) == (pico(revenue), pico(cost))
    for parts in (rows, months, by_month, cuts.by_product, cuts.by_plan, cuts.by_segment):
        assert sum(part.revenue_pico for part in parts) == pico(revenue)
        assert sum(part.cost_pico for part in parts) == pico(cost)
        assert sum(part.margin_pico for part in parts) == totals.margin_pico
    for parts in (models.by_model, models.by_feature):
        assert sum(part.margin_pico for part in parts) == totals.margin_pico
    assert usage.cost_pico_usd == sum(event.cost_pico_usd for event in events) == pico(cost)
    assert sum(cut.cost_pico_usd for cut in usage_by.by_model) == pico(cost)


def test_a_plan_narrows_to_those_who_have_it_now(database, north):
    with asking(database.app_url, north) as workspace:
        plans = {choice.name: choice.id for choice in usage_choices(workspace) if choice.kind == "plan"}
        segments = [choice.name for choice in usage_choices(workspace) if choice.kind == "segment"]
        rows = margin_by_customer(workspace, UsageFilter(NOVEMBER, plan_id=plans["Helper"]))
        none = margin_by_customer(workspace, UsageFilter(NOVEMBER, plan_id=0))

    assert segments == ["scale-up", "start-up"]
    assert sorted(plans) == ["Helper", "Writer Pro"]
    assert [row.name for row in rows] == ["Birch", "Cedar"]
    assert [row.name for row in none] == ["", "Dune"]


def test_revenue_has_no_model(database, north):
    asked = UsageFilter(NOVEMBER, provider="openai", model="gpt-5")
    with asking(database.app_url, north) as workspace:
        totals = margin_totals(workspace, asked)
        (birch,) = margin_by_customer(workspace, asked, before=OCTOBER)
        changes = margin_changes(workspace, asked, OCTOBER)
        (month,) = margin_months(workspace, asked)
        cuts = margin_cuts(workspace, asked)
        with pytest.raises(ValueError, match="no model"):
            revenue_bases(workspace, asked)
        with pytest.raises(ValueError, match="whole months"):
            margin_by_customer_month(workspace, asked)

    assert (totals.cost_pico, totals.revenue_pico, totals.margin_pico, totals.interval) == (pico("60"), *[None] * 3)
    assert (birch.cost_pico, birch.cost_before_pico) == (pico("60"), pico("60"))
    assert (birch.revenue_pico, birch.fees_pico, birch.margin_pico, birch.margin_before_pico) == (None,) * 4
    assert changes is None
    assert (month.cost_pico, month.margin_pico, month.mrr_pico) == (pico("60"), None, None)
    assert [(cut.name, cut.cost_pico, cut.revenue_pico) for cut in cuts.by_product] == [("Helper", pico("60"), None)]


def test_the_margin_by_model_splits_revenue_as_cost(database, north):
    """Birch's 40 over gpt-5 (60 of 90) and gpt-5-pro (30 of 90); Acme's 100 all on gpt-4o; Cedar has no usage."""
    with asking(database.app_url, north) as workspace:
        models = margin_by_model(workspace, UsageFilter(NOVEMBER))

    revenue = {cut.name: cut.revenue_pico for cut in models.by_model}
    assert revenue == {
        "gpt-5": pico("40") * 2 // 3,
        "gpt-5-pro": pico("40") - pico("40") * 2 // 3,
        "gpt-4o": pico("100"),
        "": pico("40"),
    }
    assert {cut.name: (cut.revenue_pico, cut.cost_pico, cut.fees_pico) for cut in models.by_feature} == {
        "chat": (pico("40"), pico("90"), 0),
        "draft": (pico("100"), pico("30"), pico("3")),
        "": (pico("40"), pico("12"), pico("2")),
    }
    assert [cut.name for cut in models.by_feature] == ["chat", "", "draft"]  # -50, 26, 67


def test_cost_goes_to_the_plan_of_its_day(database):
    """Acme moves from Small to Large on November 11: 3 dollars before, 5 on the day and after it; Birch stays."""
    with books(database.superuser_url) as tenant:
        margin = MarginBooks(tenant)
        margin.span("Acme", "Small", "2026-10-20", "2026-11-20", product="Writer")
        margin.span("Acme", "Large", "2026-11-11T15:00", "2026-12-11", product="Writer")
        margin.span("Birch", "Small", "2026-11-01", "2026-12-01", product="Writer")
        margin.span("Cedar", "Small", "2026-11-01", "2026-11-10", product="Writer")
        margin.use("2026-11-10 23:59", "Acme", "3", product="Writer")
        margin.use("2026-11-11 00:00", "Acme", "1", product="Writer")
        margin.use("2026-11-20 00:00", "Acme", "4", product="Helper")  # It has no plan of that product: the newest.
        margin.use("2026-11-15 00:00", "Birch", "10", product="Writer")
        margin.use("2026-11-09 00:00", "Cedar", "20", product="Writer")
        margin.use("2026-11-10 00:00", "Cedar", "40", product="Writer")  # Its plan is over.
        margin.use("2026-11-10 00:00", "Dune", "80", product="Writer")
        margin.book("2026-11-01", "Acme", "9", product="Writer", plan="Small")
        margin.book("2026-11-11", "Acme", "2", kind="payment_fee")
    with asking(database.app_url, tenant.tenant_id) as workspace:
        by_plan = {cut.name: cut for cut in margin_cuts(workspace, UsageFilter(NOVEMBER)).by_plan}
        fine = margin_cuts(workspace, UsageFilter(NOVEMBER, model="gpt-4o", provider="openai")).by_plan
        days = margin_cuts(workspace, UsageFilter(DatePeriod(date(2026, 11, 10), date(2026, 11, 12)))).by_plan

    assert {name: cut.cost_pico for name, cut in by_plan.items()} == {
        "Small": pico("33"),  # 3 + 10 + 20
        "Large": pico("5"),  # 1 + 4
        "": pico("120"),  # 40 + 80
    }
    assert {cut.name: cut.cost_pico for cut in fine} == {name: cut.cost_pico for name, cut in by_plan.items()}
    assert {cut.name: cut.cost_pico for cut in days} == {"Small": pico("3"), "Large": pico("1"), "": pico("120")}
    assert by_plan["Small"].revenue_pico == pico("9")
    assert (by_plan["Large"].fees_pico, by_plan["Small"].fees_pico) == (pico("2"), 0)


def test_the_change_of_the_margin_adds_up_and_names_who_moved_it(database, north):
    with asking(database.app_url, north) as workspace:
        changes = margin_changes(workspace, UsageFilter(NOVEMBER), OCTOBER)

    assert (changes.margin_before_pico, changes.margin_now_pico) == (pico("62"), pico("43"))
    assert changes.margin_pico == pico("43") - pico("62")
    assert (changes.revenue_pico, changes.cost_pico, changes.fees_pico, changes.shared_pico) == (
        pico("30"),  # 180 - 150
        pico("-47"),  # 85 - 132
        pico("-2"),  # 3 - 5
        0,
    )
    assert [(move.part, move.name, move.change_pico) for move in changes.movers] == [
        ("revenue", "Cedar", pico("40")),
        ("cost", "Birch", pico("-30")),
        ("revenue", "Birch", pico("-10")),
        ("cost", "Acme", pico("-10")),
        ("cost", "Dune", pico("-7")),
        ("fees", "", pico("-2")),
    ]
    birch = changes.movers[1]
    assert (birch.model.model, birch.model.before_pico, birch.model.now_pico) == ("gpt-5-pro", 0, pico("30"))
    assert changes.movers[0].model is None


def test_shared_costs_fall_on_customers_and_add_up(database):
    """October: 170 by costs of 20, 60, 5. November: 21 of 30 days old, so 42 of 60, by revenue of 100, 40, 40."""
    with books(database.superuser_url) as tenant:
        margin = MarginBooks(tenant)
        two_months_of_margin(margin)
        margin.share("Servers", "170", "2026-10-01", "usage")
        margin.share("Servers", "60", "2026-11-01", "revenue")
    with asking(database.app_url, tenant.tenant_id) as workspace:
        asked = UsageFilter(NOVEMBER)
        rows = {row.name: row for row in margin_by_customer(workspace, asked, before=OCTOBER)}
        totals = margin_totals(workspace, asked)
        october, november = margin_months(workspace, UsageFilter(BOTH))
        cuts, models = margin_cuts(workspace, asked), margin_by_model(workspace, asked)
        by_month = margin_by_customer_month(workspace, UsageFilter(BOTH))
        changes = margin_changes(workspace, asked, OCTOBER)
        start_ups = margin_totals(workspace, UsageFilter(NOVEMBER, segment="start-up"))
        writer = margin_totals(workspace, UsageFilter(NOVEMBER, product_id=tenant.product("Writer")))

    by_revenue = {"Acme": "23.34", "Birch": "9.33", "Cedar": "9.33", "Dune": "0", "": "0"}  # 100, 40, 40 of 180 of 42
    assert {name: row.shared_pico for name, row in rows.items()} == {n: pico(v) for n, v in by_revenue.items()}
    by_usage = {"Acme": "40", "Birch": "120", "": "10", "Cedar": "0", "Dune": "0"}  # 2 dollars for each one of LLM cost
    assert {name: row.shared_before_pico for name, row in rows.items()} == {n: pico(v) for n, v in by_usage.items()}
    assert (october.shared_pico, november.shared_pico) == (pico("170"), pico("42"))
    assert totals.margin_pico == pico("43") - pico("42") == sum(row.margin_pico for row in rows.values())
    assert changes.shared_pico == pico("170") - pico("42")
    assert changes.margin_pico == changes.margin_now_pico - changes.margin_before_pico
    for parts in (cuts.by_product, cuts.by_plan, cuts.by_segment, models.by_model, models.by_feature):
        assert sum(part.margin_pico for part in parts) == totals.margin_pico
    assert {cut.name: cut.shared_pico for cut in cuts.by_segment}["start-up"] == pico("18.66")
    assert start_ups.shared_pico == pico("18.66")
    assert writer.shared_pico == 0
    assert sum(each.margin_pico for each in by_month) == october.margin_pico + november.margin_pico


def test_the_interval_spans_unpriced_calls_and_open_disputes(database):
    """2,200 unpriced tokens at the dearest model's 1 dollar for 1,000: margin 9 less 2.20, and less the open 4."""
    with books(database.superuser_url) as tenant:
        margin = MarginBooks(tenant)
        margin.use("2026-11-02 09:00", "Acme", "1", input=900, output=100)
        margin.use("2026-11-02 10:00", "Acme", "0.5", input=900, output=100, model="gpt-4o-mini")
        margin.use("2026-11-03 09:00", "Acme", None, input=2000, output=200, model="house-model")
        margin.book("2026-11-02", "Acme", "10.50")
        margin.book("2026-11-02", "Acme", "-4", kind="open_dispute")
    with asking(database.app_url, tenant.tenant_id) as workspace:
        totals = margin_totals(workspace, UsageFilter(NOVEMBER))
        (month,) = margin_months(workspace, UsageFilter(NOVEMBER))

    assert totals.margin_pico == pico("9")
    assert (totals.interval.low, totals.interval.high) == (pico("9") - pico("2.2") - pico("4"), pico("9"))
    assert (month.interval.low, month.interval.high) == (totals.interval.low, totals.interval.high)
    assert month.priced_share == totals.priced_share == Decimal(2) / 3


def test_what_has_no_rate_is_counted_and_named(database):
    with books(database.superuser_url) as tenant:
        margin = MarginBooks(tenant)
        margin.book("2026-11-02", "Acme", "10")
        margin.book("2026-11-02", "Acme", "10", kind="usage")
        margin.book("2026-11-02", "Birch", "8", currency="eur", is_converted=False)
    with asking(database.app_url, tenant.tenant_id) as workspace:
        totals = margin_totals(workspace, UsageFilter(NOVEMBER))

    assert (totals.revenue_pico, totals.unconverted, totals.unconverted_currencies) == (pico("20"), 1, ["eur"])
    assert totals.recognised_share == Decimal(2) / 3


def test_revenue_on_three_bases(database):
    """Acme paid 120 for a year in October: 10 a month; Birch's 5 euros at 1.2 are 6; Cedar's yen have no rate."""
    with books(database.superuser_url) as tenant:
        margin = MarginBooks(tenant)
        margin.book("2026-10-15", "Acme", "120", kind="cash_payment")
        margin.book("2026-10-15", "Acme", "5")
        margin.book("2026-11-15", "Acme", "6")
        margin.span("Acme", "Year", "2026-10-15", "2027-10-15", mrr="10")
        margin.span("Birch", "Euro", "2026-11-01", "2026-12-01", mrr="5", currency="eur", rate=Decimal("1.2"))
        margin.span("Cedar", "Yen", "2026-11-21", "2026-12-01", mrr="7", currency="jpy", rate=None)
        margin.span("Dune", "Over", "2026-10-01", "2026-10-31", mrr="99")
        margin.span("Elm", "To the end", "2026-10-01", "2026-11-01", mrr="1")
    with asking(database.app_url, tenant.tenant_id) as workspace:
        october, november = revenue_bases(workspace, UsageFilter(BOTH))
        months = margin_months(workspace, UsageFilter(BOTH))

    assert (october.accrual_pico, october.cash_pico, october.mrr_pico) == (pico("5"), pico("120"), pico("11"))
    assert (november.accrual_pico, november.cash_pico, november.mrr_pico) == (pico("6"), 0, pico("16"))
    assert (october.unconverted_plans, november.unconverted_plans) == (0, 1)
    assert [month.mrr_pico for month in months] == [pico("11"), pico("16")]


def test_months_with_bookings_only_are_offered_but_none_to_come(database):
    with books(database.superuser_url) as tenant:
        margin = MarginBooks(tenant)
        for day in ("2026-08-01", "2026-11-21", "2026-12-01", "2027-06-01"):
            margin.book(day, "Acme", "1")
        margin.use("2026-09-05 09:00", "Acme", "1")
    with asking(database.app_url, tenant.tenant_id) as workspace:
        months = [found.month for found in usage_months(workspace)]
        trend = margin_months(workspace, UsageFilter(DatePeriod(date(2026, 8, 1), date(2027, 7, 1))))

    assert months == [date(2026, 11, 1), date(2026, 9, 1), date(2026, 8, 1)]
    assert [(month.month.month, month.revenue_pico) for month in trend] == [
        (8, pico("1")),
        (9, 0),
        (10, 0),
        (11, pico("1")),
    ]
