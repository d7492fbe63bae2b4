"""The commands that fetch what others know: `sync stripe`."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.tenant import Tenant, actor, the_tenant

if TYPE_CHECKING:
    from rich.console import Console

    from ingestion.stripe import sync

sync_app = typer.Typer(no_args_is_help=True, help="Fetch what others know.")


@sync_app.callback()
def _group() -> None:
    """Keep `sync stripe` two words while it is the only command of its group."""


@sync_app.command("stripe")
def sync_stripe(
    *,
    customer_key: Annotated[
        str | None, typer.Option(help="The metadata key under which Stripe's customers carry your own customer id.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Leave out what was made before this day (UTC).")
    ] = None,
    tenant: Tenant = None,
) -> None:
    """Read everything in the Stripe account (STRIPE_API_KEY), keep what is new, and book it; go on where it was cut."""
    from rich.console import Console

    from billing_core.errors import StripeKeyMissingError
    from billing_core.store.engine import engine
    from billing_core.store.settings import read_settings
    from ingestion.pipeline import ImportTarget
    from ingestion.stripe.gateway import open_gateway
    from ingestion.stripe.sync import backfill

    settings = read_settings()
    if settings.stripe_api_key is None:
        raise StripeKeyMissingError
    target = ImportTarget(engine(), the_tenant(tenant).tenant_id, actor(), "service")
    started = time.monotonic()
    console = Console(stderr=True, soft_wrap=True)
    with open_gateway(settings.stripe_api_key, settings.stripe_api_base) as gateway:
        summary = _watched(
            console,
            lambda say: backfill(
                target,
                gateway,
                since=None if since is None else since.replace(tzinfo=UTC),
                customer_key=customer_key,
                progress=say,
            ),
        )
    typer.echo(_summary_line(summary, seconds=time.monotonic() - started))
    summary.require_complete()


def _watched(console: "Console", run: Callable[["sync.Say"], "sync.BackfillSummary"]) -> "sync.BackfillSummary":
    """Run with a progress bar per kind, or, where nobody watches, with a line per kind that is done."""
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description:<20}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} months"),
        TextColumn("{task.fields[objects]:,} objects, {task.fields[new]:,} new"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        tasks = {}

        def say(progress: "sync.Progress") -> None:
            if progress.kind not in tasks:
                tasks[progress.kind] = bar.add_task(_words(progress.kind), total=progress.windows, objects=0, new=0)
            bar.update(
                tasks[progress.kind],
                completed=progress.windows_done,
                objects=progress.objects,
                new=progress.new_versions,
            )
            if not console.is_terminal and progress.windows_done == progress.windows:
                console.print(_line(progress), markup=False, highlight=False)

        return run(say)


def _line(progress: "sync.Progress") -> str:
    return f"{_words(progress.kind):<20} {progress.objects:>9,} objects {progress.new_versions:>9,} new"


def _words(kind: str) -> str:
    return kind.replace("_", " ") + "s"


def _summary_line(summary: "sync.BackfillSummary", *, seconds: float) -> str:
    mode = "live" if summary.account.livemode else "test"
    gone_on = "Went on with a backfill that was cut off. " if summary.gone_on else ""
    return (
        f"{gone_on}Stripe account {summary.account.name} ({summary.account.account_id}, {mode} mode): "
        f"{summary.objects:,} objects seen, {summary.new_versions:,} new versions, {seconds:.1f} s."
    )
