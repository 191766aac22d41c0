"""From the bytes of exchanges to one interaction: the cutting leaves no trace in it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proxy.interactions.steps import STEPS_MAX
from proxy.recording.exchange import Exchange
from proxy.recording.merging.delivery import deliveries_in, interaction_of
from proxy.recording.merging.log import Delivered, Log, merged
from tests.recording.samples import EVENT_STREAM, ID, event, exchange
from tests.strategies import interactions, streams_of

Json = dict[str, Any]

PATH = f"/v1/interactions/{ID}"
CREATED = {"event_type": "interaction.created", "interaction": {"id": ID, "status": "in_progress"}}
DELTA = {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "a"}}


def blocks(events: list[Json]) -> list[bytes]:
    return [f"data: {json.dumps(each)}\n\n".encode() for each in events]


def created(events: list[Json], sequence: int = 1) -> Exchange:
    return exchange(
        request={"model": "m", "input": "x", "stream": True},
        response=blocks(events),
        response_headers=[("Content-Type", EVENT_STREAM)],
        sequence=sequence,
    )


def resumed(events: list[Json], after: str, sequence: int) -> Exchange:
    return exchange(
        method="GET",
        target=f"{PATH}?last_event_id={after}&stream=true",
        response=blocks(events),
        response_headers=[("Content-Type", EVENT_STREAM)],
        sequence=sequence,
    )


def test_a_delivery_is_the_events_of_one_interaction_without_the_closing_mark() -> None:
    given_ = created([CREATED | {"event_id": "e0"}, DELTA | {"event_id": "e1"}])
    response = given_.response
    assert b"e1" in response.data

    found = deliveries_in(given_)

    assert list(found) == [ID]
    assert found[ID].resumed_after is None
    assert [each.event_id for each in found[ID].events] == ["e0", "e1"]


def test_a_resumed_stream_is_about_the_interaction_in_its_path() -> None:
    found = deliveries_in(resumed([DELTA | {"event_id": "e9"}], "e8", 2))

    assert (list(found), found[ID].resumed_after) == ([ID], "e8")


def test_one_stream_may_deliver_several_interactions() -> None:
    other = {"id": "v1_other", "status": "in_progress"}
    done = {"event_type": "interaction.completed", "interaction": {"id": ID}}
    given_ = created([CREATED, done, {**CREATED, "interaction": other}, DELTA])

    found = deliveries_in(given_)

    assert {name: len(each.events) for name, each in found.items()} == {ID: 2, "v1_other": 2}


def test_what_streamed_nothing_delivered_nothing() -> None:
    assert deliveries_in(exchange(request={}, response={"id": ID})) == {}
    assert deliveries_in(exchange(method="GET", target="/v1/models", response={})) == {}
    assert deliveries_in(exchange(request={}, status=None)) == {}


@given(data=st.data())
def test_a_cut_and_resumed_stream_tells_the_same_interaction_as_the_whole(
    data: st.DataObject,
) -> None:
    told = data.draw(streams_of(data.draw(interactions())))
    events = [{**each, "event_id": f"e{place}"} for place, each in enumerate(told)]
    cut = data.draw(st.integers(1, len(events)))
    overlap = data.draw(st.integers(1, cut))
    whole = interaction_of(merged(deliveries_in(created(events)).values()))

    parts = [created(events[:cut]), resumed(events[overlap:], f"e{overlap - 1}", 2)]
    found = [each for part in parts for each in deliveries_in(part).values()]

    log = merged(found)
    assert len(log.events) == len(events)
    assert interaction_of(log) == whole


@given(st.lists(st.binary(max_size=20), max_size=5))
def test_events_of_anything_tell_something(noise: list[bytes]) -> None:
    log = Log(tuple(Delivered(None, "step.delta", each) for each in noise))

    assert len(interaction_of(log).get("steps", ())) <= STEPS_MAX


def test_an_event_s_own_name_serves_where_its_json_has_none() -> None:
    stop = event("step.stop", index=0).split(b"data: ")[1].strip()
    start = b'{"index": 0, "step": {"type": "thought"}}'

    log = Log((Delivered("a", "step.start", start), Delivered("b", "step.stop", stop)))

    assert interaction_of(log)["steps"] == [{"type": "thought"}]
