"""What facts are about."""

from __future__ import annotations

from typing import NamedTuple


class Subject(NamedTuple):
    """Which interaction facts are about."""

    exchange: str
    interaction: str
    id_hash: int
    at: int
