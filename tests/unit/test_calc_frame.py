"""The frame of `marginbook calc`: one answer per line, in order, whatever a line holds."""

import io
import json
import subprocess
import sys
from decimal import Decimal
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from billing_core.errors import BillingError
from cli import app, calc

pytestmark = pytest.mark.unit

GOOD = '{"id": "a", "currency": "usd", "total_minor": 100, "weights": [1, 1, 1]}'
GOOD_ANSWER = {"id": "a", "parts_minor": [34, 33, 33]}
TALK = [sys.executable, "-c", "from cli import main; main()", "calc", "allocate", "-"]


def run(source: str | bytes, *options: str):
    return CliRunner().invoke(app, ["calc", "allocate", "-", *options], input=source)


def answers(source: str | bytes) -> list[dict]:
    return [json.loads(line) for line in run(source).stdout.splitlines()]


def echo(line: dict) -> dict:
    """Answer with what arrived, as Python sees it."""
    return {"saw": repr(line)}


def test_each_line_is_answered_in_order_with_its_id():
    lines = [
        f'{{"id": "{name}", "currency": "usd", "total_minor": {total}, "weights": [1]}}'
        for name, total in [("z", 3), ("a", 1), ("z", 2)]
    ]
    result = run("\n".join(lines))
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"id": "z", "parts_minor": [3]},
        {"id": "a", "parts_minor": [1]},
        {"id": "z", "parts_minor": [2]},
    ]
    assert result.exit_code == 0


@pytest.mark.parametrize(
    "identity", ['"id": "Zürich №1 \\u0000"', '"id": ""', '"id": 42', '"id": null', '"id": "\\ud800"']
)
def test_an_id_comes_back_as_it_was(identity):
    assert answers(GOOD.replace('"id": "a"', identity)) == [
        json.loads("{" + identity + "}") | {"parts_minor": [34, 33, 33]}
    ]


def test_a_line_without_id_is_answered_without_id():
    assert answers('{"currency": "usd", "total_minor": 1, "weights": [1]}') == [{"parts_minor": [1]}]


@pytest.mark.parametrize("identity", ["4.5", "[]", "{}", "true"])
def test_an_id_that_is_no_text_is_refused(identity):
    assert answers(GOOD.replace('"a"', identity)) == [
        {
            "status": "error",
            "error": "InvalidFieldError",
            "message": "The field 'id' is no text: write it in quotes, as \"42\", or leave it out.",
        }
    ]


def test_a_line_that_cannot_be_answered_is_an_error_line_and_the_rest_goes_on():
    result = run("\n".join([GOOD.replace("usd", "zzz"), GOOD]))
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {
            "id": "a",
            "status": "error",
            "error": "InvalidCurrencyError",
            "message": "'zzz' is no currency: give a three-letter ISO 4217 code, such as USD or EUR.",
        },
        GOOD_ANSWER,
    ]
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize("line", ["[1, 2]", '"text"', "42", "null", "true", "0.5"])
def test_json_that_is_no_object_is_an_error_line(line):
    result = run(f"{line}\n{GOOD}")
    [error, answer] = [json.loads(text) for text in result.stdout.splitlines()]
    assert error == {
        "status": "error",
        "error": "InvalidFieldError",
        "message": "The field 'line' is no JSON object: write {\"field\": value, …}.",
    }
    assert (answer, result.exit_code) == (GOOD_ANSWER, 0)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"total,weights", "Expecting value at column 1"),
        (b'{"id": "a", "total', "Unterminated string starting at column 13"),
        (b'{"id": "a"} {"id": "b"}', "Extra data at column 13"),
        (b'{"id": "\xff"}', "byte 9 is not UTF-8"),
        (b'{"total_minor": NaN}', "NaN is no number of JSON"),
        (b'{"total_minor": -Infinity}', "-Infinity is no number of JSON"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b'{"total_minor": ' + b"9" * 5_000 + b"}", "Exceeds the limit"),
    ],
)
def test_a_line_that_is_no_json_is_named_and_the_exit_code_is_2(line, reason):
    result = run(b"\n".join([GOOD.encode(), b"", line, GOOD.encode()]))
    [before, error, after] = [json.loads(text) for text in result.stdout.splitlines()]
    assert (before, after) == (GOOD_ANSWER, GOOD_ANSWER)
    assert (error["status"], error["error"]) == ("error", "UnreadableLineError")
    assert error["message"].startswith(f"Line 3 is no JSON ({reason}")
    assert result.exit_code == 2
    assert result.stderr == error["message"] + "\n"


def test_the_first_of_several_unreadable_lines_is_named():
    assert run("x\ny\n").stderr.startswith("Line 1 is no JSON")


def test_a_line_beyond_any_sane_length_ends_the_run(monkeypatch):
    monkeypatch.setattr(calc, "LINE_BYTES_MAX", len(GOOD) + 1)
    result = run(f"{GOOD}\n{GOOD[:-1]}    }}\n{GOOD}\n")
    [answer, error] = [json.loads(line) for line in result.stdout.splitlines()]
    assert (answer, error["error"]) == (GOOD_ANSWER, "UnreadableLineError")
    assert (result.exit_code, "Line 2 is no JSON (it is longer than" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    "source",
    [GOOD, f"{GOOD}\n", f"\n\n{GOOD}\n   \n", f"{GOOD}\r\n", f"\ufeff{GOOD}\n", f"  {GOOD}  \n"],
    ids=["no end of line", "plain", "blank lines", "Windows", "byte order mark", "spaces"],
)
def test_a_file_may_be_written_by_any_program(source):
    assert answers(source) == [GOOD_ANSWER]


def test_an_empty_file_has_no_answers():
    result = run("")
    assert (result.stdout, result.exit_code) == ("", 0)


def test_a_file_is_read_by_its_name(tmp_path):
    file = tmp_path / "questions.jsonl"
    file.write_text(GOOD)
    result = CliRunner().invoke(app, ["calc", "allocate", str(file)])
    assert (json.loads(result.stdout), result.exit_code) == (GOOD_ANSWER, 0)


def test_a_file_that_cannot_be_read_is_one_sentence_and_exit_code_2(tmp_path):
    for name, reason in [(str(tmp_path / "nowhere"), "No such file"), (str(tmp_path), "Is a directory")]:
        result = CliRunner().invoke(app, ["calc", "allocate", name])
        assert (result.stdout, result.exit_code) == ("", 2)
        assert f"({reason}" in result.stderr
        assert "name a file that exists, or - for standard input." in result.stderr


def test_numbers_with_a_point_arrive_exactly_as_written(tmp_path, capfdbinary):
    file = tmp_path / "questions.jsonl"
    file.write_text('{"cost": 0.10000000000000000000000001, "count": 3}')
    calc.answer_lines(str(file), echo)
    seen = {"cost": Decimal("0.10000000000000000000000001"), "count": 3}
    assert json.loads(capfdbinary.readouterr().out) == {"saw": repr(seen)}


def test_a_bug_in_a_rule_is_never_an_error_line(tmp_path):
    file = tmp_path / "questions.jsonl"
    file.write_text("{}")
    with pytest.raises(KeyError):
        calc.answer_lines(str(file), lambda line: line["missing"])


def test_a_refusal_without_pretty_words_is_shown_as_it_is(tmp_path, capfdbinary):
    def refuse(line: dict) -> dict:
        raise BillingError(f"Nothing can be said of [bold]{line}[/bold]: ask something else.")

    file = tmp_path / "questions.jsonl"
    file.write_text("{}\nno json")
    with pytest.raises(typer.Exit) as end:
        calc.answer_lines(str(file), refuse)
    assert end.value.exit_code == 2
    first = json.loads(capfdbinary.readouterr().out.splitlines()[0])
    assert first["message"] == "Nothing can be said of [bold]{}[/bold]: ask something else."


def test_a_program_may_talk_in_turns_because_each_answer_leaves_before_the_next_question(monkeypatch):
    left = io.BytesIO()

    def questions():
        for number in range(3):
            assert left.getvalue().count(b"parts_minor") == number
            yield f"{GOOD}\n".encode()
        yield b""

    turns = questions()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=SimpleNamespace(readline=lambda _limit: next(turns))))
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=io.BufferedWriter(left)))
    calc.answer_lines("-", calc.allocated)
    assert left.getvalue().count(b"parts_minor") == 3


def test_a_reader_that_stops_early_causes_no_traceback():
    with subprocess.Popen(
        TALK, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as talk:
        talk.stdout.close()
        talk.stdin.write(f"{GOOD}\n" * 10)
        talk.stdin.close()
        assert "Traceback" not in talk.stderr.read()


def test_pretty_prints_a_table_for_people():
    result = run("\n".join([GOOD, GOOD.replace("usd", "[red]zz"), "no json"]), "--pretty")
    assert "parts minor" in result.stdout
    assert "[red]zz" in result.stdout
    assert "InvalidCurrencyError" in result.stdout
    assert "UnreadableLineError" in result.stdout
    assert result.exit_code == 2


def test_pretty_begins_a_new_table_before_the_first_grows_without_end(monkeypatch):
    monkeypatch.setattr(calc, "TABLE_ROWS_MAX", 2)
    for lines, tables in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)]:
        assert run(f"{GOOD}\n" * lines, "--pretty").stdout.count("parts minor") == tables


def test_pretty_of_nothing_is_nothing():
    assert run("", "--pretty").stdout == ""


def test_pretty_shows_what_is_unknown_as_not_available(tmp_path, capsys):
    file = tmp_path / "questions.jsonl"
    file.write_text('{"id": "x"}')
    calc.answer_lines(str(file), lambda line: {"cost_usd": None, "tokens": {"input": len(line)}}, pretty=True)
    shown = capsys.readouterr().out
    assert "n/a" in shown
    assert "input 1" in shown
