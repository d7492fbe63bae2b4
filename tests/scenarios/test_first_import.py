"""The first week with one's own usage, day by day, as docs/importing.md tells it."""

import re
from pathlib import Path

import pytest

from billing_core.commands.rebuild import rebuild
from billing_core.errors import UsageFileError
from billing_core.workspace import open_workspace
from ingestion.batch import ImportSummary
from ingestion.mapping import COLUMN_FIELDS, CONTEXT_FIELDS, FIELDS, read_mapping
from tests.imports import GPT, GPT_PICO, Books, event

pytestmark = [pytest.mark.scenario, pytest.mark.postgres]

GUIDE = (Path(__file__).parents[2] / "docs/importing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", GUIDE, re.DOTALL)


def block(start: str) -> str:
    """Return the guide's block of code that starts so."""
    (found,) = [text for _, text in BLOCKS if text.startswith(start)]
    return found


def counts(summary: ImportSummary) -> tuple[int, int, int, int, int]:
    return summary.read, summary.new, summary.duplicate, summary.conflicting, summary.quarantined


def dollars(books: Books) -> dict[str | None, str]:
    return {name: f"{cost / 10**12:.4f}" for name, cost in books.costs().items()}


def test_a_first_week_of_usage(books: Books):
    # Monday: the first file, as the application logged it. One line was cut when the log was rotated.
    monday = [
        event(id="m1", customer="Acme", feature="draft"),
        event(id="m2", customer="Birch", usage={"input": 1_000_000, "output": 0}),
        event(id="m3", customer=None),
        event(id="m4", customer="Acme", provider="house", model="house-1"),
    ]
    path = books.file([*monday, '{"id": "m5", "at": "2025-03'], "monday.jsonl")
    assert counts(books.take(path)) == (5, 4, 0, 0, 1)
    assert dollars(books) == {"Acme": "0.0035", "Birch": "2.5000", None: "0.0035"}
    assert books.seen("select sum(unpriced_calls) as calls from usage_cost_month") == [{"calls": 1}]

    # Tuesday: nobody remembers whether Monday was imported.
    assert counts(books.take(path)) == (5, 0, 4, 0, 1)

    # Wednesday: the mended file holds the cut line; somebody also changed a customer's name in it.
    mended = [*monday[:2], event(id="m3", customer="Cedar"), monday[3], event(id="m5", customer="Cedar")]
    assert counts(books.take_lines(*mended, name="monday.jsonl")) == (5, 1, 3, 1, 0)
    assert dollars(books) == {"Acme": "0.0035", "Birch": "2.5000", "Cedar": "0.0035", None: "0.0035"}
    assert [row["key"] for row in books.seen("select key from usage_conflict")] == ["m3"]

    # Thursday: two colleagues' exports overlap, and come late.
    late = [event(id=f"l{number}", customer="Acme", at="2025-02-28T23:59:59Z") for number in range(4)]
    assert counts(books.take_lines(*late[:3])) == (3, 3, 0, 0, 0)
    assert counts(books.take_lines(*late[1:])) == (3, 1, 2, 0, 0)
    assert books.seen("select month::text, cost_pico_usd from usage_cost_month order by month limit 1") == [
        {"month": "2025-02-01", "cost_pico_usd": 4 * GPT_PICO}
    ]

    # Friday: the download broke off; on the second try it is whole.
    friday = [event(id=f"f{number}", customer="Dune", usage=GPT) for number in range(2000)]
    whole = books.file(friday, "friday.jsonl.gz")
    with pytest.raises(UsageFileError, match="What came before is imported; fetch the file anew"):
        books.take(books.bytes_file(whole.read_bytes()[:-200], "friday.jsonl.gz"))
    before = books.count("usage_event")
    summary = books.take(whole)
    assert summary.new + summary.duplicate == 2000
    assert summary.duplicate == before - 9
    assert books.costs()["Dune"] == 2000 * GPT_PICO

    # Saturday: the sums are proved from the ledger, and nothing is left to do.
    with open_workspace(tenant_id=books.tenant_id, actor="test", role="service", engine=books.engine) as workspace:
        assert all(check.agrees for check in rebuild(workspace))
    total = books.seen("select sum(cost_pico_usd) as cost from usage_event")[0]["cost"]
    assert sum(books.costs().values()) == total == (1 + 1 + 1 + 4 + 2000) * GPT_PICO + 1_000_000 * 2_500_000


def test_the_guides_examples_work_as_they_stand(books: Books):
    plain = books.file([block('{"id": "req_1"').strip()])
    by = books.bytes_file(block("source = ").encode(), "trace.toml")
    trace = books.file([block("TIMESTAMP").strip()], "trace.csv")

    assert books.take(plain).cost_pico_usd == GPT_PICO
    summary = books.take(trace, mapping=read_mapping(by))
    assert counts(summary) == (2, 2, 0, 0, 0)
    assert books.seen("select name from usage_source order by source_id") == [{"name": "file"}, {"name": "code-trace"}]
    assert books.seen("select sum(tokens) as tokens from usage_cost_day where day < '2024-01-01'") == [
        {"tokens": 4808 + 10 + 3180 + 8}
    ]


def test_the_guides_summary_is_what_the_program_counts(books: Books):
    lines = [event(id=str(n)) for n in (1, 2, 3)] + [event(id="1"), event(id="2", calls=2), "oops"]
    summary = books.take_lines(*lines, event(id="u", provider="house", model="house-1"))
    told = dict(re.findall(r"^(\w+) +(\d+)$", block("$ marginbook"), re.MULTILINE))

    assert {name: getattr(summary, name) for name in told} == {name: int(number) for name, number in told.items()}
    assert len(told) == 6
    assert summary.refusals[0].sentence in block("$ marginbook")


def test_the_guide_names_every_field():
    named = set(re.findall(r"`([a-z_]+)`", GUIDE.partition("## The plain form")[2].partition("## A mapping")[0]))

    assert {*FIELDS, *CONTEXT_FIELDS, *COLUMN_FIELDS} <= named
