"""What the tests of imports share: a tenant to import into, files to import, and all that the books say afterwards."""

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from sqlalchemy import Engine

from billing_core.store.embedded import ClusterUrls
from billing_core.store.engine import open_engine
from billing_core.usage import TOKEN_CLASSES
from ingestion.batch import ImportSummary
from ingestion.files import import_usage
from ingestion.mapping import UsageMapping, parse_mapping
from ingestion.pipeline import ImportTarget
from tests.databases import libpq

FACTS = (
    "usage_key",
    "usage_event",
    "usage_raw",
    "usage_conflict",
    "quarantine",
    "customer",
    "customer_alias",
    "product",
    "usage_source",
    "usage_dimension",
)
ROLLUPS = ("usage_hour", "usage_day", "usage_cost_day", "usage_cost_month")

AT = "2025-03-03T10:00:00Z"
GPT = {"prompt_tokens": 1000, "completion_tokens": 100}
"""Costs 1,000 x 2.50 + 100 x 10 dollars per million = 0.0035 dollars, with gpt-4o."""
GPT_PICO = 1000 * 2_500_000 + 100 * 10_000_000


def event(**fields: Any) -> dict[str, Any]:
    """Return one event in plain form: Acme's, priced; a field given as None is left out."""
    usual = {"id": "req-1", "at": AT, "customer": "Acme", "provider": "openai", "model": "gpt-4o", "usage": GPT}
    return {name: value for name, value in {**usual, **fields}.items() if value is not None}


def events(number: int, **fields: Any) -> list[dict[str, Any]]:
    """Return events with ids of their own."""
    return [event(id=f"req-{index}", **fields) for index in range(1, number + 1)]


@dataclass
class Books:
    """One tenant of a fresh database, files to import into it, and what is in it."""

    urls: ClusterUrls
    engine: Engine
    folder: Path
    tenant_id: int
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def target(self) -> ImportTarget:
        """For whom these tests import."""
        return ImportTarget(self.engine, self.tenant_id, "test", "service")

    def file(self, lines: Iterable[dict[str, Any] | str | bytes], name: str = "calls.jsonl") -> Path:
        """Write one file of objects as JSON, and of lines as they are, in a folder of its own."""
        whole = [json.dumps(line) if isinstance(line, dict) else line for line in lines]
        content = b"".join(
            (line.encode("utf-8", "surrogateescape") if isinstance(line, str) else line) + b"\n" for line in whole
        )
        return self.bytes_file(gzip.compress(content, mtime=0) if name.endswith(".gz") else content, name)

    def bytes_file(self, content: bytes, name: str) -> Path:
        """Write one file, byte by byte as given."""
        path = self.folder / str(next(self.numbers)) / name
        path.parent.mkdir()
        path.write_bytes(content)
        return path

    def take(self, path: Path, **options: Any) -> ImportSummary:
        """Import a file."""
        return import_usage(self.target, path, **options)

    def take_lines(self, *lines: dict[str, Any] | str | bytes, name: str = "calls.jsonl", **options: Any) -> Any:
        """Write a file and import it."""
        return self.take(self.file(lines, name), **options)

    def asked(self, question: str, **parameters: Any) -> list[dict[str, Any]]:
        """Ask as superuser, past every wall."""
        with psycopg.connect(libpq(self.urls.superuser_url), row_factory=dict_row) as connection:
            connection.execute("set search_path = marginbook")
            return connection.execute(question.encode(), {"tenant": self.tenant_id, **parameters}).fetchall()

    def seen(self, question: str) -> list[dict[str, Any]]:
        """Ask as the application does for this tenant, behind the wall."""
        with psycopg.connect(libpq(self.urls.app_url), row_factory=dict_row) as connection:
            connection.execute(f"set app.tenant_id = '{self.tenant_id}'; set app.role = 'owner'".encode())
            return connection.execute(question.encode()).fetchall()

    def change(self, statement: str) -> None:
        """Change something behind the program's back."""
        with psycopg.connect(libpq(self.urls.superuser_url)) as connection:
            connection.execute(b"set search_path = marginbook")
            connection.execute(statement.encode())

    def dump(self) -> dict[str, list[str]]:
        """Return every row of every usage table, each as PostgreSQL writes it."""
        return {
            table: [row["line"] for row in self.asked(f"select t::text as line from {table} t order by 1")]
            for table in FACTS + ROLLUPS
        }

    def ledger(self) -> Counter[tuple[Any, ...]]:
        """Return the events with names in the place of numbers, which depend on the order of things."""
        classes = ", ".join(TOKEN_CLASSES)
        rows = self.seen(
            "select source.name as source, key, occurred_at, customer.name as customer, provider, model, product.name "
            "as product, feature, calls, cost_pico_usd, list_pico_usd, known_pico_usd, price_version_id, "
            f"unpriced_reason, end_user, tags::text, block::text, {classes} from usage_event "
            "join usage_source source using (source_id) left join customer using (customer_id) "
            "join usage_dimension using (dimension_id) left join product using (product_id) "
            "left join usage_raw using (occurred_at, event_id)"
        )
        return Counter(tuple(row.values()) for row in rows)

    def rollups(self) -> dict[str, list[str]]:
        """Return every rollup with names in the place of numbers, as bytes that can be compared."""
        named = (
            "select coalesce(customer.name, '-') as customer, coalesce(product.name, '-') as product, rolled.* from "
        )
        return {
            "usage_hour": self._rolled("select model, feature, rolled.* from usage_hour rolled", "dimension"),
            "usage_day": self._rolled(
                "select coalesce(customer.name, '-') as customer, model, feature, rolled.* from usage_day rolled "
                "left join customer using (customer_id)",
                "dimension",
            ),
            "usage_cost_day": self._rolled(f"{named} usage_cost_day rolled left join customer using (customer_id)"),
            "usage_cost_month": self._rolled(f"{named} usage_cost_month rolled left join customer using (customer_id)"),
        }

    def _rolled(self, question: str, by: str = "product") -> list[str]:
        join = (
            "join usage_dimension using (dimension_id)" if by == "dimension" else "left join product using (product_id)"
        )
        rows = self.seen(f"{question} {join}")
        numbers = {"tenant_id", "customer_id", "dimension_id", "product_id"}
        return sorted(repr({name: value for name, value in row.items() if name not in numbers}) for row in rows)

    def costs(self) -> dict[str | None, int]:
        """Return the cost of each customer by the rollup of months; None names nobody."""
        rows = self.seen(
            "select customer.name, sum(cost_pico_usd) as cost from usage_cost_month "
            "left join customer using (customer_id) group by 1"
        )
        return {row["name"]: int(row["cost"]) for row in rows}

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        return int(self.asked(f"select count(*) as count from {table}")[0]["count"])

    def sentences(self) -> list[str]:
        """Return the sentences of the quarantine in the order of lines."""
        return [row["sentence"] for row in self.asked("select sentence from quarantine order by line_number")]


def new_tenant(urls: ClusterUrls, slug: str = "north") -> int:
    """Make a tenant and return its number."""
    with psycopg.connect(libpq(urls.superuser_url)) as connection:
        row = connection.execute(
            "insert into marginbook.tenant (slug, name, reporting_currency, is_demo, recorded_at) "
            "values (%s, 'A tenant', 'usd', false, now()) returning tenant_id",
            [slug],
        ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def books(database: ClusterUrls, tmp_path: Path) -> Iterator[Books]:
    """Open a fresh database with one tenant."""
    engine = open_engine(database.app_url)
    folder = tmp_path / f"files-{os.getpid()}"
    folder.mkdir()
    yield Books(database, engine, folder, new_tenant(database))
    engine.dispose()


def mapping(**content: Any) -> UsageMapping:
    """Return a mapping from its TOML content."""
    return parse_mapping(content, name="mapping.toml")
