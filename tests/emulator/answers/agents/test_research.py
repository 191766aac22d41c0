"""Deep Research: rounds, reports, plans."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.answers.agents.research import PLAN_TITLE, research
from proxy.emulator.answers.occasion import Occasion
from tests.emulator.answers.asking import asked, unknown_to_sdk

AGENT = "deep-research-preview-04-2026"


def about(text: str = "Larches.", agent: str = AGENT, **config: Any) -> Occasion:
    before = config.pop("before", ())
    tools = config.pop("tools", ())
    given = {"type": "deep-research", **config}
    return asked(text, *tools, agent=agent, background=True, agent_config=given, before=before)


def types(steps: list[dict[str, Any]]) -> list[str]:
    return [step["type"] for step in steps]


@pytest.mark.parametrize(
    ("agent", "rounds"),
    [
        ("deep-research-pro-preview-12-2025", 3),
        (AGENT, 3),
        ("deep-research-max-preview-04-2026", 6),
    ],
)
def test_each_agent_thinks_and_searches_in_rounds_and_reports(agent: str, rounds: int) -> None:
    steps = research(about(agent=agent))

    one = ["thought", "google_search_call", "google_search_result"]
    assert types(steps) == [*one * rounds, "model_output"]
    assert len(steps[-1]["content"][0]["text"]) > 1000
    assert steps[-1]["content"][0]["annotations"]
    assert unknown_to_sdk(steps) == []


def test_summaries_are_shown_on_demand() -> None:
    assert not any("summary" in step for step in research(about()))
    shown = research(about(thinking_summaries="auto"))
    assert all("summary" in step for step in shown if step["type"] == "thought")


@pytest.mark.parametrize(
    ("config", "kinds"),
    [({}, ["text", "image"]), ({"visualization": "off"}, ["text"])],
)
def test_a_report_has_a_picture_unless_it_is_turned_off(config: Any, kinds: list[str]) -> None:
    assert [content["type"] for content in research(about(**config))[-1]["content"]] == kinds


def test_bigquery_and_other_tools_are_used_if_given() -> None:
    steps = research(about(enable_bigquery_tool=True, tools=({"type": "code_execution"},)))

    assert "mcp_server_tool_call" in types(steps)
    assert "code_execution_call" in types(steps)


def test_planning_together_shows_a_plan_first_and_then_carries_it_out_or_changes_it() -> None:
    plan = research(about(collaborative_planning=True))
    text = plan[-1]["content"][0]["text"]
    before = tuple(plan)

    assert types(plan) == ["thought", "model_output"]
    assert text.startswith(PLAN_TITLE)
    changed = research(about("Change part 2.", collaborative_planning=True, before=before))
    assert changed[-1]["content"][0]["text"].startswith(PLAN_TITLE)
    done = research(about("Go.", collaborative_planning=True, before=before))
    assert done[-1]["content"][0]["text"].startswith("# Report")


def test_an_instruction_stands_in_the_report() -> None:
    occasion = asked("Firs.", agent=AGENT, background=True, system_instruction="In prose.")

    assert "As instructed (“In prose.”)" in research(occasion)[-1]["content"][0]["text"]
