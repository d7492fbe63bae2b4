"""The demo, loaded once for a module of tests, as it was made at a fixed instant."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from sqlalchemy import Engine

from billing_core.commands.first_start import make_demo_tenant
from billing_core.store.embedded import ClusterUrls
from billing_core.store.engine import open_engine
from billing_core.store.tenancy import INSTALLATION
from billing_core.workspace import Workspace, open_workspace
from ingestion.demo import loader
from ingestion.demo.company import COMPANY
from tests.databases import fresh_database, libpq

MADE_AT = dt.datetime(2026, 6, 21, 10, 40, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Demo:
    """The loaded demo, a connection past every wall, and the pool of the program."""

    tenant_id: int
    pool: Engine
    connection: psycopg.Connection[dict[str, Any]]

    def rows(self, query: str, **given: Any) -> list[dict[str, Any]]:
        return self.connection.execute(query.encode(), given).fetchall()

    @contextmanager
    def asking(self) -> Iterator[Workspace]:
        """Open the demo's books as a person does who looked on the day it was made."""
        with open_workspace(tenant_id=self.tenant_id, actor="test", role="viewer", now=MADE_AT) as workspace:
            yield workspace

    def one(self, query: str, **given: Any) -> Any:
        (row,) = self.rows(query, **given)
        (value,) = row.values()
        return value


@pytest.fixture(scope="module")
def demo(cluster: ClusterUrls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Load the demo once: it was made at a fixed instant, so that its numbers are the same on every day."""
    home = tmp_path_factory.mktemp("demo_home")
    with fresh_database(cluster) as urls, loaded_into(urls) as (tenant_id, pool):
        loader.load_demo(home, lambda _: None)
        url = libpq(urls.superuser_url)
        with psycopg.connect(url, options="-c search_path=marginbook", row_factory=dict_row) as connection:
            connection.read_only = True
            yield Demo(tenant_id, pool, connection)


@contextmanager
def loaded_into(urls: ClusterUrls) -> Iterator[tuple[int, Engine]]:
    pool = open_engine(urls.app_url)
    with pytest.MonkeyPatch.context() as patch:
        for module in ("billing_core.workspace.process_engine", "ingestion.demo.loader.engine"):
            patch.setattr(module, lambda: pool)
        with open_workspace(tenant_id=INSTALLATION, actor="test", role="service", now=MADE_AT) as installation:
            tenant_id = make_demo_tenant(installation, name=COMPANY).tenant_id
        yield tenant_id, pool
    pool.dispose()
