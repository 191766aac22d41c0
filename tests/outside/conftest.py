"""What the witnesses need: installed by `make outside`, and missing means failed, never skipped."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.end_to_end.stage import Emulator, Proxy
from tests.outside.wire import Wire

PROGRAMS: Final = Path(__file__).parent / "programs"
STILL_CLOCK: Final = ("--clock-start", "1790000000")
PLAYED_WITHIN_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where requests end: an emulator, and the wire before it."""

    emulator: Emulator
    wire: Wire

    @classmethod
    def open(cls, folder: Path) -> Place:
        folder.mkdir()
        emulator = Emulator(folder, *STILL_CLOCK)
        return cls(emulator, Wire(emulator.url))

    def close(self) -> None:
        self.emulator.stop()
        self.wire.close()


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody else's program, played directly and through the proxy."""

    version: str
    directly: list[Any]
    through: list[Any]
    direct: Place
    proxied: Place
    proxy: Proxy


Play = Callable[[list[str]], Witness]


def required(name: str) -> str:
    """A place that `make outside` names in the environment."""
    assert name in os.environ, f"{name} is not set: run this with `make outside`"
    assert Path(os.environ[name]).exists(), f"{os.environ[name]} is missing: `make outside`"
    return os.environ[name]


def _told_by(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PLAYED_WITHIN_S, check=False
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    """Runs a command twice, with the URL of an emulator and of a proxy as last argument."""
    folder = tmp_path_factory.mktemp("outside")
    direct, proxied = Place.open(folder / "direct"), Place.open(folder / "proxied")
    proxy = Proxy(folder, proxied.wire.url)

    def run(command: list[str]) -> Witness:
        first, second = (_told_by([*command, url]) for url in (direct.wire.url, proxy.url))
        return Witness(first["version"], first["told"], second["told"], direct, proxied, proxy)

    yield run
    print(proxy.program.log_tail())
    proxy.stop()
    direct.close()
    proxied.close()
