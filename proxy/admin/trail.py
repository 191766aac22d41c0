"""Every question and every reading of content as an act in the vault.

A reading of content is durable before its answer leaves. A question about facts is told at once and not
waited for: it is durable with the recorder's next commit, within 0.05 s. What a dashboard asks over and over
is told once a minute with a count, so that a wall of screens does not fill the vault.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from proxy.admin.tokens import Reader
from proxy.errors import StoreError
from proxy.recording.facts import ActFact

REPEATS_NS: Final = 60 * 1_000_000_000
"""The same question of the same reader within this is counted, not told again."""
REMEMBERED_MAX: Final = 1000
"""Questions counted at a time; beyond it the oldest are forgotten, and their repeats are told again."""
DURABLE_WITHIN_S: Final = 30.0
"""For the vault to keep the act of a reading; later, nothing is shown."""
REFS_TOLD_MAX: Final = 200
"""References that one act names, 40 bytes each; it says how many there were in any case."""

Tell = Callable[[Sequence[ActFact]], Future[Any]]

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Told:
    """What is known of one question once it was answered. Mutable while it is."""

    query: str
    """Name of a shipped query, `sql`, or `interaction`."""
    outcome: str = "answered"
    """answered, refused, failed, not_found."""
    row_count: int = 0
    duration_ms: int = 0
    interaction: str | None = None
    reason: str | None = None
    sql: str | None = None
    """Of an own statement: its digest is kept, for it may hold content."""
    content_count: int = 0
    content_refs: Sequence[str] = ()

    def data(self) -> dict[str, Any]:
        """For the act: no content."""
        told: dict[str, Any] = {
            "query": self.query,
            "outcome": self.outcome,
            "row_count": self.row_count,
            "duration_ms": self.duration_ms,
        }
        if self.reason is not None:
            told["reason"] = self.reason
        if self.sql is not None:
            told["sql_sha256"] = hashlib.sha256(self.sql.encode()).hexdigest()
            told["sql_bytes"] = len(self.sql.encode())
        if self.content_count:
            told["content_count"] = self.content_count
            told["content_refs"] = list(self.content_refs[:REFS_TOLD_MAX])
        return told


@dataclass(slots=True)
class _Repeats:
    since_ns: int
    count: int = 0


class Trail:
    """Tells the acts of the listener. Used in its event loop alone."""

    def __init__(self, tell: Tell, now_ns: Callable[[], int]) -> None:
        """`tell`: Pipeline.tell, which answers once they are durable."""
        self._tell = tell
        self._now_ns = now_ns
        self._repeats: dict[tuple[str, str, str], _Repeats] = {}

    async def content_shown(self, reader: Reader, told: Told) -> None:
        """Before content leaves: returns once the vault has it.

        Raises:
            StoreError: it could not be kept; show nothing.
        """
        detail = f"{told.content_count} sealed texts were opened for {reader.name}"
        act = self._act("access", reader, told, detail, told.data())
        try:
            async with asyncio.timeout(DURABLE_WITHIN_S):
                await asyncio.wrap_future(self._tell([act]))
        except TimeoutError as error:
            raise StoreError(
                f"the access could not be written down within {DURABLE_WITHIN_S:g} s: nothing is shown"
            ) from error

    def asked(self, reader: Reader, told: Told) -> None:
        """A question about facts."""
        now_ns = self._now_ns()
        key = (reader.name, told.query, told.outcome)
        known = self._repeats.get(key)
        # What has a reason of its own is never counted with others: a plan of an erasure says whose labels there are.
        is_own = any(each is not None for each in (told.sql, told.interaction, told.reason))
        if known is not None and not is_own and now_ns - known.since_ns < REPEATS_NS:
            known.count += 1
            return
        data = told.data()
        if not is_own:
            if known is not None and known.count:
                data["repeats_before"] = known.count
            self._repeats.pop(key, None)
            self._repeats[key] = _Repeats(now_ns)
            if len(self._repeats) > REMEMBERED_MAX:
                del self._repeats[next(iter(self._repeats))]
        detail = f"{reader.name} asked {told.query}"
        self._tell([self._act("query", reader, told, detail, data)])

    def close(self) -> None:
        """Tell the counts that nobody asked after."""
        for (actor, query, outcome), repeats in self._repeats.items():
            if repeats.count:
                data = {"query": query, "outcome": outcome, "repeats_before": repeats.count}
                act = self._row("query", actor, None, f"{actor} asked {query} again", data)
                self._tell([act])
        self._repeats.clear()

    def _act(
        self, kind: str, reader: Reader, told: Told, detail: str, data: dict[str, Any]
    ) -> ActFact:
        data = data | {"role": str(reader.role)}
        return self._row(kind, reader.name, told.interaction, detail, data)

    def _row(
        self, kind: str, actor: str, interaction: str | None, detail: str, data: dict[str, Any]
    ) -> ActFact:
        return ActFact(
            at=self._now_ns(),
            kind=kind,
            worker=None,
            boot=None,
            detail=detail,
            act=secrets.token_hex(16),
            interaction=interaction,
            actor=actor,
            data=json.dumps(data, sort_keys=True),
        )
