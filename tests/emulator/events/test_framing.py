"""Every lawful spelling of a stream says the same; noise says nothing that counts as an event."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

import orjson
import pytest

from proxy.emulator.asked.faults import FRAMINGS
from proxy.emulator.events.framing import LATE, NOISE, spelled

EVENTS: list[dict[str, Any]] = [
    {"event_type": "interaction.created", "interaction": {"id": "v1_x"}},
    {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}},
    {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "a\r\n\u2028b"}},
    {"event_type": "interaction.completed", "interaction": {"id": "v1_x"}},
]
UNLAWFUL = {*NOISE, "after_done"}
WITHOUT_DONE = {"no_done", "half_event"}


def read(data: bytes) -> list[Any]:
    """The data of each block, as the standard for event streams reads it, half blocks included."""
    text = re.sub("\r\n|\r", "\n", data.decode("utf-8-sig"))
    blocks = [re.findall(r"^data: ?(.*)$", block, re.MULTILINE) for block in text.split("\n\n")]
    return ["\n".join(lines) for lines in blocks if lines]


def written(*framing: str) -> bytes:
    return b"".join(data for data, _ in spelled(EVENTS, frozenset(framing)))


LAWFUL = sorted(FRAMINGS.keys() - UNLAWFUL)


@pytest.mark.parametrize(
    "framing", [(), *combinations(LAWFUL, 1), *combinations(LAWFUL, 2)], ids="+".join
)
def test_every_spelling_carries_the_same_events(framing: tuple[str, ...]) -> None:
    said = read(written(*framing))

    if not WITHOUT_DONE.intersection(framing):
        assert said.pop() == "[DONE]"
    assert [orjson.loads(text) for text in said] == EVENTS


@pytest.mark.parametrize("framing", FRAMINGS)
def test_only_events_count_as_events(framing: str) -> None:
    assert sum(is_event for _, is_event in spelled(EVENTS, {framing})) == len(EVENTS)


def test_the_usual_spelling_ends_each_block_with_an_empty_line() -> None:
    *_, (last, _) = spelled(EVENTS)

    assert last == b"event: done\ndata: [DONE]\n\n"


def test_a_half_block_lacks_its_empty_line_and_a_half_event_its_line_end() -> None:
    assert written("half_block").endswith(b"\ndata: [DONE]\n")
    assert written("half_event").endswith(b'"event_type":"interaction.completed"}') or written(
        "half_event"
    ).endswith(b'{"id":"v1_x"}}')


@pytest.mark.parametrize("noise", NOISE)
def test_noise_comes_after_the_first_events(noise: str) -> None:
    assert NOISE[noise] + b"event: step.delta\n" in written(noise)


def test_something_is_said_after_the_end() -> None:
    *_, done, late = read(written("after_done"))

    assert done == "[DONE]"
    assert orjson.loads(late) == LATE


def test_a_time_to_come_back_stands_in_a_block_of_its_own() -> None:
    assert written("retry", "ids").startswith(b"retry: 250\n\nid: line_0\nevent: ")
