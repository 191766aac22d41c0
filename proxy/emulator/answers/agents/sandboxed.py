"""Antigravity: an agent that works with programs and files in its sandbox (reference, section 5.6).

Files of earlier turns are there again if the turn names the same environment.
"""

from __future__ import annotations

import re
from typing import Final

from proxy.emulator.answers.model import prose
from proxy.emulator.answers.model.thoughts import SUMMARIES, thought
from proxy.emulator.answers.occasion import Occasion
from proxy.emulator.answers.tools.execution import ran
from proxy.emulator.answers.tools.server import server_pairs
from proxy.emulator.answers.usage import counted
from proxy.emulator.asked.request import Json

WRITTEN: Final = re.compile(r"open\('([^']+)', 'w'\)")
"""How the agent's programs write files: what earlier turns left is read from them."""


def sandboxed(occasion: Occasion) -> list[Json]:
    """A thought, a program that writes a file, a listing of all files, what was done."""
    chance = occasion.chance
    there = files(occasion)
    mine = f"notes-{len(there) + 1}.md"
    is_shown = occasion.request.agent_config.get("thinking_summaries") == "auto"
    text = prose.excerpt(occasion.text)
    code = f"with open('{mine}', 'w') as f:\n    f.write({text!r})\nprint('written')"
    listing = "".join(f"{name}\n" for name in sorted([*there, mine]))
    used = server_pairs(occasion)
    said = f"{prose.sentences(occasion)} It stands in {mine}, one of {len(there) + 1} files."
    return [
        thought(occasion, SUMMARIES[0] if is_shown else None),
        *ran("python", code, "written\n", chance),
        *ran("bash", "ls", listing, chance),
        *used.steps,
        prose.spoken(said, used.sources),
    ]


def files(occasion: Occasion) -> list[str]:
    """Files in the sandbox: those that the environment brings, and those of earlier turns."""
    environment = occasion.request.environment
    found: list[str] = []
    if isinstance(environment, dict):
        sources = environment.get("sources")
        for source in sources if isinstance(sources, list) else ():
            if isinstance(source, dict):
                name = source.get("target") or source.get("source") or "source"
                found.append(str(name).rpartition("/")[2] or str(name))
    for step in occasion.context.before if environment is not None else ():
        if step.get("type") == "code_execution_call":
            found += WRITTEN.findall(str((step.get("arguments") or {}).get("code", "")))
    return list(dict.fromkeys(found))


def within_budget(occasion: Occasion, steps: list[Json]) -> tuple[list[Json], bool]:
    """The steps that `max_total_tokens` pays for, and whether it pays for all of them."""
    budget = occasion.request.agent_config.get("max_total_tokens")
    if not isinstance(budget, int) or isinstance(budget, bool):
        return steps, True
    for count in range(len(steps), 0, -1):
        usage = counted(occasion.request, occasion.context, steps[:count])
        if usage["total_tokens"] <= budget:
            return steps[:count], count == len(steps)
    return [], False
