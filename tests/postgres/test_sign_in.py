"""Accounts, attempts and sessions in the database: counted, locked, ended, and read anew each time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from billing_core import access
from billing_core.clock import utc_now
from billing_core.commands.sign_in import (
    begin_attempt,
    forget_failures,
    is_password_of,
    open_session,
)
from billing_core.commands.tenants import add_member, create_account, create_tenant, reset_password
from billing_core.errors import (
    AccountExistsError,
    TenantExistsError,
    UnknownAccountError,
    WeakPasswordError,
    WrongPasswordError,
)
from billing_core.store.signing_key import signing_key
from tests.builders import NOW, asking, books, two_months
from tests.databases import libpq, run_as_superuser
from tests.web import PASSWORD, PASSWORD_HASH

pytestmark = pytest.mark.postgres

MAIL = "ada@example.com"
WRONG = "not the password"


@pytest.fixture
def ada(settled) -> int:
    """A tenant with one finance person."""
    with books(settled.superuser_url) as tenant:
        tenant.person(MAIL, "finance", PASSWORD_HASH)
        return tenant.tenant_id


def scalar(urls, statement: str):
    with psycopg.connect(libpq(urls.superuser_url)) as connection:
        return connection.execute(statement.encode()).fetchone()[0]


def cookie(entered: access.Entered) -> str:
    return entered.cookie


def test_the_right_password_opens_a_session_with_the_memberships_role(ada):
    person = access.person_of_cookie(cookie(access.sign_in(email=" ADA@example.com ", password=PASSWORD)))

    assert (person.tenant_id, person.email, person.role, person.tenant_name) == (ada, MAIL, "finance", "North")


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("email", "password"), [(MAIL, WRONG), ("nobody@example.com", PASSWORD), (MAIL, ""), ("", ""), (MAIL, "x" * 5000)]
)
def test_anything_else_opens_nothing(email, password):
    assert access.sign_in(email=email, password=password) is None


@pytest.mark.usefixtures("ada")
def test_only_the_hash_of_a_session_is_stored(settled):
    opened = access.sign_in(email=MAIL, password=PASSWORD)
    token = opened.cookie.split(".")[0]

    assert scalar(settled, "select count(*) from marginbook.sign_in_session") == 1
    assert scalar(settled, "select octet_length(session_hash) from marginbook.sign_in_session") == 32
    assert token not in scalar(settled, "select s::text from marginbook.sign_in_session s")


@pytest.mark.usefixtures("ada")
def test_the_sixth_try_fails_even_with_the_right_password_and_says_no_more(settled):
    for _ in range(5):
        assert access.sign_in(email=MAIL, password=WRONG) is None

    assert access.sign_in(email=MAIL, password=PASSWORD) is None
    assert scalar(settled, "select failed_sign_ins from marginbook.user_account") == 5
    assert scalar(settled, "select count(*) from marginbook.audit where act = 'rest after wrong passwords'") == 1


@pytest.mark.usefixtures("ada")
def test_an_account_opens_again_when_its_rest_is_over(settled):
    for _ in range(5):
        access.sign_in(email=MAIL, password=WRONG)
    run_as_superuser(settled, f"update marginbook.user_account set locked_until = '{utc_now() - timedelta(seconds=1)}'")

    assert access.sign_in(email=MAIL, password=PASSWORD) is not None
    assert scalar(settled, "select failed_sign_ins from marginbook.user_account") == 0
    assert scalar(settled, "select locked_until is null from marginbook.user_account")


@pytest.mark.usefixtures("ada")
def test_the_end_of_a_rest_is_the_first_instant_that_is_free(settled):
    run_as_superuser(settled, f"update marginbook.user_account set locked_until = '{NOW}'")
    before, at = (
        asking(settled.app_url, 0, role="service", now=NOW + timedelta(microseconds=step)) for step in (-1, 0)
    )

    with before as installation:
        assert begin_attempt(installation, email=MAIL).user_id is None
    with at as installation:
        assert begin_attempt(installation, email=MAIL).user_id is not None


@pytest.mark.usefixtures("ada")
def test_tries_at_the_same_moment_are_each_counted(settled):
    with ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(lambda _: access.sign_in(email=MAIL, password=WRONG), range(8)))

    assert opened == [None] * 8
    assert scalar(settled, "select failed_sign_ins from marginbook.user_account") == 5


@pytest.mark.usefixtures("ada")
def test_an_unknown_address_is_hashed_like_a_known_one(settled):
    with asking(settled.app_url, 0, role="service") as installation:
        unknown = begin_attempt(installation, email="nobody@example.com")

    assert unknown.user_id is None
    assert unknown.password_hash.split("$")[:4] == PASSWORD_HASH.split("$")[:4]
    assert not is_password_of(unknown, PASSWORD)


@pytest.mark.usefixtures("ada")
def test_signing_out_ends_the_session_for_every_copy_of_its_cookie(settled):
    opened = cookie(access.sign_in(email=MAIL, password=PASSWORD))
    access.sign_out(opened)
    access.sign_out(opened)

    assert access.person_of_cookie(opened) is None
    assert scalar(settled, "select count(*) from marginbook.audit where act = 'sign out'") == 1


@pytest.mark.usefixtures("ada")
def test_signing_in_anew_ends_the_session_of_the_same_browser():
    old = cookie(access.sign_in(email=MAIL, password=PASSWORD))
    new = cookie(access.sign_in(email=MAIL, password=PASSWORD, old_cookie=old))

    assert old != new
    assert access.person_of_cookie(old) is None
    assert access.person_of_cookie(new) is not None


@pytest.mark.usefixtures("ada")
def test_a_session_is_over_at_its_end(settled):
    opened = cookie(access.sign_in(email=MAIL, password=PASSWORD))
    run_as_superuser(settled, f"update marginbook.sign_in_session set expires_at = '{utc_now()}'")

    assert access.person_of_cookie(opened) is None


@pytest.mark.usefixtures("ada")
def test_what_happened_to_session_and_role_acts_when_the_short_memory_is_over(settled, monkeypatch):
    opened = cookie(access.sign_in(email=MAIL, password=PASSWORD))
    assert access.person_of_cookie(opened).role == "finance"
    run_as_superuser(settled, "update marginbook.membership set role = 'viewer'")
    assert access.person_of_cookie(opened).role == "finance"  # Remembered.

    later = utc_now() + access.TRUSTED_FOR
    monkeypatch.setattr("billing_core.access.utc_now", lambda: later)
    assert access.person_of_cookie(opened).role == "viewer"
    run_as_superuser(
        settled, "update marginbook.sign_in_session set revoked_at = recorded from (select now() recorded) x"
    )
    later += access.TRUSTED_FOR
    assert access.person_of_cookie(opened) is None


@pytest.mark.usefixtures("ada")
def test_the_memory_of_sessions_does_not_grow_without_end(monkeypatch):
    monkeypatch.setattr("billing_core.access.REMEMBERED_MAX", 2)
    opened = [cookie(access.sign_in(email=MAIL, password=PASSWORD)) for _ in range(3)]

    assert all(access.person_of_cookie(each) for each in opened)
    assert len(access._remembered) <= 2


def test_a_newcomer_lands_where_usage_is_and_may_switch(settled, ada):
    with books(settled.superuser_url, slug="zoo", name="Zoo", is_demo=True) as zoo:
        two_months(zoo)
        zoo.connection.execute(
            "insert into marginbook.membership select %s, user_id, 'viewer', now() from marginbook.user_account",
            [zoo.tenant_id],
        )
    opened = cookie(access.sign_in(email=MAIL, password=PASSWORD))
    in_zoo = access.person_of_cookie(opened)
    assert (in_zoo.tenant_name, in_zoo.role, in_zoo.is_demo) == ("Zoo", "viewer", True)
    assert [tenant.name for tenant in access.open_tenants(in_zoo)] == ["North", "Zoo"]

    switched = access.switch_tenant(opened, tenant_id=ada)
    assert access.person_of_cookie(switched.cookie).tenant_id == ada
    assert access.person_of_cookie(opened) is None
    assert access.switch_tenant(switched.cookie, tenant_id=999) is None
    assert access.switch_tenant("forged", tenant_id=ada) is None


def test_a_session_opens_only_for_a_member(settled, ada):
    with asking(settled.app_url, ada, role="service") as workspace:
        assert open_session(workspace, user_id=10**6, email="x") is None


@pytest.mark.usefixtures("settled", "ada")
def test_a_new_password_needs_the_old_one_and_ends_every_other_session():
    here, elsewhere = (cookie(access.sign_in(email=MAIL, password=PASSWORD)) for _ in range(2))
    person = access.person_of_cookie(here)
    with pytest.raises(WrongPasswordError):
        access.change_password(person, old_password=WRONG, new_password="another long password")
    with pytest.raises(WeakPasswordError, match="12 to 200"):
        access.change_password(person, old_password=PASSWORD, new_password="x" * 11)

    entered = access.change_password(person, old_password=PASSWORD, new_password="x" * 12)
    assert access.person_of_cookie(entered.cookie).email == MAIL
    assert access.person_of_cookie(here) is None
    assert access.person_of_cookie(elsewhere) is None
    assert access.sign_in(email=MAIL, password=PASSWORD) is None
    assert access.sign_in(email=MAIL, password="x" * 12) is not None


@pytest.mark.usefixtures("ada")
def test_a_lost_password_is_replaced_by_one_that_is_shown_once(settled):
    for _ in range(5):
        access.sign_in(email=MAIL, password=WRONG)
    with asking(settled.app_url, 0, role="service") as installation:
        made = reset_password(installation, email=MAIL)
        with pytest.raises(UnknownAccountError):
            reset_password(installation, email="nobody@example.com")

    assert access.sign_in(email=MAIL, password=made.password) is not None


def test_a_tenant_and_its_owner_are_made_once(settled):
    with asking(settled.app_url, 0, role="service") as installation:
        tenant_id = create_tenant(installation, slug="north", name="North")
        owner = create_account(installation, email=MAIL, name="Ada")
        add_member(installation, tenant_id=tenant_id, user_id=owner.user_id, role="owner")
        with pytest.raises(TenantExistsError):
            create_tenant(installation, slug="north", name="Another")
        with pytest.raises(AccountExistsError):
            create_account(installation, email=MAIL.upper(), name="Another")

    person = access.person_of_cookie(cookie(access.sign_in(email=MAIL, password=owner.password)))
    assert (person.tenant_id, person.role) == (tenant_id, "owner")


@pytest.mark.usefixtures("ada")
def test_failures_are_forgotten_only_for_the_account_that_signed_in(settled):
    with books(settled.superuser_url, slug="south", name="South") as south:
        south.person("bob@example.com", "owner", PASSWORD_HASH)
    access.sign_in(email="bob@example.com", password=WRONG)
    with asking(settled.app_url, 0, role="service") as installation:
        forget_failures(installation, user_id=begin_attempt(installation, email=MAIL).user_id)

    assert scalar(settled, "select sum(failed_sign_ins) from marginbook.user_account") == 1


@pytest.mark.usefixtures("settled")
def test_the_signing_key_is_made_once_and_read_by_its_owner_alone(tmp_path):
    with ThreadPoolExecutor(4) as threads:
        keys = set(threads.map(lambda _: signing_key(), range(8)))

    assert len(keys) == 1
    assert len(keys.pop()) == 32
    assert oct((tmp_path / "signing.key").stat().st_mode)[-3:] == "600"
    assert [path.name for path in tmp_path.iterdir()] == ["signing.key"]
