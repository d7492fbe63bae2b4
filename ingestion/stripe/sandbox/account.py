"""The account that the key belongs to."""

from typing import Any

from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox

COUNTRY = "US"
CURRENCY = "usd"


@route("GET", "/v1/account")
def retrieve_account(sandbox: Sandbox, _params: dict[str, Any]) -> Object:
    """Return the account that the key belongs to."""
    name = "Marginbook's Stripe sandbox: no money moves"
    return fixture("account") | {
        "id": sandbox.account_id,
        "created": sandbox.started,
        "business_profile": {"name": name},
        "charges_enabled": True,
        "country": COUNTRY,
        "default_currency": CURRENCY,
        "details_submitted": True,
        "payouts_enabled": False,
        "settings": {
            "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
            "card_payments": {"statement_descriptor_prefix": None},
            "dashboard": {"display_name": name, "timezone": "Etc/UTC"},
            "payments": {"statement_descriptor": None},
        },
    }
