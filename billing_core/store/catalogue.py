"""Price versions in the database: the catalogue's, written once, and a tenant's own, which outrank them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from billing_core.errors import PricesMissingError
from billing_core.price_book import Band, OwnVersion, PriceBook, PriceVersion, load_book
from billing_core.price_book.versions import ALWAYS_US
from billing_core.usage import TOKEN_CLASSES

CATALOGUE = "catalogue"


def store_catalogue(connection: Connection, now: datetime) -> int:
    """Append the catalogue's versions that the table lacks; return how many. Versions are never changed."""
    stored = set(connection.execute(text("select version from catalogue_price")).scalars())
    new = [version for version in load_book().versions if version.source == CATALOGUE and version.id not in stored]
    if not new:
        return 0
    connection.execute(
        text(
            """
            insert into catalogue_price (version, provider, model, mode, valid_from, bands, source, recorded_at)
            values (:version, :provider, :model, :mode, :valid_from, cast(:bands as jsonb), :source, :now)
            """
        ),
        [_row(version, now) for version in new],
    )
    return len(new)


def price_book_of(connection: Connection, tenant_id: int) -> tuple[PriceBook, list[int]]:
    """Return the tenant's book, own prices on top, and the number of each of its versions, by position.

    Raises PricesMissingError when the program is newer than the last migration.
    """
    own = [_own_version(row) for row in connection.execute(_OWN, {"tenant_id": tenant_id})]
    book = load_book().with_own(own)
    numbers = {
        row.version: int(row.price_version_id)
        for row in connection.execute(
            text(
                "select version, price_version_id from catalogue_price "
                "union all select version, price_version_id from own_price where tenant_id = :tenant_id"
            ),
            {"tenant_id": tenant_id},
        )
    }
    try:
        return book, [numbers[version.id] for version in book.versions]
    except KeyError as missing:
        raise PricesMissingError(missing.args[0]) from missing


_OWN = text(
    """
    select version, provider, model, mode, region, valid_from, valid_until, bands
    from own_price where tenant_id = :tenant_id order by recorded_at, price_version_id
    """
)


def _own_version(row: Any) -> OwnVersion:
    (_, rates), *tiers = row.bands
    return OwnVersion(
        row.version,
        row.provider,
        row.model,
        row.valid_from,
        rates,
        valid_until=row.valid_until,
        mode=row.mode,
        region=row.region,
        tiers=tuple((above, tier_rates) for above, tier_rates in tiers),
    )


def _row(version: PriceVersion, now: datetime) -> dict[str, Any]:
    return {
        "version": version.id,
        "provider": version.provider,
        "model": version.model,
        "mode": version.mode,
        "valid_from": None if version.valid_from_us == ALWAYS_US else _instant(version.valid_from_us),
        "bands": bands_json(version.bands),
        "source": " ".join(part for part in (version.page, version.correction) if part),
        "now": now,
    }


def bands_json(bands: tuple[Band, ...]) -> str:
    """Return rates by context size as JSON: [[above, {token class: pico-USD per token or call}], …]."""
    return json.dumps([[band.above, _by_class(band)] for band in bands])


def _by_class(band: Band) -> dict[str, int]:
    rated = zip(TOKEN_CLASSES, band.rates, strict=True)
    return {token_class: rate for token_class, rate in rated if rate is not None}


def _instant(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
