from __future__ import annotations

from typing import Any

from proxy.recording.exchange import Exchange
from proxy.recording.merging.whole import Gathering, answered_in, asked_in, differences_to
from tests.recording.merging.test_delivery import created, resumed
from tests.recording.samples import ID, MODEL, exchange

Json = dict[str, Any]

USER = {"type": "user_input", "content": [{"type": "text", "text": "x"}]}
SAID = {"type": "model_output", "content": [{"type": "text", "text": "One two."}]}
RESOURCE = {"id": ID, "status": "completed", "model": MODEL}
EVENTS: list[Json] = [
    {"event_type": "interaction.created", "interaction": {**RESOURCE, "status": "in_progress"}},
    {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}},
    {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "One "}},
    {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "two."}},
    {"event_type": "step.stop", "index": 0},
    {"event_type": "interaction.completed", "interaction": RESOURCE},
]
NAMED = [{**each, "event_id": f"e{place}"} for place, each in enumerate(EVENTS)]


def read(*steps: Json) -> Exchange:
    return exchange(
        method="GET", target=f"/v1/interactions/{ID}", response={**RESOURCE, "steps": steps}
    )


def gathered(*given: Exchange) -> Gathering:
    gathering = Gathering(ID)
    for each in given:
        gathering.take(each)
    return gathering


def test_a_cut_stream_and_its_resumption_are_the_body_that_a_read_shows() -> None:
    whole = gathered(created(NAMED[:3]), resumed(NAMED[2:], "e1", 2)).whole()

    assert whole.body == {**RESOURCE, "steps": [USER, SAID]}
    assert whole.outputs == (SAID,)
    assert whole.log.is_whole


def test_of_an_interaction_that_was_only_asked_for_the_question_is_known() -> None:
    whole = gathered(exchange(request={"model": MODEL, "input": "x"}, status=None)).whole()

    assert (whole.body, whole.outputs) == ({"steps": [USER]}, ())
    assert gathered().whole().body == {}


def test_what_an_exchange_asks_and_shows() -> None:
    assert asked_in(created(NAMED)) == [USER]
    assert asked_in(read(USER, SAID)) == []
    assert answered_in(read(USER, SAID)) == (SAID,)
    assert answered_in(created(NAMED)) is None
    assert answered_in(exchange(request={}, response={**RESOURCE, "steps": [SAID]})) == (SAID,)


def test_a_stored_answer_is_compared_with_what_was_streamed() -> None:
    other = {"type": "model_output", "content": [{"type": "text", "text": "One three."}]}
    whole = gathered(created(NAMED)).whole()

    assert differences_to(whole.outputs, read(USER, SAID)) == ()
    (found,) = differences_to(whole.outputs, read(USER, other)) or ()
    assert (found.step_index, found.where) == (0, "/content/0/text")
    assert differences_to(whole.outputs, created(NAMED)) is None
