"""Media as facts and objects: inline or by URI, each once, whatever their bytes are."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.interactions.content import Media, content_from_json
from proxy.interactions.problems import Notes, ProblemKind
from proxy.recording.facts import MediaFact, MediaObject
from proxy.recording.secrecy.equality import Equality
from proxy.recording.telling import media_facts
from proxy.recording.telling.media_facts import NOT_INLINE, MediaTelling
from proxy.recording.telling.subject import Subject
from tests.recording.media.files import GIF, PNG, WAV

SUBJECT = Subject("x0-1", "v1_a", 7, 0)


def inline(data: bytes, kind: str = "image", mime_type: str = "image/png") -> dict[str, Any]:
    return {"type": kind, "data": base64.b64encode(data).decode(), "mime_type": mime_type}


def tell(telling: MediaTelling, *contents: dict[str, Any]) -> list[MediaFact]:
    for raw in contents:
        content = content_from_json(raw, telling.notes, "test")
        assert isinstance(content, Media)
        telling.tell(content, SUBJECT, "output", 0)
    return telling.facts


def test_an_inline_object_has_type_size_extent_and_a_digest() -> None:
    telling = MediaTelling(Notes(), Equality(b"key"))

    (fact,) = tell(telling, inline(PNG))

    assert telling.objects == [MediaObject("image/png", PNG)]
    assert (fact.type, fact.mime_type, fact.media_bytes) == ("image", "image/png", len(PNG))
    assert (fact.source, fact.width, fact.height, fact.duration_ms) == ("inline", 640, 480, None)
    assert fact.media_mac == Equality(b"key").mac("media", PNG)


def test_a_sound_has_a_duration() -> None:
    (fact,) = tell(MediaTelling(Notes()), inline(WAV, "audio", "audio/wav"))

    assert (fact.width, fact.duration_ms, fact.media_mac) == (None, 2000, None)


def test_the_same_bytes_twice_are_one_object_with_two_rows() -> None:
    telling = MediaTelling(Notes(), Equality(b"key"))
    first, other, again = inline(PNG), inline(GIF), inline(PNG)

    facts = tell(telling, first, other, again)

    assert [fact.media_index for fact in facts] == [0, 1, 0]
    assert [fact.media_mac == facts[0].media_mac for fact in facts] == [True, False, True]
    assert len(telling.objects) == 2
    assert [raw["data"]["$media"] for raw in (first, other, again)] == [0, 1, 0]


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        ("https://generativelanguage.googleapis.com/v1beta/files/abc-12_x", "file"),
        ("http://127.0.0.1:8080/proxy/gemini/v1beta/files/abc", "file"),
        ("files/abc", "file"),
        ("gs://bucket/files/abc", "uri"),
        ("https://example.com/picture.png", "uri"),
        ("https://example.com/files/a/b", "uri"),
        ("\ud800", "uri"),
    ],
)
def test_media_by_uri_have_a_row_that_does_not_quote_it(uri: str, source: str) -> None:
    telling = MediaTelling(Notes(), Equality(b"key"))

    (fact,) = tell(telling, {"type": "video", "uri": uri, "mime_type": "video/mp4"})

    assert (fact.source, fact.media_index, fact.media_bytes) == (source, NOT_INLINE, 0)
    assert telling.objects == []
    assert fact.media_mac not in {None, Equality(b"key").mac("media", b"")}
    assert "example" not in repr(fact)


def test_a_content_without_data_and_uri_is_no_media_object() -> None:
    assert tell(MediaTelling(Notes()), {"type": "image"}) == []


def test_media_beyond_the_limit_stays_in_its_step_and_is_one_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(media_facts, "MEDIA_MAX", 2)
    telling = MediaTelling(Notes())
    contents = [inline(PNG + bytes([place])) for place in range(5)]
    kept = contents[2]["data"]

    facts = tell(telling, *contents)

    assert (len(facts), len(telling.objects)) == (2, 2)
    assert contents[2]["data"] == kept
    assert [p.kind for p in telling.notes.problems] == [ProblemKind.TOO_MANY]


@given(st.binary(max_size=200), st.sampled_from(["image", "audio", "video", "document"]))
def test_any_bytes_are_an_object(data: bytes, kind: str) -> None:
    telling = MediaTelling(Notes(), Equality(b"key"))

    facts = tell(telling, inline(data, kind))

    assert [fact.media_bytes for fact in facts] == ([len(data)] if data else [])
    assert telling.notes.problems == []
