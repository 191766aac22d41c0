"""The digests by which a conversation is known again, from the bytes of its exchanges."""

from __future__ import annotations

import base64
from typing import Any

from proxy.recording.facts import Recording, StepFact
from proxy.recording.interpret import interpret
from proxy.recording.repeats.marks import DAY_NS
from proxy.recording.secrecy.equality import Equality
from tests.recording.samples import ID, MODEL, event, exchange, stream

LONG = "The bridge was built in 1898, and it has been repaired many times since then."
PICTURE = {
    "type": "image",
    "mime_type": "image/png",
    "data": base64.b64encode(b"\x89PNG picture").decode(),
}
ASKED = {"type": "user_input", "content": [{"type": "text", "text": "x"}]}
THOUGHT = {"type": "thought", "signature": "c2ln"}
ANSWER = {"type": "model_output", "content": [{"type": "text", "text": LONG}, PICTURE]}


def equality(wall_ns: int) -> Equality:
    return Equality(b"%d" % (wall_ns // DAY_NS))


def answered(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": ID, "object": "interaction", "status": "completed", "steps": list(steps), **more}


def told(**given: Any) -> Recording:
    return interpret(exchange(**given), equality)


def of(recording: Recording, type_name: str = "model_output") -> StepFact:
    (found,) = (step for step in recording.steps if step.type == type_name)
    return found


def chain(step: StepFact) -> str:
    assert step.chain_mac is not None
    return step.chain_mac.partition(",")[0]


def test_a_stateless_turn_repeats_the_turn_before() -> None:
    first = told(request={"model": MODEL, "input": "x"}, response=answered(THOUGHT, ANSWER))

    history = [ASKED, ANSWER, {"type": "user_input", "content": "And now?"}]
    second = told(request={"model": MODEL, "input": history, "store": False}, response={})

    assert chain(of(second)) == of(first).chain_mac
    assert str(of(second).step_mac).partition(",")[0] == of(first).step_mac


def test_an_answer_is_the_same_streamed_and_read() -> None:
    created = answered(status="in_progress")
    pieces = [
        event("interaction.created", interaction=created),
        event("step.start", index=0, step={"type": "model_output"}),
        event("step.delta", index=0, delta={"type": "text", "text": LONG[:20]}),
        event("step.delta", index=0, delta={"type": "text", "text": LONG[20:]}),
        event("step.delta", index=0, delta=PICTURE),
        event("step.stop", index=0),
        event("interaction.completed", interaction=answered()),
    ]
    streamed = interpret(stream(*pieces), equality)

    read = told(method="GET", target=f"/v1/interactions/{ID}", response=answered(ASKED, ANSWER))

    assert of(streamed).chain_mac == of(read).chain_mac
    assert of(streamed).chain_mac is not None


def test_a_question_behind_the_timeline_counts_as_one_before_it() -> None:
    target = f"/v1/interactions/{ID}?include_input=true"
    behind = told(method="GET", target=target, response=answered(ANSWER, input="x"))
    before = told(method="GET", target=target, response=answered(ASKED, ANSWER))

    assert of(behind).chain_mac == of(before).chain_mac
    assert of(behind, "user_input").chain_mac == of(before, "user_input").chain_mac


def test_what_a_create_sent_that_is_not_inherited_is_named() -> None:
    body = {"model": MODEL, "input": "x", "system_instruction": "Be brief.", "tools": []}
    (created,) = told(request=body, response=answered(ANSWER)).observations
    target = f"/v1/interactions/{ID}"
    (read,) = told(method="GET", target=target, response=answered(ANSWER)).observations

    assert (created.settings_sent, read.settings_sent) == ("system_instruction", None)


def test_without_keys_there_are_no_digests() -> None:
    given = exchange(request={"model": MODEL, "input": "x"}, response=answered(ANSWER))

    assert {(step.chain_mac, step.step_mac) for step in interpret(given).steps} == {(None, None)}
