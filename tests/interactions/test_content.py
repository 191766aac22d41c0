from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from proxy.interactions.content import (
    Annotation,
    Media,
    Text,
    UnknownAnnotation,
    UnknownContent,
    annotation_from_json,
    content_from_json,
    contents_from_json,
    int_or_none,
    is_content_type,
    told_name,
)
from proxy.interactions.known import ANNOTATION_FIELDS, CONTENT_FIELDS
from proxy.interactions.problems import Notes, ProblemKind
from tests.strategies import json_values


@pytest.mark.parametrize("name", sorted(CONTENT_FIELDS))
def test_each_content_type_is_known(name: str) -> None:
    notes = Notes()

    content = content_from_json({"type": name}, notes, "model_output")

    assert isinstance(content, Text if name == "text" else Media)
    assert notes == Notes()


@pytest.mark.parametrize("name", sorted(ANNOTATION_FIELDS))
def test_each_annotation_type_is_known(name: str) -> None:
    notes = Notes()

    annotation = annotation_from_json({"type": name, "start_index": 1, "end_index": 3}, notes)

    assert isinstance(annotation, Annotation)
    assert (annotation.type, annotation.start_index, annotation.end_index) == (name, 1, 3)
    assert notes == Notes()


def test_a_media_content_is_read_in_both_spellings() -> None:
    raw = {"type": "image", "mimeType": "image/png", "data": "AAAA", "uri": "gs://x"}

    content = content_from_json(raw, Notes(), "user_input")

    assert content == Media("image", "image/png", "AAAA", "gs://x", raw)


def test_an_unknown_content_is_kept_and_counted() -> None:
    notes = Notes()
    raw = {"type": "hologram", "data": "AAAA"}

    assert content_from_json(raw, notes, "model_output") == UnknownContent("hologram", raw)
    assert dict(notes.unknowns) == {("content", "hologram", "model_output"): 1}


def test_an_unknown_annotation_is_kept_and_counted_and_an_untyped_one_is_old() -> None:
    notes = Notes()
    old = {"start_index": 0, "end_index": 2, "source": "x"}

    text = content_from_json(
        {"type": "text", "text": "a", "annotations": [{"type": "new"}, old]}, notes, "model_output"
    )

    assert text == Text("a", (UnknownAnnotation("new", {"type": "new"}), Annotation("", 0, 2, old)))
    assert dict(notes.unknowns) == {("annotation", "new", "text"): 1}


def test_unknown_fields_are_counted_by_kind() -> None:
    notes = Notes()

    content_from_json({"type": "text", "text": "a", "tone": 1}, notes, "model_output")
    annotation_from_json({"type": "word_info", "pitch": 1}, notes)

    assert dict(notes.unknowns) == {
        ("field", "tone", "content text"): 1,
        ("field", "pitch", "annotation word_info"): 1,
    }


@pytest.mark.parametrize(
    "raw",
    [
        7,
        {"type": "text", "text": 7},
        {"type": "text", "annotations": {"a": 1}},
        {"type": "text", "annotations": [7]},
    ],
)
def test_a_wrong_shape_is_one_problem(raw: Any) -> None:
    notes = Notes()

    content_from_json(raw, notes, "user_input")

    assert [problem.kind for problem in notes.problems] == [ProblemKind.WRONG_SHAPE]


@pytest.mark.parametrize(
    ("raw", "count"),
    [(None, 0), ([], 0), ("a", 1), ({"type": "text"}, 1), ([{"type": "text"}] * 3, 3)],
)
def test_contents_come_as_list_object_or_string(raw: Any, count: int) -> None:
    assert len(contents_from_json(raw, Notes(), "user_input")) == count


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (7, 7),
        (0, 0),
        ("12", 12),
        (True, None),
        (-1, None),
        (1 << 63, None),
        (1.5, None),
        ("x", None),
        ("\u0661", None),
        ("", None),
        ("9" * 19, None),
        (None, None),
    ],
)
def test_a_count_is_a_small_natural_number(raw: Any, expected: int | None) -> None:
    assert int_or_none(raw) == expected


def test_contents_are_told_from_steps_by_type() -> None:
    assert is_content_type("text")
    assert is_content_type("video")
    assert not is_content_type("thought")
    assert not is_content_type(["text"])


@given(json_values())
def test_noise_never_raises(raw: Any) -> None:
    contents_from_json(raw, Notes(), "user_input")


NESTED: Any = [[]]
for _ in range(2000):  # deeper than Python recurses
    NESTED = [NESTED]


@pytest.mark.parametrize(
    ("raw", "name"),
    [("a", "a"), (None, "None"), (7, "7"), ({"a": 1}, "dict"), (NESTED, "list")],
    ids=["text", "null", "number", "object", "nested"],
)
def test_a_name_that_is_a_container_is_told_by_its_kind(raw: Any, name: str) -> None:
    assert told_name(raw) == name


def test_a_type_nested_deeper_than_python_recurses_is_unknown() -> None:
    notes = Notes()

    contents_from_json([{"type": NESTED}], notes, "user_input")
    contents_from_json([{"type": "text", "annotations": [{"type": NESTED}]}], notes, "user_input")

    assert {(kind, name) for kind, name, _ in notes.unknowns} == {
        ("content", "list"),
        ("annotation", "list"),
    }
