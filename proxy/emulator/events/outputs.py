"""Contents of the old schema's first dialect, as the SDKs Python 1.55 and JavaScript 1.33 type them.

Source: the protocol reference, section 15.3. What this dialect says of sources, the new schema says in
annotations: they are brought back from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from proxy.emulator.asked.request import Json

SOURCE_NAMES: Final = ("url", "document_uri", "file_name", "name")
"""Fields of typed annotations, of which the first that is there becomes the untyped one's `source`."""

UNKNOWN_TYPES: Final = ("google_maps_", "file_search_call")
"""How the types begin that came with the late dialect."""

UNKNOWN_FIELDS: Final = {
    "audio": ("sample_rate", "channels"),
    "code_execution_call": ("signature",),
    "google_search_call": ("search_type", "signature"),
    "url_context_call": ("signature",),
    "file_search_result": ("call_id", "signature"),
}
"""Fields that came with the late dialect, by type."""


def early_contents(contents: Sequence[Json]) -> list[Json]:
    """The contents of an answer, as the first dialect has them."""
    cited = cited_by(contents)
    made = []
    for content in contents:
        kind = str(content.get("type"))
        if not kind.startswith(UNKNOWN_TYPES):
            dropped = UNKNOWN_FIELDS.get(kind, ())
            early = early_content(content, cited)
            made.append({name: value for name, value in early.items() if name not in dropped})
    return made


def cited_by(contents: Iterable[Json]) -> tuple[Json, ...]:
    """All annotations of an answer's texts."""
    return tuple(
        note
        for content in contents
        if content.get("type") == "text"
        for note in content.get("annotations", ())
    )


def early_content(content: Json, cited: Sequence[Json]) -> Json:
    """One content, as the first dialect has it; `cited` are the annotations of the whole answer."""
    match content.get("type"):
        case "text" if "annotations" in content:
            notes = [_untyped(note) for note in content["annotations"] if _source(note)]
            return content | {"annotations": notes}
        case "google_search_result":
            shown = [
                {"rendered_content": item["search_suggestions"]}
                for item in content.get("result", ())
                if "search_suggestions" in item
            ]
            pages = [
                {"url": note.get("url"), "title": note.get("title")}
                for note in cited
                if note.get("type") == "url_citation"
            ]
            return content | {"result": [*shown, *pages]}
        case "file_search_result":
            found = [
                {
                    "title": note.get("file_name", ""),
                    "text": str(note.get("source", "")),
                    "file_search_store": note.get("document_uri", ""),
                }
                for note in cited
                if note.get("type") == "file_citation"
            ]
            return {"result": found, **content}
        case "function_result" | "mcp_server_tool_result":
            result = content.get("result")
            if isinstance(result, list):
                return content | {"result": {"items": [_bare(item) for item in result]}}
    return content


def _untyped(note: Json) -> Json:
    kept = {name: note[name] for name in ("start_index", "end_index") if name in note}
    return kept | {"source": _source(note)}


def _source(note: Json) -> str:
    """What the annotation points at; empty for one that points at nothing, such as a word's time."""
    return next((str(note[name]) for name in SOURCE_NAMES if note.get(name)), "")


def _bare(item: Any) -> Any:
    """A part of a result: a text as the bare string, a picture as it is."""
    is_text = isinstance(item, dict) and item.get("type") == "text"
    return item["text"] if is_text else item
