"""A recorder and a gateway that stand still: they answer what a test has put there, and note what they are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proxy.steward.asking import Gateway, NotAnswered, Recorder, Told
from proxy.steward.capture import Clocks

NOW_US = 1_795_000_000_000_000


@dataclass
class StillClock:
    """Moves when told. Seconds."""

    at_s: float = 0.0

    @property
    def clocks(self) -> Clocks:
        return Clocks(
            wall_us=lambda: NOW_US + round(self.at_s * 1e6), mono_s=lambda: 500.0 + self.at_s
        )


class StillRecorder(Recorder):
    """`rows` is what every query finds."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        self.acts: list[Mapping[str, Any]] = []
        self.flushes = 0
        self.is_gone = False

    async def query(self, name: str, **parameters: object) -> list[dict[str, Any]]:
        self._check()
        self.asked.append({"name": name, **parameters})
        return self.rows

    async def whole(self, name: str, **parameters: object) -> list[dict[str, Any]]:
        return await self.query(name, **parameters)

    async def flush(self) -> None:
        self._check()
        self.flushes += 1

    async def tell(self, acts: Sequence[Mapping[str, object]]) -> None:
        self._check()
        self.acts += acts

    def _check(self) -> None:
        if self.is_gone:
            raise NotAnswered("gone")


class StillGateway(Gateway):
    """Answers every GET with `told`."""

    def __init__(self, told: Told | None = None) -> None:
        self.told = told
        self.asked: list[tuple[str, dict[str, str]]] = []

    async def get(
        self,
        target: str,
        headers: Mapping[str, str],
        *,
        body_bytes_max: int = 0,  # noqa: ARG002 - told as it is
    ) -> Told:
        self.asked.append((target, dict(headers)))
        if self.told is None:
            raise NotAnswered("gone")
        return self.told
