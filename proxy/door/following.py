"""What the door learns from the records: all of it at its start, then what is new, each second."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from proxy.audit.policing.knowledge import Kept, Knowledge
from proxy.audit.retention.states import Disposal
from proxy.steward.asking import NotAnswered, Recorder

LOOK_S: Final = 1.0
"""How often the records are asked for news. Holds are told at once; this is for the rest."""
PAGE: Final = 10_000
"""Rows of one question: as many as the recorder answers."""
OVERLAP_US: Final = 10_000_000
"""Each look begins so much before the end of the last one: exchanges are not recorded in the order of their ends."""
NEWS_US: Final = 2 * 3600 * 1_000_000
LEAVING: Final = (
    Disposal.SENDING,
    Disposal.BACKOFF,
    Disposal.AMBIGUOUS,
    Disposal.VERIFYING,
    Disposal.NOT_EFFECTIVE,
)
"""A DELETE was sent, or is about to be, and it is not over: nothing new may hang on to these."""

_LOG: Final = logging.getLogger("door")


class Following:
    """Fills one door's knowledge."""

    def __init__(self, recorder: Recorder, known: Knowledge, now_us: Callable[[], int]) -> None:
        self._recorder = recorder
        self._known = known
        self._now_us = now_us
        self._since_us = 0
        self._news: dict[str, Any] | None = None
        self._turn = asyncio.Lock()
        """Of two readings of holds the later one must be written later."""

    async def load(self) -> None:
        """Everything that is durable now. Raises NotAnswered."""
        await self._recorder.flush()
        await self.look()

    async def run(self) -> None:
        """Look each second until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except NotAnswered as error:
                _LOG.warning("the door goes by what it knows: %s", error)

    async def look(self) -> None:
        """Take over what is new. Raises NotAnswered."""
        await self._look_for_created()
        since_us = max(0, self._now_us() - NEWS_US)
        (news,) = await self._recorder.query("door_news", since_us=since_us)
        if news != self._news:
            await self.heed()
            self._news = news

    async def heed(self) -> None:
        """Returns when all that the tables say of holds and deletions is known. Raises NotAnswered."""
        async with self._turn:
            held = await self._all("door_held")
            leaving = await self._all("door_leaving", states=[str(state) for state in LEAVING])
            protected = {row["interaction"]: bool(row["is_conversation"]) for row in held}
            self._known.keep(Kept(protected, frozenset(row["interaction"] for row in leaving)))

    async def _look_for_created(self) -> None:
        # A clock that was set back must not hide what comes from now on.
        since_us = max(0, min(self._since_us, self._now_us()) - OVERLAP_US)
        while True:
            rows = await self._recorder.query("door_created", since_us=since_us, limit=PAGE)
            for row in rows:
                previous = [row["previous"]] if row["previous"] else []
                self._known.created(row["interaction"], row["client"], previous)
            if rows:
                self._since_us = max(self._since_us, rows[-1]["at_us"])
            if len(rows) < PAGE:
                return
            since_us = max(since_us + 1, rows[-1]["at_us"])

    async def _all(self, name: str, **parameters: object) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            after = found[-1]["interaction"] if found else ""
            rows = await self._recorder.query(name, after=after, limit=PAGE, **parameters)
            found += rows
            if len(rows) < PAGE:
                return found
