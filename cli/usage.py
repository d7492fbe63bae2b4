"""The commands that bring usage in and prove the sums made of it: `import usage`, `rebuild`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.tenant import Tenant, actor, tenant_workspace, the_tenant

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from billing_core.store.derived import ProjectionCheck
    from ingestion.batch import ImportSummary

import_app = typer.Typer(no_args_is_help=True, help="Bring data in from files.")


@import_app.command("usage")
def import_usage(
    file: Annotated[Path, typer.Argument(help="JSON lines (.jsonl) or CSV (.csv, .tsv), plain or .gz.")],
    *,
    mapping: Annotated[Path | None, typer.Option(help="TOML file that says which column is what.")] = None,
    source: Annotated[
        str | None, typer.Option(help="The space of the events' ids; same source and id: same event.")
    ] = None,
    tenant: Tenant = None,
) -> None:
    """Import LLM usage: every row is priced, counted once, and on the pages when the command ends."""
    from rich.console import Console

    from billing_core.errors import BillingError
    from billing_core.store.engine import engine
    from billing_core.store.settings import read_settings
    from ingestion.batch import ImportSummary
    from ingestion.files import file_size
    from ingestion.files import import_usage as import_file
    from ingestion.mapping import read_mapping
    from ingestion.pipeline import ImportTarget
    from ingestion.texts import printable

    read = None if mapping is None else read_mapping(mapping)
    size = file_size(file)
    chosen = the_tenant(tenant)
    target = ImportTarget(engine(), chosen.tenant_id, actor(), "service")
    console = Console(stderr=True, soft_wrap=True)
    so_far = ImportSummary()
    try:
        with _progress(console) as bar:
            task = bar.add_task(printable(file.name), total=size, events=0)

            def show(summary: ImportSummary, bytes_read: int) -> None:
                nonlocal so_far
                so_far = summary
                _advance(bar, task, summary, bytes_read)

            summary = import_file(target, file, source=source, mapping=read, progress=show)
    except BillingError:
        # Of an import that broke off, what came before is in the books.
        if so_far.read:
            _print_summary(so_far)
        raise
    _print_summary(summary)
    if summary.last_at is not None:
        month = f"{summary.last_at:%Y-%m}"
        typer.echo(f"On the pages of {chosen.name} now: http://127.0.0.1:{read_settings().port}/?period={month}")


def rebuild(
    *,
    check: Annotated[bool, typer.Option("--check", help="Only compare; exit code 1 when something differs.")] = False,
    tenant: Tenant = None,
) -> None:
    """Derive sums, mirror and bookings again from facts, compare hashes, replace what differs (not with --check)."""
    from billing_core.commands.rebuild import rebuild as rebuild_sums
    from billing_core.store.rebuild import check_projections

    with tenant_workspace(tenant) as workspace:
        checks = check_projections(workspace.connection, workspace.tenant_id) if check else rebuild_sums(workspace)
    _print_checks(checks, replaced=not check)
    if check and not all(found.agrees for found in checks):
        raise typer.Exit(1)


def _print_checks(checks: "list[ProjectionCheck]", *, replaced: bool) -> None:
    for found in checks:
        verdict = "equal" if found.agrees else "rebuilt" if replaced else "DIFFERENT"
        typer.echo(f"{verdict:<9} {found}")


def _print_summary(summary: "ImportSummary") -> None:
    from billing_core.money import pico_usd_text

    if not summary.read:
        typer.echo("The file holds no rows: nothing was imported.")
        return
    counts = ("read", "new", "duplicate", "conflicting", "quarantined", "unpriced")
    for name in counts:
        typer.echo(f"{name:<12} {getattr(summary, name):>14,}")
    cost = pico_usd_text(summary.cost_pico_usd)
    typer.echo(f"{'cost':<12} {'$' + cost:>14}  (exact, of the new priced events)")
    if summary.first_at is not None and summary.last_at is not None:
        typer.echo(f"{'time':<12} {summary.first_at:%Y-%m-%d %H:%M} to {summary.last_at:%Y-%m-%d %H:%M} UTC")
    for refused in summary.refusals:
        typer.echo(f"  line {refused.line_number}: {refused.sentence}")
    if summary.quarantined > len(summary.refusals):
        typer.echo(f"  … and {summary.quarantined - len(summary.refusals):,} more: see the page Sources.")


def _progress(console: "Console") -> "Progress":
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[events]:,} rows"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _advance(bar: "Progress", task: "TaskID", summary: "ImportSummary", bytes_read: int) -> None:
    bar.update(task, completed=bytes_read, events=summary.read)
