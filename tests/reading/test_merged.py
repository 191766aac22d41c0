"""What sealed records say together; here they are opened from memory."""

from __future__ import annotations

from typing import Any

from proxy.errors import FormatError, KeyDestroyed
from proxy.reading.merged import (
    Merged,
    fill_partial,
    is_told_in_pieces,
    put_together,
    to_json,
)
from proxy.recording.exchange import Exchange
from proxy.recording.secrecy.redact import REDACTED
from tests.recording.merging.test_delivery import created, resumed
from tests.recording.merging.test_whole import NAMED, RESOURCE, SAID, USER, read
from tests.recording.samples import ID

Json = dict[str, Any]


class Opened:
    """Exchanges by reference; one that is None was erased."""

    def __init__(self, **exchanges: Exchange | None) -> None:
        self._exchanges = exchanges

    def exchange(self, raw_ref: str) -> Exchange:
        if raw_ref not in self._exchanges:
            raise FormatError("no such record")
        found = self._exchanges[raw_ref]
        if found is None:
            raise KeyDestroyed("erased")
        return found


def row(name: str, operation: str = "resume", **given: Any) -> Json:
    return {
        "exchange": name,
        "raw_ref": name,
        "operation": operation,
        "is_streaming": operation != "get",
        "event_count": 3,
        "response_bytes": 100,
        "status": 200,
        "resumed_after": None,
        **given,
    }


ROWS = [row("a", "create"), row("b"), row("c", "get")]


def put(last: Exchange | None, rows: list[Json] = ROWS, *, second: bool = True) -> Merged:
    resumption = resumed(NAMED[2:], "e1", 2) if second else None
    return put_together(Opened(a=created(NAMED[:3]), b=resumption, c=last), ID, rows)


def test_a_stream_in_pieces_is_put_together_and_compared_with_the_last_read() -> None:
    merged = put(read(USER, SAID))

    assert (merged.event_count, merged.gap_count, merged.is_whole) == (6, 0, True)
    assert merged.body == {**RESOURCE, "steps": [USER, SAID]}
    assert (merged.compared_with, merged.differences) == ("c", ())
    assert [share.new_count for share in merged.shares] == [3, 3]


def test_a_difference_is_told() -> None:
    merged = put(read(USER, {**SAID, "signature": "c2ln"}))

    assert [each.where for each in merged.differences] == ["/signature"]
    told = to_json(merged)
    assert told["differences"][0]["where"] == "/signature"
    assert [each["first_place"] for each in told["deliveries"]] == [1, 3]


def test_what_was_erased_is_left_out_and_nothing_is_compared_with_a_part() -> None:
    merged = put(read(USER, SAID), second=False)

    assert merged.left_out == ["b"]
    assert (merged.is_whole, merged.compared_with, merged.differences) == (False, None, ())


def test_what_cannot_be_read_is_not_compared() -> None:
    assert put(None).compared_with is None
    assert put(read(USER, SAID), ROWS[:2]).compared_with is None


def test_secrets_are_redacted_in_the_body() -> None:
    call = {"type": "mcp_server_tool_call", "arguments": {"api_key": "hidden"}}
    events = [
        NAMED[0],
        {"event_type": "step.start", "index": 0, "step": call, "event_id": "e1"},
        {**NAMED[5], "event_id": "e2"},
    ]
    records = Opened(a=created(events))

    merged = put_together(records, ID, ROWS[:1])

    assert merged.outputs == [{**call, "arguments": {"api_key": REDACTED}}]
    assert "hidden" not in str(merged.body)


def test_only_what_came_in_pieces_has_to_be_put_together() -> None:
    assert is_told_in_pieces(ROWS[:2])
    assert is_told_in_pieces([row("b", resumed_after="e1")])
    assert not is_told_in_pieces([ROWS[0], ROWS[2]])
    assert not is_told_in_pieces([ROWS[0], row("b", event_count=0)])


def test_a_step_that_nobody_saw_whole_gets_what_all_say_together() -> None:
    merged = put(None)
    partial = {"side": "output", "type": "model_output", "is_partial": True, "content": None}
    seen = {"side": "input", "type": "user_input", "is_partial": False, "content": USER}

    fill_partial([seen, partial], merged)
    unlike = {**partial, "content": None}
    fill_partial([unlike, dict(unlike)], merged)

    assert partial["content"] == SAID
    assert (seen["content"], unlike["content"]) == (USER, None)
