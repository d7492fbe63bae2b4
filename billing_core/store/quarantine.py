"""Rows that could not be read as usage, each with its sentence; the same row is kept once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from billing_core.usage_identity import stable_hash

SENTENCE_MAX = 1_000
"""Characters of a sentence that are kept."""


@dataclass(frozen=True)
class BadRow:
    """One refused row: where it stood, why in a word and in a sentence, and its mapped fields (never a call's text)."""

    origin: str
    line_number: int
    reason: str
    sentence: str
    content_hash: int
    fields: Mapping[str, Any] | None = None


def quarantine(
    connection: Connection, rows: Sequence[BadRow], *, tenant_id: int, source_id: int, recorded_at: datetime
) -> None:
    """Append the refused rows that are not there yet."""
    if not rows:
        return
    connection.execute(
        text(
            """
            insert into quarantine (tenant_id, source_id, row_hash, origin, line_number, reason, sentence, fields,
                                    recorded_at)
            select :tenant_id, :source_id, row_hash, origin, line_number, reason, sentence, fields, :recorded_at
            from unnest(cast(:hashes as bigint[]), cast(:origins as text[]), cast(:lines as bigint[]),
                        cast(:reasons as text[]), cast(:sentences as text[]), cast(:fields as jsonb[]))
                 as bad (row_hash, origin, line_number, reason, sentence, fields)
            order by row_hash
            on conflict do nothing
            """
        ),
        {
            "tenant_id": tenant_id,
            "source_id": source_id,
            "recorded_at": recorded_at,
            "hashes": [_row_hash(row) for row in rows],
            "origins": [_storable(row.origin) for row in rows],
            "lines": [row.line_number for row in rows],
            "reasons": [row.reason for row in rows],
            "sentences": [_storable(row.sentence)[:SENTENCE_MAX] for row in rows],
            "fields": [None if row.fields is None else json.dumps(_storable_fields(row.fields)) for row in rows],
        },
    )


def _storable(text: str) -> str:
    """Return a text without what PostgreSQL cannot hold: zero bytes and halves of characters are written out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\0")


def _storable_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _storable(value) if isinstance(value, str) else value for name, value in fields.items()}


def _row_hash(row: BadRow) -> int:
    """Return what makes a bad row itself: its place and its content, so that two equal bad lines are two."""
    return stable_hash(f"{row.line_number}\x1f{row.content_hash}\x1f{row.reason}")
