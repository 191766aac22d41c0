"""What a reader notes beside its result: problems (a closed set) and names it does not know.

Readers take a `Notes` and never raise on foreign data. Nothing foreign goes into a problem: its
detail is a sentence of ours.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, Final

JsonObject = dict[str, Any]
"""A foreign JSON object after parsing. Any: nothing is known of it until a reader looked."""

PROBLEMS_MAX: Final = 100
"""Problems kept of one exchange. The first few tell the story; a hostile body could make millions."""
UNKNOWN_NAMES_MAX: Final = 200
"""Different unknown names kept of one exchange: more than all names Google has, twice."""

OWN_MARKS: Final = frozenset({"$deltas", "$arguments"})
"""Fields that the assembler puts into a step for what it could not place: no news of Google's."""


class ProblemKind(enum.StrEnum):
    """What was odd. Closed set; doubles as a metric label."""

    HEAD_UNREADABLE = "head_unreadable"
    """A request or response head is not HTTP/1."""
    BODY_CUT = "body_cut"
    """The body is longer than what is interpreted."""
    LOST_FRAMES = "lost_frames"
    """Something between the journal's frames is missing, so bodies may have holes."""
    CODING_UNKNOWN = "coding_unknown"
    """A content coding that this release does not decode."""
    CODING_BROKEN = "coding_broken"
    """The body is not what its content coding says, or ends early."""
    CODING_LIMIT = "coding_limit"
    """Decoding stopped at the size or ratio limit."""
    JSON_BROKEN = "json_broken"
    """A body or event is not JSON."""
    NOT_AN_OBJECT = "not_an_object"
    """JSON, but not an object where one belongs."""
    DUPLICATE_KEY = "duplicate_key"
    """A field that decides how long something is kept, or what answers, stands there twice."""
    WRONG_SHAPE = "wrong_shape"
    """A known field has another JSON type than the reference says."""
    CONTENT_TYPE_UNEXPECTED = "content_type_unexpected"
    """The answer was read although its content type says something else."""
    NOT_JSON = "not_json"
    """An answer that is neither JSON nor an event stream, such as a front end's error page."""
    TRUNCATED_TAIL = "truncated_tail"
    """The stream's last block has no blank line: Python's SDK reads it, the standard drops it."""
    NO_LAST_EVENT = "no_last_event"
    """The stream ended between two events, without its completed or error event."""
    AFTER_DONE = "after_done"
    """Events after [DONE], which clients ignore."""
    EVENT_TOO_LONG = "event_too_long"
    """An event passed the size limit and was skipped."""
    TOO_MANY = "too_many"
    """More steps or events than are kept."""
    REPEATED_START = "repeated_start"
    """A step index was started again; both steps are kept."""
    ARGUMENTS_BROKEN = "arguments_broken"
    """The pieces of a call's arguments do not add up to JSON."""
    BASE64_BROKEN = "base64_broken"
    """Media data is not base64; it stays in the step."""
    TOO_DEEP = "too_deep"
    """A value nests deeper than what can be written again."""
    NOT_INTERPRETED = "not_interpreted"
    """A bug of ours: interpreting the exchange failed, and only its bare facts are known."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something odd in an exchange that did not stop us from recording it."""

    kind: ProblemKind
    where: str
    """JSON pointer, byte range ("bytes 812-840"), or part of the exchange."""
    detail: str
    """One sentence of ours; no bodies, no keys."""


@dataclass(slots=True)
class Notes:
    """Collects problems and unknown names while one exchange is read. Mutable, used by one reader."""

    problems: list[Problem] = field(default_factory=list)
    unknowns: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """(kind, name as sent, where) to how often."""
    dropped: int = 0
    """Problems and names beyond the limits."""

    def problem(self, kind: ProblemKind, where: str, detail: str) -> None:
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(Problem(kind, where, detail))
        else:
            self.dropped += 1

    def unknown(self, kind: str, name: str, where: str) -> None:
        """Kind: as UnknownFact.kind lists them."""
        key = (kind, name, where)
        if key in self.unknowns or len(self.unknowns) < UNKNOWN_NAMES_MAX:
            self.unknowns[key] = self.unknowns.get(key, 0) + 1
        else:
            self.dropped += 1

    def unknown_fields(self, raw: JsonObject, known: frozenset[str], where: str) -> None:
        """Compare the fields of one object with those of its kind; the usual answer is: all known."""
        if not known.issuperset(raw):
            for name in sorted(raw.keys() - known - OWN_MARKS):
                self.unknown("field", name, where)
