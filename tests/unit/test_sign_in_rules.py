"""The rules of signing in: locks, cookies, where a link may lead, where a form may come from."""

from datetime import UTC, datetime, timedelta

import pytest

from billing_core.sign_in import (
    SessionKey,
    cookie_name,
    is_same_site,
    locked_until,
    read_cookie,
    safe_path,
    sign_cookie,
)

pytestmark = [pytest.mark.unit, pytest.mark.security]

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET = b"s" * 32


@pytest.mark.parametrize(
    ("failures", "rest"),
    [(0, None), (4, None), (5, 30), (6, 60), (7, 120), (9, 480), (10, 15 * 60), (11, 15 * 60), (10_000, 15 * 60)],
)
def test_an_account_rests_longer_after_each_failure_up_to_a_quarter_of_an_hour(failures, rest):
    assert locked_until(failures, NOW) == (None if rest is None else NOW + timedelta(seconds=rest))


def test_a_cookie_says_back_what_was_signed():
    key = SessionKey(7, "token")

    assert read_cookie(SECRET, sign_cookie(SECRET, key)) == key


def test_a_cookie_of_another_installation_or_a_changed_one_says_nothing():
    cookie = sign_cookie(SECRET, SessionKey(7, "token"))
    body, _, signature = cookie.rpartition(".")
    other = sign_cookie(SECRET, SessionKey(8, "token")).rpartition(".")[0]

    assert read_cookie(b"t" * 32, cookie) is None
    assert read_cookie(SECRET, f"{body}.{signature[:-2]}xx") is None
    assert read_cookie(SECRET, f"{other}.{signature}") is None
    assert read_cookie(SECRET, "") is None
    assert read_cookie(SECRET, None) is None
    assert read_cookie(SECRET, "nonsense") is None


def test_two_installations_on_one_host_have_two_cookies():
    assert cookie_name(b"a" * 32) != cookie_name(b"b" * 32)


@pytest.mark.parametrize("path", ["/", "/customers", "/customers?period=2026-11&model=a%2Fb", "/event?of=1#x"])
def test_a_path_of_ours_is_kept(path):
    assert safe_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        *("//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "evil"),
        *("", "/\t/evil.example", "/\n/evil.example", "javascript:alert(1)", "/login", "/login?next=/", "/logout"),
        *("/a\\b", "/\x00"),
    ],
)
def test_a_path_that_could_lead_away_becomes_the_first_page(path):
    assert safe_path(path) == "/"


@pytest.mark.parametrize(
    ("origin", "host", "is_ours"),
    [
        ("http://books.example.com", "books.example.com", True),
        ("https://books.example.com:8443", "books.example.com:8443", True),
        ("HTTPS://BOOKS.example.com", "books.EXAMPLE.com", True),
        (None, "books.example.com", True),
        ("null", "books.example.com", False),
        ("https://evil.example", "books.example.com", False),
        ("https://books.example.com.evil.example", "books.example.com", False),
        ("http://books.example.com:8502", "books.example.com:8501", False),
        ("http://books.example.com", None, False),
    ],
)
def test_a_form_comes_from_us_when_its_origin_is_the_host_it_was_sent_to(origin, host, is_ours):
    assert is_same_site(origin, host) is is_ours
