"""Exchange after exchange: gateway and recorder need no more memory or descriptors at the end than at the beginning.

SOAK says how many. The far end of the benchmarks answers: it keeps nothing, and no two answers are the same.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from tests.bench.load import Unary, run_unary
from tests.end_to_end.programs import next_line
from tests.end_to_end.stage import Proxy
from tests.end_to_end.wire.sockets import Room, beside, room_of

EXCHANGES: Final = int(os.environ.get("SOAK", "30000"))
LONG: Final = 500_000
"""From here on a slope means something; below it the growth as a whole is bounded."""
SLICES: Final = 100 if EXCHANGES >= LONG else 30
"""Looks at both processes, in equal distances, each behind a checkpoint of DuckDB: up to 128 MB of what
is not in its file yet it keeps in memory, by design."""
WARM: Final = SLICES * 2 // 5
"""Slices before anything is expected to be flat: caches fill, DuckDB and the allocator take their share."""
CONNECTIONS: Final = 8
SLOPE_BYTES: Final = 1_000_000
"""Per 100,000 exchanges: what the promise allows."""
GROWTH_BYTES: Final = {"gateway": 4_000_000, "recorder": 80_000_000}
"""The recorder's is DuckDB's cache of blocks, which fills up to its limit: measured 250 MB in all with a
limit of 128 MiB, flat from 20,000 exchanges on; with the limit of 1 GiB it still grows at 200,000."""
SPARE_DESCRIPTORS: Final = 8


@dataclass(slots=True)
class Soak:
    """What both processes held after each slice."""

    rooms: dict[str, list[Room]]
    recorded: int
    per_second: list[float]


@pytest.fixture(scope="module")
def soak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Soak]:
    folder = tmp_path_factory.mktemp("soak")
    rooms: dict[str, list[Room]] = {"gateway": [], "recorder": []}
    per_second = []
    with beside("tests.bench.target") as target:
        url = f"http://127.0.0.1:{int(next_line(target))}"
        proxy = Proxy(folder, url)
        try:
            ((gateway,), (recorder,)) = proxy.gateways(), proxy.recorders()
            port = proxy.address[1]
            for _ in range(SLICES):
                count = EXCHANGES // SLICES
                load = Unary(port, "/v1/interactions", 500, CONNECTIONS, count)
                per_second.append(count / run_unary(load).seconds)
                proxy.rows("SELECT 1")
                rooms["gateway"].append(room_of(gateway))
                rooms["recorder"].append(room_of(recorder))
            ((recorded,),) = proxy.rows("SELECT count(*) FROM exchanges WHERE outcome = 'complete'")
        finally:
            proxy.stop()
            print(proxy.program.log_tail())
    for name, held in rooms.items():
        print(name, [f"{room.resident_bytes / 1e6:.1f}" for room in held])
    print("per second", [f"{rate:.0f}" for rate in per_second])
    yield Soak(rooms, recorded, per_second)
    shutil.rmtree(folder)  # some gigabytes after a million


def slope(held: list[int]) -> float:
    """By how much the lowest of the later half is above the lowest of the earlier, per 100,000 exchanges.

    The lowest, because DuckDB takes and gives back some ten MB at moments of its own.
    """
    half = len(held) // 2
    return (min(held[half:]) - min(held[:half])) / (half * EXCHANGES / SLICES) * 100_000


def test_all_are_recorded(soak: Soak) -> None:
    """Guards the tests below: who records nothing needs no memory."""
    assert soak.recorded == EXCHANGES // SLICES // CONNECTIONS * CONNECTIONS * SLICES


@pytest.mark.parametrize("process", ["gateway", "recorder"])
def test_memory_does_not_grow_with_what_was_recorded(soak: Soak, process: str) -> None:
    held = [room.resident_bytes for room in soak.rooms[process][WARM:]]
    per_100_000 = slope(held)
    print(f"{process}: {per_100_000 / 1e6:.2f} MB per 100,000, {(held[-1] - held[0]) / 1e6:.1f} MB")

    if EXCHANGES >= LONG:
        assert per_100_000 < SLOPE_BYTES
    else:
        assert held[-1] - held[0] < GROWTH_BYTES[process]


@pytest.mark.parametrize("process", ["gateway", "recorder"])
def test_descriptors_stay_as_many(soak: Soak, process: str) -> None:
    held = [room.descriptors for room in soak.rooms[process]]

    assert max(held[WARM:]) <= min(held[:WARM]) + SPARE_DESCRIPTORS, held
