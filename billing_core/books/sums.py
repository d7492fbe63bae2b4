"""Checks that ask the pages' own questions: parts against totals, and what stands against what facts make."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import text

from billing_core.books.comparing import Comparison, compared_pairs
from billing_core.periods import DatePeriod
from billing_core.queries.margin_by_customer import margin_by_customer
from billing_core.queries.margin_by_model import margin_by_model
from billing_core.queries.margin_cuts import MarginCut, margin_cuts
from billing_core.queries.margin_totals import MarginTotals, margin_totals
from billing_core.queries.usage_filter import UsageFilter
from billing_core.store.bookings import check_bookings, forget_derived
from billing_core.workspace import Workspace

MONTHS_MAX = 36
"""The months that are checked: the newest ones."""

Pair = tuple[str, object, object]


def customers_add_up(workspace: Workspace) -> Comparison:
    """Compare, month by month, the sum of all customers and of what names none with the total."""
    pairs: list[Pair] = []
    for month, asked in _months(workspace):
        totals = margin_totals(workspace, asked)
        rows = margin_by_customer(workspace, asked)
        parts = {
            "LLM cost": sum((row.cost_pico for row in rows), Decimal(0)),
            "revenue": _sum(row.revenue_pico for row in rows),
            "fees": _sum(row.fees_pico for row in rows),
            "shared costs": _sum(row.shared_pico for row in rows),
            "margin": _sum(row.margin_pico for row in rows),
        }
        pairs += _against(month, totals, parts)
    return compared_pairs(pairs)


def cuts_add_up(workspace: Workspace) -> Comparison:
    """Compare, month by month, each way to cut the margin with the total."""
    pairs: list[Pair] = []
    for month, asked in _months(workspace):
        totals, cuts, models = (
            margin_totals(workspace, asked),
            margin_cuts(workspace, asked),
            margin_by_model(workspace, asked),
        )
        by = {
            "product": cuts.by_product,
            "plan": cuts.by_plan,
            "segment": cuts.by_segment,
            "model": models.by_model,
            "feature": models.by_feature,
        }
        for name, rows in by.items():
            pairs += _against(f"{month} by {name}", totals, _parts(rows))
    return compared_pairs(pairs)


def bookings_derive(workspace: Workspace) -> Comparison:
    """Derive what is booked again from mirror and facts, and compare row by row."""
    checks = check_bookings(workspace.connection, workspace.tenant_id)
    # Later questions of this transaction are to see what stands, not what was derived.
    forget_derived(workspace.connection)
    return compared_pairs(
        [
            (
                check.projection,
                f"{check.derived_rows} rows, {check.derived_hash:x}",
                f"{check.stored_rows} rows, {check.stored_hash:x}",
            )
            for check in checks
        ]
    )


def _months(workspace: Workspace) -> list[tuple[str, UsageFilter]]:
    """Return the newest months that have usage or bookings, as far as today, each with the question for it."""
    rows = workspace.connection.scalars(
        text(
            """
            select month from usage_cost_month where tenant_id = :tenant_id and month <= :today
            union
            select month from booked_month where tenant_id = :tenant_id and month <= :today
            order by month desc limit :months_max
            """
        ),
        {"tenant_id": workspace.tenant_id, "today": workspace.now.date(), "months_max": MONTHS_MAX},
    )
    return [(f"{month:%Y-%m}", UsageFilter(DatePeriod(month, _after(month)))) for month in rows.all()]


def _after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _parts(rows: Iterable[MarginCut]) -> dict[str, Decimal | None]:
    slices = list(rows)
    return {
        "LLM cost": sum((row.cost_pico for row in slices), Decimal(0)),
        "revenue": _sum(row.revenue_pico for row in slices),
        "fees": _sum(row.fees_pico for row in slices),
        "shared costs": _sum(row.shared_pico for row in slices),
        "margin": _sum(row.margin_pico for row in slices),
    }


def _against(where: str, totals: MarginTotals, parts: dict[str, Decimal | None]) -> list[Pair]:
    whole = {
        "LLM cost": totals.cost_pico,
        "revenue": totals.revenue_pico,
        "fees": totals.fees_pico,
        "shared costs": totals.shared_pico,
        "margin": totals.margin_pico,
    }
    return [(f"{where}, {name}", amount, parts[name]) for name, amount in whole.items()]


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum; None where an amount is not known, which then differs from any total."""
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
