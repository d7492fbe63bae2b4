"""How long the questions behind the pages take on data set A, asked as a page asks them: to the last answer in hand."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from statistics import quantiles
from time import perf_counter

from bench.data_set_a import MONTHS
from bench.installation import ACTOR, Tenant
from billing_core.periods import DatePeriod
from billing_core.queries.margin_by_customer import margin_by_customer
from billing_core.queries.margin_by_customer_month import margin_by_customer_month
from billing_core.queries.usage_filter import UsageFilter
from billing_core.workspace import Workspace, open_workspace

Question = Callable[[Workspace, UsageFilter], Sequence[object]]

YEAR = DatePeriod(MONTHS[0], MONTHS[-1])
EACH_MONTH = tuple(DatePeriod(start, end) for start, end in pairwise(MONTHS))
ROUNDS = 7
EVERY_SO_MANYTH_CUSTOMER = 200


def tenant_month_ms(tenant: Tenant) -> list[float]:
    """Time the margin of every customer in one month: each month ROUNDS times."""
    return _timed(tenant, margin_by_customer, map(UsageFilter, EACH_MONTH))


def customer_month_ms(tenant: Tenant) -> list[float]:
    """Time the margin of one customer in one month, for customers from the dearest to the cheapest."""
    with open_workspace(tenant_id=tenant.tenant_id, actor=ACTOR, role="owner", engine=tenant.engine) as workspace:
        rows = [row for row in margin_by_customer(workspace, UsageFilter(YEAR)) if row.is_attributed]
    customers = [row.customer_id for row in sorted(rows, key=lambda row: -row.cost_pico)]
    some = customers[::EVERY_SO_MANYTH_CUSTOMER]
    asked = (UsageFilter(month, customer_id=number) for number in some for month in EACH_MONTH[::5])
    return _timed(tenant, margin_by_customer, asked)


def all_months_ms(tenant: Tenant) -> list[float]:
    """Time the margin of every customer in each of the twelve months."""
    return _timed(tenant, margin_by_customer_month, [UsageFilter(YEAR)])


def p95(milliseconds: list[float]) -> float:
    """Return what 95 of 100 stay below."""
    return quantiles(milliseconds, n=20)[-1]


def _timed(tenant: Tenant, question: Question, asked: Iterable[UsageFilter]) -> list[float]:
    """Return the milliseconds of each question, asked ROUNDS times after once for warmth, a transaction each."""
    milliseconds = []
    answers = 0
    for each in asked:
        for turn in range(ROUNDS + 1):
            began = perf_counter()
            with open_workspace(
                tenant_id=tenant.tenant_id, actor=ACTOR, role="owner", engine=tenant.engine
            ) as workspace:
                answers += len(question(workspace, each))
            if turn:
                milliseconds.append((perf_counter() - began) * 1000)
    if not answers:
        raise AssertionError("The books of data set A are empty.")
    return milliseconds
