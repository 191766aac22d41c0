"""One request on its way to its answer, as every room of the emulator is handed it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.resource import Interaction
from proxy.emulator.asked.faults import WHOLE, Fault
from proxy.emulator.asked.routes import Route
from proxy.emulator.wire.outlet import Outlet


@dataclass(slots=True)
class Call:
    """One request on its way to its answer. Mutable: what becomes known is filled in for the ledger."""

    route: Route
    request: web.Request
    body: bytes
    chance: Chance
    outlet: Outlet
    parsed: Any = None
    """The body as JSON; None if it is none."""
    fault: Fault = WHOLE
    interaction: Interaction | None = None
    is_streaming: bool = False
    is_legacy: bool = False
    """Whether the caller speaks the `outputs` schema."""
