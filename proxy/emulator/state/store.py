"""What the emulator remembers: interactions with their ids and dates, background runs, continuation tokens.

A background run's whole answer is composed when it is created; time and polls only reveal it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.composition import Composition, Context
from proxy.emulator.answers.resource import Interaction
from proxy.emulator.answers.usage import context_tokens
from proxy.emulator.asked.refusals import Refusal, invalid, not_found
from proxy.emulator.asked.request import CreateRequest
from proxy.emulator.state.clock import NS
from proxy.emulator.state.identity import base64url, interaction_id, turn_id

INTERACTIONS_MAX: Final = 100_000
"""Interactions kept; the oldest expire first. A load run of a day fits; each is a few kilobytes."""

TOKENS_MAX: Final = 10_000
"""Continuation tokens kept; each is used within seconds of its making."""


@dataclass(frozen=True, slots=True)
class Pace:
    """When a background run is over: after so many polls, or after so much time on the clock."""

    polls: int = 2
    """The GET that sees the end; 1 means that the first GET finds it completed."""
    seconds: float = 60.0


USUAL_PACE: Final = Pace()


@dataclass(slots=True)
class Record:
    """A stored interaction. Mutable: polls and time move it on."""

    interaction: Interaction
    root: str
    turn: int
    polls: int = 0
    began_s: int = 0
    """Unix seconds on the emulator's clock; `created_s` can be a recording's."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """What a continuation token stands for."""

    hop_id: str | None
    hops_left: int


@dataclass(slots=True)
class Store:
    """All interactions of one emulator. Not shared between threads."""

    now_ns: Callable[[], int]
    pace: Pace = USUAL_PACE
    _records: dict[str, Record] = field(default_factory=dict)
    _tokens: dict[str, Continuation] = field(default_factory=dict)

    def context(self, request: CreateRequest) -> Context:
        """What the request builds on.

        Raises:
            Refusal: 404 for an unknown previous interaction, 400 for one that still runs or a wrong token.
        """
        history, turn = 0, 1
        if request.previous_id is not None:
            previous = self.find(request.previous_id)
            if previous.interaction.is_running:
                raise invalid("previous_interaction_id names an interaction that is in progress.")
            history = context_tokens(previous.interaction.composition.usage)
            turn = previous.turn + 1
        if request.continuation_token is None:
            return Context(history=history, turn=turn)
        state = self._tokens.get(request.continuation_token)
        if state is None or state.hop_id != request.previous_id:
            raise invalid("continuation_token does not belong to previous_interaction_id.")
        return Context(history=history, turn=turn, hops_left=state.hops_left)

    def add(
        self, request: CreateRequest, composition: Composition, tier: str, chance: Chance
    ) -> Interaction:
        """Give an answer its id and dates, and keep it if the caller wants it stored."""
        now_s = self.now_ns() // NS
        turn = turn_id(now_s, chance)
        previous = self._records.get(request.previous_id or "")
        root = previous.root if previous else turn
        pinned = composition.pinned
        identity = pinned.id or interaction_id(root, turn)
        interaction = Interaction(
            id=identity if request.is_stored else None,
            request=request,
            composition=composition,
            tier=tier,
            created_s=now_s if pinned.created_s is None else pinned.created_s,
            updated_s=now_s if pinned.updated_s is None else pinned.updated_s,
            status="in_progress" if request.is_background else composition.status,
        )
        if composition.hops_left:
            token = pinned.continuation_token or base64url(chance.data(36))
            self._keep_token(token, Continuation(interaction.id, composition.hops_left))
            interaction = replace(interaction, continuation_token=token)
        if interaction.id is not None:
            while len(self._records) >= INTERACTIONS_MAX:
                del self._records[next(iter(self._records))]
            number = previous.turn + 1 if previous else 1
            self._records[interaction.id] = Record(interaction, root, number, began_s=now_s)
        return interaction

    def find(self, identity: str) -> Record:
        """The record with that id, moved on if its time has come.

        Raises:
            Refusal: 404 if it never was, was deleted, or expired.
        """
        record = self._records.get(identity)
        if record is None:
            raise not_found(f"Interaction {identity}")
        if record.interaction.is_running and self._is_due(record):
            self.finish(identity)
        return record

    def poll(self, identity: str) -> Record:
        """A GET: it counts towards the end of a background run."""
        record = self.find(identity)
        record.polls += 1
        return self.find(identity)

    def finish(self, identity: str) -> Interaction | None:
        """End a background run now; nothing happens to one that has ended or is gone."""
        record = self._records.get(identity)
        if record is None:
            return None
        if record.interaction.is_running:
            self._end(record, record.interaction.composition.status)
        return record.interaction

    def cancel(self, identity: str) -> Interaction:
        """Cancel a background run.

        Raises:
            Refusal: 404 unknown, 400 `failed_precondition` if it does not run any more.
        """
        record = self.find(identity)
        if not record.interaction.is_running:
            message = "Only a background interaction in progress can be cancelled."
            raise Refusal(400, message, code="failed_precondition")
        self._end(record, "cancelled")
        return record.interaction

    def delete(self, identity: str) -> None:
        """Forget an interaction; later turns that built on it keep working.

        Raises:
            Refusal: 404 if there is none.
        """
        self.find(identity)
        del self._records[identity]

    def status_of(self, identity: str | None) -> str | None:
        """What the interaction's status is now, without counting as a poll."""
        record = self._records.get(identity or "")
        return record.interaction.status if record else None

    def _is_due(self, record: Record) -> bool:
        """Whether a background run is over: by polls or by age, as its answer or the emulator says."""
        composition = record.interaction.composition
        polls = self.pace.polls if composition.polls is None else composition.polls
        seconds = self.pace.seconds if composition.seconds is None else composition.seconds
        age_s = self.now_ns() / NS - record.began_s
        return record.polls >= polls or age_s >= seconds

    def _end(self, record: Record, status: str) -> None:
        now_s = self.now_ns() // NS
        record.interaction = replace(record.interaction, status=status, updated_s=now_s)

    def _keep_token(self, token: str, state: Continuation) -> None:
        while len(self._tokens) >= TOKENS_MAX:
            del self._tokens[next(iter(self._tokens))]
        self._tokens[token] = state
