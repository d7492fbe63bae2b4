"""Every question runs on an empty and on a filled tenant, adds up, and never shows another tenant's row."""

import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing_core.periods import DatePeriod
from billing_core.queries.account import account
from billing_core.queries.books_checks import books_checks
from billing_core.queries.cost_by_customer import cost_by_customer
from billing_core.queries.customer import customer
from billing_core.queries.customer_standing import customer_standing
from billing_core.queries.invoices_of_customer import invoices_of_customer
from billing_core.queries.margin_by_customer import margin_by_customer
from billing_core.queries.margin_by_customer_month import margin_by_customer_month
from billing_core.queries.margin_by_model import margin_by_model
from billing_core.queries.margin_changes import margin_changes
from billing_core.queries.margin_cuts import margin_cuts
from billing_core.queries.margin_dearest_token import margin_dearest_token
from billing_core.queries.margin_months import margin_months
from billing_core.queries.margin_shared import margin_shared
from billing_core.queries.margin_totals import margin_totals
from billing_core.queries.margin_weights import margin_weights
from billing_core.queries.payments_of_customer import payments_of_customer
from billing_core.queries.person_matches import person_matches
from billing_core.queries.person_of_session import person_of_session
from billing_core.queries.quarantined_rows import quarantined_rows
from billing_core.queries.revenue_bases import revenue_bases
from billing_core.queries.source_health import source_health
from billing_core.queries.stripe_connections import stripe_connections
from billing_core.queries.tenants_of_person import tenants_of_person
from billing_core.queries.unmatched_customers import unmatched_customers
from billing_core.queries.usage_choices import usage_choices
from billing_core.queries.usage_conflicts import usage_conflicts
from billing_core.queries.usage_cuts import usage_cuts
from billing_core.queries.usage_event import usage_event
from billing_core.queries.usage_events import usage_events
from billing_core.queries.usage_filter import UsageFilter
from billing_core.queries.usage_freshness import usage_freshness
from billing_core.queries.usage_months import usage_months
from billing_core.queries.usage_totals import usage_totals
from billing_core.store.embedded_programs import client_program
from billing_core.workspace import Workspace
from tests.builders import NOW, TenantBooks, asking, books, pico, two_months
from tests.databases import libpq
from tests.margin_books import MarginBooks, match, stripe_side

pytestmark = pytest.mark.postgres

QUERIES = Path(__file__).parents[2] / "billing_core" / "queries"
NO_QUESTIONS = {"__init__", "asking", "margin_kinds", "usage_filter"}
NOVEMBER = DatePeriod(date(2026, 11, 1), date(2026, 12, 1))
OCTOBER = DatePeriod(date(2026, 10, 1), date(2026, 11, 1))
BOTH = DatePeriod(date(2026, 10, 1), date(2026, 12, 1))
HALF_NOVEMBER = DatePeriod(date(2026, 11, 1), date(2026, 11, 10))
ALL = UsageFilter(NOVEMBER)

BY_MONTH = {"margin_months", "margin_weights", "revenue_bases"}
"""They answer for months without a row too."""

QUESTIONS: dict[str, Callable[[Workspace], Any]] = {
    "account": lambda w: account(w, user_id=1),
    "books_checks": books_checks,
    "cost_by_customer": lambda w: cost_by_customer(w, ALL, before=OCTOBER),
    "customer": lambda w: customer(w, customer_id=1),
    "customer_standing": lambda w: customer_standing(w, customer_id=1, with_email=True),
    "invoices_of_customer": lambda w: invoices_of_customer(w, customer_id=1),
    "margin_by_customer": lambda w: margin_by_customer(w, ALL, before=OCTOBER),
    "margin_by_customer_month": lambda w: margin_by_customer_month(w, ALL),
    "margin_by_model": lambda w: margin_by_model(w, ALL),
    "margin_changes": lambda w: margin_changes(w, ALL, OCTOBER),
    "margin_cuts": lambda w: margin_cuts(w, ALL),
    "margin_dearest_token": lambda w: margin_dearest_token(w, NOVEMBER),
    "margin_months": lambda w: margin_months(w, ALL),
    "margin_shared": margin_shared,
    "margin_totals": lambda w: margin_totals(w, ALL),
    "margin_weights": lambda w: margin_weights(w, ALL),
    "payments_of_customer": lambda w: payments_of_customer(w, customer_id=1),
    "person_matches": person_matches,
    "person_of_session": lambda w: person_of_session(w, session_hash=b"known to nobody"),
    "quarantined_rows": quarantined_rows,
    "revenue_bases": lambda w: revenue_bases(w, ALL),
    "source_health": source_health,
    "stripe_connections": stripe_connections,
    "tenants_of_person": lambda w: tenants_of_person(w, user_id=1),
    "unmatched_customers": lambda w: unmatched_customers(w, ALL),
    "usage_choices": usage_choices,
    "usage_conflicts": usage_conflicts,
    "usage_cuts": lambda w: usage_cuts(w, ALL),
    "usage_event": lambda w: usage_event(w, customer_id=0, occurred_at=NOW, event_id=1),
    "usage_events": lambda w: usage_events(w, ALL),
    "usage_freshness": usage_freshness,
    "usage_months": usage_months,
    "usage_totals": lambda w: usage_totals(w, ALL),
}


@pytest.fixture
def north(database) -> int:
    """A tenant whose November costs 100 dollars; see builders.two_months."""
    with books(database.superuser_url) as tenant:
        two_months(tenant)
        quarantine_and_conflict(tenant)
        revenue_of_acme(tenant)
        return tenant.tenant_id


def revenue_of_acme(tenant: TenantBooks) -> None:
    margin = MarginBooks(tenant)
    stripe_side(margin)
    match(margin, "cus_1", "Acme", how="person", number=2)
    margin.stand("Acme", segment="scale-up", plan="Pro")
    margin.share("Servers", "10", "2026-10-01", "evenly")
    tenant.connection.execute(
        "insert into marginbook.books_check (tenant_id, checked_at, name, outcome, expected, found, rows) "
        "values (%s, %s, 'customers are the total', 'holds', '0', '0', '[]')",
        [tenant.tenant_id, NOW],
    )


def quarantine_and_conflict(tenant: TenantBooks) -> None:
    source_id = tenant.source()
    at = datetime(2026, 11, 20, 9, tzinfo=UTC)
    tenant.row(
        "quarantine",
        source_id=source_id,
        row_hash=7,
        origin="calls.jsonl",
        line_number=3,
        reason="bad_time",
        sentence="Line 3 has no time that can be read: write it as 2026-11-01T10:00:00Z.",
    )
    tenant.usage("2026-11-20 09:00", customer="Acme", cost="0", key="twice")
    tenant.connection.execute(
        "insert into marginbook.usage_conflict (tenant_id, source_id, key, body_hash, occurred_at, customer_id, "
        "dimension_id, cost_pico_usd, tokens, recorded_at) "
        "select tenant_id, source_id, 'twice', 2, %s, customer_id, dimension_id, 5, '{\"input\": 9}', recorded_at "
        "from marginbook.usage_event where key = 'twice' and tenant_id = %s",
        [at, tenant.tenant_id],
    )


def test_every_file_of_questions_is_asked_here():
    assert {path.stem for path in QUERIES.glob("*.py")} - NO_QUESTIONS == set(QUESTIONS)
    assert {path.stem for path in (QUERIES / "sql").glob("*.sql")} == set(QUESTIONS)


def test_every_question_runs_on_an_empty_tenant(database):
    with books(database.superuser_url) as tenant:
        tenant_id = tenant.tenant_id
    with asking(database.app_url, tenant_id) as workspace:
        answers = {name: ask(workspace) for name, ask in QUESTIONS.items()}

    empty = {name: answer for name, answer in answers.items() if isinstance(answer, list) and name not in BY_MONTH}
    assert all(answer == [] for answer in empty.values())
    totals = answers["usage_totals"]
    assert (totals.calls, totals.cost_pico_usd, totals.priced_share, totals.attributed_share) == (0, 0, None, None)
    assert answers["usage_freshness"] is None
    (month,) = answers["margin_months"]
    assert (month.calls, month.revenue_pico, month.margin_share, month.mrr_pico) == (0, 0, None, 0)
    margin = answers["margin_totals"]
    assert (margin.revenue_pico, margin.margin_pico, margin.margin_share, margin.recognised_share) == (0, 0, None, None)
    assert margin.matched_share is None
    assert answers["margin_changes"].movers == ()


def test_no_question_shows_another_tenants_rows(database, north):
    with books(database.superuser_url, slug="south", name="South") as south:
        south_id = south.tenant_id
    with asking(database.app_url, south_id) as workspace:
        nothing = {name: ask(workspace) for name, ask in QUESTIONS.items()}
        foreign = Workspace(north, "test", "owner", NOW, workspace.connection)  # A wrong tenant in every statement.
        answers = {name: ask(foreign) for name, ask in QUESTIONS.items()}

    assert answers == nothing


def test_every_question_answers_on_a_filled_tenant(database, north):
    with asking(database.app_url, north) as workspace:
        answers = {name: ask(workspace) for name, ask in QUESTIONS.items()}

    silent = {"account", "person_of_session", "tenants_of_person", "usage_event"}
    assert [name for name, answer in answers.items() if not answer and name not in silent] == []


def test_customers_and_unattributed_are_the_total(database, north):
    with asking(database.app_url, north) as workspace:
        totals = usage_totals(workspace, ALL)
        rows = cost_by_customer(workspace, ALL, before=OCTOBER)

    assert totals.cost_pico_usd == pico("100")
    assert totals.unattributed_pico_usd == pico("20")
    assert totals.attributed_share == Decimal(80) / 100
    assert totals.calls == 9
    assert totals.unpriced_calls == 1
    assert totals.priced_share == Decimal(8) / 9
    assert totals.customers == 3
    assert sum(row.cost_pico_usd for row in rows) == totals.cost_pico_usd
    assert [(row.name, row.cost_pico_usd, row.before_pico_usd) for row in rows] == [
        ("Acme", pico("41"), pico("20")),
        ("Birch", pico("30"), pico("20")),
        ("", pico("20"), 0),
        ("Cedar", pico("9"), 0),
        ("Dune", 0, pico("10")),
    ]
    assert rows[0].change == Decimal(41 - 20) / 20
    assert rows[2].change is None
    assert rows[3].cost_per_call_pico_usd_exact == pico("9") / 1
    assert rows[4].cost_per_call_pico_usd_exact is None


@pytest.mark.parametrize(
    "narrowed",
    [
        UsageFilter(HALF_NOVEMBER),
        UsageFilter(NOVEMBER, model="gpt-4o", provider="openai"),
        UsageFilter(NOVEMBER, feature="draft"),
        UsageFilter(NOVEMBER, feature=""),
        UsageFilter(NOVEMBER, product_id=0),
        UsageFilter(BOTH, customer_id=0),
        UsageFilter(HALF_NOVEMBER, model="claude-sonnet-4-5"),
    ],
    ids=lambda narrowed: f"{narrowed.period.start}..{narrowed.period.end} {narrowed.parameters()['grain']}",
)
def test_every_rollup_gives_the_same_sum_as_the_events_behind_it(database, north, narrowed):
    with asking(database.app_url, north) as workspace:
        totals = usage_totals(workspace, narrowed)
        rows = cost_by_customer(workspace, narrowed)
        cuts = usage_cuts(workspace, narrowed)
        events = usage_events(workspace, narrowed)

    assert events
    expected = sum(event.cost_pico_usd or 0 for event in events)
    assert totals.cost_pico_usd == expected
    assert totals.calls == sum(event.calls for event in events)
    assert totals.tokens == sum(event.tokens for event in events)
    assert sum(row.cost_pico_usd for row in rows) == expected
    assert sum(row.tokens for row in rows) == totals.tokens
    for cut in (cuts.by_model, cuts.by_feature, cuts.by_product, cuts.by_model_and_feature, cuts.by_day_and_model):
        assert sum(row.cost_pico_usd for row in cut) == expected
        assert sum(row.calls for row in cut) == totals.calls


def test_the_cuts_name_what_they_cut_by(database, north):
    with asking(database.app_url, north) as workspace:
        cuts = usage_cuts(workspace, ALL)
        acme = next(row.customer_id for row in cost_by_customer(workspace, ALL) if row.name == "Acme")
        of_acme = usage_cuts(workspace, UsageFilter(NOVEMBER, customer_id=acme))

    assert [(row.model, row.cost_pico_usd) for row in cuts.by_model] == [
        ("gpt-4o", pico("51")),  # 30 + 6 + 15, and the one of 0
        ("claude-sonnet-4-5", pico("35")),
        ("gpt-4o-mini", pico("14")),
        ("house-model", 0),
    ]
    assert [(row.feature, row.cost_pico_usd) for row in cuts.by_feature] == [
        ("chat", pico("39")),
        ("draft", pico("36")),
        ("", pico("20")),
        ("review", pico("5")),
    ]
    assert [(row.product_name, row.cost_pico_usd) for row in cuts.by_product] == [
        ("Writer", pico("41")),
        ("Helper", pico("39")),
        ("", pico("20")),
    ]
    first = of_acme.by_model_and_feature[0]
    assert (first.model, first.feature, first.cost_pico_usd) == ("gpt-4o", "draft", pico("36"))
    assert {row.day for row in cuts.by_day_and_model} == {date(2026, 11, day) for day in (2, 3, 4, 10, 15, 20)}


def test_months_and_freshness_name_the_newest_first(database, north):
    with asking(database.app_url, north) as workspace:
        months = usage_months(workspace)
        freshness = usage_freshness(workspace)

    assert [month.month for month in months] == [date(2026, 11, 1), date(2026, 10, 1)]
    assert freshness.occurred_at == datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
    assert freshness.recorded_at == NOW


PASTED = {
    "all_customers": "true",
    "all_kinds": "'{subscription,payment_fee,cash_payment}'",
    "also_customer_ids": "'{}'",
    "before_at": "'2026-12-01'",
    "before_event_id": "0",
    "before_id": "null",
    "booked_days_on": "'2026-11-01'",
    "booked_days_on_before": "'2026-11-01'",
    "booked_end_on": "'2026-11-22'",
    "booked_end_on_before": "'2026-11-01'",
    "booked_start_on": "'2026-11-01'",
    "booked_start_on_before": "'2026-10-01'",
    "cash_kinds": "'{cash_payment,cash_refund,cash_dispute}'",
    "count_max": "10",
    "customer_id": "null",
    "customer_ids": "'{0,1,2,3}'",
    "end_before": "'2026-11-01'",
    "end_on": "'2026-12-01'",
    "event_id": "1",
    "feature": "null",
    "fee_kinds": "'{payment_fee,dispute_fee,stripe_fee}'",
    "grain": "'month'",
    "grain_before": "'month'",
    "gross_kinds": "'{subscription,usage,one_off}'",
    "has_revenue": "true",
    "model": "null",
    "now": "'2026-11-21'",
    "occurred_at": "'2026-11-20'",
    "open_kinds": "'{open_dispute}'",
    "plan_id": "null",
    "product_id": "null",
    "provider": "null",
    "revenue_kinds": "'{subscription,usage,one_off,discount,credit_note,refund,dispute}'",
    "segment": "null",
    "session_hash": r"'\\x00'",
    "start_before": "'2026-10-01'",
    "start_on": "'2026-11-01'",
    "step": "'day'",
    "unpriced_only": "false",
    "with_email": "true",
    "until_on": "'2026-11-22'",
    "user_id": "1",
}


def test_every_question_can_be_pasted_into_psql(database, north):
    variables = [part for name, value in PASTED.items() for part in ("-v", f"{name}={value}")]
    files = [part for name in sorted(QUESTIONS) for part in ("-f", str(QUERIES / "sql" / f"{name}.sql"), "-c", ";")]
    pasted = subprocess.run(
        [
            client_program("psql"),
            libpq(database.app_url),
            *("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-v", f"tenant_id={north}", *variables),
            *("-c", f"set app.tenant_id = '{north}'", *files),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert pasted.stderr == ""
    assert "claude-sonnet-4-5" in pasted.stdout
