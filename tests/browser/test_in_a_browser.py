"""What only a browser can show: sign-in, the WebSocket, filters in the URL, drilling down, files, narrow and dark."""

import csv
import io
import re
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.databases import run_as_superuser

pytestmark = pytest.mark.browser

CELL = r'<c r="{}(?!1")\d+"[^>]*><v>([^<]+)<'
ROW_HEIGHT, HEADER_HEIGHT = 33, 34
"""Streamlit's table at 15 px text; it is a canvas, so rows are clicked by place."""

PATHS = (
    *("/", "/customers", "/customer?customer=0", "/customer?customer=1", "/segments?cut=model"),
    *("/costs", "/events", "/matching", "/checks", "/sources"),
)
NARROW_AND_DARK = [(390, "light"), (390, "dark"), (1280, "dark")]


def table(page: Page, place: int = 0):
    return page.get_by_test_id("stDataFrame").nth(place)


def tick(page: Page, row: int, place: int = 0) -> None:
    table(page, place).scroll_into_view_if_needed()
    table(page, place).click(position={"x": 18, "y": HEADER_HEIGHT + ROW_HEIGHT * row + ROW_HEIGHT // 2})


def saved_file(page: Page, kind: str) -> Path:
    with page.expect_download() as download:
        page.get_by_test_id("stDownloadButton").get_by_role("button", name=kind).click()
    return Path(download.value.path())


def saved(page: Page) -> list[dict[str, str]]:
    text = saved_file(page, "CSV").read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_a_deep_link_survives_sign_in(visitor):
    visitor.page.goto(f"{visitor.site}/customers?period=2026-10&model=openai%2Fgpt-4o")
    assert visitor.page.url.startswith(f"{visitor.site}/login?next=")
    page = visitor.sign_in()

    expect(page.get_by_role("heading", level=1)).to_have_text("Customers")
    assert page.url == f"{visitor.site}/customers?period=2026-10&model=openai%2Fgpt-4o"
    expect(page.get_by_role("combobox", name="Period")).to_have_value("October 2026")
    expect(table(page).get_by_test_id("glide-cell-1-0")).to_have_text("Acme")
    expect(page.get_by_text("Model and feature narrow the cost only")).to_be_visible()


def test_a_wrong_password_is_said_and_the_address_kept(visitor):
    visitor.page.goto(f"{visitor.site}/login")
    visitor.page.get_by_label("E-mail").fill("nobody@example.com")
    visitor.page.get_by_label("Password").fill("wrong")
    visitor.page.get_by_role("button", name="Sign in").click()

    expect(visitor.page.get_by_role("alert")).to_contain_text("E-mail or password is wrong")
    expect(visitor.page.get_by_label("E-mail")).to_have_value("nobody@example.com")


def test_the_websocket_is_refused_without_a_session(visitor):
    visitor.page.goto(f"{visitor.site}/login")
    said = visitor.page.evaluate(
        """() => new Promise((done) => {
            const socket = new WebSocket(`ws://${location.host}/_stcore/stream`);
            socket.onopen = () => done('open');
            socket.onerror = () => done('refused');
        })"""
    )

    assert said == "refused"


def test_the_first_page_answers_what_is_left_and_who_loses_money(ada):
    page = ada.open("/?period=2026-11")

    expect(page.locator(".mb-hero .percent")).to_have_text(re.compile(r"^18\.9.%$"))  # 24 of 127 dollars
    expect(page.get_by_test_id("stMetricValue").first).to_have_text("$127.00")
    expect(page.locator(".mb-said").first).to_contain_text("1 customer costs more than it pays")
    expect(page.locator(".mb-sides div").first).to_contain_text("Birch")
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    page.locator(".mb-sides").get_by_role("link", name="Birch").click()
    ada.wait()
    expect(page.get_by_role("heading", level=1)).to_have_text("Birch")
    assert "period=2026-11" in page.url


def test_the_page_of_costs_answers_who_costs_most(ada):
    page = ada.open("/costs?period=2026-11")

    expect(page.locator(".mb-answer")).to_have_text(
        re.compile(r"^Acme costs most: \$41\.00, 41.%.*gpt-4o for draft\.$")
    )
    expect(page.get_by_test_id("stMetricValue").first).to_have_text("$100.00")
    expect(page.locator(".mb-rank div").first).to_have_text("Acme$41.00")
    expect(page.locator(".js-plotly-plot")).to_have_count(1)


def test_a_revoked_session_acts_on_the_next_click_and_a_reload_signs_in(ada, books_on_show):
    page = ada.open("/?period=2026-11")
    run_as_superuser(
        books_on_show, "update marginbook.sign_in_session set revoked_at = created_at where revoked_at is null"
    )
    page.wait_for_timeout(2500)  # The session check is trusted for two seconds.
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Customers").click()

    expect(page.get_by_text("You are signed out: reload this page to sign in again.")).to_be_visible()
    page.reload()
    assert page.url.startswith(f"{ada.site}/login?next=")


def test_signing_out_closes_the_books(ada):
    ada.page.get_by_role("button", name="Sign out").click()
    ada.page.wait_for_url(f"{ada.site}/login")
    ada.page.goto(f"{ada.site}/customers")

    assert ada.page.url.startswith(f"{ada.site}/login?next=")


def test_filters_stand_in_the_url_survive_a_reload_and_follow_to_the_next_page(ada):
    page = ada.open("/costs?period=2026-11")
    page.get_by_role("combobox", name="Feature").click()
    page.get_by_role("option", name="chat").click()
    page.wait_for_url("**/costs?period=2026-11&feature=chat")
    expect(page.get_by_test_id("stMetricValue").first).to_have_text("$39.00")

    page.reload()
    ada.wait()
    expect(page.get_by_role("combobox", name="Feature")).to_have_value("chat")
    expect(page.get_by_test_id("stMetricValue").first).to_have_text("$39.00")
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Customers").click()
    page.wait_for_url("**/customers?period=2026-11&feature=chat")
    expect(table(page).get_by_test_id("glide-cell-1-0")).to_have_text("Birch")


def test_the_file_of_customers_adds_up_to_the_total_to_the_last_pico_dollar(ada):
    page = ada.open("/customers?period=2026-11")
    rows = saved(page)

    assert sum(Decimal(row["cost_usd"]) for row in rows) == Decimal(100)
    assert {row["customer"]: row["cost_usd"] for row in rows}["Unattributed"] == "20.000000000000"
    assert {row["first_day"] for row in rows} == {"2026-11-01"}
    assert sum(Decimal(row["revenue_usd"]) for row in rows) == Decimal(127)
    assert sum(Decimal(row["margin_usd"]) for row in rows) == Decimal(24)
    assert len(saved(page)) == len(rows)  # A second click saves the same again.


def test_the_workbook_of_customers_opens_and_adds_up(ada):
    page = ada.open("/customers?period=2026-11")
    with zipfile.ZipFile(saved_file(page, "XLSX")) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        texts = re.findall(r"<t[^>]*>([^<]*)</t>", parts.read("xl/sharedStrings.xml").decode())
    columns = {texts[int(number)]: column for column, number in re.findall(r'<c r="([A-Z]+)1"[^>]*><v>(\d+)<', sheet)}

    def total(name: str) -> Decimal:
        return sum((Decimal(each) for each in re.findall(CELL.format(columns[name]), sheet)), Decimal(0))

    assert (total("revenue_usd"), total("cost_usd"), total("margin_usd")) == (127, 100, 24)
    assert "First day" in texts
    assert any("of calls priced" in text for text in texts)  # A file travels without its page.


def test_a_search_and_who_loses_money_stand_in_the_url_and_survive_a_reload(ada):
    page = ada.open("/customers?period=2026-11")
    page.get_by_text("Only losing money").click()
    page.wait_for_url("**losing=yes**")
    page.reload()
    ada.wait()
    expect(table(page).get_by_test_id("glide-cell-1-0")).to_have_text("Birch")
    expect(table(page).get_by_test_id("glide-cell-1-1")).to_have_text("Total of these")


def test_a_dot_of_the_scatter_opens_its_customer(ada):
    page = ada.open("/customers?period=2026-11&search=birch")
    dot = page.locator(".js-plotly-plot .point").first
    dot.scroll_into_view_if_needed()
    dot.click(force=True)
    page.wait_for_url("**/customer?**")
    expect(page.get_by_role("heading", level=1)).to_have_text("Birch")


def test_a_number_opens_to_calls_that_sum_to_it(ada):
    page = ada.open("/costs?period=2026-11")
    tick(page, 0)
    page.wait_for_url("**/events?period=2026-11&model=openai%2Fgpt-4o")
    expect(page.locator(".mb-answer")).to_contain_text("cost $51.00. The 3 rows below sum to $51.00, all of them.")
    assert sum(Decimal(row["cost_usd"]) for row in saved(page)) == Decimal(30) + 6 + 15

    tick(page, 2)
    page.wait_for_url("**/event?of=*")
    expect(page.locator(".mb-answer")).to_contain_text("by Acme: $30.000000000000.")


def test_unpriced_and_unattributed_calls_are_each_one_click_away(ada):
    page = ada.open("/costs?period=2026-11")
    page.get_by_role("link", name="1 unpriced call").click()
    page.wait_for_url("**unpriced=yes**")
    expect(page.locator(".mb-answer")).to_have_text(re.compile("^1 call without a price"))

    page = ada.open("/costs?period=2026-11")
    page.get_by_role("link", name="2 calls of no customer").click()
    page.wait_for_url("**customer=0**")
    expect(page.locator(".mb-answer")).to_contain_text("2 calls cost $20.00")


def test_a_customer_opens_from_the_list_and_leads_back(ada):
    page = ada.open("/customers?period=2026-11")
    tick(page, 0)
    page.wait_for_url("**/customer?**")
    expect(page.get_by_role("heading", level=1)).to_have_text("Birch")
    expect(page.get_by_test_id("stMetricValue").first).to_have_text("$20.00")
    page.get_by_role("link", name="All customers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Customers")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Birch")


def test_older_calls_turn_one_page_even_when_clicked_twice(ada):
    page = ada.open("/events?period=2026-08")
    expect(page.locator(".mb-answer")).to_contain_text("120 calls cost $30.00. The 100 rows below sum to $25.00")
    page.get_by_role("button", name="Older").dblclick()
    expect(page.locator(".mb-answer")).to_contain_text("The 20 rows below sum to $5.00")
    page.get_by_role("button", name="Newer").dblclick()
    expect(page.locator(".mb-answer")).to_contain_text("The 100 rows below sum to $25.00")


def test_a_name_that_is_an_attack_is_drawn_as_it_is_written(ada):
    page = ada.open("/costs?period=2026-09")
    expect(page.locator(".mb-answer")).to_contain_text(
        '=**Bold** <b>Ltd</b> $x$ <img src="https://evil.example/x.png">'
    )
    assert page.locator("[data-testid=stMain] img").count() == 0
    page = ada.open("/customers?period=2026-09")

    assert saved(page)[0]["customer"].startswith("'=**Bold**")


@pytest.mark.parametrize("visitor", NARROW_AND_DARK, indirect=True, ids=str)
def test_every_page_fits_narrow_screens_and_follows_the_dark(ada):
    for path in PATHS:
        page = ada.open(f"{path}{'&' if '?' in path else '?'}period=2026-11")
        page.wait_for_timeout(500)
        widths = page.evaluate(
            "() => [document.documentElement.scrollWidth, document.querySelector('[data-testid=stMain]').scrollWidth]"
        )
        assert max(widths) <= page.viewport_size["width"], path


@pytest.mark.parametrize("visitor", [(1280, "light"), (1280, "dark")], indirect=True, ids=str)
def test_the_theme_is_that_of_the_persons_system(ada, request):
    dark = request.node.callspec.params["visitor"][1] == "dark"
    background = ada.page.evaluate("() => getComputedStyle(document.querySelector('.stApp')).backgroundColor")

    assert background == ("rgb(17, 24, 30)" if dark else "rgb(252, 252, 250)")


def test_the_sign_in_screen_fits_a_narrow_screen(chromium, site):
    for scheme in ("light", "dark"):
        page = chromium.new_page(viewport={"width": 390, "height": 700}, color_scheme=scheme)
        page.goto(f"{site}/login")
        assert page.evaluate("() => document.documentElement.scrollWidth") == 390
        page.close()
