"""The catalogue of a migrated database keeps the rules that hold for every table (docs/database.md)."""

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any

import psycopg
import pytest

from billing_core import stripe_facts
from billing_core.store import embedded
from billing_core.store.embedded import ClusterUrls
from billing_core.store.migrate import upgrade
from tests.databases import fresh_database, libpq, renamed, run_as_superuser

pytestmark = pytest.mark.postgres

# Each with its reason in docs/decisions/0003-global-tables.md; Alembic's own note of the version has no tenant either.
GLOBAL = {"tenant", "user_account", "membership", "catalogue_price", "tenant_due"}
WITHOUT_A_WALL = {"catalogue_price", "alembic_version"}

FACTS = {
    *("own_price", "usage_event", "usage_conflict", "quarantine", "audit"),
    *("stripe_customer_match", "fx_rate", "document_rate", "shared_cost"),
}
# These stand beside an event and share its recorded_at by their event_id.
BESIDE_AN_EVENT = {"usage_key", "usage_raw"}
# Known since it was fetched, done or checked: they have that instant instead.
BACKFILLED = {"stripe_object_version": "fetched_at", "stripe_backfill_window": "finished_at"}
DATED_OTHERWISE = {**BACKFILLED, "books_check": "checked_at"}
# Numbers once given are given for ever.
NAMES = {"tenant", "membership", "customer", "customer_alias", "product", "usage_source", "usage_dimension", "plan"}
APPEND_ONLY = FACTS | BESIDE_AN_EVENT | NAMES | DATED_OTHERWISE.keys()
MIRRORED = [name for name, kind in vars(stripe_facts).items() if is_dataclass(kind)]
MIRROR = {"stripe_object", *(re.sub("(?<!^)(?=[A-Z])", "_", name).lower() for name in MIRRORED)}
PROJECTIONS = {
    *("usage_cost_month", "usage_cost_day", "usage_day", "usage_hour"),
    *("booked_day", "booked_month", "plan_span", "customer_standing", *MIRROR),
}

COMMANDS = {"r": "select", "a": "insert", "w": "update", "d": "delete"}
ROLES = ("marginbook_app", "marginbook_backup", "marginbook_owner")

Catalogue = Any
"""A function that runs a question on the migrated database and returns its rows."""


@pytest.fixture(scope="module")
def catalogue(cluster: ClusterUrls) -> Iterator[Catalogue]:
    """Make a database with partitions of three months and read its catalogue as superuser."""
    with fresh_database(cluster) as urls, psycopg.connect(libpq(urls.superuser_url), autocommit=True) as connection:
        for month in ("2023-11-01", "2026-11-01", "2026-12-01"):
            connection.execute("select marginbook.make_month_partitions(%s::date)", [month])
        yield lambda question, *values: connection.execute(question, values or None).fetchall()


def tables(catalogue: Catalogue, *, partitions: bool) -> set[str]:
    """Return the names of all tables; partitions are tables too."""
    rows = catalogue(
        "select relname, relispartition from pg_class "
        "where relnamespace = 'marginbook'::regnamespace and relkind in ('r', 'p')"
    )
    return {name for name, is_partition in rows if is_partition is partitions}


def columns(catalogue: Catalogue) -> list[tuple[str, str, str, bool, str | None]]:
    """Return table, name, type, whether it may be null, and default of every column."""
    return catalogue(
        "select relname, attname, format_type(atttypid, atttypmod), not attnotnull, pg_get_expr(adbin, adrelid) "
        "from pg_attribute join pg_class on pg_class.oid = attrelid "
        "left join pg_attrdef on adrelid = attrelid and adnum = attnum "
        "where relnamespace = 'marginbook'::regnamespace and relkind in ('r', 'p') "
        "and attnum > 0 and not attisdropped"
    )


def policies(catalogue: Catalogue) -> list[tuple[str, str, list[str], bool, str]]:
    """Return table, command, roles, whether it permits, and condition of every policy."""
    return catalogue(
        "select relname, polcmd, polroles::regrole[]::text[], polpermissive, "
        "coalesce(pg_get_expr(polqual, polrelid), '') || ' ' || coalesce(pg_get_expr(polwithcheck, polrelid), '') "
        "from pg_policy join pg_class on pg_class.oid = polrelid where relnamespace = 'marginbook'::regnamespace"
    )


def grants(catalogue: Catalogue) -> dict[str, set[str]]:
    """Return per table what the application's role is granted, and nobody else but the owner is granted anything."""
    granted: dict[str, set[str]] = defaultdict(set)
    rows = catalogue(
        "select relname, grantee::regrole::text, lower(privilege_type) from pg_class, aclexplode(relacl) "
        "where relnamespace = 'marginbook'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f') "
        "and grantee <> relowner"
    )
    for table, grantee, privilege in rows:
        assert grantee == "marginbook_app", f"{grantee} may {privilege} {table}"
        granted[table].add(privilege)
    return granted


def test_every_table_is_a_tenants_or_one_of_the_five_global_ones(catalogue):
    with_tenant = {table for table, name, *_ in columns(catalogue) if name == "tenant_id"}
    partitions = tables(catalogue, partitions=True)

    assert tables(catalogue, partitions=False) - with_tenant == {"user_account", "catalogue_price", "alembic_version"}
    assert {f"usage_{kind}_{month}" for kind in ("event", "raw") for month in ("202311", "202611", "202612")} == (
        partitions
    )
    assert partitions <= with_tenant


def test_the_tenant_is_a_whole_number_that_is_always_there(catalogue):
    kinds = {(kind, may_be_null) for _, name, kind, may_be_null, _ in columns(catalogue) if name == "tenant_id"}

    assert kinds == {("bigint", False)}


def test_the_tenant_leads_every_key_of_a_tenants_table(catalogue):
    keys = catalogue(
        "select relname, indexrelid::regclass::text, indisprimary, attname "
        "from pg_index join pg_class on pg_class.oid = indrelid "
        "left join pg_attribute on attrelid = indrelid and attnum = indkey[0] "
        "where relnamespace = 'marginbook'::regnamespace and indisunique"
    )
    with_primary_key = {table for table, _, is_primary, _ in keys if is_primary}

    assert [key for key in keys if key[3] != "tenant_id" and key[0] not in GLOBAL | {"alembic_version"}] == []
    assert with_primary_key == tables(catalogue, partitions=False) | tables(catalogue, partitions=True)


def test_a_tenant_leads_also_the_keys_of_memberships_and_due_work(catalogue):
    first = catalogue(
        "select relname, attname from pg_index join pg_class on pg_class.oid = indrelid "
        "join pg_attribute on attrelid = indrelid and attnum = indkey[0] "
        "where relname in ('membership', 'tenant_due', 'tenant') and indisprimary"
    )

    assert sorted(first) == [("membership", "tenant_id"), ("tenant", "tenant_id"), ("tenant_due", "tenant_id")]


def test_a_foreign_key_stays_inside_its_tenant_or_leads_to_a_global_table(catalogue):
    foreign_keys = catalogue(
        "select here.relname, there.relname, "
        "(select attname from pg_attribute where attrelid = conrelid and attnum = conkey[1]), "
        "(select attname from pg_attribute where attrelid = confrelid and attnum = confkey[1]) "
        "from pg_constraint join pg_class here on here.oid = conrelid join pg_class there on there.oid = confrelid "
        "where contype = 'f' and connamespace = 'marginbook'::regnamespace"
    )
    crossing = [key for key in foreign_keys if key[2:] != ("tenant_id", "tenant_id") and key[1] not in GLOBAL]

    assert crossing == []
    assert len(foreign_keys) >= 10


def test_there_is_no_exclusion_no_trigger_no_rule_and_no_view(catalogue):
    assert catalogue("select tgrelid::regclass, tgname from pg_trigger where not tgisinternal") == []
    assert catalogue("select conname from pg_constraint where contype = 'x'") == []
    assert catalogue("select tablename, rulename from pg_rules where schemaname = 'marginbook'") == []
    assert (
        catalogue(
            "select relname from pg_class "
            "where relnamespace = 'marginbook'::regnamespace and relkind not in ('r', 'p', 'i', 'I', 'S')"
        )
        == []
    )


def test_row_level_security_is_forced_on_every_table_and_partition(catalogue):
    rows = catalogue(
        "select relname from pg_class where relnamespace = 'marginbook'::regnamespace and relkind in ('r', 'p') "
        "and not (relrowsecurity and relforcerowsecurity)"
    )

    assert {name for (name,) in rows} == WITHOUT_A_WALL


def test_a_partition_is_shut_no_grant_and_no_policy_lead_into_it(catalogue):
    partitions = tables(catalogue, partitions=True)

    assert partitions
    assert partitions & grants(catalogue).keys() == set()
    assert partitions & {policy[0] for policy in policies(catalogue)} == set()


def test_a_partition_keeps_its_parents_keys(catalogue):
    indexes = catalogue(
        "select count(*) filter (where not relispartition), count(*) filter (where relispartition) from pg_class "
        "where relnamespace = 'marginbook'::regnamespace and relkind in ('i', 'I') and relname ~ '^usage_(event|raw)_'"
    )
    parents, children = indexes[0]

    assert (parents, children) == (2 + 1, 3 * (2 + 1))  # Ledger: key and unpriced; raw blocks: key; three months.


def test_there_is_one_policy_per_table_and_command_and_none_for_all(catalogue):
    found = [(table, command) for table, command, *_ in policies(catalogue)]

    assert len(found) == len(set(found))
    assert {command for _, command in found} == set(COMMANDS)
    assert len(found) >= 45


def test_every_policy_permits_the_application_alone_and_asks_for_the_tenant(catalogue):
    for table, command, roles, permits, condition in policies(catalogue):
        assert (roles, permits) == (["marginbook_app"], True), (table, command)
        assert "NULLIF(current_setting('app.tenant_id'::text, true), ''::text)" in condition, (table, command)


def test_every_policy_for_writing_names_the_roles_that_may(catalogue):
    silent = [
        (table, command)
        for table, command, *_, condition in policies(catalogue)
        if command != "r" and "current_setting('app.role'::text, true)" not in condition
    ]

    assert silent == []


def test_no_policy_holds_a_subquery_because_citus_refuses_it(catalogue):
    assert [policy for policy in policies(catalogue) if "SELECT" in policy[-1]] == []


def test_what_is_granted_is_what_a_policy_permits(catalogue):
    permitted: dict[str, set[str]] = defaultdict(set)
    for table, command, *_ in policies(catalogue):
        permitted[table].add(COMMANDS[command])

    assert grants(catalogue) == permitted | {"catalogue_price": {"select"}}


def test_nothing_is_granted_on_single_columns_or_to_everybody(catalogue):
    assert (
        catalogue("select attrelid::regclass, attname from pg_attribute where attrelid > 16383 and attacl <> '{}'")
        == []
    )
    assert (
        catalogue("select oid::regnamespace from pg_namespace, aclexplode(nspacl) where oid > 16383 and grantee = 0")
        == []
    )
    assert catalogue(
        "select proname, grantee::regrole::text from pg_proc, aclexplode(proacl) "
        "where pronamespace = 'marginbook'::regnamespace and grantee <> proowner"
    ) == [("make_month_partitions", "marginbook_app")]
    assert catalogue(
        "select relname, grantee::regrole::text, privilege_type from pg_class, aclexplode(relacl) "
        "where relnamespace = 'marginbook'::regnamespace and relkind = 'S' and grantee <> relowner"
    ) == [("usage_event_block", "marginbook_app", "USAGE")]


def test_what_is_appended_can_be_neither_changed_nor_deleted(catalogue):
    granted = grants(catalogue)

    assert {table for table in granted if granted[table] == {"select", "insert"}} == APPEND_ONLY


def test_a_fact_says_since_when_we_know_it(catalogue):
    known_since = {
        table
        for table, name, kind, may_be_null, _ in columns(catalogue)
        if (name, kind, may_be_null) == ("recorded_at", "timestamp with time zone", False)
    }
    numbered = {table for table, name, *_ in columns(catalogue) if name == "event_id"}
    dated = {(table, name) for table, name, _, may_be_null, _ in columns(catalogue) if not may_be_null}

    assert known_since >= FACTS | NAMES
    assert numbered >= BESIDE_AN_EVENT
    assert dated >= set(DATED_OTHERWISE.items())


def test_a_projection_has_natural_keys_and_no_clock_so_that_it_can_be_made_again(catalogue):
    rows = catalogue(
        "select relname, attname from pg_attribute join pg_class on pg_class.oid = attrelid "
        "where relnamespace = 'marginbook'::regnamespace and relname = any(%s) and attnum > 0 "
        "and (atthasdef or attidentity <> '' or attgenerated <> '')",
        sorted(PROJECTIONS),
    )

    assert rows == []
    assert {table for table, name, *_ in columns(catalogue) if table in PROJECTIONS and name == "recorded_at"} == set()


def test_no_default_reads_the_clock_because_now_is_an_argument(catalogue):
    defaults = {(table, name): default for table, name, _, _, default in columns(catalogue) if default is not None}

    assert defaults == {("user_account", "failed_sign_ins"): "0"}


def test_money_is_whole_or_exact_and_an_instant_has_its_zone(catalogue):
    found = columns(catalogue)
    money = {kind for _, name, kind, *_ in found if name.endswith(("_pico_usd", "_minor"))}

    assert money == {"bigint", "numeric"}
    assert {kind for _, _, kind, *_ in found} <= {
        "bigint",
        "integer",
        "numeric",
        "boolean",
        "text",
        "text[]",
        "date",
        "timestamp with time zone",
        "jsonb",
        "bytea",
        "uuid",
        "character varying(32)",  # Alembic's version.
    }
    assert {table for table, _, kind, *_ in found if kind == "character varying(32)"} == {"alembic_version"}


def test_sums_of_money_are_numeric_because_a_bigint_ends_at_nine_million_dollars(catalogue):
    sums = {
        (table, kind)
        for table, name, kind, *_ in columns(catalogue)
        if table in PROJECTIONS and name.endswith(("_pico_usd", "_pico"))
    }

    assert sums == {(table, "numeric") for table in PROJECTIONS if table.startswith(("usage_", "booked_"))}


def test_one_function_runs_with_the_owners_rights_and_where_it_looks_is_fixed(catalogue):
    functions = catalogue(
        "select proname, prosecdef, proowner::regrole::text, proconfig from pg_proc "
        "where pronamespace = 'marginbook'::regnamespace"
    )

    assert functions == [
        ("make_month_partitions", True, "marginbook_owner", ["search_path=marginbook, pg_temp"]),
    ]


def test_everything_belongs_to_the_owner(catalogue):
    owners = catalogue(
        "select distinct relowner::regrole::text from pg_class where relnamespace = 'marginbook'::regnamespace"
    )

    assert owners == [("marginbook_owner",)]


def test_no_extension_is_needed(catalogue):
    assert catalogue("select extname from pg_extension") == [("plpgsql",)]


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_its_time_limits(catalogue, role):
    configured = catalogue("select rolconfig from pg_roles where rolname = %s", role)[0][0]
    limits = dict(setting.split("=", 1) for setting in configured)

    assert limits["idle_in_transaction_session_timeout"] not in {"", "0"}
    assert limits["statement_timeout"] == ("60s" if role == "marginbook_app" else "0")


def test_a_second_upgrade_changes_nothing(cluster):
    with fresh_database(cluster) as urls:
        before = _shape(urls)
        again = upgrade(urls.admin_url)

        assert (again.before, again.new_prices) == (again.after, 0)
        assert _shape(urls) == before


def test_several_programs_upgrade_one_new_database_at_once_and_one_of_them_does_it(cluster):
    urls = renamed(cluster, "test_upgraded_at_once")
    server = renamed(cluster, "postgres")
    run_as_superuser(server, "create database test_upgraded_at_once")
    try:
        run_as_superuser(urls, embedded.roles_sql())
        program = (
            "import sys\nfrom billing_core.store.migrate import upgrade\n"
            "done = upgrade(sys.argv[1])\nprint(done.before, done.after, done.new_prices > 0)"
        )
        started = [
            subprocess.Popen([sys.executable, "-c", program, urls.admin_url], stdout=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        said = sorted(each.communicate()[0].strip() for each in started)
        newest = said[0].split()[1]

        assert said == [f"{newest} {newest} False", f"{newest} {newest} False", f"None {newest} True"]
        assert _shape(urls)[0] == _shape(cluster)[0]
    finally:
        run_as_superuser(server, "drop database test_upgraded_at_once with (force)")


def _shape(urls: ClusterUrls) -> tuple[list[Any], int]:
    """Return every table, column, policy and grant of a database, and how many prices it knows."""
    with psycopg.connect(libpq(urls.superuser_url)) as connection:

        def ask(question: str) -> list[Any]:
            return connection.execute(question.encode()).fetchall()

        shape = ask(
            "select relname, relkind, relrowsecurity, relforcerowsecurity, relacl::text, "
            "attname, atttypid::regtype::text from pg_class left join pg_attribute on attrelid = pg_class.oid "
            "where relnamespace = 'marginbook'::regnamespace order by relname, attnum"
        )
        shape += ask("select * from pg_policies where schemaname = 'marginbook' order by tablename, policyname")
        return shape, ask("select count(*) from marginbook.catalogue_price")[0][0]
