"""The commands that run Marginbook: all of it with `up`, or one part alone."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

WithParent = Annotated[bool, typer.Option("--with-parent", hidden=True)]
"""Set by `up`: standard input is its sign of life, and this program ends with it."""


def up() -> None:
    """Run everything: database, worker and pages; Ctrl-C stops it all."""
    from billing_core.store.settings import read_settings
    from cli.up import Up

    Up(read_settings(), _say).run()


def worker(*, with_parent: WithParent = False) -> None:
    """Run the worker alone: it does what is due, until it is stopped."""
    from billing_core.store.engine import app_url, engine
    from scheduler.runner import log_json_to_stderr, run_worker

    def reach_database() -> "Engine":
        app_url()  # Starts an embedded database that is gone; the pool then finds it by itself.
        return engine()

    _follow_parent(with_parent)
    log_json_to_stderr()
    run_worker(reach_database)


def web(
    *,
    port: Annotated[int | None, typer.Option(help="Another port than the setting PORT.")] = None,
    with_parent: WithParent = False,
) -> None:
    """Run the pages and the API alone."""
    from billing_core.store.settings import PROJECT_FOLDER, read_settings

    serve_at = port if port is not None else read_settings().port
    _follow_parent(with_parent)
    from streamlit.web.cli import main

    main(
        [
            "run",
            str(PROJECT_FOLDER / "app.py"),
            f"--server.port={serve_at}",
            "--server.address=127.0.0.1",
            "--server.headless=true",
        ]
    )


def migrate() -> None:
    """Bring the database's tables to the newest version, and say what was done."""
    from billing_core.store.engine import admin_url
    from billing_core.store.migrate import upgrade

    done = upgrade(admin_url())
    if done.before == done.after:
        typer.echo(f"The tables are at version {done.after}: nothing to do.")
    else:
        typer.echo(f"The tables went from {f'version {done.before}' if done.before else 'nothing'} to {done.after}.")
    if done.new_prices:
        typer.echo(f"{done.new_prices} new prices were added to the catalogue.")


def demo() -> None:
    """Load the demo tenant, if it is not there yet."""
    from billing_core.store.settings import read_settings
    from ingestion.demo.loader import load_demo

    load_demo(read_settings().marginbook_home, typer.echo)


def reset_password(email: Annotated[str, typer.Argument(help="The address that the account signs in with.")]) -> None:
    """Give an account a new password and show it once, for a person who has lost theirs."""
    from billing_core.commands import tenants
    from billing_core.store.tenancy import INSTALLATION
    from billing_core.workspace import open_workspace
    from cli.tenant import actor

    with open_workspace(tenant_id=INSTALLATION, actor=actor(), role="service") as installation:
        new = tenants.reset_password(installation, email=email)
    typer.echo(f"{new.email} signs in with the password {new.password} from now on: it is shown this once.")


def prepare(*, with_parent: WithParent = False) -> None:
    """Prepare the installation and report as JSON lines: a part of `up`."""
    _follow_parent(with_parent)
    from billing_core.store.settings import read_settings
    from cli import prepare as steps

    steps.prepare(read_settings())


def mount(app: typer.Typer) -> None:
    """Give the command line these commands."""
    for command in (up, worker, web, migrate, demo, reset_password):
        app.command()(command)
    app.command(hidden=True)(prepare)


def _follow_parent(with_parent: bool) -> None:
    if with_parent:
        from cli.children import end_with_parent

        end_with_parent()


def _say(sentence: str) -> None:
    """Say something to the person; a terminal that is gone must not end what runs."""
    try:
        print(sentence, flush=True)  # noqa: T201 - the person reads it in the terminal.
    except OSError:
        sys.stdout = open("/dev/null", "w")  # noqa: PTH123, SIM115 - for the rest of this process's life.
