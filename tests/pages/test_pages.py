"""The pages without a browser: empty, full, for each role, narrowed, and when the database is away."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from billing_core.store.engine import engine
from tests.builders import books, two_months
from tests.pages.seen import PAGES, opened, person, seen_by, words
from tests.web import forget_everything

pytestmark = pytest.mark.page

ROUTER = Path(__file__).parents[2] / "pages" / "_router.py"
ROLES = ("owner", "finance", "support", "viewer")
NAUGHTY = "**Bold** <b>Ltd</b> $x$ [link](https://evil.example)"


@pytest.fixture
def north(settled) -> int:
    """A tenant whose November costs 100 dollars."""
    with books(settled.superuser_url) as tenant:
        two_months(tenant)
        return tenant.tenant_id


@pytest.fixture
def nothing(settled) -> int:
    """A tenant without usage."""
    with books(settled.superuser_url) as tenant:
        return tenant.tenant_id


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_full_for_every_role(north, page, role):
    opened(page, person(north, role), period="2026-11")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_empty_for_every_role_and_says_what_to_do(nothing, page, role):
    at = opened(page, person(nothing, role))
    said = words(at)

    assert "None" not in said
    assert "nan" not in said.lower()
    if page in {"overview", "customers", "segments", "costs", "events", "matching", "sources"}:
        assert at.code[0].value == "marginbook import usage FILE"


@pytest.mark.parametrize("role", ROLES)
def test_the_router_gives_each_role_its_menu(north, role):
    at = AppTest.from_file(ROUTER, default_timeout=30)
    with seen_by(person(north, role)):
        at.run()

    assert not at.exception
    assert at.title[0].value == "Overview"
    assert ("sources" in at.session_state["menu"]) is (role != "viewer")


@pytest.mark.usefixtures("north")
def test_without_a_session_the_router_shows_nothing():
    at = AppTest.from_file(ROUTER, default_timeout=30)
    with seen_by(None):
        at.run()

    assert [error.value for error in at.error] == ["You are signed out: reload this page to sign in again."]
    assert not at.title
    assert not at.metric


def test_the_page_of_costs_says_who_costs_most_and_why(north):
    at = opened("costs", person(north))
    said = words(at)

    assert at.selectbox(key="filter_period").value == "2026-11"  # The newest month with usage.
    assert (
        "<b>Acme</b> costs most: <b>$41.00</b>, 41\N{NO-BREAK SPACE}% of all; "
        "87.8\N{NO-BREAK SPACE}% of it is <b>gpt-4o</b> for draft."
    ) in said  # 36 of 41 dollars
    assert {metric.label: metric.value.replace("\\", "") for metric in at.metric} == {
        "LLM cost": "$100.00",
        "Calls": "8",
        "Cost per 1,000 calls": "$14,285.71",  # 100 dollars by 7 priced calls
        "Tokens": "8.80K",  # 8 x 1,100
        "Unpriced calls": "1",
    }
    assert "87.5\N{NO-BREAK SPACE}% of calls priced" in said
    assert "80\N{NO-BREAK SPACE}% of cost attributed" in said
    assert "Usage to 20 Nov 2026, 23:59 UTC" in said


@pytest.mark.parametrize(
    ("tab", "first"),
    [
        ("By model", "openai/gpt-4o"),
        ("By feature", "chat"),
        ("By product", "Writer"),
        ("By model and feature", "openai/gpt-4o · draft"),
    ],
)
def test_the_tables_of_costs_each_add_up_to_the_total(north, tab, first):
    with seen_by(person(north)):
        at = opened("costs", person(north))
        at.session_state["cuts"] = tab
        at.run()
    (table,) = at.dataframe

    assert table.value["name"][0] == first
    assert sum(table.value["cost"].dropna()) == 100.0
    assert sum(table.value["calls"]) == 8


def test_what_names_no_feature_is_a_row_of_its_own(north):
    with seen_by(person(north)):
        at = opened("costs", person(north))
        at.session_state["cuts"] = "By feature"
        at.run()

    assert list(at.dataframe[0].value["name"]) == ["chat", "draft", "No feature named", "review"]


def test_a_model_without_any_price_costs_nobody_knows_what(north):
    by_model = opened("costs", person(north)).dataframe[0].value.set_index("name")

    assert by_model.loc["own/house-model"].isna()["cost"]
    assert by_model.loc["own/house-model"]["unpriced"] == 1


def test_the_customers_add_up_to_the_total_with_what_names_none(north):
    table = opened("customers", person(north)).dataframe[0].value

    assert list(table["name"]) == ["Acme", "Birch", "Cedar", "Dune", "Unattributed", "Total"]
    assert list(table["cost"]) == [41.0, 30.0, 9.0, 0.0, 20.0, 100.0]
    assert table["cost"][:-1].sum() == table["cost"].iloc[-1]
    assert list(table["share_of_cost"]) == [41.0, 30.0, 9.0, 0.0, 20.0, 100.0]
    assert table["revenue"].isna().all()  # No Stripe account: unknown, and not nothing.
    assert table["margin_percent"].isna().all()


@pytest.mark.parametrize(
    ("query", "names", "total"),
    [
        ({"model": "openai/gpt-4o"}, ["Acme", "Dune", "Unattributed", "Total"], 51.0),
        ({"feature": "chat"}, ["Birch", "Cedar", "Total"], 39.0),
        ({"feature": "(no feature)"}, ["Unattributed", "Total"], 20.0),
        ({"product": "Writer"}, ["Acme", "Dune", "Total"], 41.0),
        ({"product": "(no product)"}, ["Unattributed", "Total"], 20.0),
        ({"period": "2026-10"}, ["Acme", "Birch", "Dune", "Total"], 50.0),
        ({"search": "bir"}, ["Birch", "Total of these"], 30.0),
    ],
    ids=str,
)
def test_a_filter_in_the_url_narrows_the_customers(north, query, names, total):
    table = opened("customers", person(north), **query).dataframe[0].value

    assert list(table["name"]) == names
    assert table["cost"].iloc[-1] == total


def test_a_filter_that_names_nothing_is_left_out_and_said(north):
    at = opened("customers", person(north), model="no/such", period="1999-01")

    assert at.dataframe[0].value["cost"].iloc[-1] == 100.0
    assert [each.value for each in at.warning] == [
        "This link names a period and a model that these books do not have: it was left out."
    ]


def test_customers_can_be_ranked_by_what_is_asked(north):
    with seen_by(person(north)):
        at = opened("customers", person(north))
        at.button_group(key="customer_rank").set_value("Unpriced calls").run()

    assert not at.exception
    assert at.dataframe[0].value["name"][0] == "Cedar"  # The only one with a call without a price.


def test_many_customers_come_in_pages_that_each_add_up(settled):
    with books(settled.superuser_url) as tenant:
        for number in range(103):
            tenant.usage("2026-11-02 10:00", customer=f"Customer {number:03}", cost="1")
        tenant.usage("2026-11-02 10:00", customer=None, cost="2")
        tenant_id = tenant.tenant_id
    table = opened("customers", person(tenant_id)).dataframe[0].value

    assert list(table["name"][-3:]) == ["3 other customers", "Unattributed", "Total"]
    assert list(table["cost"][-3:]) == [3.0, 2.0, 105.0]
    assert len(table) == 100 + 3
    assert table["cost"][:-1].sum() == 105.0


def test_the_calls_behind_a_number_sum_to_it(north):
    said = words(opened("events", person(north), model="openai/gpt-4o", customer="0"))
    unpriced = words(opened("events", person(north), unpriced="yes"))

    assert "<b>1 call</b> cost <b>$15.00</b>. The 1 row below sum to <b>$15.00</b>, all of them." in said
    assert "<b>1 call</b> without a price" in unpriced


def test_older_calls_are_one_click_away_and_a_second_click_turns_no_further(settled):
    with books(settled.superuser_url) as tenant:
        for minute in range(103):
            tenant.usage(f"2026-11-02 {10 + minute // 60}:{minute % 60:02}", cost="1")
        tenant_id = tenant.tenant_id
    with seen_by(person(tenant_id)):
        at = opened("events", person(tenant_id))
        assert (len(at.dataframe[0].value), at.button(key="newer").disabled) == (100, True)
        at.button(key="older").click().run()
        assert (len(at.dataframe[0].value), at.button(key="older").disabled) == (3, True)
        at.button(key="newer").click().run()

    assert len(at.dataframe[0].value) == 100
    assert not at.exception


def test_a_call_shows_its_multiplication(settled):
    with books(settled.superuser_url) as tenant:
        version = tenant.row(
            *("own_price",),
            version="ours-1",
            provider="openai",
            model="gpt-4o",
            mode="",
            valid_from="2026-01-01",
            bands='[[0, {"input": 2500000, "output": 10000000}]]',
            reason="Contract of January",
            actor="test",
        )
        event_id = tenant.usage(
            "2026-11-03 10:00", cost="0.0035", price_version_id=version, input=1000, output=100, raw={"<b>": NAUGHTY}
        )
        place = {"of": str(tenant.customer("Acme")), "at": "2026-11-03T10:00:00.000000Z", "event": str(event_id)}
        tenant_id = tenant.tenant_id
    at = opened("event", person(tenant_id), **place)
    said = words(at)

    assert "<b>$0.003500000000</b>" in said
    for cell in ("1,000", "$0.000002500000", "$2.50", "$0.002500000000", "$0.000010000000", "$0.001000000000"):
        assert f"<td>{cell}</td>" in said
    assert "ours-1 (own price, in force since 1 Jan 2026)" in said
    assert NAUGHTY in at.code[0].value


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"of": "1"},
        {"of": "1", "at": "nonsense", "event": "1"},
        {"of": "1", "at": "2026-11-01T00:00:00Z", "event": "9"},
    ],
    ids=str,
)
def test_a_call_that_is_not_there_is_said_in_a_sentence(north, query):
    assert "There is no such call in these books" in words(opened("event", person(north), **query))


@pytest.mark.parametrize("customer", ["", "999999", "-1", "x", "9" * 40])
def test_a_customer_that_is_not_there_is_said_in_a_sentence(north, customer):
    assert "There is no customer of this number" in words(opened("customer", person(north), customer=customer))


def test_what_names_no_customer_has_a_page_too(north):
    said = words(opened("customer", person(north), customer="0"))

    assert "Unattributed" in said
    assert "Share of all LLM cost: 20\N{NO-BREAK SPACE}%" in said


def test_names_of_others_are_drawn_letter_by_letter(settled):
    with books(settled.superuser_url) as tenant:
        tenant.usage("2026-11-02 10:00", customer=NAUGHTY, model=NAUGHTY, feature=NAUGHTY, product=NAUGHTY)
        tenant_id, customer_id = tenant.tenant_id, tenant.customer(NAUGHTY)
    for page in ("overview", "customers", "segments", "costs", "events"):
        at = opened(page, person(tenant_id))
        assert "<b>Ltd</b>" not in words(at)
        assert not [each for each in at.markdown if "Bold" in each.value]
    said = words(opened("customer", person(tenant_id), customer=str(customer_id)))
    assert "**Bold** &lt;b&gt;Ltd&lt;/b&gt; $x$" in said


def test_rows_that_could_not_be_read_are_listed_with_their_sentence(settled):
    with books(settled.superuser_url) as tenant:
        tenant.usage("2026-11-20 09:00", cost="2", key="twice")
        tenant.row(
            "quarantine",
            source_id=tenant.source(),
            row_hash=7,
            origin="calls.jsonl",
            line_number=3,
            reason="bad_time",
            sentence="Line 3 has no time that can be read.",
        )
        tenant.connection.execute(
            "insert into marginbook.usage_conflict (tenant_id, source_id, key, body_hash, occurred_at, customer_id, "
            "dimension_id, cost_pico_usd, tokens, recorded_at) select tenant_id, source_id, key, 2, occurred_at, "
            "customer_id, dimension_id, 5000000000000, '{\"input\": 9}', recorded_at from marginbook.usage_event"
        )
        tenant_id = tenant.tenant_id
    at = opened("sources", person(tenant_id))
    sources, quarantine, conflicts = (frame.value for frame in at.dataframe)

    assert list(sources.iloc[0][["In quarantine", "In conflict"]]) == [1, 1]
    assert quarantine["What is wrong, and what to do"][0] == "Line 3 has no time that can be read."
    assert (conflicts["Counts"][0], conflicts["Refused"][0]) == ("$2.00", "$5.00")


def test_a_filter_without_usage_says_so(north):
    said = words(opened("costs", person(north), model="openai/gpt-4o", feature="review"))

    assert "No usage in this period with these filters" in said


def test_without_its_database_a_page_is_one_sentence(north, monkeypatch):
    engine().dispose()
    forget_everything()
    monkeypatch.setenv("DATABASE_URL", "postgresql://marginbook_app@127.0.0.1:9/none")
    at = AppTest.from_file(ROUTER, default_timeout=30)
    with seen_by(person(north)):
        at.run()

    assert not at.exception
    assert len(at.error) == 1
    assert "The database cannot be reached" in at.error[0].value
