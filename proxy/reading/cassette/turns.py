"""From recorded exchanges to the turns of a scenario. Pure.

Answers are kept as they were, ids and dates included, so that an agent sees the same again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from proxy.reading.cassette.exchanges import Json, Passed, Streamed
from proxy.reading.cassette.requests import when_of
from proxy.recording.secrecy.redact import redact

OPEN: Final = frozenset({"queued", "in_progress"})
"""Statuses of an interaction that is not over."""

_LATER: Final = {"get": "reads", "cancel": "cancels", "delete": "deletes"}
_NOTHING_SPECIAL: Final[list[Json]] = [{"answer": {}}]
"""What every deletion is answered."""


@dataclass(slots=True)
class Turns:
    """Takes exchanges, oldest first; has turns as they stand in a scenario."""

    turns: list[Json] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What a reader should know: what was left out, and why."""
    _by_id: dict[str, Json] = field(default_factory=dict)
    _by_token: dict[str, Json] = field(default_factory=dict)

    def take(self, passed: Passed) -> None:
        """Add what one exchange tells."""
        if passed.status is None:
            self.notes.append(f"exchange {passed.exchange} got no answer: left out")
        elif passed.operation == "create":
            self._create(passed)
        else:
            self._later(passed)

    def finished(self) -> list[Json]:
        """The turns, without what goes without saying."""
        for turn in self.turns:
            if all(reply == _NOTHING_SPECIAL[0] for reply in turn.get("deletes", ())):
                turn.pop("deletes", None)
            reads = turn.get("reads", [])
            while len(reads) > 1 and reads[-1] == reads[-2]:
                reads.pop()  # the last answer stays
        return self.turns

    def _create(self, passed: Passed) -> None:
        turn: Json = {"name": f"turn-{len(self.turns) + 1}"}
        turn["when"] = when_of(passed, self._by_id, self._by_token)
        if passed.request.get("previous_interaction_id") and "previous" not in turn["when"]:
            self.notes.append(f"{turn['name']} builds on an interaction that is not exported")
        self.turns.append(turn)
        if passed.streamed is not None:
            self._tell_stream(turn, passed.streamed, is_create=True)
        elif passed.status == 200 and isinstance(passed.body, dict):
            answer = self._clean(turn, passed.body)
            turn |= {"answer": answer, "exact": True}
            if passed.request.get("background") is True:
                turn["background"] = {"accepted": answer}
            self._know(turn, answer)
        else:
            turn["refuse"] = self._refused(turn, passed)
        if passed.head_s:
            turn.setdefault("stream", {})["first"] = passed.head_s

    def _later(self, passed: Passed) -> None:
        turn = self._by_id.get(passed.identity or "")
        if turn is None:
            told = f"{passed.operation} of an interaction that is not exported"
            self.notes.append(f"exchange {passed.exchange} is a {told}: left out")
        elif passed.streamed is not None:
            self._tell_stream(turn, passed.streamed, is_create=False)
        elif passed.operation in _LATER:
            replies = turn.setdefault(_LATER[passed.operation], [])
            if passed.status == 200 and isinstance(passed.body, dict):
                body = self._clean(turn, passed.body)
                replies.append({"answer": body})
                if passed.operation == "get":
                    self._over(turn, body, len(replies))
            else:
                replies.append({"refuse": self._refused(turn, passed)})
        else:
            self.notes.append(f"exchange {passed.exchange}: no stream came back: left out")

    def _over(self, turn: Json, seen: Json, polls: int) -> None:
        """A poll that sees the end of a background run: that is the turn's answer."""
        background = turn.get("background")
        if background is None or "polls" in background or seen.get("status") in OPEN:
            return
        background["polls"] = polls
        turn["answer"] = seen | {"steps": _said(seen.get("steps", []))}

    def _tell_stream(self, turn: Json, streamed: Streamed, *, is_create: bool) -> None:
        events = [self._clean(turn, event) for event in streamed.events]
        stream = turn.setdefault("stream", {})
        known = stream.get("events", [])
        if not is_create and known:
            seen = {event.get("event_id") for event in known} - {None}
            fresh = [event for event in events if event.get("event_id") not in seen]
            if not seen or not fresh:
                return  # the same events once more
            stream["events"] = known + fresh
            stream["gaps"] = stream["gaps"] + list(streamed.gaps_s[-len(fresh) :])
        else:
            stream |= {"events": events, "gaps": list(streamed.gaps_s)}
        resource = self._clean(turn, streamed.resource)
        if is_create:
            turn |= {"answer": resource, "exact": True}
            if fault := _ending(streamed):
                turn["fault"] = fault
            self._know(turn, resource)
        elif resource.get("status") not in OPEN and not known:
            turn["answer"] = resource | {"steps": _said(resource.get("steps", []))}
        if streamed.was_unread:
            self.notes.append(f"{turn['name']}: events that were no JSON objects are left out")

    def _know(self, turn: Json, answer: Json) -> None:
        if isinstance(answer.get("id"), str) and answer["id"]:
            self._by_id[answer["id"]] = turn
        if isinstance(answer.get("continuation_token"), str):
            self._by_token[answer["continuation_token"]] = turn

    def _refused(self, turn: Json, passed: Passed) -> Json:
        told: Json = {"status": passed.status, "body": self._clean(turn, passed.body)}
        if isinstance(passed.body, str) and passed.content_type:
            told["content_type"] = passed.content_type
        return told | ({"headers": passed.headers} if passed.headers else {})

    def _clean(self, turn: Json, value: Any) -> Any:
        kept = redact(value)
        note = f"{turn['name']}: a secret in the answer is left out: [redacted]"
        if kept != value and note not in self.notes:
            self.notes.append(note)
        return kept


def turns_from(exchanges: Iterable[Passed]) -> Turns:
    """The turns of these exchanges, oldest first."""
    turns = Turns()
    for passed in exchanges:
        turns.take(passed)
    return turns


def _said(steps: Any) -> list[Any]:
    """The steps of a whole timeline that the model or agent made: what follows the caller's."""
    found = steps if isinstance(steps, list) else []
    place = 0
    while place < len(found) and found[place].get("type") in ("user_input", "function_result"):
        place += 1
    return found[place:]


def _ending(streamed: Streamed) -> str | None:
    """How the stream ended, in the emulator's words, if not as it should."""
    if streamed.is_broken:
        return f"cut_stream={len(streamed.events)}"
    return None if streamed.is_done else "framing=no_done"
