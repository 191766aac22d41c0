"""Every spelling of a stream says the same."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest

from proxy.emulator.asked.faults import FRAMINGS
from proxy.emulator.events.framing import spelled

EVENTS: list[dict[str, Any]] = [
    {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}},
    {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "a\r\n\u2028b"}},
]


def read(data: bytes) -> list[Any]:
    """The data of each block, as the standard for event streams reads it."""
    text = re.sub("\r\n|\r", "\n", data.decode("utf-8-sig"))
    blocks = [re.findall(r"^data: ?(.*)$", block, re.MULTILINE) for block in text.split("\n\n")]
    return ["\n".join(lines) for lines in blocks if lines]


@pytest.mark.parametrize("framing", [None, *FRAMINGS])
def test_every_spelling_carries_the_same_events(framing: str | None) -> None:
    blocks = list(spelled(EVENTS, framing))

    *said, last = read(b"".join(data for data, _ in blocks)) + [""] * (framing == "no_done")

    assert [orjson.loads(text) for text in said] == EVENTS
    assert last == ("" if framing == "no_done" else "[DONE]")
    assert sum(is_event for _, is_event in blocks) == len(EVENTS)


def test_the_usual_spelling_ends_each_block_with_an_empty_line() -> None:
    *_, (last, _) = spelled(EVENTS, None)

    assert last == b"event: done\ndata: [DONE]\n\n"
