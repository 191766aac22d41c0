"""Which interactions somebody means who does not give their whole ids."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from proxy.audit.erasure.pointer import is_value_at
from proxy.errors import FormatError, KeyDestroyed
from proxy.recorder.erasing.asking import Questions
from proxy.store.vault.reader import VaultReader


async def beginning(ask: Questions, named: str) -> str:
    """The one whose id begins so.

    Raises:
        FormatError: none does, or several.
        StoreError: the tables cannot answer.
    """
    found = await ask.rows("erasing_beginning", str, named=named)
    if not found:
        raise FormatError(f"no interaction begins with {named[:80]}")
    if len(found) > 1:
        raise FormatError(f"several interactions begin with {named[:80]}: give the whole id")
    return found[0]


async def showing(
    ask: Questions, open_reader: Callable[[], VaultReader], pointer: str, value: str
) -> list[str]:
    """Those of which an exchange that can be opened has `value` at a JSON `pointer`. Raises StoreError."""
    rows = await ask.rows("erasing_searched", _Searched)
    return await asyncio.to_thread(_searched, rows, open_reader, pointer, value)


def _searched(
    rows: Iterable[_Searched], open_reader: Callable[[], VaultReader], pointer: str, value: str
) -> list[str]:
    found: dict[str, None] = {}
    reader = open_reader()
    try:
        for row in rows:
            try:
                exchange = reader.exchange(row.raw_ref)
            except (KeyDestroyed, FormatError):
                continue
            if is_value_at(exchange, pointer, value):
                found[row.interaction] = None
    finally:
        reader.close()
    return list(found)


@dataclass(frozen=True, slots=True)
class _Searched:
    exchange: str
    interaction: str
    raw_ref: str
