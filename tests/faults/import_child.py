"""An import in a process of its own, that tests kill and measure: `python -m tests.faults.import_child`.

Arguments: database URL, tenant, rows per batch, file. After each batch it says in JSON how far it is and the most
memory it ever held, in megabytes.
"""

import json
import resource
import sys
from pathlib import Path

from billing_core.errors import BillingError
from billing_core.store.engine import open_engine
from ingestion import files
from ingestion.batch import ImportSummary
from ingestion.pipeline import ImportTarget


def main(url: str, tenant_id: str, batch_rows: str, path: str) -> None:
    """Import one file in small batches."""
    files.BATCH_ROWS = int(batch_rows)
    engine = open_engine(url)
    files.import_usage(ImportTarget(engine, int(tenant_id), "child", "service"), Path(path), progress=say)
    engine.dispose()


def say(summary: ImportSummary, bytes_read: int) -> None:
    """Write one line of progress."""
    line = {"read": summary.read, "new": summary.new, "bytes": bytes_read, "peak_mb": peak_mb()}
    sys.stdout.write(f"{json.dumps(line)}\n")
    sys.stdout.flush()


def peak_mb() -> int:
    """Return the most memory that this program held. Linux counts in ru_maxrss what its parent held when it forked."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_000_000  # macOS: bytes, of this program alone.
    (peak,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(peak.split()[1]) // 1024


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except BillingError as refusal:
        sys.exit(str(refusal))
