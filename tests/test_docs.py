"""The documents say what the code does: no setting, command, error, job, table, number or decision is missing."""

import importlib
import inspect
import pkgutil
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from billing_core import queries
from tools.reference import pages

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
SECTIONS = ["Context", "Decision", "Consequences", "Enforced by"]
ADR_LINES_MAX = 80


def first_cells(document: Path, *, heading: str = "") -> list[str]:
    """Return the first cell of every table row below a heading, or of the whole document."""
    text = (
        document.read_text(encoding="utf-8").partition(heading)[2] if heading else document.read_text(encoding="utf-8")
    )
    rows = re.findall(r"^\| ([^|]+) \|", text.partition("\n## ")[0] if heading else text, re.MULTILINE)
    return [row.strip("` ") for row in rows if row != "---"]


@pytest.mark.parametrize("path", sorted(pages()))
def test_the_reference_is_what_the_code_says(path):
    assert (ROOT / path).read_text(encoding="utf-8") == pages()[path], "run `make fix`"


def test_the_reference_holds_no_page_that_nobody_writes():
    written = {f"docs/reference/{path.name}" for path in (DOCS / "reference").iterdir()}

    assert written == pages().keys() - {".env.example"}


def test_every_table_of_the_migrations_is_described_once():
    migrations = (ROOT / "billing_core/store/migrations/versions").glob("*.sql")
    made = [name for path in migrations for name in re.findall(r"^create table (\w+)", path.read_text(), re.MULTILINE)]
    described = first_cells(DOCS / "database.md", heading="## Tables")

    assert sorted(described) == sorted(["table", *made])


def test_the_decision_on_global_tables_lists_exactly_the_global_ones():
    text = (DOCS / "database.md").read_text()
    decided = first_cells(DOCS / "decisions/0003-global-tables.md")

    assert decided == ["table", *re.findall(r"^\| `(\w+)` \| global \|", text, re.MULTILINE)]


def numbers_of_queries() -> set[str]:
    """Return the name of every count and amount that a query answers with."""
    names = set()
    for module_info in pkgutil.iter_modules(queries.__path__):
        module = importlib.import_module(f"{queries.__name__}.{module_info.name}")
        for answer in vars(module).values():
            if inspect.isclass(answer) and is_dataclass(answer) and answer.__module__ == module.__name__:
                kinds = {field.name: str(field.type) for field in fields(answer)}
                got = inspect.getmembers(answer, lambda member: isinstance(member, property))
                kinds |= {name: str(each.fget.__annotations__["return"]) for name, each in got}
                names |= {name for name, kind in kinds.items() if re.search(r"\b(int|Decimal)\b", kind)}
    return {name for name in names if not re.search(r"(^|_)id$|_number$", name)}


def test_every_number_of_a_query_has_its_definition():
    defined = set(re.findall(r"`(\w+)`", (DOCS / "metrics.md").read_text()))

    assert numbers_of_queries() - defined == set()


@pytest.mark.parametrize("document", [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))], ids=lambda path: path.name)
def test_every_link_leads_somewhere(document):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8"))

    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_its_four_parts_on_one_page(decision):
    text = decision.read_text(encoding="utf-8")

    assert re.match(rf"# {decision.name[:4]}: \S", text)
    assert re.findall("^## (.*)$", text, re.MULTILINE) == SECTIONS
    assert len(text.splitlines()) <= ADR_LINES_MAX


def test_every_decision_has_a_number_of_its_own_and_a_line_in_the_index():
    numbers = [decision.name[:4] for decision in DECISIONS]

    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]
    assert first_cells(DOCS / "README.md", heading="## Decisions") == [
        "number",
        *(f"[{decision.name[:4]}](decisions/{decision.name})" for decision in DECISIONS),
    ]


def test_a_thing_has_one_word():
    words = [word for cell in first_cells(DOCS / "glossary.md") if cell != "word" for word in cell.split(", ")]

    assert sorted(words) == sorted(set(words))


@pytest.mark.parametrize("heading", re.findall("^## (.*)$", (DOCS / "metrics.md").read_text(), re.MULTILINE))
def test_a_number_is_defined_once(heading):
    assert (DOCS / "metrics.md").read_text().count(f"\n## {heading}\n") == 1


def test_the_changelog_keeps_its_form():
    headings = re.findall("^(##+ .*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    good = re.compile(
        r"## \[(Unreleased|\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d)|### (Added|Changed|Deprecated|Removed|Fixed|Security)$"
    )

    assert headings[0] == "## [Unreleased]"
    assert [heading for heading in headings if not good.match(heading)] == []


def test_every_task_of_the_makefile_says_what_it_does():
    makefile = (ROOT / "Makefile").read_text()
    described = set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))

    assert {"setup", "run", "test", "check", "fix", "bench", "chaos", "lock", "help"} <= described
    assert set(re.findall(r"\bmake ([a-z-]+)", (ROOT / "README.md").read_text())) <= described


def test_the_machine_runs_the_line_that_a_person_runs():
    assert (ROOT / ".ci/run").read_text().rstrip().endswith("\nmake check")
