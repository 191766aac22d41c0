"""Content and annotations: the parts a step's text and media come in. Source: reference, section 8."""

from __future__ import annotations

from typing import Any

from proxy.interactions.known import (
    ANNOTATION_FIELDS,
    CONTENT_FIELDS,
    MEDIA_TYPES,
    UNTYPED_ANNOTATION_FIELDS,
)
from proxy.interactions.problems import JsonObject, Notes, ProblemKind
from proxy.interactions.shapes.grammar import check_parts
from proxy.interactions.shapes.told import ANNOTATION_PARTS, CONTENT_PARTS
from proxy.values import plain_value


@plain_value(frozen=True, slots=True)
class Annotation:
    """Says something about a range of a text. Indexes count bytes of UTF-8, the end excluded."""

    type: str
    """Empty for the untyped ones of the first SDKs."""
    start_index: int | None
    end_index: int | None
    raw: JsonObject


@plain_value(frozen=True, slots=True)
class UnknownAnnotation:
    """An annotation whose `type` this release does not know."""

    type_name: str
    raw: JsonObject


@plain_value(frozen=True, slots=True)
class Text:
    """Text with its annotations."""

    text: str
    annotations: tuple[Annotation | UnknownAnnotation, ...]


@plain_value(frozen=True, slots=True)
class Media:
    """Image, audio, video or document, inline (`data`, base64) or by `uri`."""

    type: str
    mime_type: str | None
    data: str | None
    uri: str | None
    raw: JsonObject


@plain_value(frozen=True, slots=True)
class UnknownContent:
    """A content whose `type` this release does not know. Kept whole."""

    type_name: str
    raw: JsonObject


Content = Text | Media | UnknownContent


def text_or_none(value: Any) -> str | None:
    """A string as it is; None for every other JSON value."""
    return value if isinstance(value, str) else None


def told_name(value: Any) -> str:
    """Where a name belongs, what stands there: a string as it is, of a container only its kind.

    `str` of a container would walk it: megabytes of text, or more levels than Python recurses.
    """
    if isinstance(value, str):
        return value
    return type(value).__name__ if isinstance(value, dict | list) else str(value)


def int_or_none(value: Any) -> int | None:
    """A count that fits 63 bits; proto JSON writes 64-bit ones as strings, both are read.

    `type(...) is` because a bool is an int to isinstance.
    """
    if type(value) is str and len(value) <= 18 and value.isascii() and value.isdigit():
        return int(value)
    return value if type(value) is int and 0 <= value < 1 << 63 else None


def annotation_from_json(raw: Any, notes: Notes) -> Annotation | UnknownAnnotation:
    """One annotation of a text."""
    if not isinstance(raw, dict):
        notes.problem(ProblemKind.WRONG_SHAPE, "annotations", "an annotation is not an object")
        return UnknownAnnotation("", {"$value": raw})
    name = raw.get("type", "")
    known = ANNOTATION_FIELDS.get(name) if isinstance(name, str) else None
    if name == "":
        known = UNTYPED_ANNOTATION_FIELDS
    if known is None:
        notes.unknown("annotation", told_name(name), "text")
        return UnknownAnnotation(told_name(name), raw)
    notes.unknown_fields(raw, known, f"annotation {name}")
    if name in ANNOTATION_PARTS:
        check_parts(raw, ANNOTATION_PARTS[name], notes)
    start, end = int_or_none(raw.get("start_index")), int_or_none(raw.get("end_index"))
    return Annotation(name, start, end, raw)


def content_from_json(raw: Any, notes: Notes, where: str) -> Content:
    """One content; `where` names the kind of step it stands in."""
    if not isinstance(raw, dict):
        notes.problem(ProblemKind.WRONG_SHAPE, where, "a content is not an object")
        return UnknownContent("", {"$value": raw})
    name = raw.get("type")
    known = CONTENT_FIELDS.get(name) if isinstance(name, str) else None
    if known is None or not isinstance(name, str):
        notes.unknown("content", told_name(name), where)
        return UnknownContent(told_name(name), raw)
    if not known.issuperset(raw):
        notes.unknown_fields(raw, known, f"content {name}")
    if name == "text":
        return _text_from_json(raw, notes, where)
    check_parts(raw, CONTENT_PARTS[name], notes)
    mime_type = raw.get("mime_type") or raw.get("mimeType")
    return Media(
        name,
        text_or_none(mime_type),
        text_or_none(raw.get("data")),
        text_or_none(raw.get("uri")),
        raw,
    )


def _text_from_json(raw: JsonObject, notes: Notes, where: str) -> Text:
    text = raw.get("text", "")
    if not isinstance(text, str):
        if text is not None:
            notes.problem(ProblemKind.WRONG_SHAPE, where, "a text is not a string")
        text = ""
    annotations = raw.get("annotations")
    if not annotations:
        return Text(text, ())
    if not isinstance(annotations, list):
        notes.problem(ProblemKind.WRONG_SHAPE, where, "annotations are not a list")
        return Text(text, ())
    return Text(text, tuple(annotation_from_json(item, notes) for item in annotations))


def contents_from_json(value: Any, notes: Notes, where: str) -> tuple[Content, ...]:
    """A list of contents; one alone and a bare string are read as a list of one."""
    if isinstance(value, list):
        if len(value) == 1:
            return (content_from_json(value[0], notes, where),)
        return tuple([content_from_json(item, notes, where) for item in value])
    if value is None:
        return ()
    if isinstance(value, str):
        return (Text(value, ()),)
    return (content_from_json(value, notes, where),)


def is_content_type(name: Any) -> bool:
    """Whether a `type` names a content, as opposed to a step, tool or declaration."""
    return name == "text" or (isinstance(name, str) and name in MEDIA_TYPES)
