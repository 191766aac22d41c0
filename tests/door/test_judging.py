from __future__ import annotations

import json

from proxy.audit.policing.knowledge import Kept
from proxy.audit.policing.rules import Do, DoorRules, StorageRule
from proxy.door.judging import Door, read
from proxy.gateway.door.frames import FrameReader, Question, Way, question
from proxy.recording.decision import Decision
from tests.audit.policing.questions import ANN, CREATE, head

BODY = b'{"model":"m"}'


def asked(method: str, target: str, body: bytes = b"") -> Question:
    return Question(head(method, target), body, is_whole=True)


def test_a_verdict_becomes_an_answer_with_its_record() -> None:
    rule = StorageRule(name="quiet", must_not_store=True, do=Do.REWRITE)
    judged = Door(DoorRules(storage=(rule,))).judge(asked("POST", CREATE, BODY))

    assert judged.answer.way is Way.REWRITE
    assert json.loads(judged.answer.body)["store"] is False
    decision = Decision.decode(judged.answer.record)
    assert (decision.policy, decision.body) == ("quiet", judged.answer.body)
    assert not judged.is_strange


def test_the_answer_to_a_create_is_wanted_where_its_id_matters() -> None:
    create = asked("POST", CREATE, BODY)
    holding = Door(DoorRules(refuses_held_deletes=True))
    assert not holding.judge(create).answer.is_shown
    holding.known.keep(Kept({"v1_a": True}, frozenset()))
    assert holding.judge(create).answer.is_shown
    assert Door(DoorRules(is_bound=True)).judge(create).answer.is_shown
    assert not Door(DoorRules()).judge(create).answer.is_shown


def test_whom_it_does_not_know_may_be_known_in_a_moment() -> None:
    door = Door(DoorRules(is_bound=True))
    look = asked("GET", "/v1beta/interactions/v1_a")
    assert door.judge(look).is_strange
    door.known.created("v1_a", ANN)
    assert not door.judge(look).is_strange
    assert door.judge(look).answer.way is Way.PASS


def test_other_bytes_are_no_question() -> None:
    (frame,) = FrameReader().feed(question(1, b"head", b"body", is_whole=False))
    assert read(frame.payload) == (b"head", b"body", False)
    assert read(b"\x01") is None
