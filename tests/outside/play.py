"""A play: acts that a process of an SDK's own performs at a URL."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.outside.scripted import Cases
from tests.outside.sdks import PROGRAMS, Player

PLAYED_WITHIN_S: Final = 300.0
"""The longest play takes ten seconds of the SDK's own waiting, and the processor's while it starts."""
AT_ONCE: Final = 2
"""Two processes of an SDK at a time: one directly, one through the proxy."""

_NOT_HANDED_ON: Final = ("GOOGLE_", "GEMINI_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_OLD_SCHEMA: Final = ("legacy_create", "legacy_function")

Acts = Sequence[Sequence[Any]]
Outcomes = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Play:
    """Acts for one player."""

    player: Player
    key: str
    """The API key; `{name}` in it stands for the act's name."""
    acts: Acts
    """Name, method and arguments of each; programs/play.py says more."""
    abreast: bool
    """All at once, instead of one after the other."""
    clients: dict[str, Any] = field(default_factory=dict)
    """By act's name: settings of a client of its own."""

    def at(self, url: str, folder: Path) -> Outcomes:
        """Perform it: what the SDK made of each act, by name.

        Raises:
            AssertionError: the program failed, or the SDK is not the version meant.
        """
        file = folder / f"{self.player}-{url.rpartition(':')[2]}.json"
        told = {"key": self.key, "abreast": self.abreast, "clients": self.clients}
        told["acts"] = list(self.acts)
        file.write_text(json.dumps(told), "utf-8")
        mode = [self.player.mode] if self.player.sdk.language == "python" else []
        answer = _told_by(self.player.sdk.command("play", str(file), url, *mode))
        assert answer["version"] == self.player.sdk.version
        outcomes: Outcomes = answer["outcomes"]
        return outcomes

    def at_both(self, direct: str, through: str, folder: Path) -> tuple[Outcomes, Outcomes]:
        """Perform it at two places at the same time."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            first, second = pool.map(lambda url: self.at(url, folder), (direct, through))
        return first, second


def acts_in_order() -> Acts:
    """What one client does at an emulator, each act after the last."""
    acts: Acts = json.loads((PROGRAMS / "acts.json").read_text("utf-8"))
    return acts


def cases_of(player: Player, cases: Cases) -> Acts:
    """All calls whose answers are scripted; those of the old schema for SDKs that speak it."""
    return [
        [name, *call]
        for name, call in cases.calls.items()
        if player.sdk.is_old or not name.startswith(_OLD_SCHEMA)
    ]


def _told_by(command: list[str]) -> dict[str, Any]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(_NOT_HANDED_ON)
    }
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=PLAYED_WITHIN_S,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told
