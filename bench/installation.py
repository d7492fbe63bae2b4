"""A cluster of the benchmark's own, with the product's configuration, and the tenants that are measured in it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import Engine, make_url

from billing_core.commands.tenants import NewPassword, add_member, create_account, create_tenant
from billing_core.store import embedded
from billing_core.store.embedded import ClusterUrls
from billing_core.store.engine import open_engine
from billing_core.store.migrate import upgrade
from billing_core.store.tenancy import INSTALLATION
from billing_core.workspace import open_workspace
from ingestion.pipeline import ImportTarget

ACTOR = "bench"


@dataclass(frozen=True)
class Tenant:
    """A tenant in a database of the benchmark's cluster, the account of its owner, and how it is reached."""

    urls: ClusterUrls
    engine: Engine
    tenant_id: int
    owner: NewPassword

    @property
    def target(self) -> ImportTarget:
        """Where an import of this tenant goes."""
        return ImportTarget(self.engine, self.tenant_id, ACTOR, "service")


@contextmanager
def own_cluster() -> Iterator[ClusterUrls]:
    """Run a cluster in a temporary home: made like a person's own, with fsync, and gone at the end."""
    home = Path(tempfile.mkdtemp(prefix="marginbook-bench-"))
    try:
        urls = embedded.ensure_running(home)
        upgrade(urls.admin_url)
        yield urls
    finally:
        embedded.stop(home)
        shutil.rmtree(home)


@contextmanager
def new_tenant(cluster: ClusterUrls, database: str) -> Iterator[Tenant]:
    """Make a migrated database of its own with one tenant in it, and drop it at the end."""
    server = plain(renamed(cluster, "postgres").superuser_url)
    urls = renamed(cluster, database)
    made = sql.SQL("create database {} template {}").format(sql.Identifier(database), sql.Identifier(embedded.DATABASE))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(made)
    as_superuser(urls, embedded.roles_sql())  # A copy does not inherit who may connect.
    engine = open_engine(urls.app_url)
    try:
        with open_workspace(tenant_id=INSTALLATION, actor=ACTOR, role="service", engine=engine) as installation:
            owner = create_account(installation, email="owner@localhost", name="Owner")
            tenant_id = create_tenant(installation, slug=database.replace("_", "-"), name="Data set A")
            add_member(installation, tenant_id=tenant_id, user_id=owner.user_id, role="owner")
        yield Tenant(urls, engine, tenant_id, owner)
    finally:
        engine.dispose()
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(database)))


def as_superuser(urls: ClusterUrls, *statements: str) -> None:
    """Run statements one by one past every wall."""
    with psycopg.connect(plain(urls.superuser_url), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def renamed(urls: ClusterUrls, database: str) -> ClusterUrls:
    """Return the URLs of another database in the same cluster."""
    return ClusterUrls(
        **{each.name: str(make_url(getattr(urls, each.name)).set(database=database)) for each in fields(urls)}
    )


def plain(url: str) -> str:
    """Return a URL as psycopg reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
