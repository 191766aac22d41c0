"""What a conversation said, turn by turn, out of recorded exchanges: unredacted, as it went over the wire. Pure.

Goes from a turn to the one before it, as requests name it. What cannot be opened, or was never seen, is named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from proxy.errors import FormatError, KeyDestroyed
from proxy.interactions.interaction import decode_id, interaction_from_json
from proxy.interactions.known import TERMINAL_STATUSES
from proxy.interactions.problems import JsonObject, Notes
from proxy.recording.exchange import Exchange
from proxy.recording.merging.whole import Gathering, asked_in
from proxy.recording.operation import classify
from proxy.recording.reading.answer import read_answer
from proxy.recording.reading.decode import decode_body
from proxy.recording.reading.heads import request_head, response_head
from proxy.recording.reading.timeline import said_by_caller

TURNS_MAX: Final = 2000
"""Of one conversation: a million tokens of context are as many turns of 500 tokens."""
OPENED_BYTES_MAX: Final = 128 * 1024 * 1024
"""Bodies of all turns together, without their content coding, held until all are read. A request carries 64 MiB of steps; as much again is
room for settings, for events, and for what is told twice."""
READS_MAX: Final = 5
"""Answers to GETs that are opened, the last first, to find one that shows the end."""

Row = Mapping[str, Any]
"""Of the query `exchanges_of`: operation, status, is_streaming, raw_ref."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One interaction as it was asked for and answered."""

    interaction: str
    at_ns: int
    """When it was asked for, wall clock; 0: that was not seen."""
    request: JsonObject
    """The body of its create; empty: not seen."""
    previous: str | None
    asked: tuple[JsonObject, ...]
    """Steps of the caller."""
    answered: tuple[JsonObject, ...]
    status: str | None
    model: str | None
    faults: tuple[str, ...]
    """Why it is not whole, in our words."""


def history(
    interaction: str,
    rows_of: Callable[[str], Sequence[Row]],
    open_exchange: Callable[[str], Exchange],
) -> list[Turn]:
    """The turns up to this one, the first one first.

    Args:
        interaction: the last turn.
        rows_of: the exchanges that carried an interaction, in order.
        open_exchange: by raw_ref; KeyDestroyed and FormatError are faults of the turn.

    Raises:
        FormatError: there are more than TURNS_MAX, or they have more than OPENED_BYTES_MAX.
    """
    turns: list[Turn] = []
    seen: set[str] = set()
    opening = _Opening(open_exchange)
    name: str | None = interaction
    while name is not None and name not in seen:
        if len(turns) >= TURNS_MAX:
            raise FormatError(f"more than {TURNS_MAX} turns: too long for one request")
        seen.add(name)
        turns.append(_Reading(name, opening).turn(rows_of(name)))
        name = turns[-1].previous
    return turns[::-1]


class _Opening:
    """Opens exchanges as long as all together are not too large."""

    def __init__(self, open_exchange: Callable[[str], Exchange]) -> None:
        self._open_exchange = open_exchange
        self._left_bytes = OPENED_BYTES_MAX
        self.is_too_much = False

    def exchange(self, raw_ref: str) -> Exchange:
        """Raises: as `history` says of `open_exchange`."""
        found = self._open_exchange(raw_ref)
        self._left_bytes -= _decoded_bytes(found)
        self.is_too_much = self._left_bytes < 0
        return found


class _Reading:
    """Opens what carried one interaction."""

    def __init__(self, name: str, opening: _Opening) -> None:
        self._name = name
        self._opening = opening
        self._faults: dict[str, None] = {}
        self._request: JsonObject = {}
        self._at_ns = 0
        self._asked: tuple[JsonObject, ...] = ()
        self._answered: tuple[JsonObject, ...] = ()
        self._resource: JsonObject = {}
        """The last telling of it."""

    def turn(self, rows: Sequence[Row]) -> Turn:
        good = [row for row in rows if 200 <= (row["status"] or 0) < 300]
        told = [row for row in good if row["operation"] == "create" or row["is_streaming"]]
        reads = [row for row in good if row["operation"] == "get" and not row["is_streaming"]]
        if not self._is_told_whole(told):
            self._read(reads[::-1][:READS_MAX])
        self._judge(has_rows=bool(rows))
        resource = interaction_from_json(self._resource, Notes())
        previous = self._request.get("previous_interaction_id") or resource.previous_interaction_id
        model = self._request.get("model") or resource.model
        return Turn(
            self._name,
            self._at_ns,
            self._request,
            previous if isinstance(previous, str) else None,
            self._asked,
            self._answered,
            resource.status,
            model if isinstance(model, str) else None,
            tuple(self._faults),
        )

    def _is_told_whole(self, rows: Sequence[Row]) -> bool:
        """By its create, or by the streams that told it."""
        gathering, has_stream = Gathering(self._name), False
        for row in rows:
            exchange = self._opened(row)
            if exchange is None:
                continue
            if row["operation"] == "create":
                self._request, self._at_ns = _body_of(exchange), exchange.started_wall_ns
                self._asked = tuple(asked_in(exchange))
            resource = _resource(exchange)
            if resource is not None:
                self._take(resource, of_caller=0)
                if resource.get("status") in TERMINAL_STATUSES:
                    return True
            elif row["is_streaming"]:
                gathering.take(exchange)
                has_stream = True
        if not has_stream:
            return False
        whole = gathering.whole()
        self._resource, self._answered = whole.body, whole.outputs
        return whole.log.is_whole

    def _read(self, rows: Sequence[Row]) -> None:
        """By a GET, which shows what the caller said, too."""
        for row in rows:
            exchange = self._opened(row)
            resource = None if exchange is None else _resource(exchange)
            if resource is None or (
                self._answered and resource.get("status") not in TERMINAL_STATUSES
            ):
                continue
            steps = interaction_from_json(resource, Notes()).steps
            self._take(resource, of_caller=said_by_caller(steps))
            return

    def _take(self, resource: JsonObject, of_caller: int) -> None:
        steps = [step.raw for step in interaction_from_json(resource, Notes()).steps]
        self._resource, self._answered = resource, tuple(steps[of_caller:])
        self._asked = self._asked or tuple(steps[:of_caller])

    def _judge(self, *, has_rows: bool) -> None:
        status = self._resource.get("status")
        if not has_rows:
            self._faults["it was not recorded here"] = None
        elif not self._resource and not self._faults:
            self._faults["what was answered was not recorded"] = None
        elif status in TERMINAL_STATUSES:
            self._faults.clear()  # another exchange told the same
        elif self._resource:
            self._faults["its end was not recorded: what had arrived is carried"] = None
        if not self._asked and not self._request.get("continuation_token") and self._resource:
            self._faults["what was asked was not recorded"] = None
        known = decode_id(self._name)
        has_previous = self._request or "previous_interaction_id" in self._resource
        if known is not None and not known.is_root and not has_previous:
            self._faults["the turn before it is not known"] = None

    def _opened(self, row: Row) -> Exchange | None:
        try:
            exchange = self._opening.exchange(row["raw_ref"])
        except KeyDestroyed:
            self._faults["it was erased here"] = None
            return None
        except FormatError:
            self._faults["its record is damaged"] = None
            return None
        if self._opening.is_too_much:
            raise FormatError(
                f"more than {OPENED_BYTES_MAX} bytes were recorded: too large for one request; rescue an earlier turn"
            )
        return None if exchange.is_answer_withheld else exchange


def _decoded_bytes(exchange: Exchange) -> int:
    asked, answered = request_head(exchange.intent.head), response_head(exchange.response_head)
    request = decode_body(exchange.request, asked.codings if asked else (), Notes(), "request")
    response = decode_body(
        exchange.response, answered.codings if answered else (), Notes(), "response"
    )
    return len(request.data) + len(response.data)


def _body_of(exchange: Exchange) -> JsonObject:
    asked = request_head(exchange.intent.head)
    if asked is None or classify(asked.method, asked.target).operation != "create":
        return {}
    try:
        value = orjson.loads(decode_body(exchange.request, asked.codings, Notes(), "request").data)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _resource(exchange: Exchange) -> JsonObject | None:
    answered = response_head(exchange.response_head)
    return None if answered is None else read_answer(exchange, answered, Notes()).resource
