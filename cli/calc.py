"""`marginbook calc`: the frame of its commands (JSON lines in, one answer per line out), and its two smallest."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any, BinaryIO, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from billing_core.errors import BillingError, InvalidFieldError, UnreadableFileError, UnreadableLineError
from billing_core.money import Money, allocate
from billing_core.periods import BillingCycle, DateCycle, Interval
from cli import calc_fields as fields

Line = dict[str, Any]
"""One question or one answer, as the JSON object on its line."""

LINE_BYTES_MAX = 16 * 1024 * 1024
"""The longest line: above it the file is surely no JSON lines, and memory stays flat."""

TABLE_ROWS_MAX = 500
"""Rows of one `--pretty` table; the next rows begin a new table, so that memory stays flat."""

PERIODS_MAX = 10_000
"""The most periods of one answer: 27 years of days."""

calc_app = typer.Typer(no_args_is_help=True, help="Check a rule by hand: JSON lines in, one answer per line out.")

FILE = typer.Argument(metavar="FILE", help="A file of JSON lines, or - for standard input.", show_default=False)
PRETTY = typer.Option(False, "--pretty", help="Print a table for people instead of JSON lines.")


@calc_app.command("allocate")
def allocate_command(file: str = FILE, pretty: bool = PRETTY) -> None:
    """Split totals by weights, so that the parts add up exactly."""
    answer_lines(file, allocated, pretty=pretty)


@calc_app.command("periods")
def periods_command(file: str = FILE, pretty: bool = PRETTY) -> None:
    """Count billing periods from an anchor."""
    answer_lines(file, billing_periods, pretty=pretty)


def allocated(line: Line) -> Line:
    """Answer `{"currency", "total_minor", "weights"}` with `{"parts_minor"}`."""
    total = Money(fields.whole_field(line, "total_minor"), fields.text_field(line, "currency"))
    parts = allocate(total, fields.decimals_field(line, "weights"))
    return {"parts_minor": [part.amount_minor for part in parts]}


def billing_periods(line: Line) -> Line:
    """Answer `{"anchor", "interval", …}` with `{"periods"}`, in the anchor's form: dates for a date."""
    given = {field: value for field, value in line.items() if value is not None}
    anchor = fields.date_or_instant_field(given, "anchor")
    spans = _instant_periods(given, anchor) if isinstance(anchor, datetime) else _date_periods(given, anchor)
    return {"periods": [{"start": start, "end": end} for start, end in spans]}


def _date_periods(line: Line, anchor: date) -> list[tuple[str, str]]:
    """Count periods of whole dates; a moment counts as the date that it is in the time zone."""
    interval, interval_count, count, moment = _cycle_fields(line)
    zone = fields.time_zone_field(line, "time_zone") or UTC
    day = fields.local_date_field(line, moment, zone) if moment in line else anchor
    periods = DateCycle(anchor, interval, interval_count).periods(count, from_on=day)
    return [(period.start.isoformat(), period.end.isoformat()) for period in periods]


def _instant_periods(line: Line, anchor: datetime) -> list[tuple[str, str]]:
    """Count periods of instants; without a time zone, the anchor's own offset is the clock whose days count."""
    interval, interval_count, count, moment = _cycle_fields(line)
    zone = fields.time_zone_field(line, "time_zone") or anchor.tzinfo or UTC
    instant = fields.instant_field(line, moment) if moment in line else anchor
    periods = BillingCycle(anchor, interval, interval_count, zone).periods(count, from_at=instant)
    shown_zone = UTC if anchor.tzinfo is UTC else zone
    return [(_instant_text(period.start, shown_zone), _instant_text(period.end, shown_zone)) for period in periods]


def _cycle_fields(line: Line) -> tuple[Interval, int, int, str]:
    """Return the interval, its count, how many periods are wanted, and which field names the first one's moment."""
    interval = fields.choice_field(line, "interval", Interval)
    interval_count = fields.whole_field(line, "interval_count") if "interval_count" in line else 1
    if ("containing" in line) == ("count" in line):
        raise InvalidFieldError("count", "asks something else than 'containing'", do="give exactly one of the two")
    if "containing" in line:
        return interval, interval_count, 1, "containing"
    count = fields.whole_field(line, "count")
    if not 1 <= count <= PERIODS_MAX:
        raise InvalidFieldError("count", f"is {str(count)[:40]}", do=f"ask for 1 to {PERIODS_MAX:,} periods")
    return interval, interval_count, count, "from"


def _instant_text(instant: datetime, zone: tzinfo) -> str:
    """Write an instant with its offset; in UTC with Z."""
    if zone is UTC:
        return instant.isoformat().removesuffix("+00:00") + "Z"
    return instant.astimezone(zone).isoformat()


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
        return _DECODER.decode(text.rstrip().decode("utf-8-sig" if line_number == 1 else "utf-8"))
    except json.JSONDecodeError as error:
        raise UnreadableLineError(line_number, f"{error.msg.removesuffix(' at')} at column {error.colno}") from error
    except UnicodeDecodeError as error:
        raise UnreadableLineError(line_number, f"byte {error.start + 1} is not UTF-8") from error
    except RecursionError as error:
        raise UnreadableLineError(line_number, "it is nested too deeply") from error
    except ValueError as error:
        raise UnreadableLineError(line_number, str(error).partition(";")[0]) from error


def _answered(line: Any, answer: Callable[[Line], Line]) -> Line:
    """Answer one line, or say in one sentence why it cannot be answered."""
    if not isinstance(line, dict):
        return _error_line({}, InvalidFieldError("line", "is no JSON object", do='write {"field": value, …}'))
    identity = {"id": line["id"]} if "id" in line else {}
    if isinstance(line.get("id"), bool) or not isinstance(line.get("id"), str | int | None):
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
