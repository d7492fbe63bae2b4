"""What a mapping may say, and the sentence for each thing that it cannot mean."""

from decimal import Decimal
from pathlib import Path

import pytest

from billing_core.errors import MappingError
from billing_core.usage import TOKEN_CLASSES
from ingestion.mapping import COLUMN_FIELDS, CONTEXT_FIELDS, FIELDS, PLAIN, parse_mapping, read_mapping

pytestmark = pytest.mark.unit

WHOLE = {
    "columns": {"at": "Time"},
    "constants": {"provider": "openai", "model": "gpt-4o"},
    "tokens": {"input": "In", "output": "Out"},
}


def test_a_whole_mapping_says_where_everything_is_found():
    mapping = parse_mapping({**WHOLE, "source": "trace", "time_zone": "Asia/Tokyo", "delimiter": ";"}, name="m.toml")

    assert (mapping.source, mapping.time_zone, mapping.delimiter) == ("trace", "Asia/Tokyo", ";")
    assert mapping.column_names() == ["Time", "In", "Out"]
    assert not mapping.is_plain


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "shift_jis", "gb18030"])
def test_any_encoding_may_be_named_that_keeps_line_ends(encoding):
    assert parse_mapping({**WHOLE, "encoding": encoding}, name="m").encoding == encoding


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"colums": {}}, "'colums' is no entry; known are columns, constants, delimiter, encoding, source, time_zone"),
        ({"columns": "Time"}, "[columns] is a table of names"),
        ({"columns": {"at": "Time", "custmer": "C"}}, "'custmer' is no field in [columns]; known are api_key, at, "),
        ({"columns": {"at": "Time", "context": "C"}}, "'context' is no field in [columns]"),
        ({"columns": {"at": 7}}, "[columns] at is no column's name"),
        ({"columns": {"at": ""}}, "[columns] at is no column's name"),
        ({"columns": {"customer": "C"}}, "it does not say where 'at' is found; name it in [columns]"),
        ({"constants": {"provider": "openai"}}, "it does not say where 'model' is found; name it in [columns] or [con"),
        ({"constants": {**WHOLE["constants"], "at": "2025-01-01"}}, "'at' is no field in [constants]"),
        ({"constants": {**WHOLE["constants"], "customer": "n" * 201}}, "[constants] customer is no number and no name"),
        ({"constants": {**WHOLE["constants"], "customer": "a\0"}}, "[constants] customer is no number and no name of"),
        ({"constants": {**WHOLE["constants"], "customer": ["a"]}}, "[constants] customer is no number and no name"),
        ({"columns": {"at": "Time", "model": "M"}}, "'model' stands in [columns] and in [constants]; keep one"),
        ({"tokens": {}}, "token counts are found in exactly one of [tokens], [usage] and the column of `usage`; give"),
        ({"usage": {"prompt_tokens": "P"}}, "token counts are found in exactly one of"),
        ({"columns": {"at": "Time", "usage": "U"}}, "token counts are found in exactly one of"),
        ({"tokens": {"inputs": "In"}}, "'inputs' is no token class in [tokens]; known are cache_read, "),
        ({"tokens": {"input": ["In"]}}, "[tokens] input is no column's name"),
        ({"tokens": {}, "usage": {"a": "A", "a.b": "B"}}, "[usage] a is a count and holds others; give either"),
        ({"source": 7}, "source is a text"),
        ({"source": "s" * 201}, "source is a name of at most 200 printable characters"),
        ({"source": "a\0"}, "source is a name of at most 200"),
        ({"delimiter": "||"}, "delimiter is one character, such as a semicolon, and no quote, space or line end"),
        ({"delimiter": '"'}, "delimiter is one character"),
        ({"delimiter": "\n"}, "delimiter is one character"),
        ({"time_zone": "Berlin"}, "time_zone 'Berlin' is no time zone, such as Europe/Berlin"),
        ({"time_zone": "../../etc"}, "time_zone '../../etc' is no time zone"),
        ({"time_zone": "Europe"}, "time_zone 'Europe' is no time zone"),
        ({"encoding": "utf-99"}, "encoding 'utf-99' is unknown, unlike utf-8 or latin-1"),
        ({"encoding": "hex"}, "encoding 'hex' is unknown"),
        ({"encoding": "utf-16"}, "encoding 'utf-16' writes line ends in its own way; save the file as utf-8"),
        ({"encoding": "cp037"}, "encoding 'cp037' writes line ends in its own way"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused_in_a_sentence(change, sentence):
    with pytest.raises(MappingError) as refused:
        parse_mapping({**WHOLE, **change}, name="m.toml")

    assert str(refused.value).startswith(f"The mapping m.toml cannot be used: {sentence}")
    assert str(refused.value).endswith(".")


def test_a_dotted_name_of_a_usage_field_needs_no_quotes(tmp_path: Path):
    path = tmp_path / "m.toml"
    path.write_text(
        '[columns]\nat = "t"\n[constants]\nprovider = "openai"\nmodel = "gpt-4o"\ncost_usd = 0.5\n'
        '[usage]\nprompt_tokens = "p"\nprompt_tokens_details.cached_tokens = "c"\n'
    )
    mapping = read_mapping(path)

    assert mapping.usage == {"prompt_tokens": "p", "prompt_tokens_details.cached_tokens": "c"}
    assert mapping.constants["cost_usd"] == Decimal("0.5")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"[columns", "it is no TOML (Expected ']'"),
        (b"a = '\xff'", "it is no TOML ('utf-8' codec"),
        (b"a = " + b"[" * 50_000, "it is no TOML"),
        (b"a = " + b"9" * 5_000, "it is no TOML"),
        (b"#" * 100_001, "it has more than 100,000 bytes; is it the usage file?"),
    ],
)
def test_a_mapping_file_that_cannot_be_read_is_refused_in_a_sentence(tmp_path: Path, content, sentence):
    path = tmp_path / "m.toml"
    path.write_bytes(content)
    with pytest.raises(MappingError) as refused:
        read_mapping(path)

    assert f"m.toml cannot be used: {sentence}" in str(refused.value)


def test_a_mapping_file_that_is_not_there_is_refused_in_a_sentence(tmp_path: Path):
    with pytest.raises(MappingError, match=r"m.toml cannot be used: it cannot be read \(No such file or directory\)"):
        read_mapping(tmp_path / "m.toml")
    with pytest.raises(MappingError, match=r"it cannot be read \(Is a directory\)"):
        read_mapping(tmp_path)


def test_our_own_form_finds_each_field_under_its_own_name():
    assert set(PLAIN.columns) == set(COLUMN_FIELDS) == (set(FIELDS) - {"context"}) | set(CONTEXT_FIELDS)
    assert {name: column for name, column in PLAIN.columns.items() if name != column} == {
        name: f"context.{name}" for name in CONTEXT_FIELDS
    }


def test_no_field_and_no_token_class_share_a_name():
    assert set(COLUMN_FIELDS) & set(TOKEN_CLASSES) == set()
