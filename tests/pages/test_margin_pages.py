"""The pages of margin without a browser: what they say, that it adds up, who may see and do what."""

from dataclasses import replace
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from billing_core.periods import DatePeriod
from billing_core.queries.margin_totals import margin_totals
from billing_core.queries.unmatched_customers import unmatched_customers
from billing_core.queries.usage_filter import UsageFilter
from tests.builders import NOW, TenantBooks, asking, books, pico
from tests.margin_books import CONNECTION_ID, match
from tests.pages.earning import MAIL, earning
from tests.pages.seen import LATER, ROUTER, opened, person, seen_by, words

pytestmark = pytest.mark.page

SPACE = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
NOVEMBER = UsageFilter(DatePeriod(date(2026, 11, 1), date(2026, 12, 1)))


@pytest.fixture
def earned(settled) -> int:
    """A tenant that keeps 24 of 127 dollars in November."""
    with books(settled.superuser_url) as tenant:
        earning(tenant)
        return tenant.tenant_id


@pytest.fixture
def acme(settled, earned) -> str:
    """The number of the customer Acme."""
    with books(settled.superuser_url, slug="other") as tenant:
        found = tenant.connection.execute(
            "select customer_id from marginbook.customer where tenant_id = %s and name = 'Acme'", [earned]
        ).fetchone()
    assert found is not None
    return str(found[0])


def metrics(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value.replace("\\", "") for metric in at.metric}


def test_the_overview_says_margin_direction_and_who_loses_money(earned):
    at = opened("overview", person(earned), period="2026-11")
    said = words(at)

    assert f'<span class="percent">18.9{SPACE}%</span>' in said  # 24 of 127
    assert "<b>$24.00</b> of $127.00 revenue" in said
    assert "1 call has no price" in said
    shown = metrics(at)
    assert (shown["Revenue"], shown["LLM cost"], shown["Fees and shared costs"]) == ("$127.00", "$100.00", "$3.00")
    assert shown["LLM cost of revenue"] == f"78.7{SPACE}%"
    assert shown["Customers at a loss"] == "1"
    assert f"<b>1 customer costs more than it pays</b></a>, together <b>{MINUS}$10.00</b>" in said
    # Birch: 1 of 8 calls, 30 of 100 dollars, 20 of 127 dollars.
    assert f"<b>12.5{SPACE}%</b> of the calls and <b>30{SPACE}%</b> of the LLM cost, but <b>15.7{SPACE}%</b>" in said
    assert "$20.00 paid, $30.00 spent" in said
    assert "None" not in said


def test_the_overview_says_what_moved_the_margin(earned):
    said = words(opened("overview", person(earned), period="2026-11"))

    assert "<b>Acme</b></a>: revenue up <b>$100.00</b> ($0.00 \N{RIGHTWARDS ARROW} $100.00)." in said


@pytest.mark.parametrize("basis", ["Cash", "MRR"])
def test_revenue_can_be_seen_on_another_basis_that_stays_in_the_url(earned, basis):
    at = opened("overview", person(earned), period="2026-11", basis=basis)

    assert at.button_group(key="basis").value == basis
    assert at.query_params["basis"] == basis


def test_the_customers_come_least_profitable_first_and_add_up_to_the_margin(settled, earned):
    table = opened("customers", person(earned), period="2026-11").dataframe[0].value
    with asking(settled.app_url, earned, now=LATER) as workspace:
        totals = margin_totals(workspace, NOVEMBER)

    # Whose margin is unknown or nothing comes last.
    assert list(table["name"]) == ["Birch", "Only in Stripe", "Acme", "Cedar", "Dune", "Unattributed", "Total"]
    margin = table.set_index("name")["margin"]
    assert (margin["Birch"], margin["Acme"], margin["Only in Stripe"], margin["Unattributed"]) == (-10, 56, 7, -20)
    assert margin.isna()["Cedar"]  # Stripe does not know it: unknown, and not a loss.
    total = table.set_index("name").loc["Total"]
    assert (total["revenue"], total["cost"], total["fees"], total["margin"]) == (127, 100, 3, 24)
    assert totals.margin_pico == pico("24")
    assert table["revenue"][:-1].sum() == 127
    assert table["cost"][:-1].sum() == 100


def test_only_those_who_lose_money_stand_in_the_url(earned):
    at = opened("customers", person(earned), period="2026-11", losing="yes")

    assert list(at.dataframe[0].value["name"]) == ["Birch", "Total of these"]
    assert at.query_params["losing"] == "yes"


@pytest.mark.parametrize(
    ("rank", "first"), [("Margin %", "Birch"), ("LLM cost", "Acme"), ("Revenue", "Acme"), ("Unpriced calls", "Cedar")]
)
def test_customers_are_ranked_as_the_url_says(earned, rank, first):
    table = opened("customers", person(earned), period="2026-11", rank=rank).dataframe[0].value

    assert table["name"][0] == first


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"segment": "startup"}, ["Birch", "Total"]),
        ({"plan": "Pro"}, ["Acme", "Total"]),
        ({"product": "Writer"}, ["Dune", "Acme", "Total"]),
    ],
    ids=str,
)
def test_customers_can_be_narrowed_to_a_segment_a_plan_or_a_product(earned, query, names):
    table = opened("customers", person(earned), period="2026-11", **query).dataframe[0].value

    assert set(table["name"]) == set(names)


def test_a_model_narrows_the_cost_only_and_says_so(earned):
    at = opened("customers", person(earned), period="2026-11", model="openai/gpt-4o")
    table = at.dataframe[0].value

    assert table["revenue"].isna().all()
    assert table["cost"].iloc[-1] == 36 + 15
    assert "Model and feature narrow the cost only" in words(at)


@pytest.mark.parametrize("cut", ["product", "plan", "segment", "model", "feature"])
def test_every_way_of_cutting_adds_up_to_the_overview(earned, cut):
    table = opened("segments", person(earned), period="2026-11", cut=cut).dataframe[0].value
    rows, total = table[:-1], table.iloc[-1]

    assert (total["name"], total["revenue"], total["cost"], total["margin"]) == ("Total", 127, 100, 24)
    for column in ("revenue", "cost", "fees", "margin"):
        assert rows[column].sum() == pytest.approx(total[column], abs=1e-9)


def test_a_customer_shows_its_margin_its_invoices_and_why_a_payment_failed(earned, acme):
    at = opened("customer", person(earned), customer=acme, period="2026-11")
    tables = {name: frame.value for frame in at.dataframe for name in frame.value.columns}
    said = words(at)

    assert f'<span class="percent">56{SPACE}%</span>' in said.replace("56.0", "56")
    assert metrics(at)["Revenue"] == "$100.00"
    assert tables["Number"]["Total"][0] == "$10.00"
    assert list(tables["Why not"]["Why not"].dropna()) == ["Not enough money on the card"]
    assert "Pro" in said
    assert "scale-up" in said


@pytest.mark.parametrize(("role", "sees"), [("owner", True), ("finance", True), ("support", True), ("viewer", False)])
def test_an_address_is_shown_to_those_who_may_see_it(earned, acme, role, sees):
    said = words(opened("customer", person(earned, role), customer=acme, period="2026-11"))

    assert (MAIL in said) is sees


def unmatched(tenant: TenantBooks) -> None:
    """Let Stripe know a customer whose name is nearly that of one in usage."""
    margin = earning(tenant)
    margin.row("stripe_customer", stripe_customer_id="cus_3", name="Cedar Ltd", created_at=NOW, is_deleted=False)
    tenant.row(
        "customer_alias",
        source=f"stripe:{CONNECTION_ID}",
        external_id="cus_3",
        customer_id=tenant.customer("Cedar Ltd"),
    )
    match(margin, "cus_3", "Cedar Ltd", how="own row")


def matches(settled, tenant_id: int) -> list[tuple[int, str]]:
    with books(settled.superuser_url, slug=f"look-{tenant_id}") as look:
        rows = look.connection.execute(
            "select match_number, how from marginbook.stripe_customer_match "
            "where tenant_id = %s and stripe_customer_id = 'cus_3' order by match_number",
            [tenant_id],
        ).fetchall()
        look.connection.rollback()
    return [(int(number), str(how)) for number, how in rows]


def test_one_click_matches_once_however_often_and_can_be_taken_back(settled):
    with books(settled.superuser_url) as tenant:
        unmatched(tenant)
        tenant_id = tenant.tenant_id
    key = f"match_{CONNECTION_ID}_cus_3"
    with seen_by(person(tenant_id)):
        at = opened("matching", person(tenant_id), period="2026-11")
        assert "<b>Cedar Ltd</b>" in words(at)
        button = at.button(key=key)
        button.click().run()
        assert not at.exception
        assert matches(settled, tenant_id) == [(1, "own row"), (2, "person")]
        assert key not in {each.key for each in at.button}
        assert "The totals have not moved" in words(at)
        at.button(key=f"undo_{CONNECTION_ID}_cus_3").click().run()
        assert not at.exception
        assert matches(settled, tenant_id) == [(1, "own row"), (2, "person"), (3, "person")]
        assert at.button(key=key)  # It waits to be matched again.


def test_a_second_click_on_the_same_match_says_nothing_new(settled):
    with books(settled.superuser_url) as tenant:
        unmatched(tenant)
        tenant_id = tenant.tenant_id
    with seen_by(person(tenant_id)):
        first, second = (opened("matching", person(tenant_id), period="2026-11") for _ in range(2))
        for at in (first, second):  # Two windows in which the button still stands.
            at.button(key=f"match_{CONNECTION_ID}_cus_3").click().run()

    assert matches(settled, tenant_id) == [(1, "own row"), (2, "person")]
    with asking(settled.app_url, tenant_id, now=LATER) as workspace:
        left = [row.stripe_customer_id for row in unmatched_customers(workspace, NOVEMBER)]
    assert "cus_3" not in left


def test_a_viewer_sees_no_match_button_and_no_address(settled):
    with books(settled.superuser_url) as tenant:
        unmatched(tenant)
        tenant_id = tenant.tenant_id
    at = opened("matching", person(tenant_id, "viewer"), period="2026-11")

    assert not [button for button in at.button if (button.key or "").startswith("match_")]
    assert all("E-mail" not in frame.value.columns for frame in at.dataframe)


@pytest.mark.parametrize("role", ["owner", "finance"])
def test_the_books_are_checked_by_a_click_and_the_result_stays(earned, role):
    with seen_by(person(earned, role)):
        at = opened("checks", person(earned, role))
        assert "not checked yet" in words(at)
        at.button(key="check_now").click().run()

    assert not at.exception
    outcomes = {outcome for row in at.dataframe[0].value["Outcome"] for outcome in row}
    assert outcomes <= {"holds", "broken", "unknown"}
    assert len(at.dataframe[0].value) >= 5


def test_sources_say_which_stripe_account_is_known_how_far(earned):
    said = words(opened("sources", person(earned)))

    assert "North (acct_1)" in said
    assert "test mode: no money moves" in said
    assert "1 customer to match" in said or "fetched" in said


@pytest.mark.parametrize("is_demo", [True, False])
def test_a_demo_says_on_every_page_that_no_money_moves(earned, is_demo):
    who = replace(person(earned), is_demo=is_demo)
    at = AppTest.from_file(ROUTER, default_timeout=60)
    with seen_by(who):
        at.run()

    assert not at.exception
    assert ("no money moves" in words(at)) is is_demo
