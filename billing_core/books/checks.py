"""The table of checks: each has a name, a sentence that must be true, and the comparison that would show it is not."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from billing_core.books.comparing import Comparison, compared_in_sql
from billing_core.books.sums import bookings_derive, customers_add_up, cuts_add_up
from billing_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the table; `needs_stripe`: without a Stripe account that was read to its end, nobody can say."""

    name: str
    sentence: str
    counts: str
    """What is compared, in the plural."""
    needs_stripe: bool
    compare: Callable[[Workspace], Comparison]


def _in_sql(name: str, sentence: str, counts: str, *, needs_stripe: bool = True) -> Check:
    return Check(name, sentence, counts, needs_stripe, partial(compared_in_sql, name=name))


CHECKS: tuple[Check, ...] = (
    Check(
        "customers_add_up",
        "All customers and what names none add up to the total, each month: cost, revenue, fees, shared costs, margin.",
        "monthly sums",
        needs_stripe=False,
        compare=customers_add_up,
    ),
    Check(
        "cuts_add_up",
        "The margin cut by product, plan, segment, model or feature adds up to the same total, each month.",
        "monthly sums",
        needs_stripe=False,
        compare=cuts_add_up,
    ),
    _in_sql(
        "usage_rollups_agree",
        "The sums of usage by month, day, model and hour say the same.",
        "sums",
        needs_stripe=False,
    ),
    _in_sql("days_make_months", "The booked days of a month are the booked month.", "booked months"),
    _in_sql("booked_in_full", "Every invoice line, discount, credit note and payment is booked, once.", "sums"),
    Check(
        "bookings_derive",
        "What is booked is what the mirror and the kept rates make, to the byte.",
        "tables",
        needs_stripe=True,
        compare=bookings_derive,
    ),
    _in_sql("invoices_add_up", "An invoice's total is its lines, less discounts, plus tax.", "invoices"),
    _in_sql("paid_invoices_are_paid", "What a paid invoice says was paid is what its payments paid.", "paid invoices"),
    _in_sql("payments_tie_out", "Every payment moved the balance by its amount, at Stripe's rate.", "payments"),
    _in_sql("refunds_within_payments", "No payment gave back more than it took.", "refunded payments"),
    _in_sql("mirror_has_versions", "Every row of the mirror is the newest version of its object.", "objects and rows"),
    _in_sql("customers_are_matched", "Every Stripe customer is matched to a customer.", "Stripe customers"),
)
