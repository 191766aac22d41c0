"""What client-side tools owe: each call answered once, by its id, in the conversation that asked. Pure.

The views of store/sql/views/50_tools.sql say the same in SQL; a test compares them.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from proxy.values import plain_value

PATIENCE_US: Final = 3600 * 1_000_000
"""A call at the end of a conversation may still be answered; after an hour of records nobody expects it."""
_SENT_RESULTS: Final = frozenset({"function_result", "user_input"})
"""Results stand alone, or among the contents of a user_input."""
_NEED_NO_ANSWER: Final = frozenset({"failed", "cancelled"})


class Kind(enum.StrEnum):
    """What can go wrong."""

    NEVER_ANSWERED = "never_answered"
    ANSWERED_TWICE = "answered_twice"
    UNKNOWN_CALL = "unknown_call"
    ID_REUSED = "id_reused"


@plain_value(frozen=True, slots=True)
class ToolStep:
    """A row of the view tool_steps. Instants are microseconds."""

    interaction: str
    conversation: int
    place: int
    side: str
    type: str
    call_id: str
    name: str | None
    server_name: str | None
    is_error: bool | None
    is_new: bool
    step_mac: str | None
    sent_at: int
    seen_at: int
    started_at: int | None
    ended_at: int | None
    status: str | None
    is_followed: bool
    is_previous_known: bool


@plain_value(frozen=True, slots=True)
class ToolCall:
    """One call and what came of it."""

    interaction: str
    place: int
    tool: str
    """Type of its step without _call: function, google_search, ..."""
    name: str | None
    server_name: str | None
    call_id: str
    ran_at: str
    """client or server."""
    called_at: int
    result_interaction: str | None
    answered_at: int | None
    duration_ns: int | None
    """Of a client's tool from the call's arrival to the result's departure; of a server's as streamed."""
    is_error: bool | None
    answer_count: int


@plain_value(frozen=True, slots=True)
class Finding:
    """One thing that went wrong."""

    kind: str
    interaction: str
    call_id: str
    name: str | None
    seen_at: int


@plain_value(frozen=True, slots=True)
class Contract:
    """What was called, and what went wrong, both in the order of their instants."""

    calls: tuple[ToolCall, ...]
    findings: tuple[Finding, ...]


def contract_of(steps: Sequence[ToolStep], last_at: int) -> Contract:
    """The calls in these steps and what is wrong with them; `last_at`: of the latest record."""
    index = _Index(steps)
    answers: dict[tuple[str, int], list[ToolStep]] = defaultdict(list)
    unknown: dict[tuple[str, str], Finding] = {}
    for step in steps:
        if step.side != "input" or step.type not in _SENT_RESULTS:
            continue
        if not step.is_new or step.status is None:
            continue
        call = index.call_of(step)
        if call is not None:
            answers[call.interaction, call.place].append(step)
        elif step.is_previous_known and not index.repeats(step):
            key = step.interaction, step.call_id
            known = unknown[key].name if key in unknown else None
            name = max(filter(None, (known, step.name)), default=None)
            unknown[key] = Finding(Kind.UNKNOWN_CALL, *key, name, step.sent_at)
    calls: list[ToolCall] = []
    findings = list(unknown.values())
    for step in steps:
        if step.side == "output" and step.type.endswith("_call"):
            given = answers.get((step.interaction, step.place), [])
            told = _told(step, given, index.own_result(step))
            calls.append(told)
            if told.ran_at == "client":
                findings.extend(_faults(step, told, index, last_at))
    return Contract(
        tuple(sorted(calls, key=lambda call: (call.called_at, call.interaction, call.place))),
        tuple(sorted(findings, key=lambda one: (one.seen_at, one.interaction, one.call_id))),
    )


class _Index:
    """Steps by what they are looked for by."""

    def __init__(self, steps: Iterable[ToolStep]) -> None:
        self._calls: dict[str, list[ToolStep]] = defaultdict(list)
        self._own_results: dict[tuple[str, str, str], ToolStep] = {}
        self._repeated: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._repeated_macs: set[str] = set()
        for step in sorted(steps, key=lambda step: (step.seen_at, step.interaction, step.place)):
            if step.side == "output" and step.type == "function_call":
                self._calls[step.call_id].append(step)
            elif step.side == "output" and step.type.endswith("_result"):
                key = (step.interaction, step.call_id, step.type.removesuffix("_result"))
                known = self._own_results.get(key)
                if known is None or step.place < known.place:
                    self._own_results[key] = step
            elif step.type == "function_call":
                macs = step.step_mac.split(",") if step.step_mac else []
                self._repeated[step.interaction, step.call_id].update(macs)
                self._repeated_macs.update(macs)
        self._first: dict[tuple[int, str], ToolStep] = {}
        for calls in self._calls.values():
            for call in calls:
                if self.own_result(call) is None:
                    self._first.setdefault((call.conversation, call.call_id), call)

    def call_of(self, result: ToolStep) -> ToolStep | None:
        """The latest call that a result can be about."""
        macs = self._repeated.get((result.interaction, result.call_id), set())
        for call in reversed(self._calls.get(result.call_id, ())):
            is_kin = call.conversation == result.conversation or call.step_mac in macs
            if is_kin and call.interaction != result.interaction and call.seen_at <= result.sent_at:
                return call
        return None

    def own_result(self, call: ToolStep) -> ToolStep | None:
        """The result in the same answer: it ran where the model ran."""
        return self._own_results.get(
            (call.interaction, call.call_id, call.type.removesuffix("_call"))
        )

    def repeats(self, step: ToolStep) -> bool:
        """Whether the call of that id stands in the same interaction's input."""
        return (step.interaction, step.call_id) in self._repeated

    def is_repeated(self, call: ToolStep) -> bool:
        """Whether any later turn sent the call again: its conversation went on."""
        return call.step_mac in self._repeated_macs

    def is_first(self, call: ToolStep) -> bool:
        """Whether no call of its conversation had the id before."""
        return self._first.get((call.conversation, call.call_id)) is call


def _told(call: ToolStep, given: Sequence[ToolStep], own: ToolStep | None) -> ToolCall:
    tool = call.type.removesuffix("_call")
    is_clients = tool == "function" and own is None
    duration: int | None = None
    first = min(given, key=lambda step: (step.sent_at, step.interaction, step.place), default=None)
    if own is not None:
        first = own
        if own.ended_at is not None and call.started_at is not None:
            duration = (own.ended_at - call.started_at) * 1000
    elif first is not None:
        duration = (first.sent_at - call.seen_at) * 1000
    return ToolCall(
        call.interaction,
        call.place,
        tool,
        call.name,
        call.server_name,
        call.call_id,
        "client" if is_clients else "server",
        call.seen_at,
        first.interaction if first is not None else None,
        None if first is None else first.seen_at if own is not None else first.sent_at,
        duration,
        first.is_error if first is not None else None,
        1 if own is not None else len(given),
    )


def _faults(call: ToolStep, told: ToolCall, index: _Index, last_at: int) -> Iterable[Finding]:
    def finding(kind: Kind) -> Finding:
        return Finding(kind, call.interaction, call.call_id, call.name, call.seen_at)

    if told.answer_count > 1:
        yield finding(Kind.ANSWERED_TWICE)
    is_due = call.is_followed or index.is_repeated(call) or call.seen_at + PATIENCE_US < last_at
    if told.answer_count == 0 and is_due and call.status not in _NEED_NO_ANSWER:
        yield finding(Kind.NEVER_ANSWERED)
    if index.repeats(call) or not index.is_first(call):
        yield finding(Kind.ID_REUSED)
