"""What roles.sql promises: three walled roles, and the same again when it is run again."""

import shutil
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, ReadOnlySqlTransaction

from billing_core.store import embedded
from billing_core.store.embedded import ClusterUrls
from tests.databases import libpq, renamed, run_as_superuser

pytestmark = [pytest.mark.postgres, pytest.mark.security]

ROLES = """
    SELECT rolname::text, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb
    FROM pg_roles WHERE rolname LIKE 'marginbook%' ORDER BY 1
"""
EVERYTHING = """
    SELECT to_jsonb(r)::text FROM pg_roles r WHERE rolname LIKE 'marginbook%'
    UNION ALL SELECT to_jsonb(m)::text FROM pg_auth_members m
    UNION ALL SELECT nspname || nspowner::regrole::text || nspacl::text FROM pg_namespace
    UNION ALL SELECT datacl::text FROM pg_database WHERE datname = current_database()
    ORDER BY 1
"""


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterUrls]:
    """Run a cluster in which only roles.sql was run."""
    home = tmp_path_factory.mktemp("roles") / "home"
    yield embedded.ensure_running(home)
    embedded.stop(home)
    shutil.rmtree(home)


def ask(url: str, question: str) -> list[tuple[object, ...]]:
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        return connection.execute(question.encode()).fetchall()


def run(url: str, statement: str) -> None:
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        connection.execute(statement.encode())


def test_no_role_is_superuser_and_only_the_backup_passes_the_wall(urls):
    assert ask(urls.superuser_url, ROLES) == [
        # name, login, superuser, bypassrls, createrole, createdb
        ("marginbook_app", True, False, False, False, False),
        ("marginbook_backup", True, False, True, False, False),
        ("marginbook_owner", True, False, False, False, False),
    ]


@pytest.mark.parametrize(
    ("role", "statement_timeout", "idle_timeout", "read_only"),
    [("app_url", "1min", "1min", "off"), ("admin_url", "0", "10min", "off"), ("backup_url", "0", "10min", "on")],
)
def test_every_role_has_its_limits_and_sees_our_schema_only(urls, role, statement_timeout, idle_timeout, read_only):
    question = """SELECT current_setting('search_path'), current_setting('statement_timeout'),
        current_setting('idle_in_transaction_session_timeout'), current_setting('default_transaction_read_only')"""

    assert ask(getattr(urls, role), question) == [("marginbook", statement_timeout, idle_timeout, read_only)]


@pytest.mark.parametrize("role", ["app_url", "admin_url"])
def test_nobody_creates_in_public(urls, role):
    with pytest.raises(InsufficientPrivilege, match="schema public"):
        run(getattr(urls, role), "CREATE TABLE public.mine ()")


def test_the_application_makes_temporary_tables_and_no_others(urls):
    run(urls.app_url, "CREATE TEMP TABLE mine ()")
    with pytest.raises(InsufficientPrivilege, match="schema marginbook"):
        run(urls.app_url, "CREATE TABLE marginbook.mine ()")


def test_the_owner_makes_tables_and_the_application_owns_nothing(urls):
    run(urls.admin_url, "CREATE TABLE mine (); DROP TABLE mine")

    owned = "SELECT count(*) FROM pg_shdepend WHERE refobjid = 'marginbook_app'::regrole AND deptype = 'o'"
    assert ask(urls.superuser_url, owned) == [(0,)]


def test_the_backup_role_writes_nothing_even_when_it_turns_read_only_off(urls):
    run(urls.admin_url, "CREATE TABLE kept (n int)")
    try:
        with pytest.raises(ReadOnlySqlTransaction):
            run(urls.backup_url, "INSERT INTO kept VALUES (1)")
        with pytest.raises(InsufficientPrivilege):
            run(urls.backup_url, "SET TRANSACTION READ WRITE; INSERT INTO kept VALUES (1)")
    finally:
        run(urls.admin_url, "DROP TABLE kept")


def test_another_role_of_the_server_may_not_even_connect(urls):
    run_as_superuser(urls, "CREATE ROLE stranger LOGIN")
    try:
        with pytest.raises(psycopg.OperationalError, match="does not have CONNECT privilege"):
            ask(urls.app_url.replace("marginbook_app", "stranger"), "SELECT 1")
    finally:
        run_as_superuser(urls, "DROP ROLE stranger")


def test_running_it_again_changes_nothing(urls):
    before = ask(urls.superuser_url, EVERYTHING)

    run_as_superuser(urls, embedded.roles_sql(), embedded.roles_sql())

    assert ask(urls.superuser_url, EVERYTHING) == before


@pytest.mark.parametrize(
    "broken", ["marginbook_app SUPERUSER", "marginbook_app BYPASSRLS", "marginbook_owner SUPERUSER"]
)
def test_running_it_again_mends_a_broken_promise(urls, broken):
    sound = ask(urls.superuser_url, ROLES)
    run_as_superuser(urls, f"ALTER ROLE {broken}")
    assert ask(urls.superuser_url, ROLES) != sound

    run_as_superuser(urls, embedded.roles_sql())

    assert ask(urls.superuser_url, ROLES) == sound


def test_the_administrator_of_a_managed_server_who_is_no_superuser_can_run_it(tmp_path):
    home = tmp_path / "home"
    urls = embedded.ensure_running(home)
    try:
        names = "marginbook_owner, marginbook_app, marginbook_backup"
        run_as_superuser(urls, f"DROP SCHEMA marginbook; DROP OWNED BY {names}; DROP ROLE {names}")
        server = renamed(urls, "postgres")
        run_as_superuser(
            server,
            "CREATE ROLE administrator LOGIN CREATEROLE CREATEDB BYPASSRLS",
            "GRANT pg_read_all_data TO administrator WITH ADMIN OPTION",
        )
        run(server.superuser_url.replace("postgres@", "administrator@"), "CREATE DATABASE theirs")
        theirs = renamed(urls, "theirs")
        for _ in range(2):
            run(theirs.superuser_url.replace("postgres@", "administrator@"), embedded.roles_sql())

        run(theirs.admin_url, "CREATE TABLE mine ()")
        assert ask(theirs.app_url, "SELECT current_schema()::text") == [("marginbook",)]
        assert ask(theirs.backup_url, "SELECT count(*) FROM mine") == [(0,)]
    finally:
        embedded.stop(home)
        shutil.rmtree(home)
