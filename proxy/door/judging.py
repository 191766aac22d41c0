"""One door: the rules and the knowledge of now, and the answers that follow from them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from proxy.audit.policing.asked import Asked, asked_from
from proxy.audit.policing.decide import BINDING, Verdict, Way, decide
from proxy.audit.policing.knowledge import Knowledge
from proxy.audit.policing.rules import DoorRules
from proxy.gateway.door import frames
from proxy.gateway.door.frames import Answer, Question

WAYS: Final = {
    Way.PASS: frames.Way.PASS,
    Way.REFUSE: frames.Way.REFUSE,
    Way.REWRITE: frames.Way.REWRITE,
}


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer, and what the door does besides."""

    answer: Answer
    asked: Asked
    is_strange: bool
    """Refused because it was not seen who created it, or it was somebody else."""


class Door:
    """Mutable: rules are replaced, knowledge grows."""

    def __init__(self, rules: DoorRules) -> None:
        self.rules = rules
        self.known = Knowledge()

    def judge(self, question: Question) -> Judged:
        """The answer to one question."""
        asked = asked_from(question.head, question.body, is_whole=question.is_whole)
        verdict = decide(asked, question.body, self.rules, self.known)
        answer = Answer(
            WAYS[verdict.way],
            self._wants_answer(asked, verdict),
            verdict.status,
            b"" if verdict.decision is None else verdict.decision.encode(),
            verdict.body,
        )
        is_strange = (
            verdict.way is Way.REFUSE
            and verdict.decision is not None
            and verdict.decision.policy == BINDING
        )
        return Judged(answer, asked, is_strange)

    def _wants_answer(self, asked: Asked, verdict: Verdict) -> bool:
        """Whether the id of what this creates is to be known before the records tell it."""
        if asked.operation != "create" or verdict.way is Way.REFUSE:
            return False
        return self.rules.is_bound or (self.rules.refuses_held_deletes and self.known.has_holds())


def read(payload: bytes) -> Question | None:
    """A question; None: it is none."""
    try:
        return frames.read_question(payload)
    except struct.error:
        return None
