"""From a file's values to a `Scenario`, or to everything that is wrong with it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, Literal, cast

import orjson

from proxy.emulator.asked.faults import WHOLE, Fault, fault_from_text
from proxy.emulator.asked.refusals import JSON_TYPE, Refusal
from proxy.emulator.scenarios.format.fields import Fields, nearest
from proxy.emulator.scenarios.format.source import Place, Source
from proxy.emulator.scenarios.format.spoken import CONTENTS, read_answer
from proxy.emulator.scenarios.script import (
    NONE,
    OPERATIONS,
    Background,
    Reply,
    Scenario,
    Stream,
    Text,
    Turn,
    When,
)

VERSION: Final = 1
"""Of the format; `scenario: 1` opens every file."""

TURNS_MAX: Final = 10_000
"""Turns of one scenario: a request that fits none is compared with each that is left."""

MADE_UP: Final = "compose"
"""In place of an answer: the emulator makes one up, as it does without a scenario."""

ANY_NUMBER: Final = "any"

_SCENARIO: Final = (
    "scenario",
    "name",
    "description",
    "seed",
    "order",
    "otherwise",
    "turns",
)
_TURN: Final = (
    "name",
    "when",
    "times",
    "answer",
    "exact",
    "refuse",
    "fault",
    "stream",
    "background",
    *OPERATIONS,
)
_WHEN: Final = (
    "model",
    "agent",
    "input",
    "previous",
    "continues",
    "result_of",
    "tools",
    "stream",
    "background",
    "store",
)
_INPUT: Final = ("equals", "contains", "matches", "has")
_STREAM: Final = ("events", "piece", "first", "gaps", "gap")
_REFUSE: Final = ("status", "body", "code", "message", "content_type", "headers")
_LINE: Final = re.compile(r"[A-Za-z0-9-]+: [ -~]+")
_TEXT_TYPE: Final = "text/html; charset=UTF-8"


def scenario_from_source(source: Source) -> Scenario:
    """Check a whole file.

    Raises:
        ConfigError: a line for each problem: file, line, place, what is wrong, what to do.
    """
    fields = Fields(source)
    given = fields.mapping(source.value, (), _SCENARIO)
    if given.get("scenario") != VERSION:
        fields.problem(("scenario",), f"say which format this is: scenario: {VERSION}")
    turns = tuple(_turns(fields, given.get("turns"), ("turns",)))
    if not turns:
        fields.problem(("turns",), "no turns; write at least one: - name: …")
    scenario = Scenario(
        file=source.file,
        name=fields.text(given, "name", ()) or source.file,
        turns=turns,
        description=fields.text(given, "description", ()) or "",
        seed=fields.count(given, "seed", ()),
        order=cast(
            "Literal['strict', 'any']",
            fields.choice(given, "order", (), ("strict", "any")) or "strict",
        ),
        otherwise=cast(
            "Literal['refuse', 'compose']",
            fields.choice(given, "otherwise", (), ("refuse", MADE_UP)) or "refuse",
        ),
    )
    _check_names(fields, turns)
    fields.refuse_if_any()
    return scenario


def _turns(fields: Fields, value: Any, place: Place) -> Iterator[Turn]:
    for number, (here, item) in enumerate(fields.items(value, place), 1):
        if number > TURNS_MAX:
            fields.problem(here, f"more than {TURNS_MAX} turns; split the scenario")
            return
        yield _turn(fields, item, here, f"turn-{number}")


def _turn(fields: Fields, value: Any, place: Place, unnamed: str) -> Turn:
    given = fields.mapping(value, place, _TURN)
    is_exact = bool(fields.flag(given, "exact", place))
    is_made_up = given.get("answer") == MADE_UP
    answer = None
    if "answer" in given and not is_made_up:
        answer = read_answer(fields, given["answer"], (*place, "answer"), is_exact=is_exact)
    refuse = None
    if "refuse" in given:
        refuse = _refuse(fields, given["refuse"], (*place, "refuse"))
    if ("answer" in given) == ("refuse" in given) and not ("fault" in given and refuse is None):
        fields.problem(place, f"give one of answer (or answer: {MADE_UP}), refuse, fault")
    if is_exact and not isinstance(given.get("answer"), dict):
        fields.problem((*place, "exact"), "there is no answer to be exact about; remove it")
    replies = {
        operation: tuple(_replies(fields, given[name], (*place, name)))
        for name, operation in OPERATIONS.items()
        if name in given
    }
    times = None if given.get("times") == ANY_NUMBER else fields.count(given, "times", place, 1)
    return Turn(
        name=fields.text(given, "name", place) or unnamed,
        line=fields.source.line(place),
        when=_when(fields, given.get("when", {}), (*place, "when")),
        times=times if "times" in given else 1,
        answer=answer,
        is_exact=is_exact,
        refuse=refuse,
        fault=_fault(fields, given, place),
        stream=_stream(fields, given.get("stream", {}), (*place, "stream")),
        background=_background(fields, given.get("background", {}), (*place, "background")),
        replies=replies,
    )


def _when(fields: Fields, value: Any, place: Place) -> When:
    given = fields.mapping(value, place, _WHEN)
    if "model" in given and "agent" in given:
        fields.problem(place, "a request has a model or an agent; remove one")
    return When(
        model=fields.text(given, "model", place),
        agent=fields.text(given, "agent", place),
        input=_input(fields, given["input"], (*place, "input")) if "input" in given else None,
        previous=fields.text(given, "previous", place),
        continues=fields.text(given, "continues", place),
        result_of=fields.texts(given, "result_of", place),
        tools=fields.texts(given, "tools", place),
        stream=fields.flag(given, "stream", place),
        background=fields.flag(given, "background", place),
        store=fields.flag(given, "store", place),
    )


def _input(fields: Fields, value: Any, place: Place) -> Text:
    if isinstance(value, str):
        return Text(equals=value)
    given = fields.mapping(value, place, _INPUT)
    pattern = fields.text(given, "matches", place)
    compiled = None
    if pattern is not None:
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            fields.problem((*place, "matches"), f"no regular expression: {error}")
    kinds = fields.texts(given, "has", place)
    for kind in kinds:
        if kind not in CONTENTS:
            fields.problem((*place, "has"), f"{kind!r}: {nearest(kind, CONTENTS)}")
    equals = fields.text(given, "equals", place)
    return Text(equals, fields.texts(given, "contains", place), compiled, kinds)


def _fault(fields: Fields, given: dict[str, Any], place: Place) -> Fault:
    text = fields.text(given, "fault", place)
    try:
        fault = fault_from_text(text) if text else WHOLE
    except Refusal as refusal:
        fields.problem((*place, "fault"), refusal.message.removeprefix("emulator: "))
        return WHOLE
    if fault.times is not None:
        advice = "times counts in a header only; give the turn its own times"
        fields.problem((*place, "fault"), advice)
    return fault


def _refuse(fields: Fields, value: Any, place: Place) -> Reply:
    given = fields.mapping(value, place, _REFUSE)
    status = fields.count(given, "status", place, 200)
    if "status" not in given or (status or 0) > 599:
        fields.problem((*place, "status"), "give the HTTP status, 200 to 599")
    status = status or 500
    message = fields.text(given, "message", place) or "Refused by the scenario."
    usual, content_type = Refusal(status, message, code=fields.text(given, "code", place)).body()
    if "body" in given:
        if "message" in given or "code" in given:
            fields.problem(place, "body says it all; remove message and code")
        is_text = isinstance(given["body"], str)
        content_type = _TEXT_TYPE if is_text else JSON_TYPE
        usual = given["body"].encode() if is_text else orjson.dumps(given["body"])
    headers = fields.mapping(given.get("headers", {}), (*place, "headers"))
    content_type = fields.text(given, "content_type", place) or content_type
    for name in headers:
        if not _LINE.fullmatch(f"{name}: {fields.text(headers, name, (*place, 'headers'))}"):
            fields.problem((*place, "headers", name), "no header line; use plain characters")
    if not _LINE.fullmatch(f"Content-Type: {content_type}"):
        fields.problem((*place, "content_type"), "no media type, such as text/html")
    return Reply(status, usual, content_type, headers)


def _replies(fields: Fields, value: Any, place: Place) -> Iterator[Reply]:
    for here, item in fields.items(value, place):
        given = fields.mapping(item, here, ("answer", "refuse"))
        if len(given) != 1:
            fields.problem(here, "give one of answer, refuse")
        elif "refuse" in given:
            yield _refuse(fields, given["refuse"], (*here, "refuse"))
        elif "answer" in given:
            body = fields.mapping(given["answer"], (*here, "answer"))
            yield Reply(200, orjson.dumps(body), JSON_TYPE, {})


def _stream(fields: Fields, value: Any, place: Place) -> Stream:
    given = fields.mapping(value, place, _STREAM)
    events = None
    if "events" in given:
        events = tuple(_events(fields, given["events"], (*place, "events")))
    gaps = given.get("gaps", [])
    return Stream(
        events=events,
        piece=fields.count(given, "piece", place, 1),
        first_s=fields.seconds(given.get("first", 0), (*place, "first")),
        gaps_s=tuple(fields.seconds(gap, at) for at, gap in fields.items(gaps, (*place, "gaps"))),
        gap_s=fields.seconds(given["gap"], (*place, "gap")) if "gap" in given else None,
    )


def _events(fields: Fields, value: Any, place: Place) -> Iterator[dict[str, Any]]:
    for here, item in fields.items(value, place):
        event = fields.mapping(item, here)
        if not isinstance(event.get("event_type"), str):
            fields.problem(here, "an event without its name; add event_type")
        yield event


def _background(fields: Fields, value: Any, place: Place) -> Background:
    given = fields.mapping(value, place, ("accepted", "polls", "seconds", "queued"))
    seconds = fields.seconds(given["seconds"], (*place, "seconds")) if "seconds" in given else None
    polls = fields.count(given, "polls", place, 1)
    accepted = None
    if "accepted" in given:
        accepted = fields.mapping(given["accepted"], (*place, "accepted"))
    return Background(accepted, polls, seconds, fields.count(given, "queued", place))


def _check_names(fields: Fields, turns: tuple[Turn, ...]) -> None:
    names = {turn.name for turn in turns}
    seen: set[str] = set()
    for index, turn in enumerate(turns):
        here: Place = ("turns", index)
        if turn.name in seen or turn.name == NONE:
            why = "means no turn" if turn.name == NONE else "is the name of an earlier turn"
            fields.problem((*here, "name"), f"{turn.name!r} {why}; choose another name")
        seen.add(turn.name)
        for name, wanted in (("previous", turn.when.previous), ("continues", turn.when.continues)):
            if wanted is not None and wanted not in names | {NONE}:
                advice = f"no turn is called {wanted!r}; {nearest(wanted, sorted(names))}"
                fields.problem((*here, "when", name), advice)
