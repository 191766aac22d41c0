from __future__ import annotations

import json
from typing import Any

from hypothesis import given

from proxy.recording.facts import Recording
from proxy.recording.interpret import interpret
from proxy.recording.secrecy.equality import NO_EQUALITY, Equality
from proxy.recording.secrecy.labels import label_mac, with_label_index
from tests.recording.samples import MODEL, exchange
from tests.strategies import json_objects

INDEX = Equality(bytes(32))


def indexed(labels: Any, index: Equality = INDEX) -> Recording:
    asked = {"model": MODEL, "input": "hi", "labels": labels}
    told = {"id": "v1_one", "status": "completed", "model": MODEL}
    return with_label_index(interpret(exchange(request=asked, response=told)), index)


def test_an_interaction_is_found_by_each_of_its_labels_and_they_are_not_in_clear() -> None:
    recording = indexed({"user": "alice", "team": "blue"})

    (row,) = recording.observations
    wanted = sorted(str(label_mac(INDEX, label)) for label in ("user=alice", "team=blue"))
    assert row.label_index == ",".join(wanted)
    assert "alice" not in json.dumps(recording.observations, default=str)


def test_without_a_key_and_without_labels_there_is_no_index() -> None:
    assert indexed({"user": "alice"}, NO_EQUALITY).observations[0].label_index is None
    assert indexed({}).observations[0].label_index is None
    assert indexed(None).observations[0].label_index is None


@given(json_objects())
def test_whatever_stands_for_labels_is_indexed_or_not(labels: Any) -> None:
    found = indexed(labels).observations[0].label_index

    assert (found is not None) == bool(labels)
