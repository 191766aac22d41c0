from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import FormatError
from proxy.journal.format import Gap, Kind, Mode
from proxy.recording.acts import (
    DATA_BYTES_MAX,
    DETAIL_CHARACTERS_MAX,
    TOLD_KINDS,
    act_from_json,
    gap_fact,
    mode_act,
)
from proxy.recording.facts import ActFact
from tests.recording.frames import START_NS, Play
from tests.strategies import json_values

NEW = "0" * 32
TOLD = {"kind": "hold", "detail": "kept for the lawyers", "actor": "ada"}


def made(**more: Any) -> ActFact:
    return act_from_json(TOLD | more, START_NS, NEW)


def test_what_is_told_becomes_a_row() -> None:
    act = made(interaction="v1_abc", data={"b": 1, "a": [2]}, act="f" * 32)

    assert act == ActFact(
        at=START_NS,
        kind="hold",
        worker=None,
        boot=None,
        detail="kept for the lawyers",
        act="f" * 32,
        interaction="v1_abc",
        actor="ada",
        data='{"a":[2],"b":1}',
    )


def test_an_act_that_brings_no_id_gets_one() -> None:
    assert made().act == NEW


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ({"kind": "mode"}, "kind"),
        ({"kind": None}, "kind"),
        ({"kind": ["hold"]}, "kind"),
        ({"more": 1}, "fields"),
        ({"act": "F" * 32}, "32 hexadecimal"),
        ({"act": None}, "32 hexadecimal"),
        ({"detail": ""}, "sentence"),
        ({"detail": "two\nlines"}, "sentence"),
        ({"detail": "\x1b[31m"}, "sentence"),
        ({"detail": "x" * (DETAIL_CHARACTERS_MAX + 1)}, "characters"),
        ({"detail": "with AIzaSyA0123456789abcdefghij"}, "credential"),
        ({"interaction": "../x"}, "interaction"),
        ({"interaction": 7}, "interaction"),
        ({"actor": ""}, "actor"),
        ({"actor": "a b"}, "actor"),
        ({"data": [1]}, "object"),
        ({"data": {"x": "y" * DATA_BYTES_MAX}}, "at most"),
    ],
)
def test_what_is_not_an_act_is_refused_and_named(odd: dict[str, Any], why: str) -> None:
    with pytest.raises(FormatError, match=why):
        made(**odd)


@given(json_values() | st.dictionaries(st.sampled_from([*TOLD, "act", "data"]), json_values()))
def test_whatever_is_told_is_an_act_or_refused(told: object) -> None:
    try:
        act = act_from_json(told, START_NS, NEW)
    except FormatError:
        return
    assert act.kind in TOLD_KINDS
    assert act.data is None or isinstance(orjson.loads(act.data), dict)


def test_a_gap_and_a_mode_of_a_journal_are_rows() -> None:
    play = Play()
    gap = gap_fact(play.entry(Kind.GAP, Gap(3, 40, 1, 2, "no room").encode()), 5, "0b")
    mode = mode_act(play.entry(Kind.MODE, bytes([Mode.AVAILABLE]) + b"asked"), 5, "0b")

    assert (gap.worker, gap.boot, gap.exchange_count, gap.reason) == (5, "0b", 3, "no room")
    assert (mode.kind, mode.detail) == ("mode", "available: asked")
