"""SQL statements as named files: each lies beside the code that runs it and can be read and tried in psql."""

from functools import cache
from pathlib import Path

from sqlalchemy import TextClause, text


@cache
def statement(folder: Path, name: str) -> TextClause:
    """Return the statement in `folder/name.sql`, read once per process."""
    return text((folder / f"{name}.sql").read_text(encoding="utf-8"))
