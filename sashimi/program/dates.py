"""Dates of plists: instants in UTC, as ISO 8601 text that ends in ``Z``."""

from __future__ import annotations

from datetime import UTC, datetime


def read(text: str) -> datetime:
    """The instant that a text says, without a zone, in UTC; without an offset it is UTC already.

    Raises ``ValueError`` for what is no date, ``OverflowError`` beyond the years 1 to 9999.
    """
    date = datetime.fromisoformat(text)
    return date if date.tzinfo is None else date.astimezone(UTC).replace(tzinfo=None)


def spell(date: datetime) -> str:
    """The text of an instant in UTC; `read` is the inverse."""
    return f"{date.isoformat()}Z"
