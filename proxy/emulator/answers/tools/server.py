"""All tools that Google runs, used once each by an answer whose request has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from proxy.emulator.answers.occasion import SERVER_TOOLS, Occasion
from proxy.emulator.answers.tools.execution import code_execution, mcp_server, server_function
from proxy.emulator.answers.tools.grounding import (
    file_search,
    google_maps,
    google_search,
    retrieval,
    url_context,
)
from proxy.emulator.answers.tools.inspection import inspections
from proxy.emulator.answers.tools.pairs import Used
from proxy.emulator.asked.request import Json

RUN: Final[dict[str, Callable[[Json, Occasion], Used]]] = {
    "google_search": google_search,
    "url_context": url_context,
    "code_execution": code_execution,
    "file_search": file_search,
    "google_maps": google_maps,
    "mcp_server": mcp_server,
    "retrieval": retrieval,
}
"""How each tool that Google runs behaves; types that are not here, new ones too, do nothing."""

assert RUN.keys() == set(SERVER_TOOLS)


def server_pairs(occasion: Occasion) -> Used:
    """Calls and results of the tools that Google runs, and the sources they give to cite."""
    used = inspections(occasion)
    if occasion.is_plain:
        return used
    for kind in SERVER_TOOLS:
        tools = [tool for tool in occasion.tools if tool.get("type") == kind]
        if not tools and kind in occasion.orders:
            tools = [{"type": kind}]
        # Several MCP servers are several tools of one type; other tools stand once.
        for tool in tools if kind == "mcp_server" else tools[:1]:
            used.add(RUN[kind](tool, occasion))
    if "function_result" in occasion.orders:
        used.steps += server_function(occasion)
    if "unknown_step" in occasion.orders:
        used.steps.append({"type": "step_of_a_later_release", "id": occasion.chance.call_id()})
    return used
