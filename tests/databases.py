"""Databases for tests: one embedded cluster per test process, one migrated template, one copy of it per test."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from itertools import count

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from billing_core.store import embedded
from billing_core.store.embedded import ClusterUrls
from billing_core.store.migrate import upgrade
from billing_core.store.settings import Settings

numbers = count(1)


@pytest.fixture(autouse=True, scope="session")
def no_settings_of_this_machine() -> Iterator[None]:
    """Let no variable of the environment and no `.env` lead a test, or a program it starts, to a real database."""
    with pytest.MonkeyPatch.context() as patch:
        for name in Settings.model_fields:
            patch.setenv(name.upper(), "")
        yield


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterUrls]:
    """Run one embedded cluster for this test process; its database `marginbook` is migrated and only a template."""
    home = tmp_path_factory.mktemp("cluster")
    urls = embedded.ensure_running(home)
    # Tests need no durability; those that do make a cluster of their own.
    run_as_superuser(urls, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    upgrade(urls.admin_url)
    yield urls
    embedded.stop(home)
    shutil.rmtree(home)


@pytest.fixture
def database(cluster: ClusterUrls) -> Iterator[ClusterUrls]:
    """Make a fresh migrated database for one test."""
    with fresh_database(cluster) as urls:
        yield urls


@contextmanager
def fresh_database(cluster: ClusterUrls) -> Iterator[ClusterUrls]:
    """Make a fresh migrated database, without rows of any test, and drop it afterwards."""
    name = f"test_{os.getpid()}_{next(numbers)}"
    urls = renamed(cluster, name)
    with psycopg.connect(libpq(renamed(cluster, "postgres").superuser_url), autocommit=True) as connection:
        # Copying the files takes a quarter of the time of copying by the write-ahead log.
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        connection.execute(made.format(sql.Identifier(name), sql.Identifier(embedded.DATABASE)))
        # A copy does not inherit who may connect.
        run_as_superuser(urls, embedded.roles_sql())
        yield urls
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def renamed(urls: ClusterUrls, name: str) -> ClusterUrls:
    """Return the URLs of another database in the same cluster."""
    return ClusterUrls(
        **{each.name: str(make_url(getattr(urls, each.name)).set(database=name)) for each in fields(urls)}
    )


def libpq(url: str) -> str:
    """Return a URL as psycopg and PostgreSQL's own programs read it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def run_as_superuser(urls: ClusterUrls, *statements: str) -> None:
    """Run statements one by one past every wall."""
    with psycopg.connect(libpq(urls.superuser_url), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
