"""From a file to the books: exact costs by hand, each event once, and nothing that is left out in silence."""

import pytest

from billing_core.errors import PricesMissingError, UsageFileError
from ingestion.batch import ImportSummary
from tests.imports import AT, FACTS, GPT, GPT_PICO, ROLLUPS, Books, event, events, mapping

pytestmark = pytest.mark.postgres

MILLION = 10**6  # Dollars per million tokens are pico-dollars per token, times this.
CACHED = {
    "prompt_tokens": 2006,
    "completion_tokens": 300,
    "prompt_tokens_details": {"cached_tokens": 1920},
}
CLAUDE = {"input_tokens": 3, "cache_creation_input_tokens": 12304, "cache_read_input_tokens": 0, "output_tokens": 550}
CACHED_PICO = int((86 * 2.5 + 1920 * 1.25 + 300 * 10) * MILLION)
CLAUDE_PICO = int((3 * 3 + 12304 * 3.75 + 550 * 15) * MILLION)


def mixed_events() -> list[dict]:
    """Acme calls both providers, Birch one, nobody calls once, and Cedar calls a model that nobody knows."""
    return [
        event(id="a1", usage=CACHED),
        event(id="a2", provider="anthropic", model="claude-3-7-sonnet-20250219", usage=CLAUDE, product="Writer"),
        event(id="b1", customer="Birch", usage=GPT, feature="draft"),
        event(id="n1", customer=None, usage=GPT, at="2025-04-01T00:00:00Z"),
        event(id="c1", customer="Cedar", provider="house", model="house-1", usage={"input": 5, "output": 7}, calls=3),
    ]


def test_every_customer_costs_what_the_price_list_says(books: Books):
    summary = books.take_lines(*mixed_events())

    assert books.costs() == {"Acme": CACHED_PICO + CLAUDE_PICO, "Birch": GPT_PICO, "Cedar": 0, None: GPT_PICO}
    assert (CACHED_PICO, CLAUDE_PICO, GPT_PICO) == (5_615_000_000, 54_399_000_000, 3_500_000_000)
    assert summary.cost_pico_usd == sum(books.costs().values())


def test_the_summary_counts_every_row(books: Books):
    summary = books.take_lines(*mixed_events(), "no json")

    assert (summary.read, summary.new, summary.quarantined, summary.unpriced) == (6, 5, 1, 1)
    assert (str(summary.first_at), str(summary.last_at)) == ("2025-03-03 10:00:00+00:00", "2025-04-01 00:00:00+00:00")


def test_an_unknown_model_is_unpriced_and_not_free(books: Books):
    books.take_lines(*mixed_events())
    row = books.asked("select cost_pico_usd, unpriced_reason, input, output from usage_event where key = 'c1'")
    sums = books.asked("select calls, unpriced_calls, unpriced_tokens, cost_pico_usd from usage_day where input = 5")

    assert row == [{"cost_pico_usd": None, "unpriced_reason": "unknown_provider", "input": 5, "output": 7}]
    assert sums == [{"calls": 3, "unpriced_calls": 3, "unpriced_tokens": 5 + 7, "cost_pico_usd": 0}]


def test_a_bucket_of_small_calls_does_not_cost_what_one_long_call_does(books: Books):
    usage = {"input": 500_000, "output": 100_000}
    pro = {"provider": "google", "model": "gemini-2.5-pro", "at": "2025-10-05T10:00:00Z", "usage": usage}
    books.take_lines(event(id="bucket", customer="Acme", calls=1000, **pro), event(id="one", customer="Birch", **pro))

    assert books.costs()["Acme"] == int((500_000 * 1.25 + 100_000 * 10) * MILLION)
    assert books.costs()["Birch"] == int((500_000 * 2.5 + 100_000 * 15) * MILLION)


def test_customers_and_nobody_are_the_total_of_the_ledger(books: Books):
    books.take_lines(*mixed_events())
    in_ledger = books.asked("select sum(cost_pico_usd) as cost, sum(calls) as calls from usage_event")[0]

    assert sum(books.costs().values()) == in_ledger["cost"]
    for table in ROLLUPS:
        assert books.asked(f"select sum(cost_pico_usd) as cost, sum(calls) as calls from {table}") == [in_ledger]


def test_a_rollup_holds_what_its_events_hold(books: Books):
    books.take_lines(*mixed_events(), event(id="a3", usage=GPT))
    acme = books.asked(
        "select input, cache_read, cache_write, output, calls, cost_pico_usd from usage_day "
        "join usage_dimension using (dimension_id) where model = 'gpt-4o' and feature is null "
        "and customer_id = (select customer_id from customer where name = 'Acme')"
    )

    assert acme == [
        {
            "input": 86 + 1000,
            "cache_read": 1920,
            "cache_write": 0,
            "output": 300 + 100,
            "calls": 2,
            "cost_pico_usd": CACHED_PICO + GPT_PICO,
        }
    ]


def test_the_cost_that_the_provider_reports_outranks_the_price_list(books: Books):
    books.take_lines(event(id="r", cost_usd=0.0042), event(id="f", cost_usd=1e-07))
    rows = books.asked("select key, cost_pico_usd, list_pico_usd, price_version_id from usage_event order by key")

    assert rows == [
        {"key": "f", "cost_pico_usd": 100_000, "list_pico_usd": GPT_PICO, "price_version_id": 0},
        {"key": "r", "cost_pico_usd": 4_200_000_000, "list_pico_usd": GPT_PICO, "price_version_id": 0},
    ]


def test_the_same_file_again_changes_nothing(books: Books):
    path = books.file([*mixed_events(), "no json", event(id="a1", usage=GPT), event(at="1999-01-01", id="old")])
    first = books.take(path)
    before = books.dump()
    second = books.take(path)

    assert (first.new, first.conflicting, first.quarantined) == (5, 1, 2)
    assert second == ImportSummary(
        read=first.read,
        duplicate=5,
        conflicting=1,
        quarantined=2,
        first_at=first.first_at,
        last_at=first.last_at,
        refusals=first.refusals,
    )
    assert books.dump() == before


def test_of_overlapping_files_each_event_counts_once(books: Books):
    first = books.take_lines(*events(6)[:4])
    second = books.take_lines(*events(6)[2:])

    assert (first.new, second.new, second.duplicate) == (4, 2, 2)
    assert books.costs() == {"Acme": 6 * GPT_PICO}


def test_a_key_with_another_body_is_kept_once_for_a_person_and_never_counted(books: Books):
    books.take_lines(event())
    other = event(usage={"prompt_tokens": 7, "completion_tokens": 1})
    summary = books.take_lines(other)
    again = books.take_lines(other, other)

    assert (summary.new, summary.conflicting, again.conflicting) == (0, 1, 2)
    assert books.asked("select key, tokens from usage_conflict") == [
        {"key": "req-1", "tokens": {"input": 7, "output": 1}}
    ]
    assert books.costs() == {"Acme": GPT_PICO}


def test_a_key_that_stands_twice_in_a_batch_counts_once_and_the_first_row_stays(books: Books):
    summary = books.take_lines(event(), event(), event(customer="Birch"), event(id="req-2"))

    assert (summary.new, summary.duplicate, summary.conflicting) == (2, 1, 1)
    assert books.costs() == {"Acme": 2 * GPT_PICO}


def test_two_sources_with_the_same_key_are_two_events(books: Books):
    books.take_lines(event(), source="web")
    books.take_lines(event(), source="batch")

    assert books.costs() == {"Acme": 2 * GPT_PICO}
    assert {row["name"] for row in books.asked("select name from usage_source")} == {"web", "batch"}


def test_equal_rows_without_ids_count_as_often_as_they_stand_there(books: Books):
    path = books.file([event(id=None)] * 3)
    summary = books.take(path)

    assert (summary.new, books.costs()) == (3, {"Acme": 3 * GPT_PICO})
    assert (books.take(path).duplicate, books.take_lines(*[event(id=None)] * 4).new) == (3, 1)


def test_a_customer_has_one_number_for_ever(books: Books):
    books.take_lines(event(id="1"), event(id="2", customer="Birch"), event(id="3", customer=" Acme "))
    books.take_lines(event(id="4"), source="other")

    assert books.asked("select external_id from customer_alias order by customer_id") == [
        {"external_id": "Acme"},
        {"external_id": "Birch"},
    ]
    assert (books.count("customer"), books.costs()["Acme"]) == (2, 3 * GPT_PICO)


def test_a_refused_row_makes_no_customer_and_no_dimension(books: Books):
    books.take_lines(
        event(id="late", customer="Late", at="2999-01-01T00:00:00Z", model="gpt-3"), event(id="ok", customer="Fine")
    )

    assert books.asked("select name from customer") == [{"name": "Fine"}]
    assert books.asked("select model from usage_dimension") == [{"model": "gpt-4o"}]


def test_a_csv_of_somebody_else_comes_in_by_a_mapping(books: Books):
    rows = [
        "TIMESTAMP,ContextTokens,GeneratedTokens",
        "2023-11-16 18:17:03.9799600,4808,10",
        "2023-11-16 18:17:04.0319600,3180,8",
        "2023-11-16 18:17:04.0781490,110,27",
        "2023-11-30 23:59:59.9999990,7433,14",
        "2023-12-01 00:00:00.0000000,34,12",
    ]
    summary = books.take_lines(
        *rows,
        name="trace.csv",
        mapping=mapping(
            source="trace",
            columns={"at": "TIMESTAMP"},
            constants={"provider": "openai", "model": "gpt-4o-2024-05-13", "customer": "Code", "feature": "complete"},
            tokens={"input": "ContextTokens", "output": "GeneratedTokens"},
        ),
    )
    months = books.asked("select month::text, calls, tokens from usage_cost_month order by month")

    assert (summary.read, summary.new, summary.quarantined) == (5, 5, 0)
    assert months == [
        {"month": "2023-11-01", "calls": 4, "tokens": 4808 + 10 + 3180 + 8 + 110 + 27 + 7433 + 14},
        {"month": "2023-12-01", "calls": 1, "tokens": 34 + 12},
    ]


def test_a_csv_in_our_own_form_needs_no_mapping(books: Books):
    books.take_lines(
        "id,at,customer,provider,model,input,output,batch,",
        f"1,{AT},Acme,openai,gpt-4o,1000,100,false,",
        f"2,{AT},Acme,openai,gpt-4o,1000.0,100,true,",
        name="own.csv",
    )

    assert books.costs() == {"Acme": GPT_PICO + GPT_PICO // 2}


def test_a_compressed_file_is_read_as_the_plain_one(books: Books):
    books.take_lines(*events(3))

    assert books.take_lines(*events(3), name="calls.jsonl.gz").duplicate == 3


def test_the_line_of_the_audit_says_who_imported_what(books: Books):
    books.take_lines(event(), "no json", name="march.jsonl", source="web")

    assert books.asked("select actor, role, act, target, after from audit") == [
        {
            "actor": "test",
            "role": "service",
            "act": "usage.import",
            "target": "web: march.jsonl",
            "after": {
                "read": 2,
                "new": 1,
                "duplicate": 0,
                "conflicting": 0,
                "quarantined": 1,
                "unpriced": 0,
                "cost_pico_usd": str(GPT_PICO),
            },
        }
    ]


def test_an_empty_file_is_no_usage_and_no_failure(books: Books):
    assert books.take_lines().read == 0
    assert books.take_lines("at,provider,model,input,output", name="header.csv").read == 0
    assert books.count("usage_event") == 0


def test_progress_tells_the_rows_and_the_bytes(books: Books):
    told = []
    path = books.file(events(10))
    books.take(path, progress=lambda summary, bytes_read: told.append((summary.read, bytes_read)))

    assert told == [(10, path.stat().st_size)]


def test_a_batch_ends_after_so_many_bytes(books: Books, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ingestion.files.BATCH_BYTES_MAX", 500)
    told = []
    books.take_lines(*events(10), progress=lambda summary, _: told.append(summary.read))

    assert told == [4, 8, 10]
    assert books.costs() == {"Acme": 10 * GPT_PICO}


def test_a_whole_batch_without_usage_stops_the_import(books: Books, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ingestion.files.BATCH_ROWS", 20)
    junk = [f"2025-03-03 GET /{number}" for number in range(70)]
    with pytest.raises(UsageFileError, match=r"none of its first 20 rows is usage \(line 1: The line is no JSON"):
        books.take_lines(*junk)

    assert books.count("quarantine") == 20
    assert books.take_lines(event(), *junk).quarantined == 70


def test_names_are_given_again_when_the_book_was_too_full(books: Books, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ingestion.files.BATCH_ROWS", 3)
    monkeypatch.setattr("billing_core.store.names.REMEMBERED_MAX", 2)
    books.take_lines(*(event(id=str(n), customer=f"C{n % 4}", feature=f"f{n % 4}") for n in range(12)))

    assert books.costs() == {f"C{n}": 3 * GPT_PICO for n in range(4)}
    assert books.count("usage_dimension") == 4


def test_the_dump_that_these_tests_compare_leaves_out_no_table_of_usage(books: Books):
    tables = books.asked(
        "select relname from pg_class where relnamespace = 'marginbook'::regnamespace and relkind in ('r', 'p') "
        "and not relispartition and relname ~ '^(usage|quarantine|customer|product)' and relname <> 'customer_standing'"
    )

    assert {row["relname"] for row in tables} == {*FACTS, *ROLLUPS}


def test_a_program_newer_than_its_database_says_what_to_do(books: Books):
    books.change("delete from catalogue_price where model = 'gpt-4o'")
    with pytest.raises(
        PricesMissingError, match=r"lacks prices that this program knows \(.+\): run `marginbook migrate`"
    ):
        books.take_lines(event())

    assert books.count("audit") == 0
