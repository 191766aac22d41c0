"""Random histories of one caller: bytes of exchanges, with a canary in everything that was said.

A canary belongs to one interaction, stands in its question, its instruction or its answer, and is found
in whatever body repeats it: that is how a plain search knows who holds an interaction's content.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any, Final

from proxy.journal.format import ExchangeId
from proxy.recording.exchange import Exchange
from proxy.recording.repeats.marks import DAY_NS
from tests.recording.samples import EVENT_STREAM, JSON, MODEL, START_NS, event, exchange

HOUR_NS: Final = DAY_NS // 24
FILLER: Final = "and so much more was said here that nobody would say it twice by chance"
ACTIONS_MAX: Final = 9

Step = dict[str, Any]


@dataclass
class Said:
    """An interaction: its name, what was sent and answered, and all its canaries."""

    name: str
    sent: list[Step]
    """As the server shows it."""
    answer: list[Step]
    canaries: set[str]
    is_gone: bool = False
    """Deleted, or never stored: nobody can ask for it."""


@dataclass
class Histories:
    """Makes histories; `exchanges` and `said` grow."""

    dice: random.Random
    exchanges: list[Exchange] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)

    def add(self) -> None:
        """One history: a few turns, stored or repeated by hand, polled, resumed, deleted, tried again."""
        _History(self, self.dice).play()


class _History:
    """One conversation.

    Stateless ones repeat all of it each time, and may go on for days. Others mix both ways within a
    day, and may send a part of it only; an unanswered turn in there is known by nothing.
    """

    def __init__(self, whole: Histories, dice: random.Random) -> None:
        self._whole = whole
        self._dice = dice
        self._now = self._created_at = START_NS + dice.randint(0, DAY_NS)
        self._kind = dice.choice(["mixed", "mixed", "for days", "in a hurry"])
        self._past: list[Step] = []
        """What the caller remembers of the conversation."""
        self._turns: list[Said] = []

    def play(self) -> None:
        self._create()
        longest = {"mixed": 2, "for days": 6, "in a hurry": 1}[self._kind]
        actions = [self._create, self._create, self._read, self._resume, self._end]
        for _ in range(self._dice.randint(1, ACTIONS_MAX)):
            self._now += self._dice.randint(1, longest * HOUR_NS)
            is_due = self._now - self._created_at > 12 * HOUR_NS
            (self._create if is_due else self._dice.choice(actions))()

    def _create(self) -> None:
        dice, said = self._dice, self._new()
        question = _step("user_input", f"Tell me of {self._canary(said)}, please.")
        said.sent = [question]
        body: dict[str, Any] = {"model": MODEL, "input": said.sent, "store": True}
        if dice.random() < 0.3:
            body["system_instruction"] = f"Speak like {self._canary(said)}."
        if self._past and (self._kind != "mixed" or dice.random() < 0.4):
            said.sent = [*self._retold(), question]
            body["input"] = self._as_roles(said.sent) if dice.random() < 0.2 else said.sent
            body["store"] = dice.choice([False, True])
        elif self._turns:
            body["previous_interaction_id"] = self._turns[-1].name
        elif dice.random() < 0.5:
            body["input"] = question["content"][0]["text"]
        self._created_at = self._now
        self._turns.append(said)
        self._past.append(question)
        dice.choice([self._whole_answer, self._whole_answer, self._in_background, self._in_hops])(
            body, said
        )

    def _whole_answer(self, body: Step, said: Said) -> None:
        if self._dice.random() < 0.5:
            self._create_call(said, body | {"stream": True}, self._events(said))
        else:
            self._create_call(said, body, _resource(said, said.answer))
        said.is_gone = body["store"] is False
        self._past += said.answer

    def _in_background(self, body: Step, said: Said) -> None:
        running = _resource(said, [], "in_progress")
        self._create_call(said, body | {"background": True, "store": True}, running)
        for _ in range(self._dice.randint(0, 2)):
            self._send(said, "get", None, running)
        if self._kind == "in a hurry" and self._dice.random() < 0.4:
            said.answer = []  # it is never finished
            return
        self._send(said, "get", None, _resource(said, [*said.sent, *said.answer]))
        self._past += said.answer

    def _in_hops(self, body: Step, said: Said) -> None:
        """The SDK asks for the rest by itself: with the question again where nothing is stored."""
        first = _resource(said, said.answer, "requires_continuation")
        self._create_call(said, body, first | {"continuation_token": "t1"})
        said.is_gone = body["store"] is False
        rest = self._new()
        follow = body | {"continuation_token": "t1"}
        if not said.is_gone:
            follow |= {"previous_interaction_id": said.name}
            del follow["input"]
        else:
            rest.sent = said.sent
        self._now += HOUR_NS // 360
        self._send(rest, "create", follow, _resource(rest, rest.answer))
        rest.is_gone = said.is_gone
        self._turns.append(rest)
        self._past += [*said.answer, *rest.answer]

    def _read(self) -> None:
        said = self._dice.choice(self._turns)
        if said.is_gone:
            return
        asked: Step = {"input": said.sent} if self._dice.random() < 0.5 else {}
        timeline = said.answer if asked else [*said.sent, *said.answer]
        self._send(said, "get", None, _resource(said, timeline) | asked)

    def _resume(self) -> None:
        said = self._dice.choice(self._turns)
        if not said.is_gone and said.answer:
            events = self._events(said)
            self._send(said, "resume", None, events[self._dice.randrange(len(events)) :])

    def _end(self) -> None:
        said = self._dice.choice(self._turns)
        if said.is_gone:
            return
        if self._dice.random() < 0.5:
            steps = self._dice.choice([[], said.answer])
            self._send(said, "cancel", None, _resource(said, steps, "cancelled"))
        else:
            said.is_gone = True
            self._send(said, "delete", None, {})

    def _create_call(self, said: Said, body: Step, answer: Any) -> None:
        if self._dice.random() < 0.15:  # an SDK sends the same again after a 500
            self._send(said, "create", body, {"error": {"code": 500}}, status=500)
            self._now += HOUR_NS // 3600
        self._send(said, "create", body, answer)

    def _retold(self) -> list[Step]:
        """The conversation as a caller sends it again: without thoughts, cut short, as turns of roles."""
        dice, past = self._dice, list(self._past)
        if dice.random() < 0.5:
            past = [step for step in past if step["type"] != "thought"]
        if self._kind == "mixed" and dice.random() < 0.3:
            past = past[dice.randrange(len(past)) :]
        return past

    def _as_roles(self, steps: list[Step]) -> list[Step]:
        """Turns of the old schema."""
        roles = {"user_input": "user", "model_output": "model"}
        said = [step for step in steps if step["type"] in roles]
        return [{"role": roles[step["type"]], "content": step["content"]} for step in said]

    def _new(self) -> Said:
        said = Said(f"v1_turn{len(self._whole.said)}", [], [], set())
        self._whole.said.append(said)
        text = f"{self._canary(said)} {FILLER} and {self._canary(said)}."
        said.answer = [{"type": "thought", "signature": "c2ln"}, _step("model_output", text)]
        return said

    def _canary(self, said: Said) -> str:
        canary = f"canary{len(said.canaries)}of{said.name}x"
        said.canaries.add(canary)
        return canary

    def _events(self, said: Said) -> list[bytes]:
        """Each half of the answer has a canary, so that whatever part is resumed has one."""
        text = said.answer[-1]["content"][0]["text"]
        halves = (text[: len(text) // 2], text[len(text) // 2 :])
        about = _resource(said, [])
        return [
            event("interaction.created", interaction=_resource(said, [], "in_progress")),
            event("step.start", index=0, step={"type": "model_output"}),
            *(event("step.delta", index=0, delta={"type": "text", "text": t}) for t in halves),
            event("step.stop", index=0),
            event("interaction.completed", interaction=about),
        ]

    def _send(
        self, said: Said, operation: str, request: Step | None, answer: Any, status: int = 200
    ) -> None:
        method, path = {
            "create": ("POST", ""),
            "get": ("GET", f"/{said.name}"),
            "resume": ("GET", f"/{said.name}?stream=true&last_event_id=e0"),
            "cancel": ("POST", f"/{said.name}/cancel"),
            "delete": ("DELETE", f"/{said.name}"),
        }[operation]
        is_unstored = request is not None and request["store"] is False
        if is_unstored and isinstance(answer, dict):
            answer = {name: value for name, value in answer.items() if name != "id"}
        self._now += HOUR_NS // 36_000
        made = exchange(
            method=method,
            target=f"/v1/interactions{path}",
            request=request,
            response=answer,
            response_headers=[("Content-Type", EVENT_STREAM if type(answer) is list else JSON)],
            status=status,
        )
        number = ExchangeId(0, 7, len(self._whole.exchanges) + 1)
        ended = self._now + HOUR_NS // 360_000
        moved = replace(made, id=number, started_wall_ns=self._now, ended_wall_ns=ended)
        self._whole.exchanges.append(moved)
        if is_unstored and status == 200 and isinstance(answer, dict):
            said.name = f"exchange:{number}"


def _resource(said: Said, steps: list[Step], status: str = "completed") -> Step:
    about = {"id": said.name, "object": "interaction", "status": status, "model": MODEL}
    return {**about, "steps": steps}


def _step(name: str, text: str) -> Step:
    return {"type": name, "content": [{"type": "text", "text": text}]}
