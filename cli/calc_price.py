"""`marginbook calc price`: what one usage block cost, by the price book that comes with the program."""

from typing import Annotated, Any

import typer

from billing_core.errors import InvalidFieldError
from billing_core.money import pico_usd_text
from billing_core.price_book import PriceBook, load_book
from billing_core.pricing import Priced, price_usage
from cli import calc_fields as fields
from cli.calc import FILE, PRETTY, Line, answer_lines
from ingestion.llm.providers import tokens_of

OwnPricesOf = Annotated[
    str | None, typer.Option("--tenant", help="Short name of a tenant whose own prices come first; needs the database.")
]


def price(file: str = FILE, pretty: bool = PRETTY, tenant: OwnPricesOf = None) -> None:
    """Price usage blocks as providers' APIs return them: what, when, which tokens, at which price version."""
    book = load_book() if tenant is None else _book_of(tenant)
    answer_lines(file, lambda line: priced(line, book), pretty=pretty)


def _book_of(tenant: str) -> PriceBook:
    """Return the catalogue with the tenant's own prices on top, from the database."""
    from billing_core.store.catalogue import price_book_of
    from cli.tenant import tenant_workspace

    with tenant_workspace(tenant) as workspace:
        return price_book_of(workspace.connection, workspace.tenant_id)[0]


def priced(line: Line, book: PriceBook) -> Line:
    """Answer one question by a price book; a usage block that contradicts itself is refused with a BillingError."""
    provider, model = fields.text_field(line, "provider"), fields.text_field(line, "model")
    at = fields.instant_field(line, "at")
    usage = _object(line, "usage")
    context = _object(line, "context") if line.get("context") is not None else None
    split = tokens_of(provider, usage, context)
    result = price_usage(
        book,
        split.price_key(provider, model),
        split.tokens,
        at=at,
        reported_pico_usd=split.reported_pico_usd,
        uncounted=split.uncounted,
    )
    if isinstance(result, Priced):
        return {
            "status": "priced",
            "cost_usd": pico_usd_text(result.cost_pico_usd),
            "source": result.source,
            "price_version": result.price_version,
            "tokens": split.tokens,
        }
    return {
        "status": "unpriced",
        "cost_usd": None,
        "source": None,
        "price_version": result.price_version,
        "tokens": split.tokens,
        "reason": result.reason.name.lower(),
        "message": result.sentence(),
        "known_usd": pico_usd_text(result.known_pico_usd),
    }


def _object(line: Line, field: str) -> dict[str, Any]:
    """Read a JSON object that must be there."""
    value = line.get(field)
    if not isinstance(value, dict):
        problem = "is missing" if value is None else "is no JSON object"
        raise InvalidFieldError(field, problem, do='write {"name": value, …}')
    return value
