"""A blind index of the caller's labels: whose data it was can be found, and not be read. Pure.

Its key does not leave with a day, as those of `equality` do: a person asks for what was kept of them over months,
and a label is only found by the digest it was written with. Erasing an exchange takes its digests out of the tables.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import orjson

from proxy.recording.facts import ObservationFact, Recording
from proxy.recording.secrecy.equality import Equality

LABELS_MAX: Final = 64
"""Labels of one interaction that are indexed: more than anybody finds a person by, and 1.6 KB of digests."""


def label_mac(index: Equality, label: str) -> str | None:
    """By what `key=value` is found. None: no key."""
    return index.mac("label", label.encode("utf-8", "surrogatepass"))


def with_label_index(recording: Recording, index: Equality) -> Recording:
    """The same with the index of the labels that stand in its contents."""
    if not any(_content_of(recording, row) for row in recording.observations):
        return recording
    rows = [
        replace(row, label_index=_index_of(_content_of(recording, row), index))
        for row in recording.observations
    ]
    return replace(recording, observations=tuple(rows))


def _content_of(recording: Recording, row: ObservationFact) -> bytes | None:
    """What was said beside the steps, if it may name labels."""
    place = row.about_index
    if place is None or not 0 <= place < len(recording.contents):
        return None
    content = recording.contents[place]
    return content if b'"labels"' in content else None


def _index_of(content: bytes | None, index: Equality) -> str | None:
    if content is None:
        return None
    try:
        about = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    labels: dict[str, None] = {}
    for side in ("request", "answer"):
        found = about.get(side, {}).get("labels") if isinstance(about, dict) else None
        if isinstance(found, dict):
            labels.update({f"{key}={_text(found[key])}": None for key in found})
    macs = [label_mac(index, label) for label in list(labels)[:LABELS_MAX]]
    return ",".join(sorted({mac for mac in macs if mac is not None})) or None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
