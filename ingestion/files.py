"""Usage from files: JSON lines and CSV, plain or compressed, read in steady memory whatever their size."""

import csv
import gzip
import json
import os
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from billing_core.errors import BillingError, InvalidFieldError, UsageFileError, UsageRowError
from billing_core.store.quarantine import BadRow
from billing_core.usage import TOKEN_CLASSES
from billing_core.usage_identity import stable_hash
from ingestion.batch import BATCH_BYTES_MAX, BATCH_ROWS, ImportSummary, ReadRows
from ingestion.mapping import COLUMN_FIELDS, CONTEXT_FIELDS, PLAIN, UsageMapping
from ingestion.pipeline import ImportTarget, open_import, run_import
from ingestion.rows import EventColumns, Find
from ingestion.texts import NAME_MAX, is_name, parsed_json, printable

LINE_BYTES_MAX = 1_000_000
"""A longer line is refused, and read past in pieces, so that no file can fill the memory."""

Line = tuple[int, bytes]
Progress = Callable[[ImportSummary, int], None]


def import_usage(
    target: ImportTarget,
    path: Path,
    *,
    source: str | None = None,
    mapping: UsageMapping | None = None,
    progress: Progress | None = None,
) -> ImportSummary:
    """Import one file; the same file again changes nothing. `progress` gets the summary and the bytes read so far.

    The source names the space of the events' ids: `source`, else the mapping's, else "file". Raises UsageFileError for
    what cannot be read at all; rows that cannot be read go to quarantine.
    """
    name = printable(path.name)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    is_csv = ".csv" in suffixes or ".tsv" in suffixes
    if not is_csv and not {".jsonl", ".ndjson", ".json"} & set(suffixes):
        raise UsageFileError(
            name, "its ending says neither JSON lines nor CSV", do="Name it .jsonl or .csv (or .gz of it)."
        )
    try:
        with path.open("rb") as file:
            _refuse_utf16(name, file)
            chosen = _mapping_for(file, name, mapping, is_csv=is_csv, is_tab=".tsv" in suffixes)
            rows = _csv_rows(file, name, chosen) if is_csv else _json_rows(file, name, chosen)
            usage_import = open_import(target, source=_source(source or chosen.source or "file"), origin=name)
            return run_import(usage_import, rows, _stopping_at_once(name, progress))
    except OSError as failure:
        raise _unreadable(name, failure) from failure


def file_size(path: Path) -> int:
    """Return a file's size in bytes; raise UsageFileError, a sentence, when it cannot be opened."""
    try:
        with path.open("rb") as file:
            return os.fstat(file.fileno()).st_size
    except OSError as failure:
        raise _unreadable(printable(path.name), failure) from failure


def _unreadable(name: str, failure: OSError) -> UsageFileError:
    problem = failure.strerror or str(failure).rstrip(".")
    return UsageFileError(name, problem, do="Check the path and its permissions.")


def _source(name: str) -> str:
    if not is_name(name):
        raise InvalidFieldError(
            "source", f"is no name of at most {NAME_MAX} printable characters", do="name the sender of the file"
        )
    return name


def _stopping_at_once(name: str, progress: Progress | None) -> Progress:
    """Report progress, and stop where a whole batch held no usage: then it is the wrong file, or the wrong mapping."""

    def report(summary: ImportSummary, bytes_read: int) -> None:
        if progress is not None:
            progress(summary, bytes_read)
        if summary.quarantined == summary.read >= BATCH_ROWS:
            raise UsageFileError(
                name,
                f"none of its first {summary.read:,} rows is usage (line {summary.refusals[0].line_number}: "
                f"{summary.refusals[0].sentence})",
                do="Check that this is the file, and its mapping.",
            )

    return report


def _json_rows(file: BinaryIO, name: str, mapping: UsageMapping) -> Iterator[ReadRows]:
    finders = {field: _path_finder(column) for field, column in mapping.columns.items()}
    columns = EventColumns(
        mapping,
        finders,
        {token_class: _path_finder(column) for token_class, column in mapping.tokens.items()},
        {tuple(entry.split(".")): _path_finder(column) for entry, column in mapping.usage.items()},
    )
    allowed = frozenset(column.split(".")[0] for column in mapping.columns.values()) if mapping.is_plain else None

    def parse(line: bytes) -> Any:
        return _json_object(line, allowed)

    return _batches(file, name, _lines(file, name), columns=columns, parse=parse)


def _csv_rows(file: BinaryIO, name: str, mapping: UsageMapping) -> Iterator[ReadRows]:
    lines = _lines(file, name)
    header = _header(lines, name, mapping)
    for column in mapping.column_names():
        if column not in header:
            raise UsageFileError(
                name,
                f"the mapping names the column {column!r}, and the file has {_listed(header)}",
                do="Correct the mapping.",
            )
        if header.count(column) > 1:
            raise UsageFileError(name, f"the column {column!r} stands twice in its header", do="Rename one of them.")
    place = {column: index for index, column in enumerate(header)}
    columns = EventColumns(
        mapping,
        {field: _cell_finder(place[column]) for field, column in mapping.columns.items()},
        {token_class: _cell_finder(place[column]) for token_class, column in mapping.tokens.items()},
        {tuple(entry.split(".")): _cell_finder(place[column]) for entry, column in mapping.usage.items()},
    )

    def parse(line: bytes) -> list[str]:
        cells = _cells(line, mapping)
        if len(cells) != len(header):
            raise UsageRowError(
                "columns", f"The row has {len(cells)} columns instead of {len(header)}: it may be cut off or misquoted."
            )
        return cells

    return _batches(file, name, lines, columns=columns, parse=parse)


def _batches(
    file: BinaryIO, name: str, lines: Iterator[Line], *, columns: EventColumns, parse: Callable[[bytes], Any]
) -> Iterator[ReadRows]:
    """Read rows until a batch is full; a row that cannot be read is refused with its sentence, and reading goes on."""
    refused: list[BadRow] = []
    read = size = 0
    damage: UsageFileError | None = None
    try:
        for number, line in lines:
            read += 1
            size += len(line)
            try:
                columns.add(parse(_checked_length(line)), line, number)
            except BillingError as refusal:
                refused.append(_refused(name, number, line, refusal))
            if read == BATCH_ROWS or size >= BATCH_BYTES_MAX:
                yield ReadRows(columns.take() if len(columns) else None, refused, read, file.tell())
                refused, read, size = [], 0, 0
    except UsageFileError as failure:
        damage = failure
    yield ReadRows(columns.take() if len(columns) else None, refused, read, file.tell())
    if damage is not None:
        raise damage


def _checked_length(line: bytes) -> bytes:
    if len(line) > LINE_BYTES_MAX:
        raise UsageRowError("line_length", f"The line has more than {LINE_BYTES_MAX} bytes: check its line ends.")
    return line


def _refused(name: str, number: int, line: bytes, refusal: BillingError) -> BadRow:
    reason = refusal.reason if isinstance(refusal, UsageRowError) else type(refusal).__name__
    return BadRow(name, number, reason, str(refusal), stable_hash(line.decode("utf-8", "backslashreplace")))


def _lines(file: BinaryIO, name: str) -> Iterator[Line]:
    """Yield numbered lines without their ends; empty ones are passed over, too long ones come cut at their limit."""
    stream = _plain_stream(file)
    number = 0
    try:
        while line := stream.readline(LINE_BYTES_MAX + 2):
            number += 1
            rest = line
            while len(rest) == LINE_BYTES_MAX + 2 and not rest.endswith(b"\n"):
                rest = stream.readline(LINE_BYTES_MAX + 2)
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if not line.isspace() and (stripped := line.rstrip(b"\r\n")):
                yield number, stripped
    except (EOFError, zlib.error, gzip.BadGzipFile) as failure:
        raise UsageFileError(
            name,
            f"its compression is damaged or cut off after line {number}",
            do="What came before is imported; fetch the file anew.",
        ) from failure


def _plain_stream(file: BinaryIO) -> Any:
    """Return the file, or what its compression holds."""
    is_gzip = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if is_gzip else file


def _json_object(line: bytes, allowed: frozenset[str] | None) -> Any:
    try:
        row = parsed_json(line.decode("utf-8"))
    except UnicodeDecodeError as failure:
        raise UsageRowError(
            "encoding", f"The line is no UTF-8 (byte {failure.start + 1}): save the file as UTF-8."
        ) from failure
    except json.JSONDecodeError as failure:
        raise UsageRowError(
            "json", f"The line is no JSON object ({failure.msg} at character {failure.pos + 1}): it may be cut off."
        ) from failure
    except (ValueError, RecursionError) as failure:
        raise UsageRowError(
            "json", "The line holds a number or a nesting beyond all bounds: JSON knows no NaN and no Infinity."
        ) from failure
    if not isinstance(row, dict):
        raise UsageRowError("json", "The line is JSON but no object: write one event per line as {…}.")
    if allowed is not None:
        _refuse_unknown(row, allowed)
        context = row.get("context")
        if context is not None and not isinstance(context, dict):
            raise UsageRowError("context", "The field 'context' is no object: write it as {\"batch\": true}.")
        _refuse_unknown(context or {}, CONTEXT_FIELDS, within="context.")
    return row


def _refuse_unknown(row: Mapping[str, Any], allowed: Collection[str], within: str = "") -> None:
    for name in row:
        if name not in allowed:
            raise UsageRowError(
                "unknown_field",
                f"The field {within + name[:60]!r} is not known: leave it out, or name your columns in a mapping.",
            )


def _header(lines: Iterator[Line], name: str, mapping: UsageMapping) -> list[str]:
    first = next(lines, None)
    if first is None:
        raise UsageFileError(name, "it is empty", do="Give a file with a header line.")
    try:
        return [cell.strip() for cell in _cells(_checked_length(first[1]), mapping)]
    except UsageRowError as refusal:
        raise UsageFileError(name, "its header is no row of column names", do=str(refusal)) from refusal


def _listed(header: list[str]) -> str:
    return ", ".join(repr(cell[:40]) for cell in header[:20])


def _cells(line: bytes, mapping: UsageMapping) -> list[str]:
    try:
        text = line.decode(mapping.encoding)
        return next(csv.reader([text], delimiter=mapping.delimiter, strict=True), [])
    except UnicodeDecodeError as failure:
        raise UsageRowError(
            "encoding",
            f"The row is no {mapping.encoding} (byte {failure.start + 1}): name the file's encoding in the mapping.",
        ) from failure
    except csv.Error as failure:
        raise UsageRowError("csv", f"The row is no CSV ({failure}): it may be cut off or misquoted.") from failure


def _mapping_for(
    file: BinaryIO, name: str, mapping: UsageMapping | None, *, is_csv: bool, is_tab: bool
) -> UsageMapping:
    """Return the given mapping, or our own form: for CSV by the names in the header."""
    if mapping is not None:
        return replace(mapping, delimiter="\t") if is_tab and mapping.delimiter == "," else mapping
    if not is_csv:
        return PLAIN
    plain = replace(PLAIN, delimiter="\t" if is_tab else ",")
    header = _header(_lines(file, name), name, plain)
    file.seek(0)
    fields = {column: column for column in header if column in COLUMN_FIELDS}
    tokens = {column: column for column in header if column in TOKEN_CLASSES}
    # A misspelt "custmer" must not leave its cost to nobody; a last column without a name is a spreadsheet's habit.
    unknown = [column for column in header if column and column not in COLUMN_FIELDS + TOKEN_CLASSES]
    if unknown or not {"at", "provider", "model"} <= set(fields) or bool(tokens) == ("usage" in fields):
        raise UsageFileError(
            name,
            f"its columns ({_listed(header)}) are not our own" + (f": {unknown[0][:40]!r} is none" if unknown else ""),
            do=f"Give a mapping with --mapping:\n{_template(header)}",
        )
    return replace(plain, columns=fields, tokens=tokens)


def _template(header: list[str]) -> str:
    """Return a mapping to start from, with the file's own columns as guesses in their order."""
    return (
        f"# columns of the file: {_listed(header)}\n"
        'source = "my-file"\n\n[columns]\nat = "…"\n\n'
        '[constants]\nprovider = "openai"\nmodel = "gpt-4o"\ncustomer = "…"\n\n'
        '[tokens]\ninput = "…"\noutput = "…"\n'
    )


def _path_finder(column: str) -> Find:
    """Return a reader of a field, whose name may hold dots, or else of a path into objects."""
    path = column.split(".")
    if len(path) == 1:
        return lambda row: row.get(column)

    def find(row: Any) -> Any:
        if column in row:
            return row[column]
        for part in path:
            if not isinstance(row, Mapping):
                return None
            row = row.get(part)
        return row

    return find


def _cell_finder(index: int) -> Find:
    return lambda row: row[index]


def _refuse_utf16(name: str, file: BinaryIO) -> None:
    start = file.read(4)
    file.seek(0)
    if start[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise UsageFileError(name, "it is UTF-16", do="Save it as UTF-8.")
