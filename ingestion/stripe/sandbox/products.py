"""Products: what is sold."""

from typing import Any

from ingestion.stripe.sandbox import prices
from ingestion.stripe.sandbox.errors import invalid
from ingestion.stripe.sandbox.fixtures import fixture
from ingestion.stripe.sandbox.listing import page
from ingestion.stripe.sandbox.metadata import merged, without_empty
from ingestion.stripe.sandbox.routes import route
from ingestion.stripe.sandbox.state import Object, Sandbox, changed

PLAIN = ("active", "description", "images", "name", "statement_descriptor", "tax_code", "unit_label", "url")


@route("POST", "/v1/products", takes=(*PLAIN, "default_price_data", "id", "metadata", "type"))
def create_product(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """Create a product, with its first price if `default_price_data` is given."""
    product_id = params.get("id") or sandbox.new_id("prod")
    if product_id in sandbox.objects("product"):
        raise invalid(f"Product already exists: {product_id}", param="id", code="resource_already_exists")
    product = fixture("product") | {
        "id": product_id,
        "active": True,
        "created": sandbox.now,
        "type": params.get("type", "service"),
        "updated": sandbox.now,
    }
    _set(product, params)
    sandbox.put("product", product)
    if "default_price_data" in params:
        first = {**params["default_price_data"], "product": product_id}
        try:
            product["default_price"] = prices.make(sandbox, first)["id"]
        except BaseException:
            del sandbox.objects("product")[product_id]
            raise
    sandbox.emit("product.created", product)
    return product


@route("POST", "/v1/products/{id}", takes=(*PLAIN, "default_price", "metadata"))
def update_product(sandbox: Sandbox, params: dict[str, Any], product_id: str) -> Object:
    """Change a product."""
    product = sandbox.get("product", product_id)
    if params.get("default_price"):
        sandbox.get("price", params["default_price"], param="default_price")
    previous = _set(product, params)
    if previous:
        product["updated"] = sandbox.now
        sandbox.emit("product.updated", product, previous)
    return product


@route("GET", "/v1/products/{id}")
def retrieve_product(sandbox: Sandbox, _params: dict[str, Any], product_id: str) -> Object:
    """Return a product; of a deleted one what is left."""
    return sandbox.deleted(product_id) or sandbox.get("product", product_id)


@route("DELETE", "/v1/products/{id}")
def delete_product(sandbox: Sandbox, _params: dict[str, Any], product_id: str) -> Object:
    """Delete a product that has no price; one that has can only be archived."""
    product = sandbox.get("product", product_id)
    if any(each["product"] == product_id for each in sandbox.objects("price").values()):
        raise invalid("This product cannot be deleted because it has one or more user-created prices.", param="id")
    sandbox.emit("product.deleted", product)
    return sandbox.delete("product", product_id)


@route("GET", "/v1/products", takes=("active", "created", "ending_before", "ids", "limit", "starting_after", "type"))
def list_products(sandbox: Sandbox, params: dict[str, Any]) -> Object:
    """List products."""
    wanted = params.get("ids")
    found = [each for each in sandbox.objects("product").values() if wanted is None or each["id"] in wanted]
    return page(found, params, "/v1/products", equal=("active", "type"))


def _set(product: Object, params: dict[str, Any]) -> Object:
    changes = {name: without_empty(params[name]) for name in (*PLAIN, "default_price") if name in params}
    if "metadata" in params:
        changes["metadata"] = merged(product["metadata"], params["metadata"])
    return changed(product, changes)
