"""Nothing passes the gate without a session: no request, no WebSocket, no foreign form; no link leads away."""

import json
from urllib.parse import quote

import pytest

from billing_core import access
from billing_core.sign_in import SessionKey, cookie_name, read_cookie, sign_cookie
from billing_core.store.engine import engine
from billing_core.store.signing_key import signing_key
from tests.builders import books
from tests.databases import run_as_superuser
from tests.web import HOST, PASSWORD, PASSWORD_HASH, Site

pytestmark = [pytest.mark.security, pytest.mark.postgres]

MAIL = "ada@example.com"
EVIL = "https://evil.example"


@pytest.fixture
def site(settled) -> Site:
    """The gate, with Ada as owner of North and Bob as owner of South."""
    with books(settled.superuser_url) as north:
        north.person(MAIL, "owner", PASSWORD_HASH)
    with books(settled.superuser_url, slug="south", name="South") as south:
        south.person("bob@example.com", "owner", PASSWORD_HASH)
    return Site()


def signed(key: SessionKey) -> str:
    secret = signing_key()
    return f"{cookie_name(secret)}={sign_cookie(secret, key)}"


def key_of(cookie: str) -> SessionKey:
    return read_cookie(signing_key(), cookie.partition("=")[2])


@pytest.mark.parametrize(
    "path",
    ["/", "/customers", "/_stcore/host-config", "/_stcore/metrics", "/media/x", "/component/x", "/Static/x", "/login/"],
)
def test_every_path_is_closed_without_a_session(site, path):
    page, other = site.get(path), site.ask("GET", path, accept="*/*")

    assert (page.status, page.headers["location"].partition("?")[0]) == (303, "/login")
    assert (other.status, other.body) == (401, "Sign in first.")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_every_method_is_closed_without_a_session(site, method):
    assert site.ask(method, "/_stcore/upload_file/x").status == 401


def test_the_few_open_paths_are_open(site):
    assert site.get("/login").status == 200
    assert json.loads(site.get("/healthz").body) == {"status": "ok", "database": "ok"}
    assert site.get("/static/media/font.woff2").body == "inside"
    assert site.get("/_stcore/health").body == "inside"


def test_a_websocket_is_refused_before_it_is_accepted(site):
    assert site.handshake() == "websocket.close"
    assert site.handshake("marginbook_00000000=forged") == "websocket.close"
    assert site.handshake(site.sign_in(MAIL)) == "websocket.accept"


def test_a_session_opens_everything_until_it_is_ended(site):
    cookie = site.sign_in(MAIL)
    assert site.get("/customers", cookie).body == "inside"

    left = site.post("/logout", cookie=cookie)
    assert (left.status, left.headers["location"]) == (303, "/login")
    assert list(left.cookies.values()) == [""]
    assert site.get("/customers", cookie).status == 303
    assert site.handshake(cookie) == "websocket.close"


def test_a_session_that_was_revoked_elsewhere_is_refused(site, settled):
    cookie = site.sign_in(MAIL)
    run_as_superuser(settled, "update marginbook.sign_in_session set revoked_at = created_at")

    assert site.get("/", cookie).status == 303
    assert site.handshake(cookie) == "websocket.close"


def test_a_session_that_is_over_is_refused(site, settled):
    cookie = site.sign_in(MAIL)
    run_as_superuser(settled, "update marginbook.sign_in_session set expires_at = created_at")

    assert site.get("/", cookie).status == 303


def test_a_person_whose_membership_ended_is_refused(site, settled):
    cookie = site.sign_in(MAIL)
    run_as_superuser(
        settled,
        "alter table marginbook.sign_in_session drop constraint sign_in_session_tenant_id_user_id_fkey",
        f"delete from marginbook.membership where tenant_id = {key_of(cookie).tenant_id}",
    )

    assert site.get("/", cookie).status == 303


def test_a_changed_cookie_opens_nothing(site):
    cookie = site.sign_in(MAIL)
    name, _, value = cookie.partition("=")

    for changed in (value[:-3] + "abc", "x" + value, value.swapcase(), "", value + ".x", "null", "[]"):
        assert site.get("/", f"{name}={changed}").status == 303


def test_a_session_opens_the_tenant_it_was_made_for_and_no_other(site):
    ada, bob = key_of(site.sign_in(MAIL)), key_of(site.sign_in("bob@example.com"))
    assert ada.tenant_id != bob.tenant_id

    # Even with our own signature, a token of one tenant finds no session in another.
    crossed = SessionKey(bob.tenant_id, ada.token)
    assert site.get("/", signed(crossed)).status == 303
    assert site.get("/", signed(ada)).status == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(site):
    plain = site.post("/login", {"email": MAIL, "password": PASSWORD}).headers["set-cookie"]
    behind_tls = site.post(
        "/login", {"email": MAIL, "password": PASSWORD}, origin=f"https://{HOST}", x_forwarded_proto="https"
    ).headers["set-cookie"]

    assert "HttpOnly" in plain
    assert "SameSite=lax" in plain
    assert "Path=/" in plain
    assert "Secure" not in plain
    assert "Secure" in behind_tls


def test_a_session_of_before_is_not_carried_over_sign_in(site):
    planted = signed(SessionKey(1, "planted by somebody else"))
    cookie = site.sign_in(MAIL, cookie=planted)
    again = site.sign_in(MAIL, cookie=cookie)

    assert len({planted, cookie, again}) == 3
    assert site.get("/", planted).status == 303
    assert site.get("/", cookie).status == 303  # The same browser signed in anew.
    assert site.get("/", again).body == "inside"


@pytest.mark.parametrize("path", ["/login", "/logout", "/tenant", "/password"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": f"http://{HOST}.evil.example"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
    ids=str,
)
def test_a_form_of_another_site_does_nothing(site, path, headers):
    cookie = site.sign_in(MAIL)
    answer = site.post(path, {"email": MAIL, "password": PASSWORD, "tenant": "1"}, cookie, **headers)

    assert answer.status == 403
    assert answer.cookies == {}
    assert site.get("/", cookie).body == "inside"


def test_a_form_behind_a_proxy_is_ours_by_the_host_that_the_proxy_names(site):
    answer = site.post(
        "/login",
        {"email": MAIL, "password": PASSWORD},
        origin="https://public.example",
        x_forwarded_host="public.example",
    )

    assert answer.status == 303


@pytest.mark.parametrize(
    ("wanted", "lands_on"),
    [
        ("/customers?period=2026-11&model=a%2Fb", "/customers?period=2026-11&model=a%2Fb"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/login?next=/login", "/"),
        ("", "/"),
    ],
)
def test_sign_in_leads_on_to_the_page_that_was_wanted_and_never_away(site, wanted, lands_on):
    path = f"/login?next={quote(wanted, safe='')}"
    answer = site.post(path, {"email": MAIL, "password": PASSWORD})
    inside = site.get(path, site.sign_in(MAIL))

    assert (answer.status, answer.headers["location"]) == (303, lands_on)
    assert (inside.status, inside.headers["location"]) == (303, lands_on)


def test_a_deep_link_with_strange_letters_survives_sign_in(site):
    sent = site.get("/customer?customer=7&feature=%C3%BCber%20%26%20mehr")
    answer = site.post(sent.headers["location"], {"email": MAIL, "password": PASSWORD})

    assert answer.headers["location"] == "/customer?customer=7&feature=%C3%BCber%20%26%20mehr"


def test_wrong_password_unknown_address_and_resting_account_get_the_same_answer(site):
    unknown = site.post("/login", {"email": "nobody@example.com", "password": PASSWORD})
    wrong = site.post("/login", {"email": MAIL, "password": "wrong"})
    for _ in range(5):
        site.post("/login", {"email": MAIL, "password": "wrong"})
    resting = site.post("/login", {"email": MAIL, "password": PASSWORD})

    assert unknown.status == wrong.status == resting.status == 401
    said = [answer.body.replace(MAIL, "").replace("nobody@example.com", "") for answer in (unknown, wrong, resting)]
    assert len(set(said)) == 1


def test_what_was_typed_is_shown_again_as_text(site):
    answer = site.post("/login", {"email": '"><script>alert(1)</script>', "password": "x"})

    assert "<script>" not in answer.body
    assert "&quot;&gt;&lt;script&gt;" in answer.body


def test_a_form_without_end_is_refused(site):
    assert site.post("/login", {"email": MAIL, "password": "x" * 20_000}).status == 413
    assert site.post("/login", {f"f{number}": "x" for number in range(11)}).status == 413


def test_pages_cannot_be_framed_and_screens_load_nothing_from_elsewhere(site):
    screen = site.get("/login")

    assert screen.headers["x-frame-options"] == "DENY"
    assert screen.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in screen.headers["content-security-policy"]
    assert "http://" not in screen.body.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in screen.body
    assert site.get("/", site.sign_in(MAIL)).headers["referrer-policy"] == "same-origin"


def test_a_password_is_changed_by_its_person_alone(site):
    assert site.get("/password").headers["location"].startswith("/login")
    cookie = site.sign_in(MAIL)
    refused = site.post("/password", {"old": "wrong", "new": "a new long password"}, cookie)
    short = site.post("/password", {"old": PASSWORD, "new": "short"}, cookie)
    changed = site.post("/password", {"old": PASSWORD, "new": "a new long password"}, cookie)

    assert (refused.status, "present password is wrong" in refused.body) == (400, True)
    assert (short.status, "12 to 200 characters" in short.body) == (400, True)
    assert changed.status == 303
    assert site.get("/", cookie).status == 303
    assert site.get("/", site.sign_in(MAIL, "a new long password")).body == "inside"


def test_nobody_switches_to_a_tenant_that_is_not_theirs(site):
    ada, bob = site.sign_in(MAIL), site.sign_in("bob@example.com")
    souths = str(key_of(bob).tenant_id)

    for tenant in (souths, "0", "-1", "x", "9" * 30, ""):
        assert site.post("/tenant", {"tenant": tenant}, ada).status == 403
    assert access.person_of_cookie(ada.partition("=")[2]).tenant_name == "North"


def test_without_its_database_the_site_says_so_and_gives_nothing_away(site, monkeypatch):
    cookie = site.sign_in(MAIL)
    access._remembered.clear()
    engine().dispose()
    engine.cache_clear()
    monkeypatch.setenv("DATABASE_URL", "postgresql://marginbook_app:secret@127.0.0.1:9/none")

    health, page, form = (
        site.get("/healthz"),
        site.get("/", cookie),
        site.post("/login", {"email": MAIL, "password": "x"}),
    )
    assert (health.status, json.loads(health.body)["database"]) == (503, "down")
    assert (page.status, form.status) == (503, 503)
    assert site.handshake(cookie) == "websocket.close"
    for answer in (health, page, form):
        assert "The database does not answer" in answer.body
        assert "secret" not in answer.body
        assert "127.0.0.1" not in answer.body
        assert "Traceback" not in answer.body
