"""The page docs/calc.md says what `marginbook calc` really does: every example is run, every refusal exists."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from billing_core import errors
from cli import app

pytestmark = pytest.mark.unit

PAGE = Path(__file__).parents[2].joinpath("docs", "calc.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^ *\$ echo ('.*') \| marginbook calc (\w+) -\n *(.+)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("question", "command", "answer"), EXAMPLES, ids=[command for _, command, _ in EXAMPLES])
def test_every_example_of_the_page_answers_as_it_says(question, command, answer):
    [line] = shlex.split(question)
    result = CliRunner().invoke(app, ["calc", command, "-"], input=f"{line}\n")
    assert result.stdout == f"{answer}\n"


def test_no_example_of_the_page_is_left_unread():
    assert len(EXAMPLES) == PAGE.count("```console")
    assert {"allocate", "periods"} <= {command for _, command, _ in EXAMPLES}


def test_every_refusal_that_the_page_names_exists():
    named = set(re.findall(r"\b[A-Z]\w+Error\b", PAGE))
    assert named <= {name for name in vars(errors) if name.endswith("Error")}
    assert "InvalidWeightsError" in named
