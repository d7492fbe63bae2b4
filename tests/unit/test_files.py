"""How a file is read, without a database: each bad row gets its sentence, and the rows around it are read."""

import gzip
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from billing_core.errors import UsageFileError
from ingestion import files
from ingestion.batch import ReadRows
from ingestion.checks import split_refused
from ingestion.mapping import PLAIN, UsageMapping
from tests.bad_rows import BAD_LINES, GOOD_LINES
from tests.imports import event, mapping

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 21, tzinfo=UTC)
HEADER = "id,at,customer,provider,model,input,output"
ROW = "1,2025-03-03T10:00:00Z,Acme,openai,gpt-4o,1000,100"


def content(lines: Iterable[dict[str, Any] | str | bytes]) -> bytes:
    whole = [json.dumps(line) if isinstance(line, dict) else line for line in lines]
    return b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in whole)


def read_json(*lines: dict[str, Any] | str | bytes, by: UsageMapping = PLAIN) -> list[ReadRows]:
    return list(files._json_rows(io.BytesIO(content(lines)), "calls.jsonl", by))


def read_csv(*lines: str | bytes, by: UsageMapping | None = None, is_tab: bool = False) -> list[ReadRows]:
    file = io.BytesIO(content(lines))
    chosen = files._mapping_for(file, "calls.csv", by, is_csv=True, is_tab=is_tab)
    return list(files._csv_rows(file, "calls.csv", chosen))


def sentences(read: list[ReadRows]) -> list[str]:
    """Return the sentences of refused rows, those of the reader and those of the checks."""
    found = [refused.sentence for rows in read for refused in rows.refused]
    for rows in read:
        if rows.batch is not None:
            found += [row.sentence for row in split_refused(rows.batch, origin="calls", now=NOW)[1]]
    return found


def keys(read: list[ReadRows]) -> list[str]:
    return [key for rows in read if rows.batch is not None for key in rows.batch.keys]


@pytest.mark.parametrize(("line", "sentence"), BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_row_is_refused_in_a_sentence(line, sentence):
    found = sentences(read_json(line))

    assert len(found) == 1
    assert sentence in found[0]
    assert found[0].endswith((".", "{…}.", '}."'))


def test_the_rows_around_bad_ones_are_read():
    lines = [line for bad, _ in BAD_LINES.values() for line in (bad, event(id="good"))]
    (rows,) = read_json(*lines)
    batch, refused = split_refused(rows.batch, origin="calls", now=NOW)

    assert list(batch.keys).count("good") == len(BAD_LINES)
    assert (len(refused) + len(rows.refused), rows.read) == (len(BAD_LINES), 2 * len(BAD_LINES))
    assert {bad.line_number for bad in (*refused, *rows.refused)} == set(range(1, 2 * len(BAD_LINES), 2))


@pytest.mark.parametrize("line", GOOD_LINES.values(), ids=GOOD_LINES)
def test_a_row_at_the_edge_is_taken(line):
    read = read_json(line)

    assert sentences(read) == []
    assert len(keys(read)) == 1


def test_a_byte_order_mark_and_empty_lines_are_passed_over():
    read = read_json(b"\xef\xbb\xbf" + json.dumps(event()).encode(), "", "   ", "\r", event(id="2"))

    assert (keys(read), sentences(read)) == (["req-1", "2"], [])
    assert read[0].batch.line_numbers.tolist() == [1, 5]


def test_a_file_without_its_last_line_end_is_read_to_its_end():
    read = list(files._json_rows(io.BytesIO(content([event()])[:-1]), "calls.jsonl", PLAIN))

    assert keys(read) == ["req-1"]


def test_a_file_cut_in_the_middle_of_a_row_loses_that_row_only():
    read = list(files._json_rows(io.BytesIO(content([event(), event(id="2")])[:-20]), "calls.jsonl", PLAIN))

    assert keys(read) == ["req-1"]
    assert "it may be cut off" in sentences(read)[0]


@pytest.mark.parametrize("length", [999_999, 1_000_000, 1_000_001, 1_000_002, 1_000_003, 2_000_005])
def test_a_line_is_read_up_to_a_million_bytes(length):
    line = json.dumps(event()).encode()
    read = read_json(line + b" " * (length - len(line)), event(id="next"))

    assert keys(read) == (["req-1", "next"] if length <= 1_000_000 else ["next"])


def test_a_compressed_file_that_is_cut_off_gives_what_came_before_and_then_says_so():
    whole = gzip.compress(content([event(id=str(number)) for number in range(2000)]))
    rows = files._json_rows(io.BytesIO(whole[: len(whole) // 2]), "calls.jsonl.gz", PLAIN)
    first = next(rows)

    assert 100 < len(first.batch.keys) < 2000
    with pytest.raises(UsageFileError, match=r"damaged or cut off after line \d+. What came before is imported; fetch"):
        next(rows)


@pytest.mark.parametrize("damage", [b"\x1f\x8b\x08\x00garbage-garbage-garbage", b"\x1f\x8b"])
def test_what_only_looks_compressed_is_damaged(damage):
    with pytest.raises(UsageFileError, match="its compression is damaged or cut off after line 0"):
        list(files._json_rows(io.BytesIO(damage), "calls.jsonl", PLAIN))


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("custmer,at,provider,model,input", r"its columns \('custmer', 'at', .*\) are not our own: 'custmer' is none"),
        ("at,provider,model,prompt,input", "'prompt' is none"),
        ("at,provider,input", r"its columns \('at', 'provider', 'input'\) are not our own. Give a mapping"),
        ("at,provider,model", "are not our own"),
        ("at,provider,model,usage,input", "are not our own"),
        ("at,at,provider,model,input", "the column 'at' stands twice in its header. Rename one of them"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens", r"# columns of the file: 'TIMESTAMP', 'ContextTokens', 'Gen"),
        ('at,"provider', "its header is no row of column names. The row is no CSV"),
        (b"at,Anbieter-M\xfcller", "its header is no row of column names. The row is no utf-8"),
        (b"PK\x03\x04\x14\x00\x06\x1b[31m", r"'PK\\x03\\x04\\x14\\x00\\x06\\x1b\[31m'"),
        ("x" * 2_000_000, "its header is no row of column names. The line has more than 1000000 bytes"),
    ],
)
def test_a_header_that_is_not_ours_is_refused(header, sentence):
    with pytest.raises(UsageFileError, match=sentence):
        read_csv(header, ROW)


def test_a_csv_without_a_header_is_empty():
    with pytest.raises(UsageFileError, match=r"it is empty\. Give a file with a header line"):
        read_csv("", "  ")


def test_a_last_column_without_a_name_is_passed_over():
    assert keys(read_csv(HEADER + ",,", ROW + ",,")) == ["1"]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (ROW.removesuffix(",100"), "The row has 6 columns instead of 7: it may be cut off or misquoted."),
        (ROW + ",9", "The row has 8 columns instead of 7"),
        (ROW.replace("Acme", '"Acme'), "The row is no CSV (unexpected end of data): it may be cut off or misquoted."),
        (ROW.replace("Acme", '"Ac"me'), "The row is no CSV"),
        (ROW.replace("Acme", "A\rme"), "The row is no CSV"),
        (ROW.replace("Acme", "x" * 200_000), "The row is no CSV (field larger than field limit"),
        (ROW.encode().replace(b"Acme", b"M\xfcller"), "The row is no utf-8 (byte 25): name the file's encoding in"),
        (ROW.replace("Acme", "A\0me"), "The field 'customer' is no name"),
        (ROW.replace(",1000,", ",-1,"), "input cannot be -1"),
        (ROW.replace(",1000,", ",1.5,"), "input cannot be counted, because '1.5' is no whole number"),
        (ROW.replace(",1000,", ",true,"), "input cannot be counted, because a text of 4 characters is no whole number"),
        (ROW.replace(",1000,", f",{'9' * 30},"), "input cannot be counted"),
        (ROW.replace("openai", ""), "The field 'provider' is missing"),
    ],
)
def test_a_bad_row_of_a_csv_is_refused_in_a_sentence(row, sentence):
    read = read_csv(HEADER, row, ROW)

    assert sentence in sentences(read)[0]
    assert keys(read) == ["1"]


def test_numbers_of_a_csv_may_be_written_as_spreadsheets_write_them():
    read = read_csv(HEADER, ROW.replace(",1000,", ", 1000.0 ,"), ROW.replace(",1000,", ",,"))

    assert [rows.batch.tokens[:, 0].tolist() for rows in read] == [[1000, 0]]


def test_a_tab_separates_the_columns_of_a_tsv():
    assert keys(read_csv(HEADER.replace(",", "\t"), ROW.replace(",", "\t"), is_tab=True)) == ["1"]


def test_a_mapping_names_delimiter_encoding_and_zone():
    by = mapping(
        columns={"at": "Zeit", "customer": "Kunde"},
        constants={"provider": "openai", "model": "gpt-4o"},
        tokens={"input": "Eingabe"},
        delimiter=";",
        encoding="latin-1",
        time_zone="Europe/Berlin",
    )
    (rows,) = read_csv("Zeit;Kunde;Eingabe", "2025-07-01 12:00;Müller;5".encode("latin-1"), by=by)

    assert rows.batch.customers == ("Müller",)
    assert rows.batch.occurred_at_us.tolist() == [
        int(datetime(2025, 7, 1, 10, tzinfo=UTC).timestamp()) * 1_000_000,
    ]


def test_a_column_that_the_mapping_names_must_be_there():
    by = mapping(columns={"at": "Zeit"}, constants={"provider": "openai", "model": "m"}, tokens={"input": "Eingabe"})
    with pytest.raises(UsageFileError, match=r"names the column 'Eingabe', and the file has 'Zeit', 'x'\. C"):
        read_csv("Zeit,x", "2025-07-01,1", by=by)
    with pytest.raises(UsageFileError, match="the column 'Zeit' stands twice"):
        read_csv("Zeit,Zeit,Eingabe", "2025-07-01,1,1", by=by)
    assert len(keys(read_csv("Zeit,x,x,Eingabe", "2025-07-01,1,1,1", by=by))) == 1


def test_a_mapping_of_json_lines_reads_paths_and_names_with_dots():
    by = mapping(
        columns={"at": "time", "customer": "attributes.customer", "model": "gen_ai.request.model", "id": "span.id"},
        constants={"provider": "openai"},
        usage={"prompt_tokens": "gen_ai.usage.input_tokens", "prompt_tokens_details.cached_tokens": "cache.hit"},
    )
    line = {
        "time": 1_740_996_000,
        "attributes": {"customer": "Acme"},
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 10,
        "cache": {"hit": 4},
        "span": "no object",
        "prompt": "anything",
    }
    (rows,) = read_json(line, by=by)

    assert (rows.batch.customers, rows.batch.dimensions[0].model) == (("Acme",), "gpt-4o")
    assert rows.batch.tokens[0].tolist()[:5] == [6, 0, 0, 0, 4]
    assert rows.batch.keys[0].startswith("row:")


def test_rows_without_ids_are_told_apart_by_their_count_and_others_by_their_content():
    (first,) = read_json(event(id=None), event(id=None), event(id=None, customer="Birch"))
    (second,) = read_json(event(id=None, customer="Birch"), event(id=None))
    content_of = [key.rpartition(":") for key in first.batch.keys]

    assert [number for _, _, number in content_of] == ["1", "2", "1"]
    assert content_of[0][0] == content_of[1][0] != content_of[2][0]
    assert set(second.batch.keys) == {first.batch.keys[0], first.batch.keys[2]}


def test_of_equal_rows_only_so_many_others_are_remembered(monkeypatch):
    monkeypatch.setattr("ingestion.rows.EQUAL_ROWS_APART_MAX", 2)
    others = [event(id=None, customer=str(number)) for number in range(3)]
    (rows,) = read_json(event(id=None), *others, event(id=None))

    assert rows.batch.keys[0] == rows.batch.keys[4]
