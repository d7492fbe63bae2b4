"""Whatever a file holds: good rows go on, bad ones wait in quarantine, and no text of a call is kept."""

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from billing_core.errors import InvalidFieldError, UsageFileError
from billing_core.store.quarantine import SENTENCE_MAX, BadRow, quarantine
from tests.bad_rows import BAD_LINES, GOOD_LINES
from tests.imports import AT, GPT_PICO, Books, event, events, mapping

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SECRETS = ("zebra", "quagga", "okapi")
TALK = "zebra, quagga and okapi"


def test_a_file_of_everything_that_can_be_wrong_keeps_every_good_row(books: Books):
    lines = [
        line
        for bad, good in zip(BAD_LINES.values(), [*GOOD_LINES.values()] * 9, strict=False)
        for line in (bad[0], good)
    ]
    path = books.file(lines)
    summary = books.take(path)
    before = books.dump()

    assert (summary.quarantined, summary.new) == (len(BAD_LINES), len(GOOD_LINES))
    assert summary.duplicate == len(BAD_LINES) - len(GOOD_LINES)
    for kept, (_, sentence) in zip(books.sentences(), BAD_LINES.values(), strict=True):
        assert sentence in kept
    books.take(path)
    assert books.dump() == before


def test_the_quarantine_says_where_a_row_stood_and_what_it_held(books: Books):
    books.take_lines(event(), "oops", event(id="late", at="2999-01-01T00:00:00Z"), name="march.jsonl")

    assert books.asked("select origin, line_number, reason, fields from quarantine order by line_number") == [
        {"origin": "march.jsonl", "line_number": 2, "reason": "json", "fields": None},
        {
            "origin": "march.jsonl",
            "line_number": 3,
            "reason": "time_too_late",
            "fields": {
                "key": "late",
                "customer": "Acme",
                "provider": "openai",
                "model": "gpt-4o",
                "tokens": {"input": 1000, "output": 100},
            },
        },
    ]


def test_two_equal_bad_lines_are_two_and_the_same_one_again_is_one(books: Books):
    path = books.file(["oops", "oops"])
    books.take(path)
    books.take(path)

    assert books.count("quarantine") == 2


def test_a_batch_of_refused_rows_only_leaves_sentences_only(books: Books):
    summary = books.take_lines(event(at="1999-01-01T00:00:00Z"), event(at="2999-01-01T00:00:00Z"))

    assert (summary.read, summary.quarantined, summary.first_at) == (2, 2, None)
    assert (books.count("quarantine"), books.count("customer"), books.count("usage_key")) == (2, 0, 0)


def test_what_no_text_of_postgres_can_hold_is_written_out(books: Books):
    bad = BadRow("a\0.jsonl", 1, "json", "\ud800" + "x" * 2000, 7, {"key": "\0", "customer": "\udfff", "tokens": {}})
    with books.target.transaction() as connection:
        quarantine(connection, [bad], tenant_id=books.tenant_id, source_id=1, recorded_at=NOW)

    assert books.asked("select origin, sentence, fields from quarantine") == [
        {
            "origin": "a\\0.jsonl",
            "sentence": ("\\ud800" + "x" * 2000)[:SENTENCE_MAX],
            "fields": {"key": "\\0", "customer": "\\udfff", "tokens": {}},
        }
    ]


def secret_lines() -> list[dict | str]:
    """Return every way in which a call's own words may come along."""
    message = {"role": "user", "content": TALK}
    counts = {"prompt_tokens": 10, "completion_tokens": 5}
    answer = {"id": "chatcmpl-1", "model": "gpt-4o", "choices": [{"index": 0, "message": message}], "usage": counts}
    gemini = {"candidates": [{"content": {"parts": [{"text": "zebra"}]}}], "usageMetadata": {"promptTokenCount": 10}}
    return [
        event(id="1", messages=[message]),
        event(id="2", prompt="zebra"),
        event(id="3", usage=counts | {"prompt": "zebra", "completion": "quagga", "messages": [message]}),
        event(id="4", usage=counts | {"prompt_tokens_details": {"text": "okapi", "type": TALK}}),
        event(id="5", usage=answer),
        event(id="6", usage={"response": answer | {"output": "zebra"}, "request": {"prompt": "quagga"}}),
        event(id="7", provider="google", model="gemini-2.0-flash", usage=gemini),
        event(id="8", provider="cohere", usage={"meta": {"billed_units": {"input_tokens": 5}}, "text": "zebra"}),
        event(id="9", usage={"prompt_tokens": TALK, "completion_tokens": 5}),
        event(id="10", usage={"prompt_tokens": [TALK], "completion_tokens": 5}),
        event(id="11", at=TALK),
        event(id="12", at={"time": TALK}),
        event(id="13", cost_usd=TALK),
        event(id="14", calls="zebra"),
        event(id="15", tags={"prompt": TALK * 20}),
        event(id="16", customer=TALK * 20),
        event(id="17", context={"batch": TALK}),
        event(id="18", usage=TALK),
        event(id="19", usage={"usage": TALK}),
        event(id="20", provider="anthropic", usage={"input_tokens": 1, "output_tokens": 2, "service_tier": TALK * 20}),
        json.dumps(event(id="21", prompt=TALK))[:-3],
        TALK,
        json.dumps(TALK),
        json.dumps([message]),
        event(id="22", usage=counts | {"cost_details": {"note": "zebra"}, "prompt": [26, 7, 11]}),
    ]


def every_kept_word(books: Books) -> str:
    columns = books.asked(
        "select table_name, column_name from information_schema.columns where table_schema = 'marginbook' "
        "and table_name not in (select relname from pg_class where relispartition) "
        "and data_type in ('text', 'jsonb', 'character varying', 'json', 'ARRAY', 'bytea')"
    )
    assert len(columns) > 60
    kept = [
        str(row["kept"])
        for column in columns
        for row in books.asked(f"select {column['column_name']}::text as kept from {column['table_name']}")
    ]
    return "\n".join(kept).lower()


def test_no_word_of_a_call_is_kept_anywhere(books: Books):
    lines = secret_lines()
    by_column = mapping(
        columns={"at": "at", "id": "id", "customer": "customer"},
        constants={"provider": "openai", "model": "gpt-4o"},
        tokens={"input": "prompt", "output": "messages"},
    )
    by_usage = mapping(
        columns={"at": "at", "usage": "response"},
        constants={"provider": "openai", "model": "gpt-4o", "feature": "chat"},
    )
    rows = [{"at": AT, "response": line["usage"], "prompt": TALK} for line in lines if isinstance(line, dict)]
    summaries = [
        books.take_lines(*lines),
        books.take_lines(*lines, mapping=by_column, source="columns"),
        books.take_lines(*rows, mapping=by_usage, source="usage"),
        books.take_lines(
            "at,id,customer,prompt,messages", f'{AT},1,Acme,"{TALK}",zebra', name="c.csv", mapping=by_column
        ),
    ]
    kept = every_kept_word(books)

    assert all(summary.quarantined for summary in summaries)
    assert summaries[0].new == 7
    assert [word for word in SECRETS if word in kept] == []
    assert "acme" in kept  # The search finds what is there.
    assert "prompt_tokens" in kept
    assert "[26, 7, 11]" not in kept


def test_the_kept_block_is_the_providers_counts_and_known_words(books: Books):
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "cost": 0.25,
        "service_tier": "default",
        "is_byok": False,
        "x": None,
        "prompt_tokens_details": {"cached_tokens": 4, "type": "text", "note": "no"},
        "iterations": [{"type": "message", "input_tokens": 3}, "text", 7],
    }
    books.take_lines(event(usage={"model": "gpt-4o-2024-08-06", "usage": usage}))

    assert [row["block"] for row in books.asked("select block from usage_raw")] == [
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "cost": "0.25",
            "service_tier": "default",
            "is_byok": False,
            "prompt_tokens_details": {"cached_tokens": 4, "type": "text"},
            "iterations": [{"type": "message", "input_tokens": 3}],
        }
    ]


def test_a_block_beyond_all_measure_is_counted_and_not_kept(books: Books):
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "deep": {}} | {f"field_{n}": n for n in range(2000)}
    place = usage["deep"]
    for _ in range(200):
        place["deeper"] = {}
        place = place["deeper"]

    assert books.take_lines(event(usage=usage)).new == 1
    assert books.count("usage_raw") == 0


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.jsonl", "{}".encode("utf-16"), "it is UTF-16. Save it as UTF-8."),
        ("a.csv", b"\xfe\xff\0a\0t", "it is UTF-16"),
        ("a.csv", b"", "it is empty. Give a file with a header line."),
        (
            "a.xlsx",
            b"PK\x03\x04",
            r"its ending says neither JSON lines nor CSV. Name it .jsonl or .csv \(or .gz of it\)",
        ),
        ("a.csv.gz", gzip.compress(b"at,provider", mtime=0)[:-9], "damaged or cut off after line"),
        ("a\n\x1b.txt", b"", r"The file a\\n\\x1b.txt cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(books: Books, name, content, sentence):
    with pytest.raises(UsageFileError, match=sentence):
        books.take(books.bytes_file(content, name))

    assert {table: rows for table, rows in books.dump().items() if rows} == {}


@pytest.mark.parametrize("make", ["nothing", "folder", "loop", "pipe"])
def test_what_is_no_file_is_refused_in_a_sentence(books: Books, make):
    path = books.folder / "calls.jsonl"
    if make == "folder":
        path.mkdir()
    elif make == "loop":
        path.symlink_to(path)
    elif make == "pipe":
        reading, writing = os.pipe()
        path.symlink_to(f"/dev/fd/{reading}")
        os.write(writing, b"{}\n")
        os.close(writing)
    with pytest.raises(UsageFileError, match=r"^The file calls.jsonl cannot be read: [\w ]+. Check the path and"):
        books.take(path)
    if make == "pipe":
        os.close(reading)


def test_a_file_that_we_may_not_read_is_refused_in_a_sentence(books: Books, monkeypatch: pytest.MonkeyPatch):
    path = books.file(events(1))
    path.chmod(0)
    if os.geteuid() == 0:
        # Root may read everything: then the system's answer is put in its place.
        def refused(*_args, **_options):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(UsageFileError, match=r"cannot be read: Permission denied. Check the path and its permissions."):
        books.take(path)


def test_a_cut_csv_keeps_the_rows_before_the_cut(books: Books):
    whole = f"id,at,customer,provider,model,input,output\n1,{AT},Acme,openai,gpt-4o,1000,100\n2,{AT},Acme,openai,gp"
    summary = books.take(books.bytes_file(whole.encode(), "cut.csv"))

    assert (summary.new, summary.quarantined, books.costs()) == (1, 1, {"Acme": GPT_PICO})
    assert books.sentences() == ["The row has 5 columns instead of 7: it may be cut off or misquoted."]


def test_of_a_cut_compressed_file_what_came_before_is_kept_and_the_whole_file_goes_on(books: Books):
    lines = events(3000)
    whole = books.file(lines, "calls.jsonl.gz")
    told = []
    with pytest.raises(UsageFileError, match=r"cut off after line \d+. What came before is imported; fetch the file"):
        books.take(
            books.bytes_file(whole.read_bytes()[:-1000], "calls.jsonl.gz"), progress=lambda now, _: told.append(now.new)
        )

    assert 0 < told[-1] == books.count("usage_event") < 3000
    assert books.take(whole).new == 3000 - told[-1]
    assert books.costs() == {"Acme": 3000 * GPT_PICO}


def test_the_name_of_a_file_may_be_no_text(books: Books):
    path = books.file(["oops"])
    strange = path.rename(path.parent / os.fsdecode(b"M\xe4rz.jsonl"))
    books.take(strange)

    assert books.asked("select origin from quarantine") == [{"origin": "M\\udce4rz.jsonl"}]


@pytest.mark.parametrize("source", ["s" * 201, "a\0b", "\udce4"])
def test_a_source_is_a_name(books: Books, source):
    with pytest.raises(InvalidFieldError, match="'source' is no name of at most 200 printable characters: name the se"):
        books.take_lines(event(), source=source)


def test_the_first_and_the_last_moment_of_a_month_lie_in_it(books: Books):
    books.take_lines(
        event(id="1", at="2020-01-01T00:00:00Z"),
        event(id="2", at="2020-01-31T23:59:59.999999Z"),
        event(id="3", at="2020-02-01T00:00:00Z"),
    )

    assert books.asked("select month::text, calls from usage_cost_month order by month") == [
        {"month": "2020-01-01", "calls": 2},
        {"month": "2020-02-01", "calls": 1},
    ]
    assert books.asked("select relname from pg_class where relname ~ '^usage_event_2020..$' order by 1") == [
        {"relname": "usage_event_202001"},
        {"relname": "usage_event_202002"},
    ]
