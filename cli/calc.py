"""`marginbook calc`: the frame of its commands (JSON lines in, one answer per line out), and its two smallest."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, BinaryIO, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from billing_core.errors import BillingError, InvalidFieldError, UnreadableFileError, UnreadableLineError

Line = dict[str, Any]
"""One question or one answer, as the JSON object on its line."""

LINE_BYTES_MAX = 16 * 1024 * 1024
"""The longest line: above it the file is surely no JSON lines, and memory stays flat."""

TABLE_ROWS_MAX = 500
"""Rows of one `--pretty` table; the next rows begin a new table, so that memory stays flat."""

calc_app = typer.Typer(no_args_is_help=True, help="Check a rule by hand: JSON lines in, one answer per line out.")

FILE = typer.Argument(metavar="FILE", help="A file of JSON lines, or - for standard input.", show_default=False)
PRETTY = typer.Option("--pretty", help="Print a table for people instead of JSON lines.")


def answer_lines(source: str, answer: Callable[[Line], Line], *, pretty: bool = False) -> None:
    """Write `answer(line)` for each JSON object of `source` (a file's name, or `-`), in order, with its `id`.

    A `BillingError` of `answer` becomes an error line and the rest goes on. A number with a decimal point reaches
    `answer` as `Decimal`, exactly as written. A line that is no JSON becomes an error line too; the exit code is
    then 2 and standard error names the first such line.
    """
    first_unreadable: UnreadableLineError | None = None
    with _opened(source) as stream, _table() if pretty else _json_lines() as write:
        for line_number, text in _numbered(stream):
            try:
                line = _parsed(line_number, text)
            except UnreadableLineError as error:
                first_unreadable = first_unreadable or error
                write(_error_line({}, error))
                if len(text) > LINE_BYTES_MAX:
                    break
                continue
            write(_answered(line, answer))
    if first_unreadable is not None:
        _exit_with(first_unreadable)


def _numbered(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield every line that is not blank, with its number in the file; one that is too long comes cut."""
    line_number = 0
    while text := stream.readline(LINE_BYTES_MAX + 1):
        line_number += 1
        if not text.isspace():
            yield line_number, text


def _refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python's reader would let in as floats."""
    message = f"{name} is no number of JSON"
    raise ValueError(message)


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant)


def _parsed(line_number: int, text: bytes) -> Any:
    """Read one line as JSON; numbers with a point or an exponent become `Decimal`."""
    if len(text) > LINE_BYTES_MAX:
        raise UnreadableLineError(line_number, f"it is longer than {LINE_BYTES_MAX:,} bytes")
    try:
        return _DECODER.decode(text.decode("utf-8-sig" if line_number == 1 else "utf-8"))
    except json.JSONDecodeError as error:
        raise UnreadableLineError(line_number, f"{error.msg} at column {error.colno}") from error
    except UnicodeDecodeError as error:
        raise UnreadableLineError(line_number, f"byte {error.start + 1} is not UTF-8") from error
    except RecursionError as error:
        raise UnreadableLineError(line_number, "it is nested too deeply") from error
    except ValueError as error:
        raise UnreadableLineError(line_number, str(error)) from error


def _answered(line: Any, answer: Callable[[Line], Line]) -> Line:
    """Answer one line, or say in one sentence why it cannot be answered."""
    if not isinstance(line, dict):
        return _error_line({}, InvalidFieldError("line", "is no JSON object", do='write {"field": value, …}'))
    identity = {"id": line["id"]} if "id" in line else {}
    if not isinstance(identity.get("id"), str | int | None):
        return _error_line({}, InvalidFieldError("id", "is no text", do='write it in quotes, as "42", or leave it out'))
    try:
        return identity | answer(line)
    except BillingError as refusal:
        return _error_line(identity, refusal)


def _error_line(identity: Line, refusal: BillingError) -> Line:
    return identity | {"status": "error", "error": type(refusal).__name__, "message": str(refusal)}


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    """Open the file, or take standard input for `-`; what cannot be read is one sentence and exit code 2."""
    if source == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = open(source, "rb")  # noqa: PTH123, SIM115  `source` is what was typed; it is closed two lines below.
    except OSError as error:
        _exit_with(UnreadableFileError(source, error.strerror or type(error).__name__))
    with stream:
        yield stream


def _exit_with(refusal: BillingError) -> NoReturn:
    Console(stderr=True).print(str(refusal), style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(2)


@contextmanager
def _json_lines() -> Iterator[Callable[[Line], None]]:
    """Give a writer of JSON lines; each is flushed, so that a program on the other end may talk in turns."""
    output = sys.stdout.buffer

    def write(row: Line) -> None:
        # A lone surrogate (legal in JSON, not in UTF-8) leaves as the escape it came in as.
        output.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
        output.flush()

    yield write


@contextmanager
def _table() -> Iterator[Callable[[Line], None]]:
    """Give a writer that shows the answers as tables for people."""
    rows: list[Line] = []

    def write(row: Line) -> None:
        rows.append(row)
        if len(rows) == TABLE_ROWS_MAX:
            _print_table(rows)
            rows.clear()

    yield write
    if rows:
        _print_table(rows)


def _print_table(rows: list[Line]) -> None:
    """Draw one column per field, in the order in which the fields first appear."""
    fields = list(dict.fromkeys(field for row in rows for field in row))
    table = Table(*(field.replace("_", " ") for field in fields))
    for row in rows:
        table.add_row(*(Text(_cell(row[field]) if field in row else "") for field in fields))
    Console().print(table)


def _cell(value: Any) -> str:
    """Write one value for a person: an object as `field value` pairs, each item of a list on a line of its own."""
    if isinstance(value, dict):
        return "  ".join(f"{field} {_cell(inner)}" for field, inner in value.items())
    if isinstance(value, list):
        return "\n".join(_cell(item) for item in value)
    return "n/a" if value is None else str(value)
