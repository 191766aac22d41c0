"""Live over WebSocket: a session that says back what it is told.

Source: the protocol reference, section 16.4. Messages are JSON in text or binary frames; answers go out in binary
frames, as the service sends them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from proxy.emulator.answers.usage import text_tokens
from proxy.emulator.asked import catalogue
from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.asked.request import Json
from proxy.emulator.neighbours.classic.models import LIVE_MODELS

MESSAGE_BYTES_MAX: Final = 16 * 1024 * 1024
"""One message, unpacked: far more than a second of any medium."""

SESSIONS_MAX: Final = 100
"""Sessions at once; another is refused with 429."""

IDLE_S: Final = 900.0
"""A session that says nothing for so long is closed: the service ends sessions after a quarter of an hour."""

TURNS_KEPT_MAX: Final = 1_000
"""Parts that may wait for their turn to be complete; more of them end the session."""

_REASON_BYTES_MAX: Final = 123
"""What a close frame can hold."""


class _Ended(Exception):
    """The session is to be closed, with this code and for this reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(slots=True)
class _Session:
    """What one session knows. Mutable."""

    is_set_up: bool
    waiting: list[Json]
    """Parts of turns that are not complete."""


class Live:
    """Counts the sessions that are open. Mutable."""

    def __init__(self) -> None:
        self._open = 0

    async def converse(
        self, request: web.Request, opened: Callable[[web.WebSocketResponse], None]
    ) -> None:
        """Hold one session from its first frame to its last; `opened` is told when it is open.

        Raises:
            Refusal: 426, the request asks for no WebSocket; 429, too many sessions are open.
        """
        socket = web.WebSocketResponse(max_msg_size=MESSAGE_BYTES_MAX, receive_timeout=IDLE_S)
        if not socket.can_prepare(request):
            raise Refusal(426, "Live speaks WebSocket: ask for an upgrade.", shape="rpc")
        if self._open >= SESSIONS_MAX:
            raise Refusal(429, f"There are {SESSIONS_MAX} Live sessions already.", shape="rpc")
        self._open += 1
        try:
            await socket.prepare(request)
            opened(socket)
            await _talk(socket)
        finally:
            self._open -= 1


async def _talk(socket: web.WebSocketResponse) -> None:
    session = _Session(is_set_up=False, waiting=[])
    try:
        async for message in socket:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                for answer in _answers(session, message.data):
                    await socket.send_bytes(orjson.dumps(answer))
    except _Ended as ended:
        reason = ended.reason.encode()[:_REASON_BYTES_MAX]
        await socket.close(code=ended.code, message=reason)
    except TimeoutError:
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"The session was idle.")


def _answers(session: _Session, data: str | bytes) -> list[Json]:
    """What one message is answered with.

    Raises:
        _Ended: it cannot be meant.
    """
    try:
        message = orjson.loads(data)
    except orjson.JSONDecodeError:
        message = None
    if not isinstance(message, dict):
        raise _Ended(WSCloseCode.INVALID_TEXT, "Invalid JSON payload received.")
    if not session.is_set_up:
        return [_set_up(session, message)]
    if isinstance(content := _field(message, "clientContent", "client_content"), dict):
        return _turn(session, content)
    if isinstance(spoken := _field(message, "realtimeInput", "realtime_input"), dict):
        return _echo(_heard(spoken))
    if (results := _field(message, "toolResponse", "tool_response")) is not None:
        return _echo([{"text": orjson.dumps(results).decode()}])
    raise _Ended(
        WSCloseCode.INVALID_TEXT, "A message is clientContent, realtimeInput or toolResponse."
    )


def _set_up(session: _Session, message: Json) -> Json:
    setup = message.get("setup")
    if not isinstance(setup, dict):
        raise _Ended(WSCloseCode.INVALID_TEXT, "The first message must be the setup.")
    name = str(setup.get("model") or "").rpartition("models/")[2]
    if name not in LIVE_MODELS and not catalogue.is_model(name):
        reason = f"models/{name} is not found, or is not supported for bidiGenerateContent."
        raise _Ended(WSCloseCode.POLICY_VIOLATION, reason)
    session.is_set_up = True
    return {"setupComplete": {}}


def _turn(session: _Session, content: Json) -> list[Json]:
    """Nothing until the turn is complete, then all of its last user's parts."""
    for turn in _objects(content.get("turns")):
        session.waiting += _objects(turn.get("parts"))
    if len(session.waiting) > TURNS_KEPT_MAX:
        raise _Ended(WSCloseCode.POLICY_VIOLATION, f"A turn has at most {TURNS_KEPT_MAX} parts.")
    if not _field(content, "turnComplete", "turn_complete"):
        return []
    parts, session.waiting = session.waiting, []
    return _echo(parts)


def _heard(spoken: Json) -> list[Json]:
    """The parts of a realtime message. The end of a sound, or of an activity, has none."""
    if isinstance(spoken.get("text"), str):
        return [{"text": spoken["text"]}]
    chunks = _objects(_field(spoken, "mediaChunks", "media_chunks"))
    blobs = _objects([spoken.get("audio"), spoken.get("video"), *chunks])
    return [{"inlineData": blob} for blob in blobs]


def _echo(parts: list[Json]) -> list[Json]:
    """The parts as the model's, the end of its turn, and what both cost."""
    tokens = sum(text_tokens(orjson.dumps(part).decode()) for part in parts)
    end: Json = {
        "serverContent": {"turnComplete": True},
        "usageMetadata": {
            "promptTokenCount": tokens,
            "responseTokenCount": tokens,
            "totalTokenCount": 2 * tokens,
        },
    }
    said: Json = {"serverContent": {"modelTurn": {"role": "model", "parts": parts}}}
    return [said, {"serverContent": {"generationComplete": True}}, end] if parts else [end]


def _objects(given: Any) -> list[Json]:
    """The objects in a list; none if it is no list."""
    return [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []


def _field(message: Json, *names: str) -> Any:
    """The first of these that is there: JavaScript writes camelCase, Python also snake_case."""
    return next((message[name] for name in names if message.get(name) is not None), None)
