"""Each name is given one number, for ever, however many imports meet it at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from billing_core.store.names import NO_CUSTOMER, NameBook, Names, UsageDimension, numbers_of, remember, source_number
from tests.imports import Books, new_tenant
from tests.waiting import until

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 21, tzinfo=UTC)
PLAIN = UsageDimension("openai", "gpt-4o")
FULL = UsageDimension(
    "openai",
    "gpt-4o",
    product="Writer",
    feature="draft",
    service_tier="flex",
    batch=True,
    speed="fast",
    region="eu",
    search_context_size="low",
    api_key="k",
    project="p",
)
ONE_BY_ONE = [
    replace(PLAIN, **{name: getattr(FULL, name)})
    for name in UsageDimension.__dataclass_fields__
    if getattr(FULL, name) != getattr(PLAIN, name)
]


def numbers(books: Books, customers: list[str | None], dimensions: list[UsageDimension], book: NameBook | None = None):
    with books.target.transaction() as connection:
        return numbers_of(
            connection,
            books.tenant_id,
            book=book or NameBook(),
            customers=customers,
            dimensions=dimensions,
            now=NOW,
        )


def test_a_name_keeps_its_number(books: Books):
    first = numbers(books, ["Acme", None, "Birch"], [PLAIN, FULL])

    assert first.customer_ids[1] == NO_CUSTOMER
    assert len({*first.customer_ids}) == 3
    assert numbers(books, ["Birch", "Acme", "Cedar"], [FULL, PLAIN]).customer_ids[:2] == first.customer_ids[::-2]
    assert numbers(books, [], [FULL, PLAIN]).dimension_ids == first.dimension_ids[::-1]


def test_customers_are_numbered_in_the_order_of_their_first_mention(books: Books):
    assert numbers(books, ["Zoo", "Acme", "Mill"], []).customer_ids == [1, 2, 3]


def test_dimensions_that_differ_in_one_part_are_two(books: Books):
    different = [PLAIN, FULL, replace(PLAIN, batch=False), replace(PLAIN, provider="azure"), *ONE_BY_ONE]
    found = numbers(books, [], different).dimension_ids

    assert len(ONE_BY_ONE) == 9
    assert len(set(found)) == len(different)
    assert numbers(books, [], different).dimension_ids == found


def test_names_differ_by_case_and_accent(books: Books):
    assert len(set(numbers(books, ["Acme", "ACME", "Acmé"], []).customer_ids)) == 3


def test_nothing_wanted_is_nothing_asked(books: Books):
    assert numbers(books, [], []) == Names([], [])


def test_a_product_is_shared_by_its_dimensions(books: Books):
    numbers(books, [], [replace(PLAIN, product="Writer", feature=feature) for feature in ("a", "b", "c")])

    assert books.asked("select name from product") == [{"name": "Writer"}]


def test_another_tenants_names_are_its_own(books: Books):
    numbers(books, ["Acme"], [FULL])
    other = replace(books, tenant_id=new_tenant(books.urls, "south"))
    numbers(other, ["Acme"], [FULL])

    assert [books.count(table) for table in ("customer", "product", "usage_dimension")] == [2, 2, 2]


def test_the_book_is_asked_before_the_database_and_filled_after_the_commit(books: Books):
    book = NameBook()
    found = numbers(books, ["Acme", None], [PLAIN], book)
    assert book == NameBook()
    remember(book, ["Acme", None], [PLAIN], found)
    books.change("delete from customer_alias")

    assert book == NameBook({"Acme": found.customer_ids[0]}, {PLAIN: found.dimension_ids[0]})
    assert numbers(books, ["Acme", None], [PLAIN], book) == found


def test_a_name_of_a_transaction_that_failed_is_given_anew(books: Books):
    with books.target.transaction() as connection:
        numbers_of(connection, books.tenant_id, book=NameBook(), customers=["Acme"], dimensions=[PLAIN], now=NOW)
        connection.rollback()
    assert books.count("customer") == books.count("usage_dimension") == 0

    numbers(books, ["Acme"], [PLAIN])
    assert books.count("customer_alias") == 1


def test_a_source_keeps_its_number(books: Books):
    with books.target.transaction() as connection:
        web = source_number(connection, books.tenant_id, "web", NOW)
        assert source_number(connection, books.tenant_id, "batch", NOW) != web
    with books.target.transaction() as connection:
        assert source_number(connection, books.tenant_id, "web", NOW) == web


def test_many_new_dimensions_come_in_one_batch(books: Books):
    wanted = [replace(FULL, feature=f"f{number}", product=f"p{number % 7}") for number in range(5000)]
    found = numbers(books, [f"c{number}" for number in range(5000)], wanted)

    assert len(set(found.dimension_ids)) == len(set(found.customer_ids)) == 5000
    assert books.count("product") == 7


def test_an_import_that_meets_a_name_which_another_is_just_making_waits_for_its_number(books: Books):
    at_lock = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    with ThreadPoolExecutor(1) as threads:
        with books.target.transaction() as connection:
            book = NameBook()
            first = numbers_of(connection, books.tenant_id, book=book, customers=["Acme"], dimensions=[FULL], now=NOW)
            second = threads.submit(numbers, books, ["Acme", "Birch"], [PLAIN, FULL])
            until(lambda: books.asked(at_lock))
        found = second.result()

    assert found.customer_ids[0] == first.customer_ids[0]
    assert found.dimension_ids[1] == first.dimension_ids[0]
    assert books.count("customer") == 2


def test_an_import_that_knows_its_names_waits_for_nobody(books: Books):
    book = NameBook()
    known = numbers(books, ["Acme"], [FULL])
    remember(book, ["Acme"], [FULL], known)
    with books.target.transaction() as connection:
        numbers_of(connection, books.tenant_id, book=NameBook(), customers=["New"], dimensions=[], now=NOW)
        assert numbers(books, ["Acme"], [FULL], book) == known
