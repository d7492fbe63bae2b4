"""Stripe's objects and what is booked from them, and for each table who may do what."""

from pathlib import Path

from alembic import op

from billing_core.store.migrations.policies import EVERYBODY, OWN_TENANT, PEOPLE_WHO_IMPORT, protect

revision = "0002"
down_revision = "0001"

# A person of support may say whose customer somebody is; the books of that customer are then made anew.
PEOPLE_WHO_MATCH = (*PEOPLE_WHO_IMPORT, "support")
APPENDED: dict[str, tuple[str, ...]] = {"select": EVERYBODY, "insert": PEOPLE_WHO_IMPORT}
WRITING = ("insert", "update", "delete")
MIRRORED: dict[str, tuple[str, ...]] = {"select": EVERYBODY, **dict.fromkeys(WRITING, PEOPLE_WHO_IMPORT)}
BOOKED: dict[str, tuple[str, ...]] = {"select": EVERYBODY, **dict.fromkeys(WRITING, PEOPLE_WHO_MATCH)}

POLICIES: dict[str, dict[str, tuple[str, ...]]] = {
    "stripe_connection": {"select": EVERYBODY, "insert": PEOPLE_WHO_IMPORT, "update": PEOPLE_WHO_IMPORT},
    "stripe_backfill": {"select": EVERYBODY, "insert": PEOPLE_WHO_IMPORT, "update": PEOPLE_WHO_IMPORT},
    "stripe_customer_match": {"select": EVERYBODY, "insert": PEOPLE_WHO_MATCH},
    "document_rate": {"select": EVERYBODY, "insert": PEOPLE_WHO_MATCH},
    "plan": {"select": EVERYBODY, "insert": PEOPLE_WHO_MATCH},
    "shared_cost": {"select": EVERYBODY, "insert": ("owner", "finance")},
    "books_check": {"select": EVERYBODY, "insert": PEOPLE_WHO_MATCH},
    **dict.fromkeys(("stripe_object_version", "stripe_backfill_window", "fx_rate"), APPENDED),
    **dict.fromkeys(
        (
            "stripe_object",
            "stripe_customer",
            "stripe_product",
            "stripe_price",
            "subscription",
            "subscription_item",
            "invoice",
            "invoice_line",
            "invoice_payment",
            "payment",
            "refund",
            "dispute",
            "credit_note",
            "credit_note_line",
            "balance_transaction",
        ),
        MIRRORED,
    ),
    **dict.fromkeys(("booked_day", "booked_month", "plan_span", "customer_standing"), BOOKED),
}


def upgrade() -> None:
    """Make the tables, then write into the database who may do what."""
    op.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
    for table, allowed in POLICIES.items():
        for protecting in protect(table, OWN_TENANT, allowed):
            op.execute(protecting)
