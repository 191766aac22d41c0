"""What the emulator remembers: interactions with their ids and dates, who builds on whom, how far runs are.

Forgetting is lazy. A record knows the instant at which it is gone, whoever asks for it later is told that it was
not found, and each new one frees the oldest whose time has come: no request looks through all of them.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.composition import Composition, Context
from proxy.emulator.answers.resource import Interaction
from proxy.emulator.asked.faults import WHOLE, Fault
from proxy.emulator.asked.refusals import Refusal, invalid, not_found
from proxy.emulator.asked.request import CreateRequest, Json
from proxy.emulator.state.clock import NS, Clock
from proxy.emulator.state.identity import interaction_id, turn_id
from proxy.emulator.state.records import Record, history_tokens, timeline
from proxy.emulator.state.retention import retention_s
from proxy.emulator.state.runs import USUAL_PACE, Pace, Run, begun
from proxy.emulator.state.tokens import Continuation, Tokens

INTERACTIONS_MAX: Final = 100_000
"""Interactions kept; the oldest go first. A load run of a day fits; each is a few kilobytes."""

STORED_BYTES_MAX: Final = 1024 * 1024 * 1024
"""Request bodies and sizes wished for, of all interactions kept; the oldest go first. Media by the hundred fit."""

TURNS_MAX: Final = 10_000
"""Turns of one conversation. A turn keeps all before it, deleted ones too; the service's context ends earlier."""

DUE_SLACK: Final = 64
"""So many ends of runs that ended early may lie about, beside as many as there are runs."""


@dataclass(slots=True)
class Store:
    """All interactions of one emulator. Not shared between threads."""

    clock: Clock
    pace: Pace = USUAL_PACE
    retention_s: int = retention_s("paid")
    ended: Callable[[Interaction], None] | None = None
    """Is told of each background run that ends, however it ends."""
    tokens: Tokens = field(default_factory=Tokens)
    bytes: int = 0
    runs: int = 0
    """Background runs that have not ended."""
    _records: OrderedDict[str, Record] = field(default_factory=OrderedDict)
    """The oldest first. A plain dict finds its first entry slowly once many before it are gone."""
    _due: list[tuple[int, str]] = field(default_factory=list)
    """A heap of when which run is over by age; entries of runs that ended early are passed over."""

    def __post_init__(self) -> None:
        self.clock.watch(self._moved)

    def context(self, request: CreateRequest) -> Context:
        """What the request builds on.

        Raises:
            Refusal: 404 for an unknown previous interaction, 400 for one that still runs or a wrong token.
        """
        if request.previous_id is None and request.continuation_token is None:
            return FIRST
        history, turn = 0, 1
        before: tuple[Json, ...] = ()
        if request.previous_id is not None:
            previous = self.find(request.previous_id)
            if previous.interaction.is_running:
                raise invalid("previous_interaction_id names an interaction that is in progress.")
            if previous.turn >= TURNS_MAX:
                raise invalid(f"The conversation has {TURNS_MAX} turns, which is the limit.")
            history = history_tokens(previous)
            turn, before = previous.turn + 1, timeline(previous)
        if request.continuation_token is None:
            return Context(history=history, turn=turn, before=before)
        state = self.tokens.find(request.continuation_token, request.previous_id)
        return Context(
            history=history,
            turn=turn,
            before=before,
            hops_left=state.hops_left,
            initial_input=state.initial_input,
        )

    def add(
        self,
        request: CreateRequest,
        composition: Composition,
        tier: str,
        chance: Chance,
        *,
        fault: Fault = WHOLE,
        size: int = 0,
    ) -> Interaction:
        """Give an answer its id and dates, and keep it if the caller wants it stored.

        `size` is that of the request's body in bytes. Of the fault, `queued` and `visible_after` count.
        """
        now_ns = self.clock.now_ns()
        now_s = now_ns // NS
        turn = turn_id(now_s, chance)
        parent = self._records.get(request.previous_id) if request.previous_id else None
        root = parent.root if parent else turn
        pinned = composition.pinned
        run = None
        if request.is_background:
            run = begun(composition, self.pace, fault.queued, now_ns)
        interaction = Interaction(
            id=(pinned.id or interaction_id(root, turn)) if request.is_stored else None,
            request=request,
            composition=composition,
            tier=tier,
            created_s=now_s if pinned.created_s is None else pinned.created_s,
            updated_s=now_s if pinned.updated_s is None or run else pinned.updated_s,
            status=run.status() if run else composition.status,
        )
        if composition.hops_left or composition.checkpoints:
            interaction = self._with_tokens(interaction, chance)
        if interaction.id is not None:
            record = Record(
                interaction=interaction,
                root=root,
                turn=parent.turn + 1 if parent else 1,
                parent=parent,
                expires_ns=(now_s + self.retention_s) * NS,
                visible_ns=now_ns + int(fault.visible_after * NS) if fault.visible_after else 0,
                run=run,
                steps_shown=0 if run else None,
                size=size + (fault.size or 0),
            )
            self._keep(interaction.id, record, now_ns)
        return interaction

    def find(self, identity: str) -> Record:
        """The record with that id, moved on if its time has come.

        Raises:
            Refusal: 404 if it never was, was deleted, expired, or cannot be seen yet.
        """
        record = self._records.get(identity)
        if record is not None:
            now_ns = self.clock.peek_ns()
            if record.run is not None:
                self._move_on(record, record.run, now_ns)
            if record.visible_ns <= now_ns < record.expires_ns:
                return record
        raise not_found(f"Interaction {identity}")

    def poll(self, identity: str) -> Record:
        """A GET: it counts towards the end of a background run."""
        record = self.find(identity)
        if record.run is not None:
            record.run.polls += 1
            self._move_on(record, record.run, self.clock.peek_ns())
        return record

    def finish(self, identity: str) -> Interaction | None:
        """End a background run now; nothing happens to one that has ended or is gone."""
        record = self._records.get(identity)
        if record is None:
            return None
        if record.run is not None:
            self._end(record, self.clock.peek_ns())
        return record.interaction

    def cancel(self, identity: str) -> Record:
        """Cancel a background run. The steps that were done by then stay.

        Raises:
            Refusal: 404 unknown, 400 `failed_precondition` if it does not run any more.
        """
        record = self.find(identity)
        if record.run is None:
            message = "Only a background interaction in progress can be cancelled."
            raise Refusal(400, message, code="failed_precondition")
        self._end(record, self.clock.peek_ns(), "cancelled")
        return record

    def delete(self, identity: str) -> None:
        """Forget an interaction; later turns that built on it keep working.

        Raises:
            Refusal: 404 if there is none.
        """
        self.find(identity)
        self._drop(identity)

    def status_of(self, identity: str | None) -> str | None:
        """What the interaction's status is now, without counting as a poll."""
        record = self._records.get(identity or "")
        return record.interaction.status if record else None

    def next_end_ns(self) -> int | None:
        """When the next background run may be over by its age; None if none runs."""
        return self._due[0][0] if self._due else None

    def end_due(self, now_ns: int) -> None:
        """End all background runs that are over by their age."""
        while self._due and self._due[0][0] <= now_ns:
            due_ns, identity = heapq.heappop(self._due)
            record = self._records.get(identity)
            if record and record.run and record.run.ends_ns <= due_ns:
                self._end(record, due_ns)

    def count(self) -> int:
        """How many interactions can be found or will be; frees those that expired. Looks at all of them."""
        self._free(self.clock.peek_ns())
        return len(self._records)

    def clear(self) -> None:
        """Forget everything."""
        self._records.clear()
        self._due.clear()
        self.tokens.clear()
        self.bytes = self.runs = 0

    def _keep(self, identity: str, record: Record, now_ns: int) -> None:
        self._drop(identity)  # a scenario can pin the same id twice
        records = self._records
        while records:
            oldest = next(iter(records))
            is_full = len(records) >= INTERACTIONS_MAX or self.bytes > STORED_BYTES_MAX
            if not is_full and records[oldest].expires_ns > now_ns:
                break
            self._expire(oldest)
        records[identity] = record
        self.bytes += record.size
        if record.run is not None:
            self.runs += 1
            heapq.heappush(self._due, (record.run.ends_ns, identity))
            if len(self._due) > 2 * self.runs + DUE_SLACK:
                self._due = [(r.run.ends_ns, name) for name, r in records.items() if r.run]
                heapq.heapify(self._due)

    def _drop(self, identity: str) -> None:
        record = self._records.pop(identity, None)
        if record is not None:
            self.bytes -= record.size
            self.runs -= record.run is not None

    def _expire(self, identity: str) -> None:
        """Drop it; a run that was over before is told of first."""
        record = self._records[identity]
        if record.run is not None:
            self._move_on(record, record.run, record.expires_ns)
        self._drop(identity)

    def _free(self, now_ns: int) -> None:
        """Drop all that expired, in whatever order they were made."""
        gone = [name for name, record in self._records.items() if record.expires_ns <= now_ns]
        for identity in gone:
            self._expire(identity)

    def _moved(self, before_ns: int, after_ns: int) -> None:
        """The clock was moved. Backwards: what was over or gone by then stays so."""
        if after_ns < before_ns:
            self.end_due(before_ns)
            self._free(before_ns)

    def _move_on(self, record: Record, run: Run, now_ns: int) -> None:
        if run.is_over(now_ns):
            self._end(record, min(now_ns, run.ends_ns))
            return
        record.steps_shown = run.steps_shown(len(record.interaction.composition.steps), now_ns)
        if run.status() != record.interaction.status:
            record.interaction = replace(
                record.interaction, status=run.status(), updated_s=now_ns // NS
            )

    def _end(self, record: Record, at_ns: int, status: str | None = None) -> None:
        """End a run, at that time; `status` is what its answer says, unless it was cancelled."""
        made = record.interaction
        pinned_s = made.composition.pinned.updated_s
        if status is None:
            status, record.steps_shown = made.composition.status, None
        else:
            pinned_s = None
        updated_s = at_ns // NS if pinned_s is None else pinned_s
        record.interaction = replace(made, status=status, updated_s=updated_s)
        record.run = None
        self.runs -= 1
        if self.ended is not None:
            self.ended(record.interaction)

    def _with_tokens(self, made: Interaction, chance: Chance) -> Interaction:
        """The interaction with the tokens that its answer offers: at its end, and at its checkpoints."""
        answer = made.composition
        previous_id = made.request.previous_id if made.id is None else made.id
        given = answer.usage.get("initial_input_tokens") or answer.usage.get("total_input_tokens")
        here = Continuation(previous_id, answer.hops_left + 1, int(given or 0))
        checkpoints = tuple(self.tokens.give(here, chance) for _ in answer.checkpoints)
        token = None
        if answer.hops_left:
            next_hop = replace(here, hops_left=answer.hops_left)
            token = self.tokens.give(next_hop, chance, answer.pinned.continuation_token)
        return replace(made, continuation_token=token, checkpoint_tokens=checkpoints)


FIRST: Final = Context()
"""What a conversation's first turn builds on."""
