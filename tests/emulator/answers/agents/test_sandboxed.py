"""Antigravity: programs and files in a sandbox, within a budget."""

from __future__ import annotations

from typing import Any

from proxy.emulator.answers.agents.sandboxed import files, sandboxed, within_budget
from proxy.emulator.answers.occasion import Occasion
from proxy.emulator.answers.usage import counted
from tests.emulator.answers.asking import asked, unknown_to_sdk

AGENT = "antigravity-preview-09-2026"
SOURCES = [
    {"type": "inline", "content": "a", "target": "/data/a.csv"},
    {"type": "gcs", "source": "gs://bucket/b.csv"},
]


def about(text: str = "Sum the table.", **body: Any) -> Occasion:
    return asked(text, agent=AGENT, **body)


def test_it_writes_a_file_lists_all_files_and_says_so() -> None:
    steps = sandboxed(about(environment={"type": "remote", "sources": SOURCES}))

    languages = [
        step["arguments"]["language"] for step in steps if step["type"] == "code_execution_call"
    ]
    assert languages == ["python", "bash"]
    assert steps[4]["result"] == "a.csv\nb.csv\nnotes-3.md\n"
    assert "notes-3.md" in steps[-1]["content"][0]["text"]
    assert unknown_to_sdk(steps) == []


def test_files_of_earlier_turns_are_there_in_the_same_environment_only() -> None:
    before = tuple(sandboxed(about(environment="env-1")))

    assert files(about(environment="env-1", before=before)) == ["notes-1.md"]
    assert files(about(before=before)) == []


def test_its_other_tools_are_used_too() -> None:
    steps = sandboxed(asked("Firs.", {"type": "google_search"}, agent=AGENT))

    assert "google_search_call" in [step["type"] for step in steps]
    assert steps[-1]["content"][0]["annotations"]


def test_a_budget_ends_the_run_before_it_is_passed() -> None:
    whole = sandboxed(about())
    occasion = about(agent_config={"type": "antigravity", "max_total_tokens": 200})

    kept, is_paid = within_budget(occasion, whole)

    assert not is_paid
    assert 0 < len(kept) < len(whole)
    assert counted(occasion.request, occasion.context, kept)["total_tokens"] <= 200
    assert within_budget(about(), whole) == (whole, True)
    tight = about(agent_config={"type": "antigravity", "max_total_tokens": 1})
    assert within_budget(tight, whole) == ([], False)
