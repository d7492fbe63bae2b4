"""A Stripe account that lived, with refunds, a dispute, an upgrade and a second currency: every check holds."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from billing_core.books import CheckResult, Outcome, check_books
from billing_core.store.bookings import BOOKED
from billing_core.store.rebuild import check_projections
from billing_core.workspace import open_workspace
from ingestion.stripe.sync import backfill
from tests.imports import Books
from tests.stripe.small_shop import NOW, SmallShop, open_shop

pytestmark = [pytest.mark.stripe, pytest.mark.postgres]


def synced(books: Books, shop: SmallShop) -> None:
    with shop.gateway() as gateway:
        backfill(books.target, gateway, clock=lambda: NOW)


def checked(books: Books, at: datetime) -> dict[str, CheckResult]:
    with open_workspace(
        tenant_id=books.tenant_id, actor="test", role="service", now=at, engine=books.engine
    ) as workspace:
        return {result.name: result for result in check_books(workspace)}


def wrong(results: dict[str, CheckResult]) -> list[str]:
    return [f"{each} {each.rows}" for each in results.values() if each.outcome is not Outcome.HOLDS]


def booked(books: Books) -> dict[str, list[str]]:
    with books.target.transaction() as connection:
        return {table: list(connection.scalars(text(f"select t::text from {table} t order by 1"))) for table in BOOKED}


def charges(shop: SmallShop, name: str) -> list[Any]:
    return shop.stripe.charges.list({"customer": shop.customers[name]}).data


def lived(shop: SmallShop) -> None:
    """Two months of Acme, Birch, Cedar and Euro; then refunds, an upgrade, a dispute, and one more month."""
    monthly: Any = {"interval": "month"}
    euros = shop.stripe.prices.create(
        {"product": shop.product, "currency": "eur", "unit_amount": 3_333, "recurring": monthly}
    ).id
    shop.sign_up("Euro", euros)
    shop.wait(40)
    shop.stripe.refunds.create({"charge": charges(shop, "Acme")[0].id, "amount": 777})
    shop.stripe.refunds.create({"charge": charges(shop, "Euro")[0].id})
    birch = shop.stripe.subscriptions.list({"customer": shop.customers["Birch"]}).data[0]
    shop.stripe.subscriptions.update(
        birch.id, {"items": [{"id": birch["items"].data[0].id, "price": shop.new_price(5_000)}]}
    )
    disputing = shop.stripe.payment_methods.attach("pm_card_createDispute", {"customer": shop.customers["Cedar"]}).id
    shop.stripe.customers.update(shop.customers["Cedar"], {"invoice_settings": {"default_payment_method": disputing}})
    shop.wait(25)


def test_every_check_holds_over_an_account_that_lived(books: Books):
    with open_shop("Acme", "Birch", "Cedar") as shop:
        lived(shop)
        synced(books, shop)
        assert wrong(checked(books, NOW)) == []
        first = booked(books)
        synced(books, shop)

    with books.target.transaction() as connection:
        derived = check_projections(connection, books.tenant_id)
    assert [str(each) for each in derived if not each.agrees] == []
    assert {each.projection for each in derived} >= {"usage_day", "stripe_object", "invoice", *BOOKED}
    results = checked(books, NOW + timedelta(hours=1))
    assert wrong(results) == []
    assert all(first.values())
    assert booked(books) == first
    assert results["payments_tie_out"].found == "12 payments"
    assert results["refunds_within_payments"].found == "2 refunded payments"
    assert books.seen("select distinct currency from booked_month order by 1") == [
        {"currency": "eur"},
        {"currency": "usd"},
    ]
    assert books.seen("select count(*) as unconverted from booked_month where unconverted_minor <> 0") == [
        {"unconverted": 0}
    ]
