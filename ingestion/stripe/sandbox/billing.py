"""The passing of time: everything that is due up to an instant happens, each at its own instant and in order."""

from collections.abc import Callable
from typing import NamedTuple

from ingestion.stripe.sandbox import balance, collection, disputes, invoicing, refunds, renewals
from ingestion.stripe.sandbox.state import Object, Sandbox


class Waking(NamedTuple):
    """Which kind of object a task wakes, and what then looks at it."""

    kind: str
    look: Callable[[Sandbox, Object], None]


def run_until(sandbox: Sandbox, to: int) -> None:
    """Let the clock run to an instant: renewals, finalisations, payments, retries, disputes and fees fall due."""
    while (task := sandbox.agenda.next_until(to)) is not None:
        sandbox.now = max(sandbox.now, task.at)
        if task.kind == "billing_month":
            balance.bill_month(sandbox, task.object_id)
            continue
        waking = WAKINGS[task.kind]
        found = sandbox.objects(waking.kind).get(task.object_id)
        if found is not None:
            waking.look(sandbox, found)
    sandbox.now = max(sandbox.now, to)


def _wake_invoice(sandbox: Sandbox, invoice: Object) -> None:
    """Finalise a draft whose hour is over, or try again what is to be tried again."""
    if invoice["status"] == "draft" and invoice["automatically_finalizes_at"] == sandbox.now:
        collection.finalise_and_collect(sandbox, invoice)
    elif invoice["status"] == "open" and invoice["next_payment_attempt"] == sandbox.now:
        collection.attempt_automatically(sandbox, invoice)
    elif invoice["status"] == "open" and invoice["due_date"] == sandbox.now:
        sandbox.emit("invoice.overdue", invoice)


def _make_available(sandbox: Sandbox, transaction: Object) -> None:
    balance.make_available(sandbox, transaction["id"])


WAKINGS = {
    "balance_transaction": Waking("balance_transaction", _make_available),
    "charge": Waking("charge", disputes.contest),
    "dispute": Waking("dispute", disputes.wake),
    "invoice": Waking(invoicing.KIND, _wake_invoice),
    "refund": Waking(refunds.KIND, refunds.wake),
    "subscription": Waking("subscription", renewals.wake),
    "trial": Waking("subscription", renewals.tell_trial_ends),
}
