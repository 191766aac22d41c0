"""Simple answers for what the same SDKs call beside interactions: models, tokens, generateContent, files.

Source: the protocol reference, section 16. Enough to travel through a proxy, not to develop against.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.compose import SENTENCES
from proxy.emulator.answers.resource import timestamp
from proxy.emulator.answers.usage import text_tokens
from proxy.emulator.asked import catalogue
from proxy.emulator.asked.refusals import Refusal, not_found
from proxy.emulator.asked.request import Json
from proxy.emulator.asked.routes import Route
from proxy.emulator.events.stream import pieces

FILES_MAX: Final = 10_000
"""Uploads and files remembered (name, size, digest; never their bytes); the oldest go first."""

THOUGHT_TOKENS: Final = 24


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A call to a neighbouring method."""

    route: Route
    query: Mapping[str, str]
    headers: Mapping[str, str]
    origin: str
    """Scheme and host as the caller reached us; upload addresses start with it."""
    body: bytes
    chance: Chance
    now_s: int


@dataclass(frozen=True, slots=True)
class Plain:
    """An answer: JSON with headers, or a stream of blocks."""

    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    blocks: tuple[bytes, ...] | None = None


@dataclass(slots=True)
class _Upload:
    mime_type: str
    display_name: str
    received: int = 0
    digest: Any = field(default_factory=hashlib.sha256)


@dataclass(slots=True)
class Neighbours:
    """Remembers uploads and files; everything else follows from the call. Mutable."""

    _uploads: dict[str, _Upload] = field(default_factory=dict)
    _files: dict[str, Json] = field(default_factory=dict)

    def answer(self, call: Neighbour) -> Plain:
        """Answer a call.

        Raises:
            Refusal: 404 for what is not there, 400 for what cannot be meant.
        """
        match call.route.operation:
            case "models.list":
                return _json({"models": [_model(name) for name in catalogue.MODELS]})
            case "models.get":
                return _json(_model(_known(call.route.identity)))
            case "models.countTokens":
                return _json({"totalTokens": _prompt_tokens(call)})
            case "models.generateContent":
                text, common = _generated(call)
                return _json(common | _answer(text))
            case "models.streamGenerateContent":
                return _generated_stream(call)
        return self._file_answer(call)

    def _file_answer(self, call: Neighbour) -> Plain:
        match call.route.operation:
            case "files.upload":
                return self._upload(call)
            case "files.list":
                return _json({"files": list(self._files.values())} if self._files else {})
            case "files.get":
                return _json(self._file(call.route.identity))
            case "files.delete":
                self._file(call.route.identity)
                del self._files[call.route.identity]
                return Plain()
        raise not_found("The requested path")

    def _file(self, identity: str) -> Json:
        try:
            return self._files[identity]
        except KeyError:
            message = f"File {identity} was not found."
            raise Refusal(404, message, shape="rpc") from None

    def _upload(self, call: Neighbour) -> Plain:
        commands = {
            word.strip() for word in call.headers.get("X-Goog-Upload-Command", "").split(",")
        }
        if "start" in commands:
            return self._start_upload(call)
        upload = self._uploads.get(call.query.get("upload_id", ""))
        if upload is None:
            raise Refusal(404, "The upload session was not found.", shape="rpc")
        if "upload" in commands:
            if call.headers.get("X-Goog-Upload-Offset") != str(upload.received):
                raise Refusal(400, f"Expected offset {upload.received}.", shape="rpc")
            upload.received += len(call.body)
            upload.digest.update(call.body)
        if "finalize" in commands:
            return self._finish_upload(call, upload)
        size = str(upload.received)
        headers = {"X-Goog-Upload-Status": "active", "X-Goog-Upload-Size-Received": size}
        return Plain(b"", headers)

    def _start_upload(self, call: Neighbour) -> Plain:
        described = _parsed(call).get("file")
        described = described if isinstance(described, dict) else {}
        upload_id = call.chance.data(24).hex()
        kind = call.headers.get("X-Goog-Upload-Header-Content-Type", "application/octet-stream")
        name = described.get("display_name") or described.get("displayName") or ""
        _keep(self._uploads, upload_id, _Upload(kind, str(name)))
        address = f"{call.origin}/upload/{call.route.version}/files"
        headers = {
            "X-Goog-Upload-Status": "active",
            "X-Goog-Upload-URL": f"{address}?upload_id={upload_id}&upload_protocol=resumable",
        }
        return Plain(b"", headers)

    def _finish_upload(self, call: Neighbour, upload: _Upload) -> Plain:
        identity = call.chance.call_id() + call.chance.call_id()[:4]
        at = timestamp(call.now_s)
        file: Json = {
            "name": f"files/{identity}",
            "displayName": upload.display_name,
            "mimeType": upload.mime_type,
            "sizeBytes": str(upload.received),
            "createTime": at,
            "updateTime": at,
            "sha256Hash": upload.digest.hexdigest(),
            "uri": f"https://generativelanguage.googleapis.com/v1beta/files/{identity}",
            "state": "ACTIVE",
        }
        _keep(self._files, identity, file)
        self._uploads.pop(call.query.get("upload_id", ""))
        return Plain(orjson.dumps({"file": file}), {"X-Goog-Upload-Status": "final"})


def _keep(kept: dict[str, Any], key: str, value: Any) -> None:
    while len(kept) >= FILES_MAX:
        del kept[next(iter(kept))]
    kept[key] = value


def _json(answer: Json) -> Plain:
    return Plain(orjson.dumps(answer))


def _known(name: str) -> str:
    if name in catalogue.AGENTS:
        raise Refusal(400, "This model only supports Interactions API.", shape="rpc")
    if not catalogue.is_model(name):
        raise Refusal(404, f"models/{name} is not found.", shape="rpc")
    return name


def _model(name: str) -> Json:
    return {
        "name": f"models/{name}",
        "displayName": name,
        "inputTokenLimit": 1048576,
        "outputTokenLimit": 65536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }


def _parsed(call: Neighbour) -> Json:
    try:
        body = orjson.loads(call.body or b"{}")
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(400, "Invalid JSON payload received.", shape="rpc")
    return body


def _prompt_tokens(call: Neighbour) -> int:
    _known(call.route.identity)
    return text_tokens(orjson.dumps(_parsed(call).get("contents")).decode())


def _answer(text: str, reason: str | None = "STOP") -> Json:
    content = {"parts": [{"text": text}], "role": "model"}
    candidate: Json = {"content": content, "index": 0}
    if reason is not None:
        candidate["finishReason"] = reason
    return {"candidates": [candidate]}


def _generated(call: Neighbour) -> tuple[str, Json]:
    """The text of a generateContent answer, and what each of its pieces carries besides."""
    prompt = _prompt_tokens(call)
    text = " ".join(call.chance.pick(SENTENCES) for _ in range(3))
    said = text_tokens(text)
    return text, {
        "usageMetadata": {
            "promptTokenCount": prompt,
            "candidatesTokenCount": said,
            "thoughtsTokenCount": THOUGHT_TOKENS,
            "totalTokenCount": prompt + said + THOUGHT_TOKENS,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
        },
        "modelVersion": call.route.identity,
        "responseId": call.chance.data(12).hex(),
    }


def _generated_stream(call: Neighbour) -> Plain:
    text, common = _generated(call)
    *early, last = pieces(text)
    chunks = [common | _answer(piece, None) for piece in early] + [common | _answer(last)]
    if call.query.get("alt") != "sse":
        return Plain(orjson.dumps(chunks))
    return Plain(blocks=tuple(b"data: " + orjson.dumps(chunk) + b"\r\n\r\n" for chunk in chunks))
