"""Where requests end: emulators and scripted far ends, reached directly and through a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.stage import Emulator, Proxy
from tests.outside.scripted import Cases, Scripted
from tests.outside.wire import Wire

STILL_CLOCK: Final = ("--clock-start", "1790000000")


@dataclass(frozen=True, slots=True)
class Place:
    """An emulator, and the wire before it."""

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
class Ends:
    """Two scripted far ends that answer alike: one reached directly, one through the proxy."""

    cases: Cases
    direct: Scripted
    proxied: Scripted
    proxy: Proxy


@pytest.fixture(scope="session")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ends]:
    cases = Cases.load()
    direct, proxied = Scripted(cases), Scripted(cases)
    proxy = Proxy(tmp_path_factory.mktemp("ends"), proxied.url)
    yield Ends(cases, direct, proxied, proxy)
    print(proxy.program.log_tail())
    proxy.stop()
    direct.close()
    proxied.close()
