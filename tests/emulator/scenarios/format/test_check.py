"""A whole file: what it means, and everything that is wrong with it."""

from __future__ import annotations

import orjson
import pytest

from proxy.emulator.scenarios.format.check import scenario_from_source
from proxy.emulator.scenarios.format.source import read_source
from proxy.emulator.scenarios.script import NONE, Background, Scenario, Text, When
from proxy.errors import ConfigError


def scenario(text: str) -> Scenario:
    return scenario_from_source(read_source(text.encode(), "a.yaml"))


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        scenario(text)
    return str(refused.value).splitlines()


LITTLE = "scenario: 1\nturns:\n  - answer: {text: Hello.}\n"


def test_a_little_scenario_has_its_defaults() -> None:
    read = scenario(LITTLE)

    (turn,) = read.turns
    assert (read.name, read.seed, read.order, read.otherwise) == (
        "a.yaml",
        None,
        "strict",
        "refuse",
    )
    assert (turn.name, turn.line, turn.times, turn.when) == ("turn-1", 3, 1, When())


def test_a_turn_says_when_it_is_meant() -> None:
    read = scenario(
        "scenario: 1\nturns:\n"
        "  - name: first\n"
        "    when: {model: m, input: Hello., previous: none, tools: f, stream: true}\n"
        "    times: any\n"
        "    answer: {text: Hello.}\n"
        "  - when: {result_of: [f, g], previous: first, input: {contains: a, has: [image]}}\n"
        "    answer: compose\n"
    )

    first, second = read.turns
    assert first.when == When(
        model="m", input=Text(equals="Hello."), previous=NONE, tools=("f",), stream=True
    )
    assert first.times is None
    assert second.when.result_of == ("f", "g")
    assert second.when.input == Text(contains=("a",), has=("image",))
    assert second.answer is None


def test_a_refusal_is_a_whole_http_answer() -> None:
    read = scenario(
        "scenario: 1\nturns:\n"
        '  - refuse: {status: 429, code: quota_exceeded, message: No., headers: {Retry-After: "1"}}\n'
        "  - refuse: {status: 502, body: <html></html>}\n"
        "  - refuse: {status: 404, body: {error: {code: 5}}}\n"
    )

    quota, page, plain = (turn.refuse for turn in read.turns)
    assert quota
    assert page
    assert plain
    assert orjson.loads(quota.body) == {"error": {"code": "quota_exceeded", "message": "No."}}
    assert quota.headers == {"Retry-After": "1"}
    assert (page.body, page.content_type) == (b"<html></html>", "text/html; charset=UTF-8")
    assert orjson.loads(plain.body) == {"error": {"code": 5}}


def test_times_and_later_requests_are_read() -> None:
    (turn,) = scenario(
        "scenario: 1\nturns:\n"
        "  - answer: {text: Done.}\n"
        "    background: {polls: 2, seconds: 1.5, queued: 1}\n"
        "    stream: {first: 0.5, gaps: [0, 1, 0.25], piece: 9}\n"
        "    reads: [{answer: {status: in_progress}}, {refuse: {status: 503}}]\n"
        "    deletes: [{refuse: {status: 501}}]\n"
    ).turns

    assert turn.background == Background(None, 2, 1.5, 1)
    assert (turn.stream.first_s, turn.stream.gaps_s, turn.stream.piece) == (0.5, (0, 1, 0.25), 9)
    assert turn.replies is not None
    assert [reply.status for reply in turn.replies["get"]] == [200, 503]
    assert [reply.status for reply in turn.replies["delete"]] == [501]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    told = problems(
        "scenario: 2\n"
        "order: strikt\n"
        "turns:\n"
        "  - name: a\n"
        "    when: {modle: m}\n"
        "    answer: {text: x}\n"
        "  - name: a\n"
        "    when: {previous: b}\n"
        "    refuse: {status: 99}\n"
    )

    assert told == [
        "a.yaml:1: scenario: say which format this is: scenario: 1",
        "a.yaml:2: order: 'strikt': did you mean strict? Known: strict, any",
        "a.yaml:5: turns[0].when.modle: unknown field; did you mean model? Known: model, agent, input, previous, continues, result_of, tools, stream, background, store",
        "a.yaml:7: turns[1].name: 'a' is the name of an earlier turn; choose another name",
        "a.yaml:8: turns[1].when.previous: no turn is called 'b'; Known: a",
        "a.yaml:9: turns[1].refuse.status: this is a whole number 99; write a whole number of 200 or more",
    ]


@pytest.mark.parametrize(
    ("turn", "told"),
    [
        ("{name: x}", "give one of answer (or answer: compose), refuse, fault"),
        ("{answer: {text: a}, refuse: {status: 500}}", "give one of answer"),
        ("{answer: compose, exact: true}", "there is no answer to be exact about"),
        ("{answer: {text: a}, times: 0}", "write a whole number of 1 or more"),
        ("{fault: statsu=500}", "unknown fault 'statsu'"),
        ('{fault: "status=500, times=2"}', "give the turn its own times"),
        ("{answer: {text: a}, when: {model: m, agent: n}}", "a model or an agent"),
        ('{answer: {text: a}, when: {input: {matches: "("}}}', "no regular expression"),
        ("{answer: {text: a}, when: {input: {has: [picture]}}}", "Known: text, image"),
        ("{answer: {text: a}, stream: {first: soon}}", "write seconds, such as 0.25"),
        ("{answer: {text: a}, stream: {events: [{type: x}]}}", "add event_type"),
        ("{answer: {text: a}, reads: [{}]}", "give one of answer, refuse"),
        ("{refuse: {status: 500, body: a, message: b}}", "body says it all"),
        ('{refuse: {status: 500, headers: {X: "a\\nb"}}}', "no header line"),
        ('{refuse: {status: 500, content_type: "é"}}', "no media type"),
        ("{name: none, answer: compose}", "'none' means no turn"),
    ],
)
def test_a_turn_that_makes_no_sense_is_told_with_advice(turn: str, told: str) -> None:
    (line,) = problems(f"scenario: 1\nturns:\n  - {turn}\n")

    assert line.startswith("a.yaml:3: turns[0]")
    assert told in line


@pytest.mark.parametrize("text", ["", "[]", "hello", "turns: 3"])
def test_what_is_no_scenario_at_all_is_told_gently(text: str) -> None:
    assert any("turns" in line for line in problems(text))
