"""Tools that run something at Google: code in a sandbox, tools of a remote MCP server, functions of an agent."""

from __future__ import annotations

from typing import Final

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.occasion import Occasion
from proxy.emulator.answers.tools.pairs import Used, pair
from proxy.emulator.asked.request import Json

NUMBERS_MAX: Final = 1000
"""The made-up program adds the whole numbers below one that is below this."""

MCP_TOOL: Final = "lookup"
"""The tool of an MCP server that is called if the request does not say which are allowed."""


def code_execution(_tool: Json, occasion: Occasion) -> Used:
    """A sum in Python, or in bash if the prompt says so; or a program that fails."""
    number = occasion.chance.below(NUMBERS_MAX)
    is_error = "error" in occasion.orders
    if "bash" in occasion.text.lower():
        code = f"seq 0 {number} | paste -sd+ | bc"
        result = f"{number * (number + 1) // 2}\n"
        if is_error:
            result = "bash: line 1: bc: command not found\n"
        return Used(ran("bash", code, result, occasion.chance, is_error=is_error))
    code = f"print(sum(range({number})))"
    result = f"{sum(range(number))}\n"
    if is_error:
        code = f"print({number} / 0)"
        result = (
            'Traceback (most recent call last):\n  File "<stdin>", line 1, in <module>\n'
            "ZeroDivisionError: division by zero\n"
        )
    return Used(ran("python", code, result, occasion.chance, is_error=is_error))


def ran(
    language: str, code: str, result: str, chance: Chance, *, is_error: bool = False
) -> list[Json]:
    """One program and what it printed."""
    return pair(
        "code_execution",
        chance,
        {"arguments": {"language": language, "code": code}},
        {"result": result, "is_error": is_error},
    )


def mcp_server(tool: Json, occasion: Occasion) -> Used:
    """One call of the first tool that is allowed; the server's address and headers are never shown."""
    name = _allowed(tool)
    if name is None:
        return Used()
    named = {"name": name, "server_name": str(tool.get("name", "server"))}
    call_id = occasion.chance.call_id()
    arguments = {"query": occasion.query}
    text = f"{name} knows 3 entries."
    if "error" in occasion.orders:
        text = f"Error: {name} did not answer."
    result = [{"type": "text", "text": text}]
    return Used(
        [
            {"type": "mcp_server_tool_call", "id": call_id, **named, "arguments": arguments},
            {"type": "mcp_server_tool_result", "call_id": call_id, **named, "result": result},
        ]
    )


def server_function(occasion: Occasion) -> list[Json]:
    """A function that was run at Google: its call and its result are both there."""
    call_id, name = occasion.chance.call_id(), "list_files"
    is_error = "error" in occasion.orders
    return [
        {"type": "function_call", "id": call_id, "name": name, "arguments": {"path": "."}},
        {
            "type": "function_result",
            "call_id": call_id,
            "name": name,
            "is_error": is_error,
            "result": "No such folder." if is_error else "notes.md\n",
        },
    ]


def _allowed(tool: Json) -> str | None:
    """The first tool that `allowed_tools` lets be called; None if it forbids all."""
    entries = tool.get("allowed_tools")
    entries = entries if isinstance(entries, list) else [entries]
    entries = [entry for entry in entries if isinstance(entry, dict)]
    if not entries:
        return MCP_TOOL
    for entry in entries:
        if entry.get("mode") != "none":
            names = entry.get("tools")
            return str(names[0]) if isinstance(names, list) and names else MCP_TOOL
    return None
