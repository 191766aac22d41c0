"""Deep Research: thoughts and searches in turn, then a long report with its sources and a picture.

Source: the protocol reference, sections 5.6 and 12.3. With `collaborative_planning` the first answer is
a plan; it is `completed`, since `requires_action` is for calls, and the next turn carries it out or
changes it.
"""

from __future__ import annotations

from typing import Final

from proxy.emulator.answers.model import prose
from proxy.emulator.answers.model.thoughts import SUMMARIES, sketch, thought
from proxy.emulator.answers.occasion import Occasion
from proxy.emulator.answers.tools.execution import mcp_server
from proxy.emulator.answers.tools.grounding import search_pair, searched_pages
from proxy.emulator.answers.tools.server import server_pairs
from proxy.emulator.asked.input import contents_of
from proxy.emulator.asked.request import Json

ROUNDS: Final = {"deep-research-max-preview-04-2026": 6}
ROUNDS_USUAL: Final = 3
"""Thoughts with a search each, by agent."""

PARTS: Final = 5
SENTENCES_A_PART: Final = 8

PLAN_TITLE: Final = "# Research plan"
"""How a plan begins, and how the next turn knows that there was one."""

BIGQUERY: Final[Json] = {
    "type": "mcp_server",
    "name": "bigquery",
    "allowed_tools": [{"mode": "any", "tools": ["execute_sql"]}],
}
"""How the BigQuery tool of `enable_bigquery_tool` appears; its real steps are unknown."""


def research(occasion: Occasion) -> list[Json]:
    """A plan, if planning together comes first; otherwise the whole run."""
    config = occasion.request.agent_config
    is_shown = config.get("thinking_summaries") == "auto"
    if config.get("collaborative_planning") is True and not _is_agreed(occasion):
        first = thought(occasion, SUMMARIES[0] if is_shown else None)
        return [first, prose.spoken(_plan(occasion), [])]
    steps: list[Json] = []
    for number in range(ROUNDS.get(str(occasion.request.base_agent), ROUNDS_USUAL)):
        summary = SUMMARIES[number % len(SUMMARIES)]
        steps.append(thought(occasion, summary if is_shown else None))
        query = f"{occasion.query[:60]} {occasion.chance.pick(SUMMARIES)[2:9]}"
        steps += search_pair(query, occasion.chance)
    sources = searched_pages(occasion.text)
    if config.get("enable_bigquery_tool") is True:
        steps += mcp_server(BIGQUERY, occasion).steps
    given = server_pairs(occasion)
    report = prose.spoken(_report(occasion), [*sources, *given.sources])
    if config.get("visualization", "auto") == "auto":
        report["content"].append(sketch(occasion.chance))
    return [*steps, *given.steps, report]


def _plan(occasion: Occasion) -> str:
    topic = prose.excerpt(occasion.text)
    points = [f"{number}. {occasion.chance.pick(prose.SENTENCES)}" for number in range(1, 5)]
    lines = [PLAN_TITLE, f"\nOn “{topic}”:\n", *points]
    return "\n".join([*lines, "\nSay what to change, or start the research."])


def _report(occasion: Occasion) -> str:
    pick = occasion.chance.pick
    told = occasion.request.system_instruction
    paragraphs = [f"# Report\n\nOn “{prose.excerpt(occasion.text)}”."]
    if told:
        paragraphs.append(f"As instructed (“{prose.excerpt(told)}”):")
    paragraphs += [
        f"## Part {number}\n\n" + " ".join(pick(prose.SENTENCES) for _ in range(SENTENCES_A_PART))
        for number in range(1, PARTS + 1)
    ]
    return "\n\n".join(paragraphs)


def _is_agreed(occasion: Occasion) -> bool:
    """Whether a plan was shown before, and this turn does not ask to change it."""
    shown = any(
        str(content.get("text", "")).startswith(PLAN_TITLE)
        for step in (*occasion.context.before, *occasion.request.steps)
        if step.get("type") == "model_output"
        for content in contents_of(step)
    )
    return shown and "change" not in occasion.text.lower()
