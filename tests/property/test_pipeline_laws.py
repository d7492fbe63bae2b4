"""Laws of the pipeline: in whatever order, batches and repetition usage arrives, the books are the same."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing_core.store.rebuild import check_projections
from tests.imports import Books, new_tenant

pytestmark = [pytest.mark.property, pytest.mark.postgres]

slugs = count(1)
DOLLARS_PER_MILLION = {
    "gpt-4o": {"input": "2.50", "cache_read": "1.25", "output": "10"},
    "claude-3-7-sonnet-20250219": {"input": "3", "cache_read": "0.30", "cache_write_5m": "3.75", "output": "15"},
}
TIMES = ["2025-03-03T10:59:59.999999Z", "2025-03-03T11:00:00Z", "2025-03-31T23:59:59Z", "2025-04-01T00:00:00Z"]


@st.composite
def usage(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw a few events; an event's key is its place."""
    few = st.integers(0, 5) | st.integers(0, 10**9)
    made = []
    for place in range(draw(st.integers(1, 8))):
        model = draw(st.sampled_from([*DOLLARS_PER_MILLION, "house-1"]))
        classes = DOLLARS_PER_MILLION.get(model, {"input": "0", "output": "0"})
        made.append(
            {
                "id": str(place),
                "at": draw(st.sampled_from(TIMES)),
                "customer": draw(st.sampled_from(["Acme", "Birch", None])),
                "product": draw(st.sampled_from(["Writer", None])),
                "provider": "anthropic" if model.startswith("claude") else "openai",
                "model": model,
                "calls": draw(st.integers(1, 3)),
                "usage": {name: draw(few) for name in classes},
            }
        )
    return made


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    """Draw events and files that together hold each of them at least once, in any order."""
    made = draw(usage())
    again = draw(st.lists(st.sampled_from(made), max_size=8))
    order = draw(st.permutations([*made, *again]))
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=3)))
    files = [order[start:end] for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True) if order[start:end]]
    return made, files


def cost_of(event: dict[str, Any]) -> Decimal | None:
    """Return an event's cost in dollars by hand; None is unpriced."""
    rates = DOLLARS_PER_MILLION.get(event["model"])
    if rates is None:
        return None
    return sum((Decimal(rates[name]) * tokens / 10**6 for name, tokens in event["usage"].items()), Decimal(0))


def sums_by_hand(made: list[dict[str, Any]]) -> dict[tuple[Any, ...], list[Decimal]]:
    """Return calls, unpriced calls, tokens and dollars by customer, product and month."""
    sums: dict[tuple[Any, ...], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 4)
    for event in made:
        cost = cost_of(event)
        place = event["customer"], event["product"], event["at"][:7]
        added = [event["calls"], 0 if cost is not None else event["calls"], sum(event["usage"].values()), cost or 0]
        sums[place] = [one + Decimal(other) for one, other in zip(sums[place], added, strict=True)]
    return dict(sums)


def sums_of(books: Books) -> dict[tuple[Any, ...], list[Decimal]]:
    rows = books.seen(
        "select customer.name as customer, product.name as product, to_char(month, 'YYYY-MM') as month, calls, "
        "unpriced_calls, tokens, cost_pico_usd / 1e12 as dollars from usage_cost_month "
        "left join customer using (customer_id) left join product using (product_id)"
    )
    return {
        (row["customer"], row["product"], row["month"]): [
            Decimal(row[name]) for name in ("calls", "unpriced_calls", "tokens", "dollars")
        ]
        for row in rows
    }


def another_tenant(books: Books) -> Books:
    return replace(books, tenant_id=new_tenant(books.urls, f"t{next(slugs)}"))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries())
def test_any_split_order_and_repetition_makes_the_same_books(books: Books, delivered):
    made, files = delivered
    at_once, in_pieces = another_tenant(books), another_tenant(books)
    at_once.take_lines(*made)
    for lines in files:
        in_pieces.take_lines(*lines)

    assert in_pieces.ledger() == at_once.ledger()
    assert sum(in_pieces.ledger().values()) == len(made)
    assert in_pieces.rollups() == at_once.rollups()
    assert sums_of(in_pieces) == sums_by_hand(made)
    with in_pieces.target.transaction() as connection:
        assert all(check.agrees for check in check_projections(connection, in_pieces.tenant_id))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries(), st.integers(1, 5))
def test_any_size_of_batch_makes_the_same_books(books: Books, delivered, size):
    made, files = delivered
    lines = [{name: value for name, value in line.items() if name != "id"} for file in files for line in file]
    at_once, in_batches = another_tenant(books), another_tenant(books)
    at_once.take_lines(*lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingestion.files.BATCH_ROWS", size)
        in_batches.take_lines(*lines)

    # Without ids each row is an event, as often as it stands there.
    assert sum(in_batches.ledger().values()) == len(lines)
    assert in_batches.ledger() == at_once.ledger()
    assert in_batches.rollups() == at_once.rollups()
    assert sums_of(in_batches) == sums_by_hand(lines)
    assert len(made) <= len(lines)
