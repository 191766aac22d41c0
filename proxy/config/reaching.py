"""Settings of the ways in and out of the proxy. A part of the catalogue: `Settings` inherits it."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.config.declare import Kind, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaching:
    """Fields as in `Settings`."""

    gateway_drain_s: float = setting(
        12.0,
        Kind.NUMBER,
        unit="s",
        least=0,
        most=3600,
        why="At a stop, exchanges under way may go on for so long; what is longer is cut, and recorded so.",
    )
