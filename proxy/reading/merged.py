"""What sealed records of several exchanges say of one interaction, put together and redacted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import orjson

from proxy.errors import FormatError, KeyDestroyed
from proxy.interactions.problems import JsonObject
from proxy.recording.exchange import Exchange
from proxy.recording.merging.divergence import Difference
from proxy.recording.merging.log import Share
from proxy.recording.merging.whole import Gathering, differences_to
from proxy.recording.secrecy.redact import redact

STREAMED_BYTES_MAX: Final = 256 * 1024 * 1024
"""Answers put together at most, in bytes as they came: they are held until the log is made."""

Row = dict[str, Any]


class Records(Protocol):
    """What opens recorded exchanges: a VaultReader."""

    def exchange(self, raw_ref: str) -> Exchange:
        """Raises KeyDestroyed or FormatError."""
        ...


@dataclass(frozen=True, slots=True)
class Merged:
    """Redacted; rows are those of the named query `exchanges_of`."""

    event_count: int
    gap_count: int
    is_whole: bool
    """From the first event to the last one."""
    changed_count: int
    """Events that were told in two ways under one id."""
    shares: Sequence[Share]
    left_out: Sequence[str]
    """Exchanges that streamed, but are erased, damaged, or beyond STREAMED_BYTES_MAX."""
    body: JsonObject
    outputs: Sequence[JsonObject]
    differences: Sequence[Difference]
    compared_with: str | None
    """The exchange whose answer was compared with the events; None: there was none to compare."""


def is_told_in_pieces(exchanges: Sequence[Row]) -> bool:
    """Several exchanges streamed it, or one that began behind the first event."""
    streams = [each for each in exchanges if each["is_streaming"] and each["event_count"]]
    return len(streams) > 1 or any(each["resumed_after"] for each in streams)


def put_together(records: Records, interaction: str, exchanges: Sequence[Row]) -> Merged:
    """The interaction as its streams tell it, and where the last answer that was read differs."""
    gathering = Gathering(interaction)
    left_out: list[str] = []
    room = STREAMED_BYTES_MAX
    for row in exchanges:
        if row["operation"] != "create" and not row["is_streaming"]:
            continue
        size = row["response_bytes"] or 0
        found = _opened(records, row["raw_ref"]) if size <= room else None
        if found is None:
            left_out.append(row["exchange"])
            continue
        room -= size
        gathering.take(found)
    whole = gathering.whole()
    log = whole.log
    compared_with, differing = _compared(records, whole.outputs, exchanges)
    return Merged(
        event_count=len(log.events),
        gap_count=len(log.gaps),
        is_whole=log.is_whole,
        changed_count=len(log.changed),
        shares=[share for share in log.shares if share.first is not None or not share.is_merged],
        left_out=left_out,
        body=_redacted(whole.body),
        outputs=[_redacted(step) for step in whole.outputs],
        differences=differing if log.is_whole else (),
        compared_with=compared_with if log.is_whole else None,
    )


def fill_partial(steps: Sequence[Row], merged: Merged) -> None:
    """Give a step of the timeline that no exchange saw whole what all of them say together."""
    outputs = [step for step in steps if step["side"] == "output"]
    if len(outputs) != len(merged.outputs):
        return
    for step, whole in zip(outputs, merged.outputs, strict=True):
        if step["is_partial"] and step["type"] == whole.get("type"):
            step["content"] = whole


def to_json(merged: Merged) -> JsonObject:
    """What `show --json` tells of it."""
    return {
        "event_count": merged.event_count,
        "gap_count": merged.gap_count,
        "is_whole": merged.is_whole,
        "changed_count": merged.changed_count,
        "deliveries": [
            {
                "exchange": share.exchange,
                "first_place": None if share.first is None else share.first + 1,
                "last_place": None if share.last is None else share.last + 1,
                "new_count": share.new_count,
                "is_merged": share.is_merged,
            }
            for share in merged.shares
        ],
        "left_out": list(merged.left_out),
        "compared_with": merged.compared_with,
        "differences": [
            {
                "step_index": each.step_index,
                "type": each.step_type,
                "where": each.where,
                "detail": each.detail,
            }
            for each in merged.differences
        ],
        "body": merged.body,
    }


def _compared(
    records: Records, outputs: Iterable[JsonObject], exchanges: Sequence[Row]
) -> tuple[str | None, tuple[Difference, ...]]:
    """The last whole answer of a read, and where it differs."""
    for row in reversed(exchanges):
        is_read = row["operation"] == "get" and not row["is_streaming"] and row["status"] == 200
        found = _opened(records, row["raw_ref"]) if is_read else None
        differing = None if found is None else differences_to(outputs, found)
        if differing is not None:
            return row["exchange"], differing
    return None, ()


def _opened(records: Records, raw_ref: str) -> Exchange | None:
    try:
        return records.exchange(raw_ref)
    except (KeyDestroyed, FormatError):
        return None


def _redacted(value: JsonObject) -> JsonObject:
    """Without secrets, and so that it can be written: a step too deep for that is named only."""
    found: JsonObject = redact(value)
    try:
        orjson.dumps(found)
    except orjson.JSONEncodeError:
        kind = value.get("type")
        return {"type": kind if isinstance(kind, str) else None, "$omitted": True}
    return found
