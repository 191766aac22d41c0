"""What a step says, as one line of text, from its redacted JSON. Pure; any JSON gives some text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from proxy.reading.layout.terminal import bytes_text, count_text

TEXT_MAX: Final = 4000
"""Characters of a story. A timeline shows two lines of it; the rest is one `content(ref)` away."""

Json = Any


def story(step: Json, media: Mapping[int, str]) -> str:
    """One paragraph for people, foreign characters included: make it safe before printing.

    Args:
        step: the parsed content of a step.
        media: by media index, how to call an object that was taken out: "image/png 12 KB".
    """
    if not isinstance(step, dict):
        return _compact(step)
    if step.get("$omitted"):
        return "(nested too deeply: kept in the raw record only)"
    kind = step.get("type")
    if not isinstance(kind, str):
        return _compact(step)
    teller = _TELLERS.get(kind)
    if teller is not None:
        return teller(step, media)[:TEXT_MAX]
    if kind.endswith("_call"):
        return _call(step, media)[:TEXT_MAX]
    if kind.endswith("_result"):
        return _result(step, media)[:TEXT_MAX]
    return _compact({name: value for name, value in step.items() if name not in _NOT_TOLD})


def citations(step: Json) -> list[str]:
    """One line for each source that a step's texts name, each once; then what was timed or spoken."""
    contents = step.get("content") if isinstance(step, dict) else None
    found: dict[str, None] = {}
    words = 0
    for content in contents if isinstance(contents, list) else ():
        notes = content.get("annotations") if isinstance(content, dict) else None
        for note in notes if isinstance(notes, list) else ():
            if not isinstance(note, dict):
                continue
            if note.get("type") == "word_info":
                words += 1
            elif note.get("type") == "speech_metadata":
                found["spoken by " + _joined(note, "speaker", "style")] = None
            elif told := _joined(
                note, "title", "name", "file_name", "url", "document_uri", "source"
            ):
                page = note.get("page_number")
                found[f"cites {told}" + (f", page {page}" if isinstance(page, int) else "")] = None
    return [*(line[:TEXT_MAX] for line in found), *([f"{words} words timed"] if words else [])]


def _joined(note: dict[str, Json], *names: str) -> str:
    """The first two of these fields that say something."""
    return " ".join([note[name] for name in names if isinstance(note.get(name), str)][:2])


def _output(step: dict[str, Json], media: Mapping[int, str]) -> str:
    text = _contents(step.get("content"), media)
    error = step.get("error")
    return f"{text} error: {_message(error)}".strip() if error else text


def _thought(step: dict[str, Json], media: Mapping[int, str]) -> str:
    return _contents(step.get("summary"), media) or "(no summary)"


def _call(step: dict[str, Json], _: Mapping[int, str]) -> str:
    """A call of a function: get_weather(location="Boston")."""
    name = step.get("name")
    arguments = step.get("arguments")
    if not isinstance(name, str) or not name:
        return "" if not arguments else _compact(arguments)
    if isinstance(step.get("server_name"), str):
        name = f"{step['server_name']}/{name}"
    if isinstance(arguments, dict):
        inner = ", ".join(f"{key}={_compact(value)}" for key, value in arguments.items())
    else:
        inner = "" if arguments is None else _compact(arguments)
    return f"{name}({inner})" + _kind(step)


def _kind(step: dict[str, Json]) -> str:
    """Of calls that come in several kinds: " (image_search)"."""
    found = step.get("search_type") or step.get("retrieval_type")
    return f" ({found})" if isinstance(found, str) else ""


def _code(step: dict[str, Json], media: Mapping[int, str]) -> str:
    arguments = step.get("arguments")
    if not isinstance(arguments, dict) or not isinstance(arguments.get("code"), str):
        return _call(step, media)
    lines = [line.rstrip() for line in arguments["code"].splitlines() if line.strip()]
    return f"{_text(arguments.get('language'))}: {' ⏎ '.join(lines)}"


def _listed(field: str) -> Callable[[dict[str, Json], Mapping[int, str]], str]:
    """A call whose arguments are a list of texts: queries, urls."""

    def tell(step: dict[str, Json], media: Mapping[int, str]) -> str:
        arguments = step.get("arguments")
        found = arguments.get(field) if isinstance(arguments, dict) else None
        if not isinstance(found, list):
            return _call(step, media)
        return " · ".join(_text(each) for each in found) + _kind(step)

    return tell


def _result(step: dict[str, Json], media: Mapping[int, str]) -> str:
    result = step.get("result")
    told = _result_text(result, media)
    return f"error: {told}" if step.get("is_error") is True else told


def _result_text(result: Json, media: Mapping[int, str]) -> str:
    if result is None:
        return ""
    if isinstance(result, str):
        return result
    if isinstance(result, list):
        return " · ".join(filter(None, (_item(each, media) for each in result)))
    return _compact(result)


def _item(item: Json, media: Mapping[int, str]) -> str:
    """One entry of a result list: content, a page, a place, a suggestion."""
    if not isinstance(item, dict):
        return _text(item)
    if isinstance(item.get("type"), str) and item["type"] in _CONTENT_TYPES:
        return _contents([item], media)
    if isinstance(item.get("places"), list):
        return count_text(len(item["places"]), "place") + ": " + ", ".join(_labels(item["places"]))
    if isinstance(item.get("search_suggestions"), str):
        size = len(item["search_suggestions"].encode("utf-8", "replace"))
        return f"search suggestions, {bytes_text(size)}"
    if item.get("type") == "function" and isinstance(item.get("name"), str):
        return f"{item['name']}()"
    label = " ".join(_labels([item]))
    if not label:
        return _compact(item)
    status = item.get("status")
    return f"{label} ({status})" if isinstance(status, str) else label


def _labels(items: Sequence[Json]) -> Iterator[str]:
    for item in items:
        if isinstance(item, dict):
            found = [
                item[key] for key in ("title", "name", "url") if isinstance(item.get(key), str)
            ]
            if found:
                yield " ".join(found[:2])


def _contents(contents: Json, media: Mapping[int, str]) -> str:
    """Texts as they are, media as [image/png 12 KB]."""
    if isinstance(contents, str):
        return contents
    if isinstance(contents, dict):
        contents = [contents]
    if not isinstance(contents, list):
        return "" if contents is None else _compact(contents)
    return " ".join(_content(each, media) for each in contents)


def _content(content: Json, media: Mapping[int, str]) -> str:
    if not isinstance(content, dict):
        return _text(content)
    if isinstance(content.get("text"), str):
        notes = content.get("annotations")
        cited = (
            f" [{count_text(len(notes), 'citation')}]" if isinstance(notes, list) and notes else ""
        )
        return f"{content['text']}{cited}"
    data = content.get("data")
    index = data.get("$media") if isinstance(data, dict) else None
    if isinstance(index, int) and index in media:
        return f"[{media[index]}]"
    parts = [content.get("mime_type") or content.get("type"), content.get("name")]
    parts.append(content.get("uri"))
    return f"[{' '.join(_text(part) for part in parts if part)}]"


def _message(error: Json) -> str:
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        return str(error["message"])
    return _compact(error)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else _compact(value)


def _compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))[:TEXT_MAX]


_NOT_TOLD: Final = frozenset({"type", "signature"})
_CONTENT_TYPES: Final = frozenset({"text", "image", "audio", "video", "document"})
_TELLERS: Final[dict[str, Callable[[dict[str, Json], Mapping[int, str]], str]]] = {
    "user_input": _output,
    "model_output": _output,
    "thought": _thought,
    "code_execution_call": _code,
    "google_search_call": _listed("queries"),
    "google_maps_call": _listed("queries"),
    "retrieval_call": _listed("queries"),
    "url_context_call": _listed("urls"),
    "tool_search_call": _listed("function_names"),
}
