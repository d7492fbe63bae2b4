"""Every part of a running installation killed in turn, and `up` itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from billing_core.store import embedded
from tests.faults.installations import Home, free_port
from tests.waiting import until

pytestmark = pytest.mark.fault


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    this = Home(tmp_path / "home")
    yield this
    this.clear_up()


def test_pages_that_end_at_the_start_are_a_sentence_and_take_all_down(home: Home, tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nif 'web' in sys.orig_argv: sys.exit('no pages today')")
    process = home.up(PYTHONPATH=str(tmp_path))
    assert process.wait() == 1
    assert "Marginbook could not start, because its web program ended. It ended with exit code 1" in home.said()
    assert (home.processes(), home.database_runs()) == ([], False)
    assert "Traceback" not in home.said()


def test_a_server_of_ones_own_that_does_not_answer_is_a_sentence(home: Home):
    nowhere = f"127.0.0.1:{free_port()}/books"
    urls = {"DATABASE_URL": f"postgresql://app@{nowhere}", "DATABASE_ADMIN_URL": f"postgresql://owner@{nowhere}"}
    process = home.up(**urls)
    assert process.wait() == 1
    assert "The database cannot be reached" in home.said()
    assert "Traceback" not in home.said()
    assert home.processes() == []


def test_a_preparation_that_is_killed_is_a_sentence(home: Home):
    process = home.up()
    until(lambda: "Starting the database" in home.said())
    home.part("prepare").kill()
    assert process.wait() == 1
    assert "because its preparation ended. It was ended by SIGKILL." in home.said()
    assert (home.processes(), home.database_runs()) == ([], False)


def test_a_killed_up_takes_its_parts_along_and_the_next_one_starts_at_once_and_stops_all(home: Home):
    process = home.ready()
    process.kill()
    process.wait()
    process = home.ready()
    assert home.answers()
    process.terminate()
    assert process.wait() == 0
    assert home.processes() == []
    assert not home.database_runs()  # The killed one had started it, and the next one stopped it in its place.


@pytest.mark.parametrize(("name", "called"), [("web", "web program"), ("worker", "worker")])
def test_a_killed_part_is_started_again(home: Home, name: str, called: str):
    home.ready()
    killed = home.part(name)
    killed.kill()
    until(lambda: f"The {called} ended (ended by SIGKILL); it starts again in 0.5 s." in home.said())
    until(lambda: name in str(home.processes()))
    until(home.answers)
    assert home.part(name).pid != killed.pid


def test_the_worker_starts_a_database_that_was_stopped_in_the_middle(home: Home):
    process = home.ready()
    embedded.stop(home.folder)
    until(home.database_runs)
    until(home.answers)
    process.terminate()
    assert process.wait() == 0
    assert (home.processes(), home.database_runs()) == ([], False)
