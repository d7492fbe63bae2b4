"""`marginbook import usage` and `marginbook rebuild` as a person types them: what they say, and their exit codes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from billing_core.errors import MappingError, TenantNotChosenError, UsageFileError
from billing_core.store import engine as engines
from cli import app
from tests.imports import AT, GPT_PICO, Books, event, events, new_tenant

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parents[2]
COST = f"${GPT_PICO * 3 / 10**12:.4f}".rstrip("0")


@pytest.fixture
def shell(books: Books, monkeypatch: pytest.MonkeyPatch):
    """Run a command in this process, as if DATABASE_URL named the test's database."""
    monkeypatch.setenv("DATABASE_URL", books.urls.app_url)
    monkeypatch.setattr("billing_core.store.engine.engine", lambda: books.engine)
    monkeypatch.setattr("billing_core.workspace.process_engine", lambda: books.engine)
    assert engines.engine() is books.engine
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def said(result) -> str:
    """Return what a command said, with one space between words."""
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return re.sub(r" +", " ", result.output)


def program(books: Books, *words: object) -> subprocess.CompletedProcess[str]:
    """Run the real program."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *map(str, words)],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": books.urls.app_url},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_import_says_what_became_of_every_row(books: Books, shell):
    path = books.file([*events(3), event(), event(calls=2), "oops", event(id="u", model="house-1", provider="house")])
    result = shell("import", "usage", path)

    assert result.exit_code == 0
    assert said(result).splitlines()[:9] == [
        "read 7",
        "new 4",
        "duplicate 1",
        "conflicting 1",
        "quarantined 1",
        "unpriced 1",
        f"cost {COST} (exact, of the new priced events)",
        "time 2025-03-03 10:00 to 2025-03-03 10:00 UTC",
        " line 6: The line is no JSON object (Expecting value at character 1): it may be cut off.",
    ]


def test_an_import_shows_the_first_bad_rows_and_how_many_more_there_are(books: Books, shell):
    assert " … and 2 more: see the page Sources." in said(shell("import", "usage", books.file(["oops"] * 7)))


def test_a_file_without_rows_is_no_failure(books: Books, shell):
    result = shell("import", "usage", books.file([]))

    assert (result.exit_code, said(result)) == (0, "The file holds no rows: nothing was imported.\n")


def test_a_mapping_and_a_source_are_named_on_the_command_line(books: Books, shell):
    by = books.bytes_file(
        b'source = "trace"\n[columns]\nat = "TIMESTAMP"\n[constants]\nprovider = "openai"\nmodel = "gpt-4o"\n'
        b'customer = "Code"\n[tokens]\ninput = "ContextTokens"\noutput = "GeneratedTokens"\n',
        "trace.toml",
    )
    csv = books.file(["TIMESTAMP,ContextTokens,GeneratedTokens", f"{AT},1000,100"], "trace.csv")
    shell("import", "usage", csv, "--mapping", by)
    shell("import", "usage", csv, "--mapping", by, "--source", "trace-2")

    assert books.costs() == {"Code": 2 * GPT_PICO}
    assert [row["name"] for row in books.asked("select name from usage_source order by 1")] == ["trace", "trace-2"]


def test_with_several_tenants_one_must_be_named(books: Books, shell):
    new_tenant(books.urls, "south")
    path = books.file(events(1))
    with pytest.raises(TenantNotChosenError, match="name one of north, south with --tenant"):
        said(shell("import", "usage", path))
    with pytest.raises(TenantNotChosenError, match="there is no tenant 'east'"):
        said(shell("import", "usage", path, "--tenant", "east"))

    assert "new 1" in said(shell("import", "usage", path, "--tenant", "south"))
    assert books.costs() == {}


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["missing.jsonl"], UsageFileError),
        ([".", "--mapping", "missing.toml"], MappingError),
        (["."], UsageFileError),
        (["x" * 300 + ".jsonl"], UsageFileError),
    ],
)
def test_what_cannot_be_imported_is_refused_before_anything_is_asked(shell, words, refusal):
    with pytest.raises(refusal):
        said(shell("import", "usage", *words))


def test_of_a_file_that_breaks_off_the_summary_is_said_too(books: Books, shell):
    whole = books.file(events(3000), "calls.jsonl.gz").read_bytes()
    result = shell("import", "usage", books.bytes_file(whole[:-500], "calls.jsonl.gz"))

    assert isinstance(result.exception, UsageFileError)
    assert f"new {books.count('usage_event'):,}\n" in re.sub(r" +", " ", result.output)


def test_the_actor_in_the_audit_is_the_person_at_the_keyboard(books: Books, shell):
    shell("import", "usage", books.file(events(1)))

    assert books.asked("select distinct actor ~ ' at the command line$' as named from audit") == [{"named": True}]


def test_rebuild_says_equal_then_different_then_rebuilt(books: Books, shell):
    shell("import", "usage", books.file(events(2)))
    agree = shell("rebuild", "--check")
    books.change("update usage_day set calls = calls + 1")
    differ = shell("rebuild", "--check")
    mend = shell("rebuild")
    again = shell("rebuild", "--check")

    verdicts = [[line.split()[0] for line in said(each).splitlines()] for each in (agree, differ, mend, again)]
    others = ["equal"] * 22  # Three sums of usage, the fifteen tables of the mirror, four of bookings.
    assert verdicts == [
        ["equal", *others],
        ["DIFFERENT", *others],
        ["rebuilt", *others],
        ["equal", *others],
    ]
    assert [each.exit_code for each in (agree, differ, mend, again)] == [0, 1, 0, 0]


def test_the_program_says_a_refusal_in_one_sentence_and_ends_with_1(books: Books):
    path = books.bytes_file("[1]".encode("utf-16"), "calls.jsonl")
    result = program(books, "import", "usage", path)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "The file calls.jsonl cannot be read: it is UTF-16. Save it as UTF-8.\n"


def test_the_program_imports_and_finds_what_somebody_changed(books: Books):
    path = books.file(events(3))
    imported = program(books, "import", "usage", path)
    assert (imported.returncode, imported.stderr) == (0, "")
    books.change("delete from usage_cost_month")
    checked = program(books, "rebuild", "--check")

    assert (checked.returncode, "DIFFERENT usage_cost_month: 0 rows stored, 1 rows derived" in checked.stdout) == (
        1,
        True,
    )
