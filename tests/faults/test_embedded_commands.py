"""`marginbook db` as a person types it: dump and restore keep every row, and each refusal is a sentence."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from billing_core.store import embedded
from billing_core.store.backup import libpq_url
from billing_core.store.embedded_programs import client_program
from billing_core.store.migrate import upgrade
from billing_core.store.settings import PROJECT_FOLDER
from tests.databases import run_as_superuser
from tests.faults.embedded_homes import asked

pytestmark = pytest.mark.fault

OWN_SERVER = "postgresql://marginbook_app:secret@/marginbook?host=/nowhere"

NOTES_OF_TWO_TENANTS = """
    CREATE TABLE marginbook.note (tenant_id bigint, words text, PRIMARY KEY (tenant_id, words));
    ALTER TABLE marginbook.note OWNER TO marginbook_owner;
    ALTER TABLE marginbook.note ENABLE ROW LEVEL SECURITY;
    ALTER TABLE marginbook.note FORCE ROW LEVEL SECURITY;
    CREATE POLICY note_read ON marginbook.note FOR SELECT
        USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::bigint);
    GRANT SELECT ON marginbook.note TO marginbook_app;
    INSERT INTO marginbook.note VALUES (1, 'of the first'), (2, 'of the second');
"""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make a home whose database is migrated and has rows of two tenants behind the wall."""
    home = tmp_path_factory.mktemp("full") / "home"
    urls = embedded.ensure_running(home)
    upgrade(urls.admin_url)
    run_as_superuser(urls, NOTES_OF_TWO_TENANTS)
    yield home
    embedded.stop(home)
    shutil.rmtree(home)


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Path]:
    """Name a home that does not exist yet."""
    home = tmp_path / "new"
    yield home
    embedded.stop(home)
    shutil.rmtree(home, ignore_errors=True)


def marginbook(
    home: Path, *words: str | Path, database_url: str = "", typed: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import cli; cli.main()", *map(str, words)],
        cwd=PROJECT_FOLDER,
        env={**os.environ, "MARGINBOOK_HOME": str(home), "DATABASE_URL": database_url},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )


def every_row(home: Path) -> dict[str, tuple[object, ...]]:
    """Return count and fingerprint of the rows of each table, past the wall."""
    found: dict[str, tuple[object, ...]] = {}
    tables = asked(home, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'marginbook' ORDER BY 1")
    for (table,) in tables:
        question = sql.SQL("SELECT count(*), md5(string_agg(r::text, ',' ORDER BY r::text)) FROM marginbook.{} r")
        (found[str(table)],) = asked(home, question.format(sql.Identifier(str(table))).as_string())
    return found


def refusal(ran: subprocess.CompletedProcess[str]) -> str:
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    return ran.stderr


def test_a_dump_restored_into_a_new_home_has_equal_rows_and_walls(full, new, tmp_path):
    before = every_row(full)
    dumped = marginbook(full, "db", "dump", tmp_path / "all.dump")
    stopped = marginbook(full, "db", "stop")
    restored = marginbook(new, "db", "restore", tmp_path / "all.dump")

    assert [dumped.returncode, stopped.returncode, restored.returncode] == [0, 0, 0], restored.stderr
    assert every_row(new) == before
    assert before["note"][0] == 2
    with psycopg.connect(libpq_url(embedded.ensure_running(new).app_url)) as connection:
        assert connection.execute("SELECT * FROM note").fetchall() == []
        connection.execute("SET LOCAL app.tenant_id = '2'")
        assert connection.execute("SELECT * FROM note").fetchall() == [(2, "of the second")]


def test_a_restored_database_can_be_migrated_further(full, new, tmp_path):
    marginbook(full, "db", "dump", tmp_path / "all.dump")
    marginbook(new, "db", "restore", tmp_path / "all.dump")
    before = every_row(new)

    upgrade(embedded.ensure_running(new).admin_url)

    assert every_row(new) == before


def test_a_dump_is_for_its_maker_only_and_nothing_is_left_beside_it(full, tmp_path):
    marginbook(full, "db", "dump", tmp_path / "all.dump")

    assert [path.name for path in tmp_path.iterdir()] == ["all.dump"]
    assert (tmp_path / "all.dump").stat().st_mode & 0o777 == 0o600


def test_the_owners_own_dump_is_refused_which_is_why_the_backup_role_makes_it(full):
    url = libpq_url(embedded.ensure_running(full).admin_url)
    command = [str(client_program("pg_dump")), f"--dbname={url}", "--table=marginbook.note", "--data-only"]

    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ran.returncode == 1
    assert 'query would be affected by row-level security policy for table "note"' in ran.stderr


def test_a_dump_never_writes_over_a_file(full, tmp_path):
    (tmp_path / "all.dump").write_text("the only copy")

    said = refusal(marginbook(full, "db", "dump", tmp_path / "all.dump"))

    assert "the file is there already" in said
    assert (tmp_path / "all.dump").read_text() == "the only copy"


def test_where_no_database_is_none_is_dumped(new, tmp_path):
    said = refusal(marginbook(new, "db", "dump", tmp_path / "all.dump"))

    assert f"there is none in {new} yet" in said
    assert list(tmp_path.iterdir()) == []


def test_a_dump_into_a_folder_that_is_not_there_is_refused(full, tmp_path):
    said = refusal(marginbook(full, "db", "dump", tmp_path / "no" / "all.dump"))

    assert "No such file or directory" in said


def test_a_dump_is_restored_into_an_empty_database_only(full, tmp_path):
    before = every_row(full)
    marginbook(full, "db", "dump", tmp_path / "all.dump")

    said = refusal(marginbook(full, "db", "restore", tmp_path / "all.dump"))

    assert "A dump is restored into an empty database only" in said
    assert every_row(full) == before


def test_a_dump_cut_off_at_its_end_restores_nothing(full, new, tmp_path):
    marginbook(full, "db", "dump", tmp_path / "all.dump")
    whole = (tmp_path / "all.dump").read_bytes()
    # The list of contents, at its beginning, is whole; the last table's rows are not.
    (tmp_path / "cut.dump").write_bytes(whole[:-100])

    said = refusal(marginbook(new, "db", "restore", tmp_path / "cut.dump"))

    assert "The database was not restored" in said
    assert every_row(new) == {}
    assert marginbook(new, "db", "restore", tmp_path / "all.dump").returncode == 0


@pytest.mark.parametrize("content", [None, "some text\n"])
def test_what_is_no_dump_is_refused(new, tmp_path, content):
    if content is not None:
        (tmp_path / "file").write_text(content)

    said = refusal(marginbook(new, "db", "restore", tmp_path / "file"))

    assert "name a file that `marginbook db dump` wrote" in said
    assert not new.exists()


def test_start_status_shell_and_stop_tell_one_story(new):
    assert "is absent" in marginbook(new, "db", "status").stdout
    started = marginbook(new, "db", "start")
    status = marginbook(new, "db", "status")
    shell = marginbook(new, "db", "shell", typed="SELECT 'I am ' || current_user;")
    stopped = [marginbook(new, "db", "stop").stdout for _ in range(2)]
    after = marginbook(new, "db", "status")

    assert embedded.ensure_running(new).app_url in started.stdout
    assert "is running" in status.stdout
    assert status.returncode == 0
    assert "I am marginbook_app" in shell.stdout
    assert stopped == ["The database is stopped.\n", "The database was not running.\n"]
    assert "is stopped" in after.stdout
    assert after.returncode == 1


@pytest.mark.parametrize("act", [("start",), ("stop",), ("dump", "file"), ("restore", "file")])
def test_what_is_for_the_embedded_database_is_refused_on_a_server_of_ones_own(new, act):
    said = refusal(marginbook(new, "db", *act, database_url=OWN_SERVER))

    assert said.startswith(f"DATABASE_URL names a server of your own, which Marginbook does not {act[0]}: ")
    assert not new.exists()


def test_a_server_of_ones_own_that_does_not_answer_is_said_without_its_password(new):
    said = refusal(marginbook(new, "db", "status", database_url=OWN_SERVER))

    assert said.startswith("The database cannot be reached (")
    assert "secret" not in said


def test_a_server_of_ones_own_that_answers_is_said(full, new):
    url = embedded.ensure_running(full).app_url

    assert marginbook(new, "db", "status", database_url=url).stdout == "Your own server answers: PostgreSQL 18.\n"
