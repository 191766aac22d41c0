"""Who goes on from whom and what tools were asked to do, seen from Google's SDK through the whole proxy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google import genai

from proxy.cli.app import main
from tests.end_to_end.sdk_play import MODEL, WEATHER
from tests.end_to_end.stage import Stage

SCENARIO = """
scenario: 1
name: The same id twice
order: any
otherwise: compose
turns:
  - name: first
    when: {previous: none, input: {contains: Bergen}}
    answer: {calls: [{name: get_weather, id: samesame, arguments: {city: Bergen}}]}
  - name: second
    when: {previous: first}
    answer: {calls: [{name: get_weather, id: samesame, arguments: {city: Voss}}]}
  - name: third
    when: {previous: second}
    answer: {text: It rains in both.}
"""
"""Everything else the emulator makes up: it never gives two calls one id."""

Captured = pytest.CaptureFixture[str]


@dataclass(frozen=True, slots=True)
class Talk:
    """The SDK, through the proxy, and what the command says."""

    sdk: Any
    stage: Stage

    def say(self, text: Any, after: Any = None, **given: Any) -> Any:
        previous = {} if after is None else {"previous_interaction_id": after.id}
        return self.sdk.create(model=MODEL, input=text, **previous, **given)

    def told(self, capsys: Captured, *verb: str) -> Any:
        """What a verb says as JSON."""
        capsys.readouterr()
        name, *rest = verb
        assert main([name, "--data", str(self.stage.proxy.data), "--json", *rest]) == 0
        return json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    folder = tmp_path_factory.mktemp("stage")
    scenario = Path(folder, "calls.yaml")
    scenario.write_text(SCENARIO)
    stage = Stage.set_up(folder, "--scenario", str(scenario))
    options: Any = {"base_url": stage.proxy.url, "retry_options": {"attempts": 1}}
    try:
        with genai.Client(api_key="a-made-up-key", http_options=options) as client:
            yield Talk(client.interactions, stage)
    finally:
        print(stage.logs())
        stage.stop()


def test_a_tree_without_headers_yields_its_tips_and_what_a_branch_lost(
    talk: Talk, capsys: Captured
) -> None:
    config = {"thinking_level": "low"}
    polite: dict[str, Any] = {"system_instruction": "Be polite.", "generation_config": config}
    root = talk.say("My name is Solveig.", **polite)
    kept = talk.say("And yours?", root, **polite)
    tips = [
        talk.say("Once more?", kept, **polite),
        talk.say("Or so?", root, **polite),
        talk.say("Or like that?", root, generation_config=config),
    ]

    tree = talk.told(capsys, "tree", kept.id)

    assert set(tree["tips"]) == set(tree["live_tips"]) == {tip.id for tip in tips}
    lost = {one["interaction"]: one["fell_away"] for one in tree["turns"] if one["fell_away"]}
    assert lost == {tips[2].id: ["system_instruction"]}
    assert (tree["root"], tree["turn_count"]) == (root.id, 5)
    every = [root, kept, *tips]
    assert tree["total"]["tokens"] == sum(one.usage.total_tokens for one in every)


def test_what_goes_on_from_a_deleted_or_an_unseen_turn_is_an_orphan(
    talk: Talk, capsys: Captured
) -> None:
    root = talk.say("Larches.")
    after = talk.say("And spruces?", root)
    talk.sdk.delete(id=root.id)
    with pytest.raises(Exception, match="404"):
        talk.say("And pines?", root)

    tree = talk.told(capsys, "tree", after.id)

    assert {one["orphan"] for one in tree["turns"]} == {None, "deleted"}
    assert tree["live_tips"] == [after.id]


def test_a_stateless_conversation_is_known_by_what_it_repeats(talk: Talk, capsys: Captured) -> None:
    """The SDK's own steps are sent back, thoughts and all; then by hand, with the text alone."""
    asked = {"type": "user_input", "content": [{"type": "text", "text": "Tell me of larches."}]}
    more = {"type": "user_input", "content": [{"type": "text", "text": "And of spruces?"}]}
    first = talk.say("Tell me of larches.")
    sent_back = talk.say([asked, *first.steps, more], store=False)
    text = {"type": "model_output", "content": [{"type": "text", "text": first.output_text}]}
    talk.say([asked, text, more], store=False)

    tree = talk.told(capsys, "tree", first.id)

    assert [(one["how"], one["parent"]) for one in tree["turns"]] == [
        ("root", None),
        ("repeat", first.id),
        ("repeat", first.id),
    ]
    assert not sent_back.id
    how = talk.stage.proxy.rows(
        f"SELECT how, count(*) FROM carries WHERE interaction = '{first.id}' GROUP BY how"
    )
    assert sorted(how) == [("created", 1), ("quoted", 2)]


def result_of(call: Any, **given: Any) -> dict[str, Any]:
    known = {"type": "function_result", "call_id": call.id, "name": call.name, "result": "11"}
    return known | given


def call_in(answer: Any) -> Any:
    (call,) = [step for step in answer.steps if step.type == "function_call"]
    return call


def test_four_tool_faults_are_four_findings_and_a_good_conversation_none(
    talk: Talk, capsys: Captured
) -> None:
    tools: dict[str, Any] = {"tools": [WEATHER]}
    good, unanswered, twice, unknown = (
        talk.say(f"Weather in {city}?", **tools) for city in ("Oslo", "Bodø", "Tromsø", "Narvik")
    )
    talk.say([result_of(call_in(good))], good, **tools)
    talk.say("Never mind, tell me a joke.", unanswered, **tools)
    for _ in range(2):
        talk.say([result_of(call_in(twice))], twice, **tools)
    talk.say([result_of(call_in(unknown))], unknown, **tools)
    with pytest.raises(Exception, match="400"):
        talk.say([result_of(call_in(unknown), call_id="nobody00")], unknown, **tools)
    first = talk.say("Weather in Bergen?", **tools)
    second = talk.say([result_of(call_in(first))], first, **tools)
    talk.say([result_of(call_in(second))], second, **tools)

    told = talk.told(capsys, "tools")

    about = {"never_answered": unanswered.id, "answered_twice": twice.id, "id_reused": second.id}
    found = {one["kind"]: one["interaction"] for one in told["findings"]}
    assert len(told["findings"]) == 4, [(one["kind"], one["call_id"]) for one in told["findings"]]
    assert found | about == found
    assert found["unknown_call"].startswith("exchange:")
    (call,) = [one for one in told["calls"] if one["interaction"] == good.id]
    assert 0 < call["duration_ns"] < 60 * 10**9
    assert talk.told(capsys, "tools", "--conversation", good.id)["findings"] == []
    kinds = talk.stage.proxy.rows("SELECT kind FROM tool_findings")
    assert sorted(kind for (kind,) in kinds) == sorted(found)
