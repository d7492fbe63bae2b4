"""Writes the price book's versions into the database once, so that ledger rows can point to what priced them."""

from datetime import datetime

from sqlalchemy import Connection


def store_catalogue(connection: Connection, now: datetime) -> None:
    """Append the versions that the table lacks."""
