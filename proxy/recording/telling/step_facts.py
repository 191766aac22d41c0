"""Steps as facts in clear, and their contents, redacted and with media taken out, to be sealed. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from proxy.interactions.content import Content, Media, Text, text_or_none
from proxy.interactions.problems import Notes, ProblemKind
from proxy.interactions.steps import (
    STEPS_MAX,
    Call,
    ModelOutput,
    Result,
    Step,
    Thought,
    UnknownStep,
    UserInput,
)
from proxy.recording.facts import MediaFact, MediaObject, StepFact
from proxy.recording.reading.event_stream import NO_TIMES, StepTimes, first_code
from proxy.recording.repeats.marks import NO_MARK, Mark
from proxy.recording.secrecy.equality import NO_EQUALITY, Equality
from proxy.recording.secrecy.names import clear_name, clear_name_or_none
from proxy.recording.secrecy.redact import SIGNED, may_hold_secret, redact
from proxy.recording.telling.media_facts import MediaTelling
from proxy.recording.telling.subject import Subject

IDS_WITHIN_MAX: Final = 100
"""Results among the contents of one user_input whose calls are named; models call a dozen at a time."""
STEPS_TOLD_MAX: Final = 2 * STEPS_MAX
"""Steps of one exchange that get a row and a sealed content: those of a request and of its answer. A
stream of many interactions could have a thousand times as many."""
_WITH_FREE_FIELDS: Final = frozenset({Call, Result, UnknownStep})
"""Steps that may hold a secret: the others have known fields only, and text."""
_WITHOUT_CONTENT: Final = (Call, UnknownStep)
_VARIANTS: Final = {
    "google_search_call": "search_type",
    "retrieval_call": "retrieval_type",
    "code_execution_call": "arguments",
}
"""Calls that come in several kinds, and the field that says which."""


@dataclass(slots=True)
class StepTelling:
    """Collects what the steps of one exchange become. Mutable; takes over the steps' raw JSON."""

    notes: Notes
    equality: Equality = NO_EQUALITY
    facts: list[StepFact] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    told_media: MediaTelling = field(init=False)
    input_count: int = 0
    output_count: int = 0
    has_left_steps: bool = False
    """More than STEPS_TOLD_MAX came."""

    def __post_init__(self) -> None:
        self.told_media = MediaTelling(self.notes, self.equality)

    @property
    def media_facts(self) -> list[MediaFact]:
        return self.told_media.facts

    @property
    def media(self) -> list[MediaObject]:
        return self.told_media.objects

    def tell(
        self,
        step: Step,
        subject: Subject,
        side: str,
        times: StepTimes = NO_TIMES,
        mark: Mark = NO_MARK,
    ) -> None:
        """Add one step. `side` is "input" or "output"; `mark` is what a repetition is known by."""
        if len(self.facts) >= STEPS_TOLD_MAX:
            if not self.has_left_steps:
                detail = f"more than {STEPS_TOLD_MAX} steps; the rest stays in the raw record"
                self.notes.problem(ProblemKind.TOO_MANY, "steps", detail)
            self.has_left_steps = True
            return
        if side == "input":
            index = self.input_count
            self.input_count += 1
        else:
            index = self.output_count
            self.output_count += 1
        contents = _contents(step)
        text_bytes = media_count = annotation_count = 0
        for content in contents:
            if type(content) is Text:
                text = content.text
                text_bytes += len(text) if text.isascii() else _utf8_size(text)
                annotation_count += len(content.annotations)
            elif type(content) is Media:
                media_count += 1
                self.told_media.tell(content, subject, side, index)
        dumped = self._dump(step, side, index)
        self.contents.append(dumped)
        name, server_name, call_id, is_error, signature = _labels(step)
        is_known = type(step) is not UnknownStep
        self.facts.append(
            StepFact(
                exchange=subject.exchange,
                interaction=subject.interaction,
                id_hash=subject.id_hash,
                at=subject.at,
                side=side,
                step_index=index,
                type=step.type if is_known else clear_name(step.type),
                is_known=is_known,
                name=clear_name_or_none(name),
                server_name=clear_name_or_none(server_name),
                call_id=clear_name_or_none(call_id) or _ids_within(step),
                is_error=is_error,
                has_signature=bool(signature),
                content_count=len(contents),
                text_bytes=text_bytes,
                media_count=media_count,
                delta_count=times.delta_count,
                started_at=times.started_at,
                ended_at=times.ended_at,
                duration_ns=times.duration_ns,
                step_tokens=times.tokens,
                content_index=len(self.contents) - 1,
                content_bytes=len(dumped),
                error_code=_error_code(step) if type(step) is ModelOutput else None,
                annotation_count=annotation_count,
                item_count=_item_count(step) if type(step) is Result else None,
                variant=_variant(step) if type(step) is Call else None,
                stream_index=times.stream_index,
                chain_mac=mark.chain_mac,
                step_mac=mark.step_mac,
            )
        )

    def add_about(self, about: bytes | None) -> int | None:
        """Add what was said beside the steps; returns its place in `contents`."""
        if about is None:
            return None
        self.contents.append(about)
        return len(self.contents) - 1

    def _dump(self, step: Step, side: str, index: int) -> bytes:
        raw = step.raw
        try:
            dumped = orjson.dumps(raw)
            has_free_fields = type(step) in _WITH_FREE_FIELDS and may_hold_secret(dumped)
            if has_free_fields or SIGNED in dumped:
                dumped = orjson.dumps(redact(raw))
        except orjson.JSONEncodeError:
            # orjson reads 1,024 levels and writes 254.
            where = f"{side} step {index}"
            self.notes.problem(ProblemKind.TOO_DEEP, where, "kept in the raw record only")
            kind = raw.get("type")
            return orjson.dumps({"type": kind if isinstance(kind, str) else None, "$omitted": True})
        return dumped


def _utf8_size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _contents(step: Step) -> tuple[Content, ...]:
    if isinstance(step, _WITHOUT_CONTENT):
        return ()
    return step.summary if isinstance(step, Thought) else step.contents


def _error_code(step: ModelOutput) -> str | None:
    return first_code(step.error) if step.error else None


def _item_count(step: Result) -> int | None:
    items = step.raw.get("result")
    return len(items) if isinstance(items, list) else None


def _variant(step: Call) -> str | None:
    field = _VARIANTS.get(step.type)
    if field is None:
        return None
    value = step.raw.get(field)
    if field == "arguments":
        value = value.get("language") if isinstance(value, dict) else None
    return clear_name_or_none(text_or_none(value))


def _labels(step: Step) -> tuple[str | None, str | None, str | None, bool | None, Any]:
    """Name, server name, call id, is_error, signature."""
    if type(step) is Call:
        return step.name, step.server_name, step.id, None, step.signature
    if type(step) is Result:
        return step.name, step.server_name, step.call_id, step.is_error, step.signature
    if type(step) is Thought:
        return None, None, None, None, step.signature
    return None, None, None, True if type(step) is ModelOutput and step.error else None, None


def _ids_within(step: Step) -> str | None:
    """Calls that results among the contents of a user_input answer, with commas."""
    content = step.raw.get("content") if type(step) is UserInput else None
    if not isinstance(content, list):
        return None
    found = [
        clear_name(item["call_id"])
        for item in content
        if isinstance(item, dict)
        and item.get("type") == "function_result"
        and isinstance(item.get("call_id"), str)
    ]
    return ",".join(found[:IDS_WITHIN_MAX]) or None
