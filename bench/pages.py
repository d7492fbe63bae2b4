"""How long a person waits for a page: real Chromium, the real web program, from click to last number drawn."""

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from bench.data_set_a import MONTHS
from bench.installation import Tenant
from bench.programs import HOST, PROJECT, free_port, running, wait_until_healthy
from bench.progress import say
from bench.unmeasured import UnmeasuredError
from tests.chromium import find_chromium

PAGES = {"page_overview_ms": ("/", "Overview"), "page_customers_ms": ("/customers", "Customers")}
APP = '[data-testid="stApp"]'
START_SECONDS_MAX = 60
AMOUNT = re.compile(r"\d\.\d\d")
WAIT_MS_MAX = 60_000
QUIET_MS = 700
"""A page that has not changed for so long is drawn; the wait itself is not counted."""

WATCH = """
() => {
    window.drawn = { last: 0 };
    new MutationObserver(() => { window.drawn.last = performance.now(); })
        .observe(document.body, { childList: true, subtree: true, characterData: true });
}
"""
CLICK = """
(link) => { window.drawn.began = window.drawn.last = performance.now(); link.click(); }
"""
IS_DRAWN = f"""
(title) => document.querySelector('{APP}')?.dataset.testScriptState === 'notRunning'
    && [...document.querySelectorAll('h1')].some((heading) => heading.textContent.includes(title))
    && performance.now() - window.drawn.last > {QUIET_MS}
"""
TOOK = "() => window.drawn.last - window.drawn.began"


def times_ms(tenant: Tenant) -> dict[str, list[float]]:
    """Return for each page the milliseconds of one navigation per month, each with months that nobody asked before."""
    with (
        _web_program(tenant) as address,
        signed_in(address, email=tenant.owner.email, password=tenant.owner.password) as page,
    ):
        for month in MONTHS[:2]:  # Both pages once, for warmth.
            _navigations(page, address, f"{month:%Y-%m}")
        times: dict[str, list[float]] = {key: [] for key in PAGES}
        keys = list(PAGES)
        for place, month in enumerate(MONTHS[:-1]):
            # From the one page to the other: the month's numbers are in the cache of the first one only.
            here, there = (keys[place % 2], keys[1 - place % 2])
            times[there].append(_navigation(page, address, f"{month:%Y-%m}", here=here, there=there))
            say(f"{there} for {month:%Y-%m}: {times[there][-1]:,.0f} ms")
        return times


def _navigations(page: Page, address: str, month: str) -> None:
    for here, there in (list(PAGES), list(reversed(PAGES))):
        _navigation(page, address, month, here=here, there=there)


def _navigation(page: Page, address: str, month: str, *, here: str, there: str) -> float:
    """Open one page for a month, then click to the other and return how long that took until it was drawn."""
    path, title = PAGES[here]
    page.goto(f"{address}{path}?period={month}")
    page.evaluate(WATCH)
    page.wait_for_function(IS_DRAWN, arg=title)
    title = PAGES[there][1]
    link = page.get_by_test_id("stSidebarNavLink").filter(has_text=title).element_handle()
    page.evaluate(CLICK, link)
    page.wait_for_function(IS_DRAWN, arg=title)
    shown = page.get_by_test_id("stMain").text_content() or ""  # The cells of a table too, which is a canvas.
    if page.get_by_test_id("stException").count() or not AMOUNT.search(shown):
        raise UnmeasuredError(f"The page {title} shows no amount for {month}: {shown[:200]!r}")
    return float(page.evaluate(TOOK))


@contextmanager
def _web_program(tenant: Tenant) -> Iterator[str]:
    """Run the web program alone on the benchmark's database and yield its address."""
    home = Path(tempfile.mkdtemp(prefix="marginbook-bench-web-"))
    port = free_port()
    settings = {"DATABASE_URL": tenant.urls.app_url, "MARGINBOOK_HOME": str(home), "PORT": str(port)}
    try:
        with running([sys.executable, "-m", "cli", "web"], folder=PROJECT, settings=settings):
            wait_until_healthy(port, seconds_max=START_SECONDS_MAX)
            yield f"http://{HOST}:{port}"
    finally:
        shutil.rmtree(home)


@contextmanager
def signed_in(address: str, *, email: str, password: str) -> Iterator[Page]:
    """Open Chromium, sign in by the form, and yield the page."""
    program = find_chromium()
    if program is None:
        raise UnmeasuredError("There is no Chromium here: install it, or set CHROMIUM to its program.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(WAIT_MS_MAX)
        page.goto(f"{address}/login")
        page.fill("input[name=email]", email)
        page.fill("input[name=password]", password)
        page.click("button")
        page.wait_for_selector(f"{APP}[data-test-script-state='notRunning']")
        yield page
        browser.close()
