"""A tenant with revenue for pages: what is left of each customer can be summed by hand."""

from tests.builders import TenantBooks, two_months
from tests.margin_books import MarginBooks, payment, stripe_side

MAIL = "pay@acme.example"


def earning(tenant: TenantBooks) -> MarginBooks:
    """Book November's revenue beside its 100 dollars of LLM cost: 127 dollars, of which 24 are left.

    Acme 100 - 41 - 3 of fees = 56; Birch 20 - 30 = -10; Only in Stripe 7; Cedar, whom Stripe does not know, -9; what
    names nobody -20.
    """
    two_months(tenant)
    margin = MarginBooks(tenant)
    stripe_side(margin, "Acme")
    margin.book("2026-11-02", "Acme", "90", product="Writer", plan="Pro")
    margin.book("2026-11-02", "Acme", "3", kind="payment_fee")
    margin.book("2026-11-03", "Birch", "20", product="Helper", plan="Basic")
    margin.stand("Acme", segment="scale-up", plan="Pro")
    margin.stand("Birch", segment="startup", plan="Basic")
    margin.stand("Only in Stripe")
    tenant.connection.execute(
        "update marginbook.customer_standing set email = %s where customer_id = %s", [MAIL, tenant.customer("Acme")]
    )
    payment(margin, "ch_2", "2026-11-09", status="failed", decline_code="insufficient_funds")
    return margin
