"""The command `marginbook sandbox`: a local Stripe lookalike to try things against."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer


def sandbox(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="On this machine only; 0 takes a free one.")] = 12111,
    journal: Annotated[
        Path | None, typer.Option(help="Keep every request in this file; the next start goes on from there.")
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"], help="The sandbox's first instant, UTC. Nothing: the present."
        ),
    ] = None,
) -> None:
    """Run a local Stripe: the real Stripe package can talk to it, and no money moves. Stop it with Ctrl-C."""
    import contextlib
    import signal

    from billing_core.clock import utc_now
    from billing_core.errors import SandboxPortTakenError
    from ingestion.stripe.sandbox.server import SandboxServer

    begins = utc_now() if start is None else start.replace(tzinfo=UTC)
    try:
        server = SandboxServer(start=int(begins.timestamp()), port=port, journal=journal)
    except OSError as taken:
        raise SandboxPortTakenError(port) from taken
    for told in (signal.SIGINT, signal.SIGTERM):  # Also where a shell started us in the background, deaf to Ctrl-C.
        signal.signal(told, signal.default_int_handler)
    now = datetime.fromtimestamp(server.sandbox.now, UTC)
    with contextlib.closing(server), contextlib.suppress(KeyboardInterrupt):
        typer.echo(f"ready {server.url}")
        typer.echo(f"It is {now:%Y-%m-%d %H:%M:%S} UTC there, until a test clock is advanced. No money moves.")
        typer.echo(f"Use it: STRIPE_API_KEY={server.key} STRIPE_API_BASE={server.url} marginbook sync stripe")
        server.serve()
