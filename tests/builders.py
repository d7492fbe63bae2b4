"""Books for tests, written row by row with plain SQL: sums are made here by hand, never by the pipeline under test."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import Engine, create_engine

from billing_core.usage import TOKEN_CLASSES
from billing_core.workspace import Workspace, open_workspace
from tests.databases import libpq

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PICO = 10**12
NO_TOKENS = {"requests", "web_search", "file_search"}
EVENT_IDS = count(1)


def pico(dollars: str) -> int:
    """Return dollars, written "1.5", as whole pico-dollars."""
    return int(Decimal(dollars) * PICO)


@dataclass
class TenantBooks:
    """One tenant of a test database, filled past every wall."""

    connection: psycopg.Connection[Any]
    slug: str = "north"
    name: str = "North"
    is_demo: bool = False
    tenant_id: int = 0
    numbers: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tenant_id = self._insert(
            "tenant", slug=self.slug, name=self.name, reporting_currency="usd", is_demo=self.is_demo, recorded_at=NOW
        )

    def customer(self, name: str | None) -> int:
        """Return a customer's number, made at first mention; 0 for none."""
        return 0 if name is None else self._known("customer", name=name)

    def product(self, name: str | None) -> int | None:
        """Return a product's number, made at first mention."""
        return None if name is None else self._known("product", name=name)

    def source(self, name: str = "calls.jsonl") -> int:
        """Return a source's number, made at first mention."""
        return self._known("usage_source", name=name)

    def usage(
        self,
        at: str,
        *,
        customer: str | None = "Acme",
        cost: str | None = "1",
        model: str = "gpt-4o",
        provider: str = "openai",
        product: str | None = None,
        feature: str | None = None,
        calls: int = 1,
        price_version_id: int = 0,
        raw: dict[str, Any] | None = None,
        key: str | None = None,
        **tokens: int,
    ) -> int:
        """Write one event and its share of every rollup; `at` is "2026-11-03 10:00" in UTC, `cost` dollars or None."""
        occurred_at = datetime.fromisoformat(at).replace(tzinfo=UTC)
        dimension = {"product_id": self.product(product), "feature": feature, "provider": provider, "model": model}
        event = {
            "occurred_at": occurred_at,
            "event_id": next(EVENT_IDS),
            "recorded_at": NOW,
            "source_id": self.source(),
            "customer_id": self.customer(customer),
            "dimension_id": self._known("usage_dimension", **dimension),
            "price_version_id": price_version_id,
            "cost_pico_usd": None if cost is None else pico(cost),
            "list_pico_usd": None if cost is None else pico(cost),
            "calls": calls,
            "unpriced_reason": "unknown model" if cost is None else None,
            **(tokens or {"input": 1000, "output": 100}),
        }
        event["key"] = key or f"req-{event['event_id']}"
        month = self.connection.execute("select marginbook.make_month_partitions(%s::date)", [occurred_at.date()])
        month.fetchall()
        self._insert("usage_event", **event)
        place = {"source_id": event["source_id"], "key": event["key"], "event_id": event["event_id"]}
        self._insert("usage_key", body_hash=1, occurred_at=occurred_at, **place)
        if raw is not None:
            self._insert("usage_raw", occurred_at=occurred_at, event_id=event["event_id"], block=Jsonb(raw))
        self._roll_up(event, self.product(product) or 0)
        return int(event["event_id"])

    def person(self, email: str, role: str, password_hash: str | None = None) -> int:
        """Make a person who may open the tenant in a role."""
        user_id = int(
            self.connection.execute(
                "insert into marginbook.user_account (email, name, password_hash, recorded_at) values (%s, %s, %s, %s) "
                "returning user_id",
                [email, email.partition("@")[0].title(), password_hash, NOW],
            ).fetchone()[0]  # type: ignore[index] - `returning` returns the row.
        )
        self._insert("membership", user_id=user_id, role=role, recorded_at=NOW)
        return user_id

    def row(self, table: str, **values: Any) -> int:
        """Write one row into any table of the tenant."""
        return self._insert(table, recorded_at=NOW, **values)

    def _roll_up(self, event: dict[str, Any], product_id: int) -> None:
        is_unpriced = event["cost_pico_usd"] is None
        tokens = sum(event.get(name) or 0 for name in TOKEN_CLASSES if name not in NO_TOKENS)
        sums = {
            "calls": event["calls"],
            "unpriced_calls": event["calls"] if is_unpriced else 0,
            "unpriced_tokens": tokens if is_unpriced else 0,
            "cost_pico_usd": event["cost_pico_usd"] or 0,
            "list_pico_usd": event["list_pico_usd"] or 0,
            "known_pico_usd": 0,
        }
        fine = sums | {name: event.get(name) or 0 for name in TOKEN_CLASSES}
        coarse = sums | {"tokens": tokens}
        at = event["occurred_at"]
        customer = {"customer_id": event["customer_id"]}
        kind = {"dimension_id": event["dimension_id"], "price_version_id": event["price_version_id"]}
        product = {"product_id": product_id}
        self._add("usage_cost_month", {"month": at.date().replace(day=1), **customer, **product}, coarse)
        self._add("usage_cost_day", {"day": at.date(), **customer, **product}, coarse)
        self._add("usage_day", {"day": at.date(), **customer, **kind}, fine)
        self._add("usage_hour", {"hour": at.replace(minute=0, second=0, microsecond=0), **kind}, fine)

    def _add(self, table: str, place: dict[str, Any], sums: dict[str, Any]) -> None:
        keys = {"tenant_id": self.tenant_id, **place}
        added = [sql.SQL("{0} = {1}.{0} + excluded.{0}").format(sql.Identifier(n), sql.Identifier(table)) for n in sums]
        statement = sql.SQL("{} on conflict ({}) do update set {}").format(
            _insert_into(table, {**keys, **sums}),
            sql.SQL(", ").join(map(sql.Identifier, keys)),
            sql.SQL(", ").join(added),
        )
        self.connection.execute(statement, {**keys, **sums})

    def _known(self, table: str, **values: Any) -> int:
        place = (table, *values.items())
        if place not in self.numbers:
            self.numbers[place] = self._insert(table, recorded_at=NOW, **values)
        return self.numbers[place]

    def _insert(self, table: str, **values: Any) -> int:
        row = values if table == "tenant" else {"tenant_id": self.tenant_id, **values}
        numbered = {
            "tenant": "tenant_id",
            "customer": "customer_id",
            "product": "product_id",
            "usage_source": "source_id",
            "usage_dimension": "dimension_id",
            "own_price": "price_version_id",
        }
        if table not in numbered:
            self.connection.execute(_insert_into(table, row), row)
            return 0
        made = sql.SQL("{} returning {}").format(_insert_into(table, row), sql.Identifier(numbered[table]))
        return int(self.connection.execute(made, row).fetchone()[0])  # type: ignore[index] - `returning` returns it.


def _insert_into(table: str, values: dict[str, Any]) -> sql.Composed:
    return sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier("marginbook", table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(map(sql.Placeholder, values)),
    )


@contextmanager
def books(superuser_url: str, **tenant: Any) -> Iterator[TenantBooks]:
    """Open one tenant's books for writing; they are committed when the block ends."""
    with psycopg.connect(libpq(superuser_url)) as connection:
        yield TenantBooks(connection, **tenant)


@contextmanager
def asking(app_url: str, tenant_id: int, *, role: str = "owner", now: datetime = NOW) -> Iterator[Workspace]:
    """Open a workspace as the application would, through every wall."""
    engine: Engine = create_engine(app_url)
    try:
        with open_workspace(tenant_id=tenant_id, actor="test", role=role, now=now, engine=engine) as workspace:
            yield workspace
    finally:
        engine.dispose()


def two_months(tenant: TenantBooks) -> None:
    """Fill a tenant so that November costs 100 dollars: Acme 41, Birch 30, Cedar 9, nobody 20; October 50.

    Of November's 8 calls one is unpriced (Cedar's). Acme: 36 of 41 dollars are gpt-4o for drafting.
    """
    november = [
        ("2026-11-02 09:15", "Acme", "30", "gpt-4o", "openai", "Writer", "draft"),
        ("2026-11-03 10:00", "Acme", "6", "gpt-4o", "openai", "Writer", "draft"),
        ("2026-11-03 10:30", "Acme", "5", "claude-sonnet-4-5", "anthropic", "Writer", "review"),
        ("2026-11-04 11:00", "Birch", "30", "claude-sonnet-4-5", "anthropic", "Helper", "chat"),
        ("2026-11-10 12:00", "Cedar", "9", "gpt-4o-mini", "openai", "Helper", "chat"),
        ("2026-11-10 12:05", "Cedar", None, "house-model", "own", "Helper", "chat"),
        ("2026-11-15 08:00", None, "15", "gpt-4o", "openai", None, None),
        ("2026-11-20 23:59", None, "5", "gpt-4o-mini", "openai", None, None),
    ]
    october = [
        ("2026-10-05 09:00", "Acme", "20", "gpt-4o", "openai", "Writer", "draft"),
        ("2026-10-06 09:00", "Birch", "20", "claude-sonnet-4-5", "anthropic", "Helper", "chat"),
        ("2026-10-31 23:59", "Dune", "10", "gpt-4o", "openai", "Writer", "draft"),
    ]
    for at, customer, cost, model, provider, product, feature in november + october:
        tenant.usage(at, customer=customer, cost=cost, model=model, provider=provider, product=product, feature=feature)


def summed(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    """Return the sums of values by key."""
    sums: dict[Any, Any] = defaultdict(int)
    for key, value in pairs:
        sums[key] += value
    return dict(sums)
