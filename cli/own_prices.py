"""The commands `marginbook price`: a tenant's own prices."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.tenant import Tenant, tenant_workspace

price_app = typer.Typer(no_args_is_help=True, help="A tenant's own (negotiated) prices.")

Day = Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, from 00:00 UTC on.")]


@price_app.command("set")
def set_price(
    *,
    provider: Annotated[str, typer.Option(help="Such as openai.")],
    model: Annotated[str, typer.Option(help="As usage names it.")],
    valid_from: Day,
    rate: Annotated[
        list[str],
        typer.Option(help="input=2.50: dollars per million tokens (requests and searches: per thousand). Repeat it."),
    ],
    reason: Annotated[str, typer.Option(help="Why: the contract or mail that agreed it.")],
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day on which it holds no more.")
    ] = None,
    mode: Annotated[str, typer.Option(help="Nothing, or batch, flex, priority, fast.")] = "",
    region: Annotated[str | None, typer.Option(help="Nothing for every region.")] = None,
    tenant: Tenant = None,
) -> None:
    """Set a price of your own: usage that is imported from now on is priced by it, what is booked stays."""
    from billing_core.commands.set_own_price import set_own_price
    from billing_core.price_book import OwnVersion
    from billing_core.price_book.per_million import parse_rates

    version = f"own/{provider}/{model}@{valid_from:%Y-%m-%d}"
    version += "".join(f"+{part}" for part in (mode, region) if part)
    own = OwnVersion(
        version,
        provider,
        model,
        valid_from.replace(tzinfo=UTC),
        parse_rates(version, rate),
        valid_until=None if until is None else until.replace(tzinfo=UTC),
        mode=mode,
        region=region,
    )
    with tenant_workspace(tenant, role="finance") as workspace:
        set_own_price(workspace, own, reason=reason)
    typer.echo(f"{version} holds for usage imported from now on; what is in the books keeps its price version.")
