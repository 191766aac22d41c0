"""A multi-turn agent conversation through google-genai, shown while it happens.

It uses the SDK as any program would: nothing here knows that a proxy is in between.
"""

from __future__ import annotations

import re
from typing import Any, Final

from google import genai
from rich.cells import cell_len
from rich.console import Console

MODEL: Final = "gemini-3-flash-preview"
AGENT: Final = "deep-research-preview-04-2026"
POLLS_MAX: Final = 50
"""The emulator's research is over at the second poll; more than this means it hangs."""

WEATHER: Final = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
PLAN: Final = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "enum": ["Tromsø"]},
        "days": {"type": "integer", "minimum": 2, "maximum": 2},
        "sights": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["city", "days", "sights"],
}


def converse(url: str, console: Console) -> str:
    """Play all acts against the API at `url`. Returns the id of the first turn, deleted by then."""
    # The key is made up; the emulator takes any. Watch for it: it must not be found in the records.
    client = genai.Client(api_key="demo-key-never-recorded", http_options={"base_url": url})
    talk: Any = client.interactions
    first = _stream(talk, console)
    called = _call_a_function(talk, console, previous=first)
    _plan(talk, console, previous=called)
    _ask_without_a_trace(talk, console)
    _research(talk, console)
    _delete(talk, console, first)
    return first


def _stream(talk: Any, console: Console) -> str:
    console.print("\n[bold]1  a streamed answer, with Google Search[/]", end="")
    events = talk.create(
        model=MODEL,
        input="What should I see in Tromsø in June?",
        tools=[{"type": "google_search"}],
        generation_config={"thinking_summaries": "auto"},
        stream=True,
    )
    identity = ""
    line = _Line(console)
    for event in events:
        match event.event_type:
            case "interaction.created":
                identity = event.interaction.id
            case "step.start":
                console.print()
                line.begin(event.step.type)
            case "step.delta" if event.delta.type == "text":
                line.add(event.delta.text)
            case "step.delta" if event.delta.type == "thought_summary":
                line.add(event.delta.content.text)
    console.print()
    return identity


class _Line:
    """A paragraph that grows while it streams, wrapped between words where it can be."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._column = 0
        """Where the next word would begin."""

    def begin(self, label: str) -> None:
        """The label has a line of its own."""
        self._column = self._console.width
        self._console.print(f"   [cyan]{label}[/]", end="")

    def add(self, piece: str) -> None:
        for word in re.findall(r" |\S+", re.sub(r"\s+", " ", piece)):
            width = cell_len(word)
            if self._column + width > self._console.width:
                self._console.print("\n     ", end="")
                self._column = len("     ")
                if word == " ":
                    continue
            self._console.print(word, end="", markup=False, highlight=False, soft_wrap=True)
            self._column += width


def _call_a_function(talk: Any, console: Console, *, previous: str) -> str:
    console.print("\n[bold]2  the next turn: the model calls a function, we answer[/]")
    asked = talk.create(
        model=MODEL,
        input="And how is the weather in Tromsø?",
        tools=[WEATHER],
        previous_interaction_id=previous,
    )
    calls = [step for step in asked.steps if step.type == "function_call"]
    for call in calls:
        console.print(f"   {asked.status}: {call.name}({call.arguments})", highlight=False)
    results = [
        {
            "type": "function_result",
            "call_id": call.id,
            "name": call.name,
            "result": {"sky": "midnight sun", "celsius": 11},
        }
        for call in calls
    ]
    answered = talk.create(
        model=MODEL, input=results, tools=[WEATHER], previous_interaction_id=asked.id
    )
    line = _Line(console)
    line.begin(answered.status)
    line.add(answered.output_text)
    console.print()
    return str(answered.id)


def _plan(talk: Any, console: Console, *, previous: str) -> None:
    console.print("\n[bold]3  structured output[/]")
    planned = talk.create(
        model=MODEL,
        input="Plan two days.",
        previous_interaction_id=previous,
        response_format={"type": "text", "mime_type": "application/json", "schema": PLAN},
    )
    console.print(f"   {planned.output_text}", highlight=False)


def _ask_without_a_trace(talk: Any, console: Console) -> None:
    console.print("\n[bold]4  store=false: Google keeps nothing, so there is no id[/]")
    answer = talk.create(model=MODEL, input="A secret: what rhymes with fjord?", store=False)
    console.print(f"   {answer.status}, id {answer.id or '(none)'}", highlight=False)


def _research(talk: Any, console: Console) -> None:
    console.print("\n[bold]5  a Deep Research agent in the background, polled[/]")
    running = talk.create(agent=AGENT, input="Why are nights bright there?", background=True)
    console.print(f"   {running.status}", highlight=False)
    for _ in range(POLLS_MAX):
        seen = talk.get(id=running.id)
        console.print(f"   {seen.status}", highlight=False)
        if seen.status not in {"queued", "in_progress"}:
            break


def _delete(talk: Any, console: Console, identity: str) -> None:
    console.print("\n[bold]6  the first turn is deleted at Google; the recorder remembers it[/]")
    talk.delete(id=identity)
    console.print(f"   deleted {identity[:24]}…", highlight=False)
