"""From exchanges to turns."""

from __future__ import annotations

from typing import Any

from proxy.reading.cassette.exchanges import Passed
from proxy.reading.cassette.turns import Turns, turns_from
from tests.reading.cassette.passed import create, events, later, said, user

DONE = {"id": "v1_a", "status": "completed", "steps": [said("Yes.")]}
RUNNING = {"id": "v1_a", "status": "in_progress"}


def turns(*exchanges: Passed) -> list[Any]:
    return turns_from(exchanges).finished()


def test_an_answer_is_kept_exactly_with_the_wait_before_it() -> None:
    (turn,) = turns(create(DONE, head_s=0.8))

    assert (turn["name"], turn["answer"], turn["exact"]) == ("turn-1", DONE, True)
    assert turn["stream"] == {"first": 0.8}


def test_a_chain_knows_its_turns() -> None:
    first, second = turns(create(DONE), create(DONE, previous_interaction_id="v1_a"))

    assert first["when"]["previous"] == "none"
    assert second["when"]["previous"] == "turn-1"


def test_a_chain_from_outside_is_noted() -> None:
    told = turns_from([create(DONE, previous_interaction_id="v1_x")])

    assert told.notes == ["turn-1 builds on an interaction that is not exported"]


def test_an_error_is_a_refusal() -> None:
    (turn,) = turns(create({"error": {"code": "x"}}, status=429))

    assert turn["refuse"] == {"status": 429, "body": {"error": {"code": "x"}}}
    assert "answer" not in turn


def test_a_stream_keeps_its_events_and_what_they_add_up_to() -> None:
    told = {"event_type": "interaction.completed", "interaction": RUNNING}
    (turn,) = turns(create("", streamed=events(told, resource=DONE)))

    assert turn["stream"] == {"events": [told], "gaps": [0.5]}
    assert (turn["answer"], turn["exact"]) == (DONE, True)
    assert "fault" not in turn


def test_a_broken_stream_breaks_again_and_a_careless_end_is_kept() -> None:
    told = {"event_type": "interaction.created"}
    broken = events(told, resource=RUNNING, is_broken=True, is_done=False)
    careless = events(told, resource=RUNNING, is_done=False)

    first, second = turns(create("", streamed=broken), create("", streamed=careless))

    assert first["fault"] == "cut_stream=1"
    assert second["fault"] == "framing=no_done"


def test_polls_are_answered_as_they_were_and_the_end_becomes_the_answer() -> None:
    whole = DONE | {"steps": [user("Hello?"), said("Yes.")]}
    (turn,) = turns(
        create(RUNNING, background=True),
        later("get", "v1_a", RUNNING),
        later("get", "v1_a", {"error": {}}, 503),
        later("get", "v1_a", whole),
        later("get", "v1_a", whole),
    )

    assert turn["background"] == {"accepted": RUNNING, "polls": 3}
    assert turn["answer"] == DONE
    assert [list(read) for read in turn["reads"]] == [["answer"], ["refuse"], ["answer"]]


def test_a_resumed_stream_goes_on_where_the_first_broke() -> None:
    def numbered(number: int) -> dict[str, Any]:
        return {"event_type": "step.stop", "event_id": f"e{number}"}

    broken = events(numbered(1), numbered(2), resource=RUNNING, is_broken=True, is_done=False)
    resumed = later("resume", "v1_a", "")
    rest = events(numbered(2), numbered(3), resource=DONE)
    (turn,) = turns(
        create("", streamed=broken),
        Passed(**{name: getattr(resumed, name) for name in Passed.__slots__} | {"streamed": rest}),
    )

    assert [event["event_id"] for event in turn["stream"]["events"]] == ["e1", "e2", "e3"]
    assert turn["stream"]["gaps"] == [0.5, 0.5, 0.5]
    assert turn["fault"] == "cut_stream=2"


def test_a_plain_deletion_goes_without_saying_and_a_refused_one_does_not() -> None:
    (plain,) = turns(create(DONE), later("delete", "v1_a", {}))
    (refused,) = turns(create(DONE), later("delete", "v1_a", {"error": {}}, 501))

    assert "deletes" not in plain
    assert refused["deletes"] == [{"refuse": {"status": 501, "body": {"error": {}}}}]


def test_a_secret_in_an_answer_is_left_out_with_a_note() -> None:
    told = turns_from([create(DONE | {"client_secret": "s3cret"})])

    assert "s3cret" not in str(told.finished())
    assert told.notes == ["turn-1: a secret in the answer is left out: [redacted]"]


def test_what_cannot_be_told_is_noted() -> None:
    told = Turns()
    told.take(create("", status=None))
    told.take(later("get", "v1_unknown", DONE))

    assert told.finished() == []
    assert told.notes == [
        "exchange x0-7-1 got no answer: left out",
        "exchange x0-7-2 is a get of an interaction that is not exported: left out",
    ]
