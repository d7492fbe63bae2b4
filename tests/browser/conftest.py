"""The real web program on a filled database, and people in real browsers who look at it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from billing_core.store.embedded import ClusterUrls
from tests.builders import books
from tests.chromium import find_chromium
from tests.databases import fresh_database
from tests.pages.earning import earning
from tests.web import PASSWORD, PASSWORD_HASH

ROOT = Path(__file__).parents[2]
MAIL = "ada@example.com"
NAUGHTY = '=**Bold** <b>Ltd</b> $x$ <img src="https://evil.example/x.png">'
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
STARTS_WITHIN_SECONDS = 60


@dataclass
class Visitor:
    """One browser window, with everything it asked for and every fault in it."""

    site: str
    context: BrowserContext
    page: Page
    faults: list[str] = field(default_factory=list)
    asked_elsewhere: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Open a path and wait until the page has its heading."""
        self.page.goto(f"{self.site}{path}")
        return self.wait()

    def wait(self) -> Page:
        """Wait until the script that draws the page has ended."""
        self.page.get_by_role("heading", level=1).first.wait_for()
        self.page.locator('[data-testid=stApp][data-test-script-state="notRunning"]').wait_for()
        return self.page

    def sign_in(self) -> Page:
        """Fill in the form that is shown."""
        self.page.get_by_label("E-mail").fill(MAIL)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        return self.wait()


@pytest.fixture(scope="session")
def books_on_show(cluster: ClusterUrls) -> Iterator[ClusterUrls]:
    """A database with a tenant that keeps 24 of 127 dollars in November, and one customer more whose name attacks."""
    with fresh_database(cluster) as urls:
        with books(urls.superuser_url) as tenant:
            earning(tenant)
            tenant.usage("2026-09-15 10:00", customer=NAUGHTY, cost="7", model="gpt-4o", feature="<i>draft</i>")
            for minute in range(120):
                at = f"2026-08-02 {10 + minute // 60}:{minute % 60:02}"
                tenant.usage(at, customer=f"Customer {minute % 3}", cost="0.25", feature="chat")
            tenant.person(MAIL, "owner", PASSWORD_HASH)
        yield urls


@pytest.fixture(scope="session")
def site(books_on_show: ClusterUrls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real program, started as a person starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "DATABASE_URL": books_on_show.app_url,
        "MARGINBOOK_HOME": str(tmp_path_factory.mktemp("home")),
        "PORT": str(port),
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    log = (tmp_path_factory.mktemp("log") / "web.log").open("wb")
    server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stdout=log, stderr=log)
    try:
        _wait_until_healthy(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)
        log.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for all tests; each opens a window of its own, without cookies."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium: Browser, site: str, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    """A person who is not signed in; a parameter says (width, colour scheme).

    At the end nothing was asked of another site, no script failed and no error stands on the page.
    """
    width, scheme = getattr(request, "param", (1280, "light"))
    context = chromium.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, accept_downloads=True, timezone_id="Asia/Tokyo"
    )
    who = Visitor(site, context, context.new_page())
    who.page.on("pageerror", lambda fault: who.faults.append(str(fault)))
    context.on("request", lambda asked: _note(who, asked.url))
    yield who
    shown = who.page.get_by_test_id("stException").count()
    context.close()
    assert who.faults == []
    assert who.asked_elsewhere == []
    assert shown == 0


@pytest.fixture
def ada(visitor: Visitor) -> Visitor:
    """A person who is signed in as the owner."""
    visitor.page.goto(visitor.site)
    visitor.sign_in()
    return visitor


def _note(who: Visitor, url: str) -> None:
    if not url.startswith((who.site, who.site.replace("http", "ws"), "data:", "blob:")):
        who.asked_elsewhere.append(url)


def _wait_until_healthy(url: str) -> None:
    give_up_at = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < give_up_at:
        try:
            urllib.request.urlopen(f"{url}/healthz", timeout=2).close()  # noqa: S310 - our own program on this machine
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"No answer from {url}.")
