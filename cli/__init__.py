"""The command line `marginbook`: one file per group of commands, mounted here."""

import sys

import typer
from rich.console import Console

from billing_core.errors import BillingError
from cli.books import books, cost_app, fx_app, match
from cli.calc import calc_app
from cli.calc_price import price
from cli.calc_recognise import recognise
from cli.db import db_app
from cli.own_prices import price_app
from cli.run import mount
from cli.sandbox import sandbox
from cli.sync import sync_app
from cli.usage import import_app, rebuild

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=__doc__)
calc_app.command()(price)
calc_app.command()(recognise)
app.add_typer(calc_app, name="calc")
app.add_typer(cost_app, name="cost")
app.add_typer(db_app, name="db")
app.add_typer(fx_app, name="fx")
app.add_typer(import_app, name="import")
app.add_typer(price_app, name="price")
app.add_typer(sync_app, name="sync")
app.command()(books)
app.command()(match)
app.command()(rebuild)
app.command()(sandbox)
mount(app)


def main() -> None:
    """Run `marginbook`; a refusal is one sentence on standard error and exit code 1."""
    try:
        app()
    except BillingError as refusal:
        Console(stderr=True).print(str(refusal), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
