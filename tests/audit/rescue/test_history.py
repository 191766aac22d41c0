"""What was said, out of what was recorded."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from proxy.audit.rescue import history as module
from proxy.audit.rescue.history import Turn, history
from proxy.errors import FormatError, KeyDestroyed
from proxy.recording.exchange import Body, Exchange
from tests.recording.samples import EVENT_STREAM, START_NS, event, exchange

HI = {"type": "user_input", "content": [{"type": "text", "text": "hi"}]}
THOUGHT = {"type": "thought", "signature": "c2ln"}
HELLO = {"type": "model_output", "content": [{"type": "text", "text": "hello"}]}


class Records:
    """Exchanges by the interactions that they carried."""

    def __init__(self) -> None:
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._exchanges: dict[str, Exchange | Exception] = {}

    def add(
        self,
        interaction: str,
        found: Exchange | Exception,
        operation: str = "create",
        *,
        is_streaming: bool = False,
    ) -> None:
        ref = f"r{len(self._exchanges)}"
        self._exchanges[ref] = found
        row = {"operation": operation, "status": 200, "raw_ref": ref, "is_streaming": is_streaming}
        self._rows.setdefault(interaction, []).append(row)

    def history(self, interaction: str) -> list[Turn]:
        return history(interaction, lambda name: self._rows.get(name, []), self._opened)

    def _opened(self, ref: str) -> Exchange:
        found = self._exchanges[ref]
        if isinstance(found, Exception):
            raise found
        return found


def zipped(said: Exchange) -> Exchange:
    """The same, as Google sends it to who takes gzip."""
    data = gzip.compress(said.response.data)
    head = said.response_head.removesuffix(b"\r\n\r\n") + b"\r\nContent-Encoding: gzip\r\n\r\n"
    return replace(said, response_head=head, response=Body(data, len(data), ()))


def created(interaction: str, asked: object = "hi", *said: Any, **more: Any) -> Exchange:
    status = more.pop("status", "completed")
    answer = {"id": interaction, "status": status, "steps": list(said or (HELLO,))}
    return exchange(request={"model": "m", "input": asked, **more}, response=answer)


def test_turns_are_followed_back_to_the_first() -> None:
    records = Records()
    records.add("v1_a", created("v1_a", "hi", THOUGHT, HELLO))
    records.add("v1_b", created("v1_b", [HI], previous_interaction_id="v1_a"))
    records.add("v1_fork", created("v1_fork", "other", previous_interaction_id="v1_a"))

    first, second = records.history("v1_b")

    assert (first.interaction, first.asked, first.answered) == ("v1_a", (HI,), (THOUGHT, HELLO))
    assert (second.previous, second.model, second.at_ns) == ("v1_a", "m", START_NS)
    assert not first.faults + second.faults


def test_an_answer_that_came_as_events_is_put_together() -> None:
    events = [
        event("interaction.created", interaction={"id": "v1_a", "status": "in_progress"}),
        event("step.start", index=0, step={"type": "model_output"}),
        event("step.delta", index=0, delta={"type": "text", "text": "hel"}),
        event("step.delta", index=0, delta={"type": "text", "text": "lo"}),
        event("step.stop", index=0),
        event("interaction.completed", interaction={"id": "v1_a", "status": "completed"}),
        b"event: done\ndata: [DONE]\n\n",
    ]
    streamed = exchange(
        request={"model": "m", "input": "hi", "stream": True},
        response=events,
        response_headers=[("Content-Type", EVENT_STREAM)],
    )
    records, cut = Records(), Records()
    records.add("v1_a", streamed, is_streaming=True)
    broken = exchange(
        request={"model": "m", "input": "hi", "stream": True},
        response=events[:3],
        response_headers=[("Content-Type", EVENT_STREAM)],
    )
    cut.add("v1_a", broken, is_streaming=True)

    (turn,) = records.history("v1_a")
    (half,) = cut.history("v1_a")

    assert turn.answered == (HELLO,)
    assert not turn.faults
    assert half.answered[0]["content"] == [{"type": "text", "text": "hel"}]
    assert half.faults == ("its end was not recorded: what had arrived is carried",)


def test_the_end_of_work_in_the_background_is_found_in_what_was_read_of_it() -> None:
    records = Records()
    records.add("v1_a", created("v1_a", "hi", status="in_progress", background=True))
    whole = {"id": "v1_a", "status": "completed", "steps": [HI, THOUGHT, HELLO]}
    records.add(
        "v1_a", exchange(method="GET", target="/v1/interactions/v1_a", response=whole), "get"
    )

    (turn,) = records.history("v1_a")

    assert (turn.asked, turn.answered, turn.faults) == ((HI,), (THOUGHT, HELLO), ())


def test_a_turn_that_others_made_is_known_by_a_read() -> None:
    records = Records()
    whole = {"id": "v1_a", "status": "completed", "model": "m", "steps": [HI, HELLO]}
    records.add(
        "v1_a", exchange(method="GET", target="/v1/interactions/v1_a", response=whole), "get"
    )

    (turn,) = records.history("v1_a")

    assert (turn.asked, turn.answered, turn.request, turn.model) == ((HI,), (HELLO,), {}, "m")
    assert not turn.faults


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (None, "it was not recorded here"),
        (KeyDestroyed("gone"), "it was erased here"),
        (FormatError("odd"), "its record is damaged"),
        (exchange(response=b""), "what was answered was not recorded"),
    ],
)
def test_what_is_not_there_is_named(found: Exchange | Exception | None, fault: str) -> None:
    records = Records()
    if found is not None:
        records.add("v1_a", found)
    records.add("v1_b", created("v1_b", previous_interaction_id="v1_a"))

    turn, after = records.history("v1_b")

    assert turn.faults[0] == fault
    assert not after.faults


def test_a_circle_ends_and_a_conversation_without_end_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records = Records()
    records.add("v1_a", created("v1_a", previous_interaction_id="v1_b"))
    records.add("v1_b", created("v1_b", previous_interaction_id="v1_a"))

    assert [turn.interaction for turn in records.history("v1_b")] == ["v1_a", "v1_b"]
    monkeypatch.setattr(module, "TURNS_MAX", 1)
    with pytest.raises(FormatError, match="more than 1 turns"):
        records.history("v1_b")


@pytest.mark.parametrize("sent", [lambda said: said, zipped], ids=["plain", "gzip"])
def test_more_than_can_be_held_is_refused_before_the_rest_is_opened(
    monkeypatch: pytest.MonkeyPatch, sent: Callable[[Exchange], Exchange]
) -> None:
    records = Records()
    records.add("v1_a", AssertionError("this one is opened, too"))
    long = {"type": "model_output", "content": [{"type": "text", "text": "x" * 5000}]}
    for name, previous in (("v1_b", "v1_a"), ("v1_c", "v1_b")):
        records.add(name, sent(created(name, "hi", long, previous_interaction_id=previous)))
    monkeypatch.setattr(module, "OPENED_BYTES_MAX", 9000)

    with pytest.raises(FormatError, match="more than 9000 bytes were recorded"):
        records.history("v1_c")
