"""Code Mender: finds faults in source files, verifies them, and mends them (reference, section 5.6).

The shapes of its findings and patches are made up; its settings are those of the SDK's types.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from proxy.emulator.answers.model import prose
from proxy.emulator.answers.model.thoughts import SUMMARIES, thought
from proxy.emulator.answers.occasion import Occasion
from proxy.emulator.answers.tools.execution import ran
from proxy.emulator.asked.request import Json

ROUNDS_USUAL: Final = 2
ROUNDS_MOST: Final = 8
"""Checks of a run: `session_config.max_rounds` asks for fewer or more, up to this many."""

FAULTS: Final = ("off-by-one in a loop's bound", "unchecked index", "file that is never closed")


def mends(occasion: Occasion) -> bool:
    """Whether this is work for Code Mender."""
    request = occasion.request
    kind = request.agent_config.get("type")
    return kind == "code-mender" or (request.base_agent or "").startswith("code-mender")


def mended(occasion: Occasion) -> list[Json]:
    """Thoughts with checks in the sandbox, then findings or patches as JSON in the text."""
    config = occasion.request.agent_config
    fix = config.get("fix_request")
    asked = fix if isinstance(fix, dict) else config.get("find_request")
    asked = asked if isinstance(asked, dict) else {}
    steps: list[Json] = []
    for number in range(_rounds(config)):
        steps.append(thought(occasion, SUMMARIES[number % len(SUMMARIES)]))
        code = f"python -m pytest -q --round {number + 1}"
        steps += ran("bash", code, f"{number + 3} passed\n", occasion.chance)
    done: Json = {"session_id": _session(occasion, config)}
    if isinstance(fix, dict):
        done["patches"] = [_patch(entry, asked) for entry in _files(asked)]
    else:
        done["mode"] = asked.get("mode", "scan")
        done["findings"] = [_finding(entry, asked, occasion) for entry in _files(asked)]
    text = f"{prose.opening(occasion)}\n\n{orjson.dumps(done, option=orjson.OPT_INDENT_2).decode()}"
    return [*steps, prose.spoken(text, [])]


def _rounds(config: Json) -> int:
    session = config.get("session_config")
    asked = session.get("max_rounds") if isinstance(session, dict) else None
    return min(asked, ROUNDS_MOST) if isinstance(asked, int) and asked > 0 else ROUNDS_USUAL


def _session(occasion: Occasion, config: Json) -> str:
    return str(config.get("session_id") or f"session-{occasion.chance.call_id()}")


def _files(asked: Json) -> list[Json]:
    files: Any = asked.get("source_files")
    found = [entry for entry in files if isinstance(entry, dict)] if isinstance(files, list) else []
    return found or [{"path": "main.py", "content": ""}]


def _finding(entry: Json, asked: Json, occasion: Occasion) -> Json:
    return {
        "finding_id": asked.get("finding_id") or f"finding-{occasion.chance.call_id()}",
        "path": entry.get("path"),
        "line": 1 + str(entry.get("content") or "").count("\n") // 2,
        "description": occasion.chance.pick(FAULTS),
        "is_verified": asked.get("mode") == "verify",
    }


def _patch(entry: Json, asked: Json) -> Json:
    path = entry.get("path")
    before = (str(entry.get("content") or "").splitlines() or [""])[0]
    diff = f"--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-{before}\n+{before}  # mended\n"
    return {"finding_id": asked.get("finding_id"), "path": path, "diff": diff}
