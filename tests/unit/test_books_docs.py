"""Every check of the books has a sentence, and docs/books.md says the same."""

import re
from pathlib import Path

import pytest

from billing_core.books import CHECKS
from billing_core.books.comparing import SQL

pytestmark = pytest.mark.unit

DOCUMENT = Path(__file__).parents[2] / "docs" / "books.md"


def test_the_document_names_every_check_with_its_sentence():
    told = re.findall(r"^\| `(\w+)` \| (.*) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)

    assert told == [(check.name, check.sentence) for check in CHECKS]


def test_every_statement_belongs_to_a_check():
    names = {check.name for check in CHECKS}

    assert {path.stem for path in SQL.glob("*.sql")} <= names
