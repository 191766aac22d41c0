"""The body of a create that goes on from a conversation without anything Google has stored. Pure.

All turns stand in `input` as steps, the model's and its thoughts' signatures included; `store` is false. What cannot
go along is named, one note each. Source: reference, sections 5.1, 5.2, 12.1; promises, fact 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from proxy.audit.rescue.history import Turn
from proxy.audit.retention.clocks import RULES
from proxy.errors import FormatError
from proxy.interactions.known import MEDIA_TYPES, REQUEST_FIELDS
from proxy.interactions.problems import JsonObject
from proxy.recording.secrecy.redact import redact

BODY_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of the steps together. Inline media of a long conversation; it is held in memory as a whole."""
CARRIED: Final = (
    *("system_instruction", "tools", "generation_config", "response_format", "response_mime_type"),
    *("response_modalities", "safety_settings", "service_tier", "labels"),
)
"""Settings of the last turn that stand as well without storage. None is inherited from turn to turn."""
_SILENT: Final = frozenset({"input", "stream", "store", "model", "previous_interaction_id"})
_LEFT: Final = {
    "agent": "an agent keeps its work at Google: a model goes on in its place",
    "agent_config": "settings of the agent",
    "background": "work in the background needs storage",
    "cached_content": "what the cache holds was never part of the conversation: say it again",
    "continuation_token": "a token of a stored answer",
    "environment": "files and state of the sandbox stay there",
    "webhook_config": "notices of work in the background",
}
_FILE: Final = re.compile(r"https://[^/?#]+/(?:download/)?v[0-9a-z]+/files/[^/?#]+.*")
"""Of the Files API; source: reference, 8.1."""


@dataclass(frozen=True, slots=True)
class Rescue:
    """What can be carried on, and what cannot."""

    body: JsonObject
    """As POST /v1beta/interactions takes it."""
    notes: tuple[str, ...]
    """What is not in it, or has to be put back, in our words."""
    is_whole: bool
    """Every turn is there, to its end."""


def rescued(
    turns: Sequence[Turn], now_ns: int, say: str | None = None, model: str | None = None
) -> Rescue:
    """The body for these turns, the first one first.

    Args:
        turns: not empty.
        now_ns: wall clock; files of turns that are too old have expired.
        say: what the caller says next; None: whoever takes the body adds a step of his own.
        model: in place of the last one; of an agent's conversation it must be given.

    Raises:
        FormatError: there is nothing to carry, no model is known, or it is too large.
    """
    last = turns[-1]
    wanted = model or next((turn.model for turn in reversed(turns) if turn.model), None)
    if wanted is None:
        raise FormatError(
            "no model answered in this conversation, and an agent keeps its work at Google:"
            " say which model goes on (--model)"
        )
    making = _Making(now_ns)
    steps = [step for turn in turns for step in making.steps_of(turn)]
    if not steps:
        raise FormatError("nothing of this conversation can be opened here: nothing to go on from")
    making.note_settings(last)
    if say is not None:
        steps.append({"type": "user_input", "content": [{"type": "text", "text": say}]})
    making.note_steps(steps, is_said=say is not None)
    body = {"model": wanted, "store": False, **making.settings_of(last), "input": steps}
    is_whole = not any(turn.faults for turn in turns)
    return Rescue(body, tuple(making.notes), is_whole)


class _Making:
    """Takes turns, and notes what they lose."""

    def __init__(self, now_ns: int) -> None:
        self._now_ns = now_ns
        self._left_bytes = BODY_BYTES_MAX
        self.notes: dict[str, None] = {}

    def steps_of(self, turn: Turn) -> Iterator[JsonObject]:
        for fault in turn.faults:
            self._note(f"{turn.interaction}: {fault}")
        for step in (*turn.asked, *turn.answered):
            if (found := self._carried(step, turn)) is not None:
                yield found

    def note_settings(self, last: Turn) -> None:
        """Of the last turn: earlier ones had their own."""
        if not last.request:
            self._note(f"{last.interaction}: its settings were not recorded: none is in the body")
        for name in last.request:
            if name in _SILENT or name in CARRIED or last.request[name] in (None, False):
                continue
            unknown = "we do not know it" if name not in REQUEST_FIELDS else "it needs storage"
            self._note(f"{name} is left out: {_LEFT.get(name, unknown)}")

    def settings_of(self, last: Turn) -> JsonObject:
        """Those that stand as well without storage."""
        told = {name: last.request[name] for name in CARRIED if last.request.get(name) is not None}
        found = {name: value for name, value in told.items() if _size(value) is not None}
        for name in told.keys() - found.keys():
            self._note(f"{name} is left out: it is nested too deep to be written")
        return self._cleaned(found, "settings")

    def note_steps(self, steps: Sequence[JsonObject], *, is_said: bool) -> None:
        """What whoever takes the body has to know of it as a whole."""
        signed = sum(1 for step in steps if step.get("signature"))
        if signed:
            self._note(
                f"{signed} signatures of thoughts and tools are carried as they were given; whether another model or "
                "project takes them is not documented"
            )
        calls = [str(step.get("id")) for step in steps if step.get("type") == "function_call"]
        answered = {str(result.get("call_id")) for step in steps for result in _results(step)}
        waiting = ", ".join(call for call in calls if call not in answered)
        if waiting:
            self._note(f"the next step has to be the function_result of {waiting}")
        elif not is_said and steps[-1].get("type") not in ("user_input", "function_result"):
            self._note("add what is said next as a user_input step at the end of input")

    def _cleaned(self, value: JsonObject, where: str) -> JsonObject:
        """Without secrets."""
        found: JsonObject = redact(value)
        if found != value:
            self._note(f"a secret in {where} is left out: put it back where [redacted] stands")
        return found

    def _carried(self, step: JsonObject, turn: Turn) -> JsonObject | None:
        kind = step.get("type")
        if kind == "thought" and not step.get("signature"):
            self._note(f"{turn.interaction}: a thought without its signature is left out")
            return None
        copy = dict(step)
        if kind == "model_output" and copy.pop("error", None) is not None:
            self._note(f"{turn.interaction}: the error at the end of its output is left out")
        for name in ("content", "result", "summary"):
            if isinstance(copy.get(name), list):
                copy[name] = self._contents(copy[name], turn)
                if name == "content" and not copy[name]:
                    return None
        size = _size(copy)
        if size is None:
            self._note(f"{turn.interaction}: a step nested too deep to be written is left out")
            return None
        self._left_bytes -= size
        if self._left_bytes < 0:
            raise FormatError(
                f"more than {BODY_BYTES_MAX} bytes: too large for one request; rescue an earlier turn"
            )
        return self._cleaned(copy, f"a step of {turn.interaction}")

    def _contents(self, contents: Iterable[Any], turn: Turn) -> list[Any]:
        found: list[Any] = []
        for content in contents:
            is_result = isinstance(content, dict) and content.get("type") == "function_result"
            if is_result and isinstance(content.get("result"), list):
                found.append(
                    {**content, "result": self._contents_of_result(content["result"], turn)}
                )
            elif self._is_there(content, turn):
                found.append(content)
        return found

    def _contents_of_result(self, contents: Iterable[Any], turn: Turn) -> list[Any]:
        return [content for content in contents if self._is_there(content, turn)]

    def _is_there(self, content: Any, turn: Turn) -> bool:
        """Whether what a medium refers to may still be there."""
        told = content if isinstance(content, dict) else {}
        uri, kind = told.get("uri"), told.get("type")
        if not isinstance(uri, str) or not isinstance(kind, str) or kind not in MEDIA_TYPES:
            return True
        if not _FILE.fullmatch(uri):
            self._note(
                f"{turn.interaction}: {uri} is carried as a link; what it shows may have changed"
            )
            return True
        # It was there when it was used, so it was uploaded before.
        if self._now_ns > turn.at_ns + RULES.file_ns:
            self._note(
                f"{turn.interaction}: the file {uri} has expired and is left out: upload it again"
            )
            return False
        self._note(f"{turn.interaction}: the file {uri} expires within 48 hours of its upload")
        return True

    def _note(self, text: str) -> None:
        """Without secrets: it may name a signed URL."""
        self.notes[redact(text)] = None


def _size(value: Any) -> int | None:
    """Bytes of it as JSON; None: it cannot be written."""
    try:
        return len(orjson.dumps(value))
    except (orjson.JSONEncodeError, RecursionError):
        return None


def _results(step: JsonObject) -> Iterator[JsonObject]:
    if step.get("type") == "function_result":
        yield step
    content = step.get("content")
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and part.get("type") == "function_result":
            yield part
