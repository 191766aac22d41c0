from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.interactions.problems import Notes, ProblemKind
from proxy.recording.exchange import Body
from proxy.recording.reading import decode
from proxy.recording.reading.decode import decode_body, json_object, settle_duplicates
from tests.recording.samples import body, packed
from tests.strategies import cut_at, cuts_of

TEXT = b'{"model": "m", "input": "hello"}' * 20


def kinds(notes: Notes) -> list[ProblemKind]:
    return [problem.kind for problem in notes.problems]


def raw_deflate(data: bytes) -> bytes:
    machine = zlib.compressobj(wbits=-15)
    return machine.compress(data) + machine.flush()


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ((), TEXT),
        (("gzip",), gzip.compress(TEXT)),
        (("x-gzip",), gzip.compress(TEXT)),
        (("deflate",), zlib.compress(TEXT)),
        (("deflate",), raw_deflate(TEXT)),
    ],
    ids=["plain", "gzip", "x-gzip", "deflate", "raw deflate"],
)
def test_a_body_is_decoded(coding: tuple[str, ...], data: bytes) -> None:
    notes = Notes()

    found = decode_body(body([data]), coding, notes, "response")

    assert (found.data, found.is_whole, found.ends) == (TEXT, True, (len(TEXT),))
    assert notes == Notes()


def test_chunks_of_a_compressed_stream_keep_their_ends() -> None:
    found = decode_body(body(packed([b"one", b"three"])), ("gzip",), Notes(), "response")

    assert (found.data, found.ends, found.is_whole) == (b"onethree", (3, 8, 8), True)


@given(st.data())
def test_data_does_not_depend_on_where_a_compressed_body_was_cut(data: st.DataObject) -> None:
    packed_text = gzip.compress(TEXT, mtime=0)
    places = data.draw(cuts_of(packed_text))

    found = decode_body(body(cut_at(packed_text, places)), ("gzip",), Notes(), "response")

    assert (found.data, found.is_whole) == (TEXT, True)
    assert found.ends[-1] == len(TEXT)


@pytest.mark.parametrize("coding", [("br",), ("zstd",), ("gzip", "gzip"), ("(odd)",)])
def test_a_coding_that_is_not_decoded_is_a_problem(coding: tuple[str, ...]) -> None:
    notes = Notes()

    assert decode_body(body([b"x"]), coding, notes, "response").data == b""
    assert kinds(notes) == [ProblemKind.CODING_UNKNOWN]


def test_an_early_end_gives_what_there_is_and_a_problem() -> None:
    notes = Notes()

    found = decode_body(body([gzip.compress(TEXT)[:-12]]), ("gzip",), notes, "response")

    assert TEXT.startswith(found.data)
    assert not found.is_whole
    assert kinds(notes) == [ProblemKind.CODING_BROKEN]


def test_damage_gives_what_came_before_and_a_problem() -> None:
    notes = Notes()
    whole = packed([b"one", b"two"])

    found = decode_body(body([whole[0], b"\xff" * 20]), ("gzip",), notes, "response")

    assert (found.data, found.is_whole) == (b"one", False)
    assert kinds(notes) == [ProblemKind.CODING_BROKEN]


def test_a_bomb_is_stopped_by_its_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "_RATIO_FREE_BYTES", 10_000)
    notes = Notes()

    found = decode_body(body([gzip.compress(bytes(2_000_000))]), ("gzip",), notes, "response")

    assert len(found.data) <= 100 * 3_000
    assert not found.is_whole
    assert kinds(notes) == [ProblemKind.CODING_LIMIT]


def test_a_large_body_is_stopped_by_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "DECODED_BYTES_MAX", 100)
    notes = Notes()

    found = decode_body(body([gzip.compress(TEXT)]), ("gzip",), notes, "response")

    assert found.data == TEXT[:100]
    assert kinds(notes) == [ProblemKind.CODING_LIMIT]


def test_a_cut_body_is_one_problem() -> None:
    notes = Notes()
    cut = replace(body([gzip.compress(TEXT)[:30]]), was_truncated=True, size=1000)

    assert decode_body(cut, ("gzip",), notes, "request").is_whole is False
    assert [(p.kind, p.where) for p in notes.problems] == [(ProblemKind.BODY_CUT, "request body")]


@given(st.binary(max_size=60), st.sampled_from(["gzip", "deflate"]))
def test_noise_never_raises(noise: bytes, coding: str) -> None:
    decode_body(body([noise]), (coding,), Notes(), "response")
    decode_body(Body(noise, len(noise), ()), (coding,), Notes(), "response")


def test_json_that_is_no_object_is_a_problem_without_foreign_text() -> None:
    notes = Notes()

    assert json_object(b'{"a": 1}', notes, "request body") == {"a": 1}
    assert json_object(b"[1]", notes, "request body") is None
    assert json_object(b'{"secret": oops}', notes, "request body") is None

    assert kinds(notes) == [ProblemKind.NOT_AN_OBJECT, ProblemKind.JSON_BROKEN]
    assert "oops" not in str(notes.problems)
    assert "character 11" in notes.problems[1].detail


@pytest.mark.parametrize(
    ("raw", "store", "duplicates"),
    [
        (b'{"store": false}', False, []),
        (b'{"store": true, "store": false}', True, ["/store"]),
        (b'{"store": false, "store": true}', True, ["/store"]),
        (b'{"store": false, "store": null}', True, ["/store"]),
        (b'{"store": false, "store": false}', False, ["/store"]),
        (b'{"store": true, "\\u0073tore": false}', True, ["/store"]),
        (b'{"store": false, "input": "\\"store\\": \\"store\\""}', False, []),
        (b'{"store": false, "input": [{"store": 1, "x": "store"}]}', False, []),
        (b'{"store": false, "model": "a", "model": "b"}', False, ["/model"]),
        (
            b'{"stream": 1, "stream": 2, "background": 1, "background": 1}',
            None,
            ["/background", "/stream"],
        ),
    ],
)
def test_a_doubled_policy_field_is_a_problem_and_store_keeps(
    raw: bytes, *, store: bool | None, duplicates: list[str]
) -> None:
    notes = Notes()
    parsed: dict[str, Any] = json.loads(raw)

    settle_duplicates(raw, parsed, notes)

    assert parsed.get("store") is store
    assert [problem.where for problem in notes.problems] == duplicates


def test_deep_nesting_beside_a_doubled_field_never_raises() -> None:
    raw = b'{"a": "store", "store": 1, "x": ' + b"[" * 900 + b"]" * 900 + b"}"

    settle_duplicates(raw * 1, {}, Notes())
    settle_duplicates(b'"store""store"' + b"[" * 5000, {}, Notes())


def test_a_body_of_more_values_than_are_read_is_one_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decode, "VALUES_MAX", 10)
    few, many = Notes(), Notes()

    assert json_object(b'{"a": [{}, {}, {}]}', few, "request body") == {"a": [{}, {}, {}]}
    assert json_object(b'{"a": [{}, {}, {}, {}, {}]}', many, "request body") is None

    assert few == Notes()
    assert [problem.kind for problem in many.problems] == [ProblemKind.TOO_MANY]
