"""Tax rates, and the tax that they put on invoice lines: on top of the amount, or already in it."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ingestion.stripe.sandbox.amounts import half_up
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.listing import page
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox, changed


def require_tax_rates(sandbox: Sandbox, rate_ids: Sequence[str] | None, param: str) -> list[Object]:
    """Return tax rates by their ids; refuse an unknown one."""
    return [sandbox.get("tax_rate", each, param=param) for each in rate_ids or []]


def tax_line(line: Object, rates: list[Object]) -> None:
    """Put the rates' tax on a line, reckoned on what is left of it after its discounts."""
    after_discounts = line["amount"] - sum(each["amount"] for each in line["discount_amounts"])
    line["taxes"] = [_tax(after_discounts, rate) for rate in rates]


def summed(lines: list[Object]) -> list[Object]:
    """Return an invoice's taxes: one row for each rate, with what its lines add up to."""
    rows: dict[str, Object] = {}
    for line in lines:
        for tax in line["taxes"]:
            rate_id = tax["tax_rate_details"]["tax_rate"]
            row = rows.setdefault(rate_id, tax | {"amount": 0, "taxable_amount": 0})
            row["amount"] += tax["amount"]
            row["taxable_amount"] += tax["taxable_amount"]
    return list(rows.values())


def _tax(amount: int, rate: Object) -> Object:
    percent = Fraction(str(rate["percentage"]))
    if rate["inclusive"]:
        tax = half_up(amount * percent / (100 + percent))
        taxable = amount - tax
    else:
        tax = half_up(amount * percent / 100)
        taxable = amount
    return {
        "amount": tax,
        "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": "not_available",
        "taxable_amount": taxable,
        "type": "tax_rate_details",
    }


@route(
    "POST",
    "/v1/tax_rates",
    takes=(
        "active",
        "country",
        "description",
        "display_name",
        "inclusive",
        "jurisdiction",
        "metadata",
        "percentage",
        "state",
        "tax_type",
    ),
)
def create_tax_rate(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """Make a tax rate; `inclusive` says whether prices contain it."""
    rate = fixture("tax_rate") | {
        "id": sandbox.new_id("txr"),
        "active": params.get("active", True),
        "country": params.get("country"),
        "created": sandbox.now,
        "description": params.get("description"),
        "display_name": params["display_name"],
        "effective_percentage": params["percentage"],
        "inclusive": params["inclusive"],
        "jurisdiction": params.get("jurisdiction"),
        "livemode": sandbox.livemode,
        "metadata": params.get("metadata") or {},
        "percentage": params["percentage"],
        "rate_type": "percentage",
        "state": params.get("state"),
        "tax_type": params.get("tax_type"),
    }
    sandbox.put("tax_rate", rate)
    sandbox.emit("tax_rate.created", rate)
    return rate


@route("GET", "/v1/tax_rates", takes=("created", "ending_before", "limit", "starting_after", "active", "inclusive"))
def list_tax_rates(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List tax rates."""
    return page(sandbox.objects("tax_rate").values(), params, "/v1/tax_rates", equal=("active", "inclusive"))


@route("GET", "/v1/tax_rates/{tax_rate}")
def retrieve_tax_rate(sandbox: Sandbox, _params: dict[str, Any], rate_id: str) -> Object:
    """Return one tax rate."""
    return sandbox.get("tax_rate", rate_id)


@route("POST", "/v1/tax_rates/{tax_rate}", takes=("active", "description", "display_name", "jurisdiction", "metadata"))
def update_tax_rate(sandbox: Sandbox, params: dict[str, Any], rate_id: str) -> Object:
    """Rename a tax rate or take it out of use; its percentage never changes."""
    rate = sandbox.get("tax_rate", rate_id)
    names = ("active", "display_name", "description", "jurisdiction", "metadata")
    previous = changed(rate, {name: params[name] for name in names if name in params})
    sandbox.emit("tax_rate.updated", rate, previous)
    return rate
