"""Acts a scenario out: takes requests, finds their turns, remembers what was used. One per emulator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from proxy.emulator.answers.composition import Compose, Composition, Context
from proxy.emulator.answers.resource import Interaction
from proxy.emulator.asked.faults import WHOLE, Fault
from proxy.emulator.asked.input import steps_of
from proxy.emulator.asked.refusals import Refusal, invalid
from proxy.emulator.asked.request import CreateRequest
from proxy.emulator.call import Call
from proxy.emulator.scenarios.composing import Scripted, composition_of
from proxy.emulator.scenarios.match import Asked, described, differences
from proxy.emulator.scenarios.script import NONE, Reply, Scenario, Turn

REMEMBERED_MAX: Final = 100_000
"""Ids, tokens and calls whose turn is remembered, each; as many as the store keeps interactions."""

EXPECTED_MAX: Final = 3
"""Turns named when a request fits none."""


K = TypeVar("K")
V = TypeVar("V")


class RefusedByScript(Refusal):
    """A turn refuses; the answer is exactly the scenario's."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status, "Refused by the scenario.")
        self._reply = reply
        self.headers = dict(reply.headers)

    def body(self) -> tuple[bytes, str]:
        return self._reply.body, self._reply.content_type


@dataclass(slots=True)
class Play:
    """A scenario on the stage."""

    scenario: Scenario
    otherwise: Compose
    """Makes up an answer where the scenario leaves it to the emulator."""
    speed: float = 0.0
    """1 keeps the scenario's times, 0 does not wait."""
    _place: int = 0
    """In strict order: the turn that comes next."""
    _used: dict[str, int] = field(default_factory=dict)
    _turns: dict[str, str] = field(default_factory=dict)
    """Turns by the id of the interaction they answered with."""
    _tokens: dict[str, str] = field(default_factory=dict)
    _calls: dict[str, str] = field(default_factory=dict)
    _replied: dict[tuple[str, str], int] = field(default_factory=dict)
    _by_name: dict[str, Turn] = field(init=False)

    def __post_init__(self) -> None:
        self._by_name = {turn.name: turn for turn in self.scenario.turns}

    def composed(
        self, call: Call, read: Callable[[], tuple[CreateRequest, Context]]
    ) -> tuple[CreateRequest, Composition]:
        """The request and its scripted answer; `read` reads and checks it as the API does.

        What a turn expects is answered even if the API would refuse it.

        Raises:
            Refusal: the turn says so, no turn fits, or the API refuses what no turn expects.
        """
        try:
            request, context = read()
        except Refusal as refusal:
            known = _unchecked(call)
            turn = None if known is None else self._turn_or_none(known)
            if known is None or turn is None:
                raise refusal from None
            return known, self._act(turn, call, known, Context())
        turn = self._turn_or_none(request)
        if turn is not None:
            return request, self._act(turn, call, request, context)
        if self.scenario.otherwise == "compose":
            return request, self.otherwise(request, context, call.fault.wishes, call.chance)
        raise invalid(self._unexpected(self._asked(request)))

    def remember(self, interaction: Interaction) -> None:
        """Note which turn an interaction, its token and its calls came of."""
        name = interaction.composition.label
        if not name:
            return
        if interaction.id is not None:
            _keep(self._turns, interaction.id, name)
        if interaction.continuation_token is not None:
            _keep(self._tokens, interaction.continuation_token, name)
        for step in interaction.composition.steps:
            if step.get("type") == "function_call" and "id" in step:
                _keep(self._calls, str(step["id"]), str(step.get("name")))

    def reply(self, operation: str, identity: str) -> Reply | None:
        """What the scenario answers to a GET, a cancel or a DELETE; None leaves it to the emulator."""
        turn = self._by_name.get(self._turns.get(identity, ""))
        replies = turn.replies.get(operation, ()) if turn and turn.replies else ()
        if not replies:
            return None
        count = self._replied.get((operation, identity), 0)
        _keep(self._replied, (operation, identity), count + 1)
        return replies[min(count, len(replies) - 1)]

    def rewind(self) -> None:
        """Begin again with the first turn; what was answered is forgotten."""
        self._place = 0
        for memory in (self._used, self._turns, self._tokens, self._calls, self._replied):
            memory.clear()

    def _act(self, turn: Turn, call: Call, request: CreateRequest, context: Context) -> Composition:
        self._used[turn.name] = self._used.get(turn.name, 0) + 1
        scale = 1 / self.speed if self.speed else 0.0
        fault = _fault(turn, call.fault, scale)
        if fault is not call.fault:
            call.fault = fault
            call.outlet.suffer(fault)
        if turn.refuse is not None:
            raise RefusedByScript(turn.refuse)
        if turn.fault.status is not None:
            raise _refusal(turn.fault, turn.fault.status)
        if turn.answer is None:
            made = self.otherwise(request, context, fault.wishes, call.chance)
            return replace(made, label=turn.name)
        return composition_of(Scripted(turn, request, context, call.chance, scale), turn.answer)

    def _turn_or_none(self, request: CreateRequest) -> Turn | None:
        """The turn a request is for. In strict order, turns of any number may be passed by."""
        asked = self._asked(request)
        turns = self.scenario.turns
        if self.scenario.order == "any":
            fits = (t for t in turns if self._is_left(t) and not differences(t.when, asked))
            return next(fits, None)
        for place in range(self._place, len(turns)):
            turn = turns[place]
            if self._is_left(turn) and not differences(turn.when, asked):
                self._place = place
                return turn
            if self._is_left(turn) and turn.times is not None:
                return None
        return None

    def _is_left(self, turn: Turn) -> bool:
        return turn.times is None or self._used.get(turn.name, 0) < turn.times

    def _asked(self, request: CreateRequest) -> Asked:
        previous = self._turns.get(request.previous_id) if request.previous_id else NONE
        return Asked(
            request, previous, self._tokens.get(request.continuation_token or ""), self._calls
        )

    def _unexpected(self, asked: Asked) -> str:
        left = [turn for turn in self.scenario.turns[self._place :] if self._is_left(turn)]
        start = f"emulator: scenario {self.scenario.name!r} has no turn for: {described(asked)}."
        if not left:
            return f"{start} All {len(self.scenario.turns)} turns were used."
        if self.scenario.order == "strict":
            wanted = left[:1]
        else:
            wanted = sorted(left, key=lambda turn: len(differences(turn.when, asked)))
        told = [
            f"turn {turn.name!r} ({self.scenario.file}:{turn.line}): "
            + "; ".join(differences(turn.when, asked))
            for turn in wanted[:EXPECTED_MAX]
        ]
        return f"{start} Expected {' Or '.join(told)}."


def _fault(turn: Turn, asked: Fault, scale: float) -> Fault:
    """What goes wrong: what the turn says, else what the caller asked for."""
    fault = asked if turn.fault == WHOLE else turn.fault
    stream = turn.stream
    if stream.first_s and scale:
        fault = replace(fault, delay=fault.delay + stream.first_s * scale)
    if stream.gap_s is not None and scale and not stream.gaps_s:
        fault = replace(fault, gap=stream.gap_s * scale)
    if stream.piece is not None:
        fault = replace(fault, piece=stream.piece)
    return fault


def _refusal(fault: Fault, status: int) -> Refusal:
    shape = fault.shape or ("html" if status == 502 else "api")
    return Refusal(status, fault.message, code=fault.code, shape=shape, reason=fault.reason)


def _unchecked(call: Call) -> CreateRequest | None:
    """A request the API refuses, read as well as can be; None if there is nothing to read."""
    body: Any = call.parsed
    if not isinstance(body, dict):
        return None
    try:
        steps = steps_of(body.get("input"), is_legacy=call.is_legacy)
    except Refusal:
        steps = ()

    def text(name: str) -> str | None:
        return str(body[name]) if body.get(name) else None

    return CreateRequest(
        raw=body,
        model=text("model"),
        agent=text("agent"),
        steps=steps,
        previous_id=text("previous_interaction_id"),
        continuation_token=text("continuation_token"),
        is_streaming=body.get("stream") is True,
        is_background=body.get("background") is True,
        is_stored=body.get("store") is not False,
        is_legacy=call.is_legacy,
    )


def _keep(kept: dict[K, V], key: K, value: V) -> None:
    while len(kept) >= REMEMBERED_MAX:
        del kept[next(iter(kept))]
    kept[key] = value
