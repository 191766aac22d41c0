"""Custom agents: a base agent with its own instruction, tools and environment.

Source: the protocol reference, section 16.1.
"""

from __future__ import annotations

from typing import Final

from proxy.emulator.asked import catalogue
from proxy.emulator.asked.request import Json
from proxy.emulator.neighbours.shelf import Shelf, listed
from proxy.emulator.neighbours.visit import EMPTY, Reply, Visit, said

FIELDS: Final = (
    "id",
    "base_agent",
    "base_environment",
    "system_instruction",
    "tools",
    "agent_config",
    "description",
)


class Agents:
    """Custom agents by id. Mutable."""

    def __init__(self) -> None:
        self._agents: Shelf[Json] = Shelf("agents", "Agent")

    def answer(self, visit: Visit) -> Reply:
        """Answer create, list, get and delete.

        Raises:
            Refusal: 404 for an unknown agent, 400 or 409 for one that cannot be made.
        """
        match visit.verb:
            case "create":
                return said(self._create(visit))
            case "list":
                agents, token = self._agents.page(visit)
                return listed("agents", agents, token, visit)
            case "get":
                return said(self._agents.get(visit.route.identity, visit.now_s))
        self._agents.take(visit.route.identity, visit.now_s)
        return EMPTY

    def named(self, name: str) -> Json | None:
        """The agent of this name, `agents/` in front or not; None if nobody made it."""
        return self._agents.find(name.removeprefix("agents/"), now_s=0)

    def _create(self, visit: Visit) -> Json:
        body = visit.parsed()
        unknown = next((name for name in body if name not in FIELDS), None)
        if unknown:
            raise visit.refusal(400, f"Unknown parameter {unknown!r}.", "parameter_unknown")
        base = body.get("base_agent")
        if base and base not in catalogue.AGENTS and self.named(str(base)) is None:
            raise visit.refusal(400, f"The base agent {base!r} is not known.")
        identity = str(body.get("id") or visit.new_id("agent-"))
        if identity in catalogue.AGENTS or self.named(identity) is not None:
            raise visit.refusal(409, f"Agent {identity} already exists.", "already_exists")
        agent: Json = {"id": identity}
        agent |= {name: body[name] for name in FIELDS[1:] if name in body}
        self._agents.put(identity, agent)
        return agent
