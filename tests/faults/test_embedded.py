"""The embedded database when processes are killed, crowd together, or find what a crash left."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from billing_core.errors import EmbeddedDatabaseError
from billing_core.store import embedded
from billing_core.store.embedded_programs import server_account
from tests.faults.embedded_homes import ROUNDS, asked, home, start_program

pytestmark = pytest.mark.fault
__all__ = ["home"]


def kill_server(home: Path) -> None:
    pid = embedded.status(home).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def told_by(program: subprocess.Popen[str], lines: int) -> list[int]:
    assert program.stdout is not None
    return [int(program.stdout.readline()) for _ in range(lines)]


def rest_told_by(program: subprocess.Popen[str]) -> list[int]:
    # A line without its end was cut off by the kill, and so was never told.
    return [int(line) for line in program.communicate()[0].splitlines(keepends=True) if line.endswith("\n")]


@pytest.mark.parametrize("_", ROUNDS)
def test_a_killed_server_has_every_row_whose_commit_was_acknowledged(home, _):
    writer = start_program("commit", home)
    acknowledged = told_by(writer, lines=200)
    kill_server(home)
    acknowledged += rest_told_by(writer)
    assert writer.returncode == 1  # The server was gone while the writer was at work.

    kept = {number for (number,) in asked(home, "SELECT number FROM marginbook.told")}

    last = acknowledged[-1]
    assert set(acknowledged) <= kept
    assert kept - set(acknowledged) <= {last + 1}  # At most the one that was under way, committed but not yet told.


@pytest.mark.parametrize("_", ROUNDS)
def test_a_killed_program_leaves_its_acknowledged_rows_and_a_running_server(home, _):
    writer = start_program("commit", home)
    acknowledged = told_by(writer, lines=200)
    server = embedded.status(home).pid
    writer.kill()
    acknowledged += rest_told_by(writer)
    assert writer.returncode == -signal.SIGKILL

    assert embedded.status(home).pid == server
    kept = {number for (number,) in asked(home, "SELECT number FROM marginbook.told")}
    assert set(acknowledged) <= kept
    assert kept - set(acknowledged) <= {acknowledged[-1] + 1}


@pytest.mark.parametrize("_", ROUNDS)
def test_six_programs_on_one_fresh_folder_make_one_cluster_that_outlives_them(home, _):
    programs = [start_program("ensure", home) for _ in range(6)]
    answers = [program.communicate() for program in programs]

    assert [program.returncode for program in programs] == [0] * 6, answers
    assert len({said for said, _ in answers}) == 1
    assert embedded.status(home).state == "running"
    # The record of a short link stands there too where the test's own folder lies deep.
    assert {path.name for path in (home / "postgres").iterdir()} - {"short_path"} == {"data", "lock", "prepared"}


@pytest.mark.parametrize("_", ROUNDS)
def test_six_programs_after_a_crash_start_one_server(home, _):
    embedded.ensure_running(home)
    kill_server(home)

    programs = [start_program("ensure", home) for _ in range(6)]
    answers = [program.communicate() for program in programs]

    assert [program.returncode for program in programs] == [0] * 6, answers
    assert len({said for said, _ in answers}) == 1


@pytest.mark.parametrize("_", ROUNDS)
def test_a_program_killed_while_it_makes_the_cluster_leaves_nothing_that_counts(home, _):
    maker = start_program("ensure", home)
    while not list(home.glob("postgres/data.new-*/PG_VERSION")):
        assert maker.poll() is None
    maker.kill()
    maker.communicate()
    assert not (home / "postgres" / "data").exists()

    assert asked(home, "SELECT current_database()::text") == [("marginbook",)]


def test_a_half_made_cluster_is_ignored_and_removed(home):
    half_made = home / "postgres" / "data.new-from_before"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")

    embedded.ensure_running(home)

    assert not half_made.exists()


def name_in_pid_files(home: Path, pid: int) -> None:
    data = home / "postgres" / "data"
    for file in (data / "postmaster.pid", data / ".s.PGSQL.5432.lock"):
        lines = file.read_text().split("\n")
        file.write_text("\n".join([str(pid), *lines[1:]]))


def test_a_pid_file_that_names_a_living_stranger_stops_nobody_from_starting_and_harms_no_stranger(home):
    embedded.ensure_running(home)
    account = server_account(home / "postgres" / "data")
    # After a restart of the machine the same number belongs to another program, of the same account at worst.
    stranger = subprocess.Popen(["/bin/sleep", "1000"], user=account.uid if account else None)
    try:
        kill_server(home)
        name_in_pid_files(home, stranger.pid)
        assert embedded.status(home).state == "stopped"
        assert embedded.stop(home) is False
        assert stranger.poll() is None

        assert asked(home, "SELECT 1") == [(1,)]
        assert embedded.stop(home) is True
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_dead_server_that_nobody_reaps_is_replaced(home):
    embedded.ensure_running(home)
    account = server_account(home / "postgres" / "data")
    zombie = subprocess.Popen(["/bin/sleep", "1000"], user=account.uid if account else None)
    kill_server(home)
    zombie.kill()
    name_in_pid_files(home, zombie.pid)  # It is dead, and stays in the table of processes until the wait below.

    assert asked(home, "SELECT 1") == [(1,)]

    assert zombie.wait() == -signal.SIGKILL


def test_an_empty_pid_file_from_a_crash_is_no_obstacle(home):
    embedded.ensure_running(home)
    kill_server(home)
    (home / "postgres" / "data" / "postmaster.pid").write_text("")

    assert asked(home, "SELECT 1") == [(1,)]


def test_stopping_twice_does_no_harm(home):
    embedded.ensure_running(home)

    assert embedded.stop(home) is True
    assert embedded.stop(home) is False
    assert embedded.status(home).state == "stopped"


def test_stopping_where_nothing_is_writes_nothing(home):
    assert embedded.stop(home) is False
    assert embedded.status(home).state == "absent"
    assert not home.exists()


def test_a_lost_note_of_preparation_is_made_again(home):
    embedded.ensure_running(home)
    (home / "postgres" / "prepared").unlink()

    embedded.ensure_running(home)

    assert (home / "postgres" / "prepared").exists()


def test_a_cluster_whose_data_were_removed_is_made_anew(home):
    embedded.ensure_running(home)
    embedded.stop(home)
    (home / "postgres" / "data").rename(home / "aside")

    assert asked(home, "SELECT current_database()::text") == [("marginbook",)]


def test_a_full_disk_is_said_in_a_sentence_and_leaves_no_cluster(home):
    program = start_program("fill", home)
    said = program.communicate()[1]

    assert program.returncode == 1
    assert said.startswith(f"The database cannot be made in {home / 'postgres'} (")
    assert said.endswith("or set DATABASE_URL to a server of your own.\n")
    assert not (home / "postgres" / "data").exists()


def test_a_broken_configuration_is_said_in_a_sentence(home):
    embedded.ensure_running(home)
    embedded.stop(home)
    with (home / "postgres" / "data" / "postgresql.conf").open("a") as configuration:
        configuration.write("shared_buffers = 'very much'\n")

    with pytest.raises(EmbeddedDatabaseError, match=r"does not start \(.*postgresql\.conf.* contains errors"):
        embedded.ensure_running(home)


def test_a_cluster_of_another_version_is_said_in_a_sentence(home):
    embedded.ensure_running(home)
    embedded.stop(home)
    (home / "postgres" / "data" / "PG_VERSION").write_text("17\n")

    with pytest.raises(EmbeddedDatabaseError, match="was made by PostgreSQL 17, and this is 18"):
        embedded.ensure_running(home)


def test_a_home_that_is_a_file_is_said_in_a_sentence(tmp_path):
    (tmp_path / "home").write_text("")

    with pytest.raises(EmbeddedDatabaseError, match=r"File exists|Not a directory"):
        embedded.ensure_running(tmp_path / "home")
