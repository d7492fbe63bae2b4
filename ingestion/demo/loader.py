"""Loads the demo tenant's usage through the same pipeline as anybody's files; a second time changes nothing."""

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from billing_core.commands.first_start import is_demo_loaded, make_demo_tenant, note_demo_loaded
from billing_core.store.engine import engine
from billing_core.store.tenancy import INSTALLATION
from billing_core.workspace import Workspace, open_workspace
from ingestion.demo.company import COMPANY, CUSTOMERS
from ingestion.demo.usage import demo_lines
from ingestion.files import import_usage
from ingestion.pipeline import ImportTarget

ACTOR = "demo"
ROLE = "service"
SOURCE = "demo"


def load_demo(home: Path, say: Callable[[str], None]) -> None:
    """Make the demo tenant where there is none, and import its usage; `home` is where the file may lie meanwhile."""
    with _workspace(INSTALLATION) as installation:
        demo = make_demo_tenant(installation, name=COMPANY)
    with _workspace(demo.tenant_id) as workspace:
        if is_demo_loaded(workspace):
            say("The demo is loaded already: nothing to do.")
            return
    say("Loading demo data: six months of an invented company …")
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix="demo-") as folder:
        file = Path(folder) / "demo.jsonl"
        with file.open("wb") as lines:
            # The months end when the tenant was made: a start that was cut makes the same events again.
            lines.writelines(demo_lines(demo.made_at))
        summary = import_usage(ImportTarget(engine(), demo.tenant_id, ACTOR, ROLE), file, source=SOURCE)
    with _workspace(demo.tenant_id) as workspace:
        note_demo_loaded(workspace, events=summary.read)
    say(
        f"Demo data ready: {summary.read:,} usage events of {len(CUSTOMERS)} invented customers, in “{COMPANY}”. "
        "None of it is real; MARGINBOOK_DEMO=0 starts without."
    )


def _workspace(tenant_id: int) -> AbstractContextManager[Workspace]:
    return open_workspace(tenant_id=tenant_id, actor=ACTOR, role=ROLE)
