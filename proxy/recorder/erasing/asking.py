"""Named questions to the tables, from the recorder's own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from proxy.audit.erasure.wish import Wish
from proxy.audit.retention.cascade import Reach
from proxy.errors import StoreError
from proxy.recorder.keeping.keepings import Ask
from proxy.recording.acts import DETAIL_CHARACTERS_MAX
from proxy.store.queries import TablesReader

ROWS_MAX: Final = 2_000_000
"""Of one answer: exchanges of 10,000 interactions with many polls each. Beyond it nothing is done."""
ASK_S: Final = 120.0
"""For one question: of a million interactions the quotations take longest."""
_Row = TypeVar("_Row")
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Deferred:
    """What waits for a hold or a keeping to end."""

    interaction: str
    erasure: str
    actor: str
    reason: str
    with_quoted: bool
    exchange: str | None
    """What was spared; None: all of the interaction."""
    reach: str
    """How far it was to go from what was named."""
    is_bypassing: bool
    """Keepings that are no locks were set aside."""


def wish_again(waiting: Sequence[Deferred]) -> Wish:
    """What was wished for by the one erasure of which these wait: as far, with as much, setting aside as much.

    What was only spared is of turns that went, and of which others were told how far to go.
    """
    first = waiting[0]
    are_turns_left = any(each.exchange is None for each in waiting)
    return Wish(
        named=None,
        label=None,
        pointer=None,
        reach=Reach(first.reach) if are_turns_left else Reach.NODE,
        with_quoted=first.with_quoted,
        reason=f"deferred until its holds ended: {first.reason}"[:DETAIL_CHARACTERS_MAX],
        actor=first.actor,
        is_dry=False,
        interactions=tuple(dict.fromkeys(each.interaction for each in waiting)),
        is_bypassing=first.is_bypassing,
    )


class Questions:
    """Asks what the tables have now; whoever needs what is durable now flushes first."""

    def __init__(self, reader: Callable[[], Future[TablesReader]]) -> None:
        self._reader = reader

    async def rows(self, name: str, make: Callable[..., _Row], **parameters: Any) -> list[_Row]:
        """One `make(*columns)` for each row of the statement `name`. Raises: as `answer`."""

        def work(ask: Ask) -> list[_Row]:
            return ask(name, make, **parameters)

        return await self.answer(work)

    async def answer(self, work: Callable[[Ask], _Found]) -> _Found:
        """What `work` makes of all it asks, in a thread of its own.

        Raises:
            StoreError: the tables cannot answer, or there is too much.
            TimeoutError: it took longer than ASK_S.
        """
        async with asyncio.timeout(ASK_S):
            reader = await asyncio.wrap_future(self._reader())
            watch = asyncio.get_running_loop().call_later(ASK_S, reader.stop)
            try:
                return await asyncio.to_thread(_worked, reader, work)
            finally:
                watch.cancel()


def _worked(reader: TablesReader, work: Callable[[Ask], _Found]) -> _Found:
    def ask(name: str, make: Callable[..., _Row], /, **parameters: object) -> list[_Row]:
        answer = reader.ask(name, parameters, ROWS_MAX)
        if answer.is_cut:
            raise StoreError(f"more than {ROWS_MAX} rows of {name}: select less at once")
        return [make(*row) for row in answer.rows]

    try:
        return work(ask)
    finally:
        reader.close()
