"""Asks the tables for an interaction that is not in memory: recorded before this start, or long ago."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

from proxy.errors import StoreError
from proxy.interactions.interaction import id_hash
from proxy.store.queries import TablesReader
from proxy.telemetry.traces.mapping.memory import CALLS_MAX, KnownCall, KnownInteraction, NotNow
from proxy.telemetry.traces.sampling import Sampler
from proxy.telemetry.traces.span import SpanContext, span_id

READER_WITHIN_S: Final = 5.0
"""After a start the tables replay first; the queue of spans bears a wait as long."""
PAUSE_NS: Final = 30_000_000_000
"""Tables that cannot be asked are left alone so long: spans go without what only they know."""
LOOKUPS_PER_S: Final = 20
"""A lookup reads 10 ms at 10 M interactions: a fifth of a core at most."""

_log = logging.getLogger(__name__)


class StoreLookup:
    """A `Lookup`. Used by one thread."""

    def __init__(
        self,
        reader: Callable[[], Future[TablesReader]],
        sampler: Sampler,
        mono_ns: Callable[[], int],
    ) -> None:
        self._reader = reader
        self._sampler = sampler
        self._mono_ns = mono_ns
        self._second = -1
        self._count = 0
        self._not_before_ns = mono_ns()

    def __call__(self, interaction: str, before: int) -> KnownInteraction | NotNow | None:
        """What the tables know; None: nothing."""
        if not self._has_time():
            return NotNow.NOT_NOW
        asked = self._reader()
        try:
            with contextlib.closing(asked.result(READER_WITHIN_S)) as reader:
                return self._ask(reader, interaction, before)
        except (StoreError, TimeoutError) as error:
            if not asked.cancel() and asked.done() and asked.exception() is None:
                asked.result().close()
            _log.info("spans go without what the tables know: %s", type(error).__name__)
            self._not_before_ns = self._mono_ns() + PAUSE_NS
            return NotNow.NOT_NOW

    def _has_time(self) -> bool:
        now_ns = self._mono_ns()
        if now_ns < self._not_before_ns:
            return False
        second = now_ns // 1_000_000_000
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        return self._count <= LOOKUPS_PER_S

    def _ask(self, reader: TablesReader, interaction: str, before: int) -> KnownInteraction | None:
        named = {"interaction": interaction, "id_hash": id_hash(interaction)}
        answer = reader.ask("create_of_interaction", {**named, "before": before}, 1)
        if not answer.rows:
            return None
        row = dict(zip(answer.columns, answer.rows[0], strict=True))
        place = self._sampler.place(
            row["exchange"], row["trace_id"], row["parent_span_id"], is_sampled=row["is_sampled"]
        )
        context = SpanContext(place.trace_id, span_id(row["exchange"], "inference"))
        calls = reader.ask("calls_of_interaction", named, CALLS_MAX)
        return KnownInteraction(
            context=context if place.is_sampled else None,
            started_at=row["started_at"],
            known_at=row["known_at"],
            status=row["status"],
            is_terminal=row["is_terminal"],
            is_background=row["is_background"],
            model=row["model"],
            agent=row["agent"],
            root=interaction if row["is_first"] else None,
            turn=1 if row["is_first"] else None,
            calls={call_id: KnownCall(name, None) for call_id, name in calls.rows},
        )
