"""The first tables, and for each who may do what: one policy per command, one grant per policy."""

from pathlib import Path

from alembic import op

from billing_core.store.migrations.policies import (
    EVERYBODY,
    INSTALLATION,
    OWN_TENANT,
    PEOPLE_WHO_IMPORT,
    SERVICE,
    protect,
)

revision = "0001"
down_revision = None

OWN_OR_INSTALLATION = f"({OWN_TENANT} or {INSTALLATION})"

# Per table: which rows are seen at all, then who may select, insert, update and delete. No entry: nobody may.
POLICIES: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "tenant": (OWN_OR_INSTALLATION, {"select": EVERYBODY, "insert": SERVICE}),
    "user_account": (INSTALLATION, {"select": SERVICE, "insert": SERVICE, "update": SERVICE}),
    "membership": (OWN_OR_INSTALLATION, {"select": EVERYBODY, "insert": SERVICE}),
    "tenant_due": (
        OWN_OR_INSTALLATION,
        {"select": EVERYBODY, "insert": PEOPLE_WHO_IMPORT, "update": PEOPLE_WHO_IMPORT, "delete": SERVICE},
    ),
    "sign_in_session": (
        OWN_TENANT,
        {"select": SERVICE, "insert": SERVICE, "update": SERVICE, "delete": SERVICE},
    ),
    "customer": (OWN_TENANT, {"select": EVERYBODY, "insert": PEOPLE_WHO_IMPORT}),
    "customer_alias": (OWN_TENANT, {"select": EVERYBODY, "insert": PEOPLE_WHO_IMPORT}),
    "product": (OWN_TENANT, {"select": EVERYBODY, "insert": PEOPLE_WHO_IMPORT}),
    "usage_source": (OWN_TENANT, {"select": EVERYBODY, "insert": PEOPLE_WHO_IMPORT}),
    "usage_dimension": (OWN_TENANT, {"select": EVERYBODY, "insert": PEOPLE_WHO_IMPORT}),
    "own_price": (OWN_TENANT, {"select": EVERYBODY, "insert": ("owner", "finance")}),
    "usage_key": (OWN_TENANT, {"select": EVERYBODY, "insert": PEOPLE_WHO_IMPORT}),
    "usage_event": (OWN_TENANT, {"select": EVERYBODY, "insert": PEOPLE_WHO_IMPORT}),
    "usage_raw": (OWN_TENANT, {"select": EVERYBODY, "insert": PEOPLE_WHO_IMPORT}),
    "usage_conflict": (OWN_TENANT, {"select": EVERYBODY, "insert": PEOPLE_WHO_IMPORT}),
    "quarantine": (OWN_TENANT, {"select": EVERYBODY, "insert": PEOPLE_WHO_IMPORT}),
    **{
        rollup: (
            OWN_TENANT,
            {
                "select": EVERYBODY,
                "insert": PEOPLE_WHO_IMPORT,
                "update": PEOPLE_WHO_IMPORT,
                "delete": ("owner", "service"),
            },
        )
        for rollup in ("usage_cost_month", "usage_cost_day", "usage_day", "usage_hour")
    },
    "command": (
        OWN_TENANT,
        {"select": EVERYBODY, "insert": ("owner", "finance", "support"), "update": SERVICE},
    ),
    "job_run": (
        OWN_TENANT,
        {"select": EVERYBODY, "insert": SERVICE, "update": SERVICE},
    ),
    "audit": (OWN_TENANT, {"select": EVERYBODY, "insert": EVERYBODY}),
}

# Rows that are seen, but not written, beside a tenant's own: what the installation's own jobs did.
ALSO_SEEN = {"job_run": "tenant_id = 0"}


def upgrade() -> None:
    """Make the tables, then write into the database who may do what."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
    for table, (rows, allowed) in POLICIES.items():
        for protecting in protect(table, rows, allowed, also_seen=ALSO_SEEN.get(table)):
            op.execute(protecting)
    op.execute("grant select on catalogue_price to marginbook_app")
