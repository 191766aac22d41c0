"""generateContent, its stream, and the counting of tokens.

Source: the protocol reference, section 16.2.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from proxy.emulator.answers.media import pictures, sounds
from proxy.emulator.answers.model.prose import SENTENCES
from proxy.emulator.answers.structured import instance
from proxy.emulator.answers.usage import text_tokens, tokens_by_modality
from proxy.emulator.asked import catalogue
from proxy.emulator.asked.request import Json
from proxy.emulator.neighbours.classic.caches import Caches
from proxy.emulator.neighbours.classic.files import HOST, Files
from proxy.emulator.neighbours.classic.models import able
from proxy.emulator.neighbours.visit import Reply, Visit, field_of, said

THOUGHT_TOKENS: Final = 24
"""What thinking costs, unless the request says that there shall be none."""

CANDIDATES_MAX: Final = 8
"""The documented greatest `candidateCount`."""

CHUNK_CHARACTERS: Final = 60
"""Text of one chunk of a stream: about what the service sends at a time."""

SPEECH_RATE: Final = 24_000
SPEECH_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class _Made:
    """What is answered, before it is cut into a stream."""

    candidates: list[list[Json]]
    """The parts of each."""
    reason: str
    said: int
    """Tokens of all candidates."""
    response_id: str
    """One for all chunks of a stream."""


class Generation:
    """Answers what is asked of text models."""

    def __init__(self, caches: Caches, files: Files) -> None:
        self._caches = caches
        self._files = files

    def answer(self, visit: Visit) -> Reply:
        """Answer countTokens, computeTokens, generateContent and streamGenerateContent.

        Raises:
            Refusal: 404 for an unknown model or cache, 403 for an unknown file, 400 for no contents.
        """
        able(visit, visit.route.identity)
        body = visit.parsed()
        match visit.verb:
            case "countTokens":
                inner = field_of(body, "generateContentRequest")
                return said(self._count(visit, inner if isinstance(inner, dict) else body))
            case "computeTokens":
                return said(_computed(body))
            case "generateContent":
                return said(self.generated(visit, body))
        return _streamed(visit, list(self._chunks(visit, body)))

    def generated(self, visit: Visit, body: Json) -> Json:
        """The whole answer to one request."""
        made, usage = self._made(visit, body)
        candidates = [
            _candidate(parts, place, made.reason) for place, parts in enumerate(made.candidates)
        ]
        _ground(candidates, body)
        return _chunk(visit, made, candidates, _usage(usage, made.said))

    def _chunks(self, visit: Visit, body: Json) -> Iterator[Json]:
        made, usage = self._made(visit, body)
        parts, spoken = made.candidates[0], 0
        cut = [piece for part in parts for piece in _cut(part)]
        for place, piece in enumerate(cut):
            is_last = place + 1 == len(cut)
            spoken += text_tokens(str(piece.get("text", "")))
            candidates = [_candidate([piece], 0, made.reason if is_last else None)]
            if is_last:
                _ground(candidates, body)
            counted = _usage(usage, made.said if is_last else spoken)
            yield _chunk(visit, made, candidates, counted)

    def _made(self, visit: Visit, body: Json) -> tuple[_Made, Json]:
        config = _object(field_of(body, "generationConfig"))
        prompt = self._prompt(visit, body)
        count = field_of(config, "candidateCount")
        copies = min(count, CANDIDATES_MAX) if isinstance(count, int) and count > 0 else 1
        candidates = [_parts(visit, body, config) for _ in range(copies)]
        spoken = sum(_tokens(parts) for parts in candidates)
        limit, reason = field_of(config, "maxOutputTokens"), "STOP"
        if isinstance(limit, int) and 0 < limit < spoken:
            candidates = [_shortened(parts, limit * 4 // copies) for parts in candidates]
            spoken, reason = limit, "MAX_TOKENS"
        thinks = field_of(field_of(config, "thinkingConfig"), "thinkingBudget") != 0
        made = _Made(candidates, reason, spoken, visit.chance.data(12).hex())
        return made, _prompt_usage(prompt, thinks=thinks)

    def _prompt(self, visit: Visit, body: Json) -> tuple[Counter[str], int]:
        """Tokens by modality, and how many of them are cached."""
        if not body.get("contents"):
            missing = "* GenerateContentRequest.contents: contents is not specified\n"
            raise visit.refusal(400, missing)
        counts = prompt_tokens(body)
        for uri in _uris(body):
            if uri.startswith((HOST, "files/")) and not self._files.known(uri, visit.now_s):
                message = "You do not have permission to access the File, or it may not exist."
                raise visit.refusal(403, message)
        cached = 0
        if field_of(body, "cachedContent"):
            cached = self._caches.tokens(str(field_of(body, "cachedContent")), visit.now_s)
            counts["text"] += cached
        return counts, cached

    def _count(self, visit: Visit, body: Json) -> Json:
        counts, cached = self._prompt(visit, body)
        answer: Json = {
            "totalTokens": counts.total(),
            "promptTokensDetails": _details(counts),
        }
        return answer | ({"cachedContentTokenCount": cached} if cached else {})


def prompt_tokens(body: Json) -> Counter[str]:
    """Tokens of contents, system instruction and tools, by modality."""
    counts = tokens_by_modality(
        {"type": "user_input", "content": [_content(part) for part in _all_parts(content)]}
        for content in [*_list(body.get("contents")), field_of(body, "systemInstruction")]
    )
    if body.get("tools"):
        counts["text"] += text_tokens(orjson.dumps(body["tools"]).decode())
    return counts


def _content(part: Json) -> Json:
    """A part as interactions write it, for the counting of its tokens."""
    blob = _object(field_of(part, "inlineData"))
    file = _object(field_of(part, "fileData"))
    if blob or file:
        mime_type = str(field_of(blob or file, "mimeType") or "")
        kind = mime_type.partition("/")[0]
        media = kind if kind in ("image", "audio", "video") else "document"
        return {"type": media, "mime_type": mime_type, "data": str(blob.get("data") or "")}
    text = part.get("text")
    return {"type": "text", "text": text if isinstance(text, str) else orjson.dumps(part).decode()}


def _parts(visit: Visit, body: Json, config: Json) -> list[Json]:
    chance = visit.chance
    declared = [
        each
        for tool in _list(body.get("tools"))
        for each in _list(field_of(tool, "functionDeclarations"))
        if isinstance(each, dict)
    ]
    if declared and not _is_answered(body):
        return [_function_call(visit, declared[0])]
    entry = catalogue.entry(visit.route.identity)
    kind = entry.kind if entry else "text"
    wanted = {str(each).upper() for each in _list(field_of(config, "responseModalities"))}
    if kind == "image" or "IMAGE" in wanted:
        return [_inline("image/png", pictures.png(pictures.drawn(chance)))]
    if kind in ("speech", "music") or "AUDIO" in wanted:
        sound = sounds.pcm(sounds.tone(SPEECH_RATE, SPEECH_S))
        return [_inline(f"audio/L16;codec=pcm;rate={SPEECH_RATE}", sound)]
    text = " ".join(chance.pick(SENTENCES) for _ in range(3))
    schema = field_of(config, "responseJsonSchema") or _lowered(field_of(config, "responseSchema"))
    if schema or field_of(config, "responseMimeType") == "application/json":
        value = instance(schema, chance) if schema else {"answer": text}
        text = orjson.dumps(value).decode()
    thoughts = field_of(field_of(config, "thinkingConfig"), "includeThoughts")
    thought: list[Json] = [{"text": chance.pick(SENTENCES), "thought": True}] if thoughts else []
    return [*thought, {"text": text}]


def _function_call(visit: Visit, declared: Json) -> Json:
    schema = (
        field_of(declared, "parametersJsonSchema") or _lowered(declared.get("parameters")) or {}
    )
    args = instance(schema, visit.chance)
    call = {"name": declared.get("name"), "args": args if isinstance(args, dict) else {}}
    signature = base64.b64encode(visit.chance.data(48)).decode()
    return {"functionCall": call, "thoughtSignature": signature}


def _is_answered(body: Json) -> bool:
    """Whether the last turn brings results of functions, or calling is switched off."""
    last = (_list(body.get("contents")) or [None])[-1]
    mode = field_of(field_of(field_of(body, "toolConfig"), "functionCallingConfig"), "mode")
    return mode == "NONE" or any(field_of(part, "functionResponse") for part in _all_parts(last))


def _shortened(parts: list[Json], characters: int) -> list[Json]:
    return [
        part | {"text": str(part["text"])[:characters]} if "text" in part else part
        for part in parts
    ]


def _cut(part: Json) -> list[Json]:
    """A part as a stream brings it: text in pieces, all else whole."""
    text = part.get("text")
    if not isinstance(text, str) or part.get("thought"):
        return [part]
    cuts = range(0, len(text), CHUNK_CHARACTERS)
    return [{"text": text[place : place + CHUNK_CHARACTERS]} for place in cuts] or [part]


def _ground(candidates: list[Json], body: Json) -> None:
    """Say where a searched answer comes from."""
    kinds = ("googleSearch", "googleSearchRetrieval")
    tools = _list(body.get("tools"))
    if any(field_of(tool, kind) is not None for tool in tools for kind in kinds):
        page = {"web": {"uri": "https://example.com/larches", "title": "example.com"}}
        candidates[0]["groundingMetadata"] = {
            "webSearchQueries": ["larches"],
            "groundingChunks": [page],
        }


def _chunk(visit: Visit, made: _Made, candidates: list[Json], usage: Json) -> Json:
    return {
        "candidates": candidates,
        "usageMetadata": usage,
        "modelVersion": visit.route.identity,
        "responseId": made.response_id,
    }


def _candidate(parts: list[Json], place: int, reason: str | None) -> Json:
    candidate: Json = {"content": {"parts": parts, "role": "model"}, "index": place}
    return candidate | ({"finishReason": reason} if reason else {})


def _prompt_usage(prompt: tuple[Counter[str], int], *, thinks: bool) -> Json:
    counts, cached = prompt
    usage: Json = {
        "promptTokenCount": counts.total(),
        "promptTokensDetails": _details(counts),
        "thoughtsTokenCount": THOUGHT_TOKENS if thinks else 0,
    }
    if cached:
        usage["cachedContentTokenCount"] = cached
        usage["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": cached}]
    return usage


def _usage(prompt: Json, spoken: int) -> Json:
    total = int(prompt["promptTokenCount"]) + spoken + int(prompt["thoughtsTokenCount"])
    return {"candidatesTokenCount": spoken, "totalTokenCount": total} | prompt


def _details(counts: Counter[str]) -> list[Json]:
    return [
        {"modality": name.upper(), "tokenCount": count} for name, count in sorted((+counts).items())
    ]


def _computed(body: Json) -> Json:
    """Each word is a token; its number is made up."""
    infos = []
    for content in _list(body.get("contents")):
        words = " ".join(str(part.get("text", "")) for part in _all_parts(content)).split()
        infos.append(
            {
                "role": _object(content).get("role", "user"),
                "tokens": [base64.b64encode(word.encode()).decode() for word in words],
                "tokenIds": [str(sum(word.encode())) for word in words],
            }
        )
    return {"tokensInfo": infos}


def _streamed(visit: Visit, chunks: list[Json]) -> Reply:
    if visit.query.get("alt") != "sse":
        return Reply(orjson.dumps(chunks))
    return Reply(blocks=tuple(b"data: " + orjson.dumps(chunk) + b"\r\n\r\n" for chunk in chunks))


def _tokens(parts: list[Json]) -> int:
    return tokens_by_modality(
        [{"type": "model_output", "content": [_content(part) for part in parts]}]
    ).total()


def _inline(mime_type: str, data: bytes) -> Json:
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}


def _uris(body: Json) -> Iterator[str]:
    for content in _list(body.get("contents")):
        for part in _all_parts(content):
            file = _object(field_of(part, "fileData"))
            yield str(field_of(file, "fileUri") or "")


def _lowered(schema: Any) -> Any:
    """A schema with its types in small letters, as JSON Schema writes them."""
    if isinstance(schema, list):
        return [_lowered(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: value.lower() if key == "type" and isinstance(value, str) else _lowered(value)
        for key, value in schema.items()
    }


def _all_parts(content: Any) -> list[Json]:
    return [part for part in _list(_object(content).get("parts")) if isinstance(part, dict)]


def _object(given: Any) -> Json:
    return given if isinstance(given, dict) else {}


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []
