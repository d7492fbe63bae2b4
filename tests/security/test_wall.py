"""The wall between tenants stands in the database: nobody sees, writes or moves another tenant's rows, in any table."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from billing_core.errors import UnsafeDatabaseRoleError
from billing_core.store.engine import open_engine
from billing_core.store.tenancy import tenant_transaction
from tests.databases import fresh_database, libpq
from tests.security.tenants_apart import (
    INSTALLATION,
    NORTH,
    REFUSED,
    SOUTH,
    WHEN,
    TenantsApart,
    acting,
    attempt,
    fill,
    insert,
)

pytestmark = [pytest.mark.security, pytest.mark.postgres]

# Who may do what with his own tenant's rows: s(elect), i(nsert), u(pdate), d(elete). Written here a second time, by
# hand, so that a slip in the migration's list is seen.
MAY = """
                        owner  finance  support  viewer  service
tenant                  s      s        s        s       si
user_account            -      -        -        -       siu
membership              s      s        s        s       si
tenant_due              siu    siu      s        s       siud
sign_in_session         -      -        -        -       siud
customer                si     si       s        s       si
customer_alias          si     si       s        s       si
product                 si     si       s        s       si
usage_source            si     si       s        s       si
usage_dimension         si     si       s        s       si
own_price               si     si       s        s       s
usage_key               si     si       s        s       si
usage_event             si     si       s        s       si
usage_raw               si     si       s        s       si
usage_conflict          si     si       s        s       si
quarantine              si     si       s        s       si
usage_cost_month        siud   siu      s        s       siud
usage_cost_day          siud   siu      s        s       siud
usage_day               siud   siu      s        s       siud
usage_hour              siud   siu      s        s       siud
command                 si     si       si       s       su
job_run                 s      s        s        s       siu
audit                   si     si       si       si      si
stripe_connection       siu    siu      s        s       siu
stripe_object_version   si     si       s        s       si
stripe_backfill         siu    siu      s        s       siu
stripe_backfill_window  si     si       s        s       si
stripe_object           siud   siud     s        s       siud
stripe_customer         siud   siud     s        s       siud
stripe_product          siud   siud     s        s       siud
stripe_price            siud   siud     s        s       siud
subscription            siud   siud     s        s       siud
subscription_item       siud   siud     s        s       siud
invoice                 siud   siud     s        s       siud
invoice_line            siud   siud     s        s       siud
invoice_payment         siud   siud     s        s       siud
payment                 siud   siud     s        s       siud
refund                  siud   siud     s        s       siud
dispute                 siud   siud     s        s       siud
credit_note             siud   siud     s        s       siud
credit_note_line        siud   siud     s        s       siud
balance_transaction     siud   siud     s        s       siud
plan                    si     si       si       s       si
stripe_customer_match   si     si       si       s       si
fx_rate                 si     si       s        s       si
document_rate           si     si       si       s       si
shared_cost             si     si       s        s       s
booked_day              siud   siud     siud     s       siud
booked_month            siud   siud     siud     s       siud
plan_span               siud   siud     siud     s       siud
customer_standing       siud   siud     siud     s       siud
books_check             si     si       si       s       si
"""
ROLES, *LINES = [line.split() for line in MAY.strip().splitlines()]
EXPECTED = {(line[0], role): may.strip("-") for line in LINES for role, may in zip(ROLES, line[1:], strict=True)}
# Tenants and people are written before there is a tenant to write for.
AT_SCOPE_0 = {"tenant", "user_account"}


@pytest.fixture(scope="module")
def apart(cluster) -> Iterator[TenantsApart]:
    with fresh_database(cluster) as urls:
        yield fill(urls)


def select(table: str) -> sql.Composed:
    return sql.SQL("select * from {}").format(sql.Identifier(table))


def update(apart: TenantsApart, table: str) -> sql.Composed:
    """Return a statement that writes a column's own value again in every row that it may."""
    plain = next(name for name, _, is_identity in apart.columns[table] if not is_identity)
    return sql.SQL("update {0} set {1} = {1}").format(sql.Identifier(table), sql.Identifier(plain))


def delete(table: str) -> sql.Composed:
    return sql.SQL("delete from {}").format(sql.Identifier(table))


def of_tenant(statement: sql.Composed, tenant_id: int) -> sql.Composed:
    return statement + sql.SQL(" where tenant_id = {}").format(sql.Literal(tenant_id))


def every_row(apart: TenantsApart) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of all tables as the superuser sees them."""
    with psycopg.connect(libpq(apart.urls.superuser_url)) as connection:
        connection.execute("set search_path = marginbook")
        return {table: connection.execute(select(table)).fetchall() for table in apart.tables}


def test_the_expectation_names_every_table(apart):
    assert [line[0] for line in LINES] == apart.tables


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_exactly_what_is_written_here(apart, role):
    measured = {}
    for table in apart.tables:
        scope = INSTALLATION if table in AT_SCOPE_0 and role == "service" else NORTH
        values = apart.new_row(table, NORTH, 7)
        with acting(apart.urls, scope, role) as connection:
            touched = {
                "s": attempt(connection, select(table)),
                "i": attempt(connection, insert(table, values), values),
                "u": attempt(connection, update(apart, table)),
                "d": attempt(connection, delete(table)),
            }
        measured[table, role] = "".join(letter for letter, rows in touched.items() if rows > 0)

    assert measured == {place: letters for place, letters in EXPECTED.items() if place[1] == role}


@pytest.mark.parametrize("role", ROLES)
def test_a_tenant_sees_its_own_rows_alone_in_every_table(apart, role):
    with acting(apart.urls, NORTH, role) as connection:
        for table in set(apart.tables) - {"user_account"}:
            seen = connection.execute(sql.SQL("select tenant_id from {}").format(sql.Identifier(table))).fetchall()

            assert {tenant_id for (tenant_id,) in seen} <= {NORTH}, table
            assert attempt(connection, of_tenant(select(table), SOUTH)) == 0, table


@pytest.mark.parametrize("role", ROLES)
def test_people_are_not_seen_from_inside_any_tenant(apart, role):
    with acting(apart.urls, NORTH, role) as connection:
        assert attempt(connection, select("user_account")) == 0


@pytest.mark.parametrize("role", ROLES)
def test_no_tenant_writes_changes_or_deletes_a_row_of_another_in_any_table(apart, role):
    before = every_row(apart)
    with psycopg.connect(libpq(apart.urls.app_url)) as connection:
        for table in (table for table in apart.tables if apart.has_tenant(table)):
            with connection.transaction():
                connection.execute(f"set local app.tenant_id = '{NORTH}'; set local app.role = '{role}'")
                values = apart.new_row(table, SOUTH, 8)

                assert attempt(connection, insert(table, values), values) == REFUSED, table
                assert attempt(connection, of_tenant(update(apart, table), SOUTH)) in {0, REFUSED}, table
                assert attempt(connection, of_tenant(delete(table), SOUTH)) in {0, REFUSED}, table

    assert every_row(apart) == before


def test_a_row_cannot_be_moved_into_another_tenant(apart):
    changeable = [table for table, role in EXPECTED if role == "service" and "u" in EXPECTED[table, role]]
    with acting(apart.urls, NORTH, "service") as connection:
        for table in set(changeable) & {table for table in apart.tables if apart.has_tenant(table)}:
            moved = sql.SQL("update {} set tenant_id = {}").format(sql.Identifier(table), sql.Literal(SOUTH))

            assert attempt(connection, moved) == REFUSED, table


@pytest.mark.parametrize("scope", [None, ""])
def test_without_a_tenant_there_are_no_rows_and_nothing_is_written(apart, scope):
    with acting(apart.urls, scope, "service") as connection:
        for table in apart.tables:
            values = apart.new_row(table, NORTH, 9)

            # What the installation itself did is no tenant's; here it did nothing.
            assert attempt(connection, select(table)) == 0, table
            assert attempt(connection, insert(table, values), values) == REFUSED, table
            assert attempt(connection, update(apart, table)) in {0, REFUSED}, table
            assert attempt(connection, delete(table)) in {0, REFUSED}, table


def test_without_a_role_a_tenant_reads_but_writes_nothing(apart):
    with acting(apart.urls, NORTH, None) as connection:
        for table in apart.tables:
            values = apart.new_row(table, NORTH, 9)

            assert attempt(connection, insert(table, values), values) == REFUSED, table
            assert attempt(connection, update(apart, table)) in {0, REFUSED}, table
            assert attempt(connection, delete(table)) in {0, REFUSED}, table


def test_the_installations_job_runs_are_seen_by_a_tenant_and_written_by_none(cluster):
    with fresh_database(cluster) as urls:
        apart = fill(urls)
        run = apart.rows["job_run", NORTH] | {"tenant_id": INSTALLATION, "summary": None}
        with acting(urls, INSTALLATION, "service") as connection:
            connection.execute(insert("job_run", run), run)
            connection.commit()
        with acting(urls, NORTH, "service") as connection:
            again = run | {"job": "another"}

            assert attempt(connection, of_tenant(select("job_run"), INSTALLATION)) == 1
            assert attempt(connection, insert("job_run", again), again) == REFUSED
            assert attempt(connection, of_tenant(update(apart, "job_run"), INSTALLATION)) == 0


def test_a_pooled_connection_forgets_its_tenant_when_the_transaction_ends(apart):
    engine = open_engine(apart.urls.app_url)
    try:
        with tenant_transaction(engine, tenant_id=NORTH, actor="ann", role="owner") as connection:
            own = connection.exec_driver_sql("select pg_backend_pid(), count(*) from customer").one()
        with engine.connect() as connection:
            left = connection.exec_driver_sql("select pg_backend_pid(), count(*) from customer").one()
            said = connection.exec_driver_sql("select current_setting('app.tenant_id', true)").scalar_one()
    finally:
        engine.dispose()

    assert (own[1], left[1]) == (1, 0)
    assert own[0] == left[0]  # The same connection …
    assert said == ""  # … on which PostgreSQL leaves an empty word behind, that the policies read as none.


def test_words_that_look_like_sql_stay_words_in_a_transactions_settings(apart):
    engine = open_engine(apart.urls.app_url)
    actor = f"ann'; set local app.tenant_id = '{SOUTH}"
    try:
        with tenant_transaction(engine, tenant_id=NORTH, actor=actor, role="owner") as connection:
            settings = connection.exec_driver_sql(
                "select current_setting('app.tenant_id'), current_setting('app.actor')"
            ).one()
        with (
            pytest.raises(ValueError, match="invalid literal for int"),
            tenant_transaction(engine, tenant_id=f"1'; set local app.tenant_id = '{SOUTH}", actor="ann", role="owner"),
        ):
            pass
        with (
            pytest.raises(ValueError, match="Unknown role"),
            tenant_transaction(engine, tenant_id=NORTH, actor="ann", role="superuser"),
        ):
            pass
    finally:
        engine.dispose()

    assert tuple(settings) == (str(NORTH), actor)


@pytest.mark.parametrize("url", ["superuser_url", "admin_url", "backup_url"])
def test_the_application_refuses_to_start_as_a_role_that_could_pass_the_wall(apart, url):
    with pytest.raises(UnsafeDatabaseRoleError):
        open_engine(getattr(apart.urls, url))


@pytest.mark.parametrize("kind", ["usage_event", "usage_raw"])
def test_a_partition_cannot_be_read_or_written_past_its_parents_policies(apart, kind):
    partition = f"{kind}_{WHEN:%Y%m}"
    values = apart.new_row(kind, NORTH, 9)
    with acting(apart.urls, NORTH, "service") as connection:
        assert attempt(connection, select(partition)) == REFUSED
        assert attempt(connection, insert(partition, values), values) == REFUSED
        assert attempt(connection, delete(partition)) == REFUSED


@pytest.mark.parametrize(
    "statement",
    [
        "truncate usage_event",
        "drop table usage_event",
        "drop policy usage_event_select on usage_event",
        "alter table usage_event disable row level security",
        "alter table usage_event no force row level security",
        "create policy all_of_it on usage_event using (true)",
        "create table marginbook.mine (tenant_id bigint)",
        "create table public.mine (tenant_id bigint)",
        "create schema mine",
        "create function marginbook.mine() returns int language sql as 'select 1'",
        "alter function make_month_partitions(date) security invoker",
        "set local role marginbook_owner",
        "set local role marginbook_backup",
        "set local session authorization marginbook_owner",
        "alter role marginbook_app bypassrls",
        "create role mine superuser",
        "copy (select 1) to program 'cat'",
        "copy usage_event to '/nowhere'",
        "select pg_read_file('PG_VERSION')",
        "select * from pg_authid",
        "select nextval('audit_audit_id_seq')",
        "select lo_import('/nowhere')",
    ],
)
def test_the_application_cannot_open_a_door_in_the_wall(apart, statement):
    with (
        acting(apart.urls, NORTH, "owner") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_copy_writes_into_no_table_that_has_policies(apart):
    with acting(apart.urls, NORTH, "service") as connection:
        for table in apart.tables:
            refused = (psycopg.errors.FeatureNotSupported, psycopg.errors.InsufficientPrivilege)
            with pytest.raises(refused), connection.transaction():
                connection.execute(sql.SQL("copy {} from stdin").format(sql.Identifier(table)))


def test_copy_reads_no_more_than_select_does(apart):
    with (
        acting(apart.urls, NORTH, "owner") as connection,
        connection.cursor() as cursor,
        cursor.copy("copy customer (tenant_id) to stdout") as copied,
    ):
        assert b"".join(copied) == f"{NORTH}\n".encode()


def test_row_level_security_cannot_be_switched_off_for_a_question(apart):
    with acting(apart.urls, NORTH, "owner") as connection:
        connection.execute("set local row_security = off")

        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from customer")


def test_a_table_of_a_persons_own_session_does_not_stand_in_for_a_real_one_in_the_owners_function(apart):
    with acting(apart.urls, NORTH, "service") as connection:
        connection.execute("create temp table usage_event (occurred_at timestamptz) on commit drop")
        connection.execute("select make_month_partitions('2026-05-01')")
        parents = connection.execute(
            "select relnamespace::regnamespace::text from pg_inherits join pg_class on pg_class.oid = inhparent "
            "where inhrelid = 'marginbook.usage_event_202605'::regclass"
        ).fetchall()

    assert parents == [("marginbook",)]


@pytest.mark.parametrize(
    ("month", "is_made"),
    [
        ("date '2019-12-31'", False),
        ("date '2020-01-01'", True),
        ("date_trunc('month', current_timestamp at time zone 'UTC') + interval '13 months'", True),
        ("date_trunc('month', current_timestamp at time zone 'UTC') + interval '14 months'", False),
    ],
)
def test_months_are_made_from_2020_to_a_year_ahead_and_no_others(apart, month, is_made):
    with acting(apart.urls, NORTH, "service") as connection:
        statement = f"select make_month_partitions(({month})::date)"
        if is_made:
            assert connection.execute(statement).rowcount == 1
        else:
            with pytest.raises(psycopg.errors.CheckViolation, match="usage is kept from 2020-01"):
                connection.execute(statement)


def test_the_owner_sees_no_tenants_row_either_because_the_wall_is_forced(apart):
    with psycopg.connect(libpq(apart.urls.admin_url)) as connection:
        for table in apart.tables:
            assert attempt(connection, select(table)) == 0, table


def test_the_backup_role_reads_every_row_and_writes_none(apart):
    rows = every_row(apart)
    with psycopg.connect(libpq(apart.urls.backup_url)) as connection:
        connection.execute("set transaction read write")  # It is read only by its settings; this takes that away.
        for table in apart.tables:
            values = apart.new_row(table, NORTH, 9)

            assert connection.execute(select(table)).fetchall() == rows[table], table
            assert attempt(connection, insert(table, values), values) == REFUSED, table
            assert attempt(connection, update(apart, table)) == REFUSED, table
            assert attempt(connection, delete(table)) == REFUSED, table


def test_the_backup_role_writes_nothing_even_where_it_may(apart):
    with (
        psycopg.connect(libpq(apart.urls.backup_url)) as connection,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        connection.execute("create table mine (number int)")
