"""The commands that add to the books and prove them: `books`, `cost add`, `fx set`, `match`."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.tenant import Tenant, tenant_workspace

if TYPE_CHECKING:
    from billing_core.books import CheckResult

cost_app = typer.Typer(no_args_is_help=True, help="Costs of revenue that are no call and no fee.")
fx_app = typer.Typer(no_args_is_help=True, help="Exchange rates into the currency of the totals.")

Reason = Annotated[str, typer.Option(help="Why: the contract, mail or invoice that says so.")]


@cost_app.callback()
def _costs() -> None:
    """Keep `cost add` two words while it is the only command of its group."""


@fx_app.callback()
def _rates() -> None:
    """Keep `fx set` two words while it is the only command of its group."""


def books(*, tenant: Tenant = None) -> None:
    """Check the books, sums against totals and bookings against documents; exit code 1 when a check is broken."""
    from billing_core.books import CHECKS, Outcome, check_books

    with tenant_workspace(tenant) as workspace:
        results = check_books(workspace)
    sentences = {check.name: check.sentence for check in CHECKS}
    for result in results:
        _print_result(result, sentences[result.name])
    if any(result.outcome is Outcome.BROKEN for result in results):
        raise typer.Exit(1)


@cost_app.command("add")
def add_cost(
    name: Annotated[str, typer.Argument(help="What it is, such as Hosting; the same name again replaces it.")],
    amount: Annotated[str, typer.Argument(help="A month's amount in the currency of the totals, such as 1200.50.")],
    *,
    from_month: Annotated[datetime, typer.Option("--from", formats=["%Y-%m"], help="First month, such as 2026-11.")],
    rule: Annotated[str, typer.Option(help="How customers share it: usage, revenue or evenly.")],
    reason: Reason,
    tenant: Tenant = None,
) -> None:
    """Add a shared cost from a month on, until the same name is added again; an amount of 0 ends it."""
    from billing_core.commands.add_shared_cost import add_shared_cost
    from billing_core.errors import SharedCostInvalidError
    from billing_core.money import parse_major
    from billing_core.shared_costs import Rule
    from billing_core.store.rates import reporting_currency

    if rule not in set(Rule):
        raise SharedCostInvalidError(name, f"{rule!r} is no rule", do=f"name one of {', '.join(Rule)}")
    with tenant_workspace(tenant, role="finance") as workspace:
        money = parse_major(amount, reporting_currency(workspace.connection, workspace.tenant_id))
        add_shared_cost(
            workspace,
            name,
            amount_minor=money.amount_minor,
            from_month=from_month.date(),
            rule=Rule(rule),
            reason=reason,
        )
    typer.echo(f"{name}: {amount} a month from {from_month:%Y-%m} on, shared by {rule}; it is on the pages now.")


@fx_app.command("set")
def set_rate(
    currency: Annotated[str, typer.Argument(help="The currency of the documents, such as eur.")],
    rate: Annotated[str, typer.Argument(help="What one unit of it is in the currency of the totals, such as 1.0832.")],
    *,
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day of the rate.")],
    reason: Reason,
    tenant: Tenant = None,
) -> None:
    """Set an exchange rate: documents without one are booked with the nearest day's, the others keep theirs."""
    from decimal import Decimal, InvalidOperation

    from billing_core.commands.set_fx_rate import set_fx_rate
    from billing_core.errors import ExchangeRateInvalidError

    try:
        number = Decimal(rate)
    except InvalidOperation:
        raise ExchangeRateInvalidError(currency, f"{rate!r} is no number", do="write it as 1.0832") from None
    with tenant_workspace(tenant, role="finance") as workspace:
        customers = set_fx_rate(workspace, currency, rate=number, rate_on=on.date(), reason=reason)
    typer.echo(f"1 {currency.upper()} = {rate} on {on:%Y-%m-%d}; {customers} customers were booked again with it.")


def match(
    stripe_customer: Annotated[str, typer.Argument(help="Stripe's id, such as cus_123.")],
    *,
    reason: Reason,
    customer: Annotated[
        str | None, typer.Option(help="Your own id of the customer, or its number here; without it: its own row again.")
    ] = None,
    tenant: Tenant = None,
) -> None:
    """Say whose customer a Stripe customer is: its revenue moves to that customer's row, totals stay the same."""
    from billing_core.commands.match_customer import connection_of, customer_named, match_customer

    with tenant_workspace(tenant, role="finance") as workspace:
        connection_id = connection_of(workspace, stripe_customer)
        customer_id = None if customer is None else customer_named(workspace, customer)
        match_customer(workspace, connection_id, stripe_customer, customer_id=customer_id, reason=reason)
    typer.echo(f"{stripe_customer} is {'a customer of its own' if customer is None else customer} from now on.")


def _print_result(result: "CheckResult", sentence: str) -> None:
    typer.echo(f"{result.outcome.upper():<8} {result.name}: {sentence}")
    typer.echo(f"         expected {result.expected}, found {result.found}")
    for row in result.rows:
        typer.echo(f"           {row.what}: expected {row.expected}, found {row.found}")
