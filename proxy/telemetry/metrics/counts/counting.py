"""From committed facts to counts: each exchange, interaction, step and token once. Deterministic.

What depends on time depends on the times in the facts, so that counting the vault again gives the same.
"""

from __future__ import annotations

from typing import Any, Final

from proxy.recording.facts import ExchangeFact, Recording
from proxy.store.position import FactBatch
from proxy.telemetry.instruments import INSTRUMENTS
from proxy.telemetry.metrics.counts.closing import Admitted, closing, code_label, error_label
from proxy.telemetry.metrics.counts.interactions import InteractionCounts
from proxy.telemetry.metrics.counts.tally import Tally
from proxy.telemetry.metrics.declare import Source
from proxy.telemetry.metrics.labels import NONE

FORMAT: Final = 1
"""Of what `to_json` gives. Another one is not read: everything is counted anew from the vault."""
_FACTS: Final = tuple(each for each in INSTRUMENTS.values() if each.source is Source.FACTS)

_operation = closing("operation")
_outcome = closing("outcome")
_purpose = closing("purpose")
_kind = closing("kind")


class Counting:
    """All counts that come from facts. Not thread-safe: who reads holds the lock of who takes."""

    def __init__(self) -> None:
        self.tally = tally = Tally(_FACTS)
        self.models = Admitted("model")
        self._interactions = InteractionCounts(tally, self.models)
        self._exchanges = tally.counts("ixp_exchanges_total")
        self._durations = tally.distribution("ixp_exchange_duration_seconds")
        self._heads = tally.distribution("ixp_response_head_seconds")
        self._request_bytes = tally.counts("ixp_request_bytes_total")
        self._response_bytes = tally.counts("ixp_response_bytes_total")
        self._events = tally.counts("ixp_stream_events_total")
        self._errors = tally.counts("ixp_upstream_errors_total")
        self._disconnects = tally.counts("ixp_client_disconnects_total")
        self._unknowns = tally.counts("ixp_protocol_unknown_total")
        self._problems = tally.counts("ixp_problems_total")
        self._gaps = tally.counts("ixp_audit_gaps_total")
        self._gap_exchanges = tally.counts("ixp_audit_gap_exchanges_total")
        self._acts = tally.counts("ixp_audit_acts_total")
        self._gaps.add((), 0)
        self._gap_exchanges.add((), 0)

    def take(self, batch: FactBatch) -> None:
        """Count a batch. Batches come in order, each once."""
        for committed in batch.exchanges:
            self._take_exchange(committed.recording)
        for gap in batch.gaps:
            self._gaps.add(())
            self._gap_exchanges.add((), gap.exchange_count)
        for act in batch.acts:
            self._acts.add((_kind(act.kind),))
        if batch.exchanges:
            newest = batch.exchanges[-1].recording.exchange
            self._interactions.give_up(newest.ended_at)

    def now(self, now_ns: int) -> None:
        """Set what a gauge says at this moment."""
        self._interactions.tell_open(now_ns)

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "series": self.tally.to_json(),
            "models": self.models.names(),
            "open": self._interactions.open.to_json(),
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on from what was saved.

        Raises:
            KeyError, TypeError, ValueError: not what this release's to_json gives.
        """
        if saved["format"] != FORMAT:
            raise ValueError(f"counts of format {saved['format']}, this release has {FORMAT}")
        self.tally.restore(saved["series"])
        self.models.restore(saved["models"])
        self._interactions.open.restore(saved["open"])

    def _take_exchange(self, recording: Recording) -> None:
        fact = recording.exchange
        operation = _operation(fact.operation)
        by_operation = (operation,)
        seen = (fact.trace_id or "", fact.exchange, fact.ended_at)
        self._exchanges.add(
            (
                operation,
                code_label(fact.status),
                _outcome(fact.outcome),
                _answered_by(fact),
                _purpose(fact.purpose),
            )
        )
        mode = "stream" if fact.is_streaming else "unary"
        self._durations.observe((operation, mode), fact.duration_ns / 1e9, seen)
        if fact.response_head_ns is not None:
            self._heads.observe(by_operation, fact.response_head_ns / 1e9, seen)
        if fact.request_bytes:
            self._request_bytes.add(by_operation, fact.request_bytes)
        if fact.response_bytes:
            self._response_bytes.add(by_operation, fact.response_bytes)
        if fact.event_count:
            self._events.add(by_operation, fact.event_count)
        if fact.error_code is not None:
            self._errors.add((operation, error_label(fact.error_code)))
        if fact.outcome == "client_gone":
            self._disconnects.add((_phase(fact),))
        for unknown in recording.unknowns:
            self._unknowns.add((_kind(unknown.kind),), unknown.count)
        for problem in recording.problems:
            self._problems.add((_kind(problem.kind),))
        for observation in recording.observations:
            self._interactions.take(recording, observation, seen)


def _answered_by(fact: ExchangeFact) -> str:
    if fact.status is None:
        return NONE
    return "proxy" if fact.is_own_answer else "upstream"


def _phase(fact: ExchangeFact) -> str:
    if fact.status is None:
        return "before_answer"
    if not fact.is_streaming:
        return "answering"
    return "before_first_event" if fact.first_event_ns is None else "streaming"
