"""The price book: what providers charged per token and call, from when on, each rate with its source."""

from billing_core.price_book.book import PriceBook, Route, load_book
from billing_core.price_book.versions import Band, OwnVersion, PriceVersion, Rates, UnpricedReason

__all__ = ["Band", "OwnVersion", "PriceBook", "PriceVersion", "Rates", "Route", "UnpricedReason", "load_book"]
