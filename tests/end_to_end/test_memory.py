"""Memory does not follow the size of bodies: a worker holds pieces, never a body.

VmHWM of the kernel is the witness, set back before each load. The first large body costs some MB
once (compressor, read buffers: measured 37.3 -> 41.4 MB from 1 KB to 1 MB bodies, four abreast), so
bodies of 1 MB come first; from there on nothing may grow.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.far_end import carry, far_end
from tests.end_to_end.programs import peak_bytes, reset_peak
from tests.end_to_end.stage import Proxy

KIB: Final = 1024
MIB: Final = 1024 * KIB
ABREAST: Final = 4
FLAT: Final = 1.10
"""What the promise allows: ten per cent."""

SMALL: Final = 1 * KIB
LARGE: Final = 64 * MIB


@dataclass(frozen=True, slots=True)
class Peaks:
    """Most resident bytes during one load."""

    gateway: int
    recorder: int


Measured = dict[str, Peaks]


async def _measure(folder: Path) -> tuple[Measured, list[tuple[int, int, int]]]:
    async with far_end() as upstream:
        proxy = await asyncio.to_thread(Proxy, folder, upstream)
        ((gateway,), (recorder,)) = proxy.gateways(), proxy.recorders()

        async def peaks(up: int, down: int, count: int) -> Peaks:
            reset_peak(gateway)
            reset_peak(recorder)
            await carry(proxy.address, up=up, down=down, count=count, abreast=ABREAST)
            await asyncio.to_thread(proxy.flush)
            return Peaks(peak_bytes(gateway), peak_bytes(recorder))

        try:
            measured = {
                "cold": await peaks(SMALL, SMALL, 200),
                "warm-up": await peaks(MIB, MIB, 8),
                "small": await peaks(SMALL, SMALL, 400),
                "large requests": await peaks(LARGE, SMALL, ABREAST),
                "large responses": await peaks(SMALL, LARGE, ABREAST),
            }
            recorded = await asyncio.to_thread(
                proxy.rows,
                "SELECT request_bytes, response_bytes, count(*) FROM exchanges"
                f" WHERE greatest(request_bytes, response_bytes) = {LARGE} GROUP BY ALL ORDER BY 1",
            )
            return measured, [(up, down, count) for up, down, count in recorded]
        finally:
            await asyncio.to_thread(proxy.stop)
            print(proxy.program.log_tail())


@pytest.fixture(scope="module")
def load(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Measured, list[tuple[int, int, int]]]]:
    folder = tmp_path_factory.mktemp("memory")
    measured, recorded = asyncio.run(_measure(folder))
    for name, peaks in measured.items():
        print(f"{name}: gateway {peaks.gateway / MIB:.1f}, recorder {peaks.recorder / MIB:.1f} MiB")
    yield measured, recorded
    shutil.rmtree(folder)  # half a gigabyte; pytest would keep it for three runs


@pytest.mark.parametrize("direction", ["large requests", "large responses"])
def test_a_worker_needs_as_much_for_64_mb_as_for_1_kb(
    load: tuple[Measured, object], direction: str
) -> None:
    measured, _ = load

    ratio = measured[direction].gateway / measured["small"].gateway

    assert 1 / FLAT < ratio < FLAT, measured


def test_the_first_large_body_costs_a_worker_a_few_mb_once(load: tuple[Measured, object]) -> None:
    measured, _ = load

    assert measured["warm-up"].gateway - measured["cold"].gateway < 12 * MIB, measured


@pytest.mark.parametrize("direction", ["large requests", "large responses"])
def test_the_recorder_does_not_hold_the_bodies(
    load: tuple[Measured, object], direction: str
) -> None:
    """It interprets the first 16 MiB of each; whole, four of them would be 256 MiB more."""
    measured, _ = load

    assert measured[direction].recorder - measured["cold"].recorder < 3 * LARGE, measured


def test_large_bodies_are_recorded_whole(load: tuple[object, list[tuple[int, int, int]]]) -> None:
    """Guards the tests above: dropping bodies would save memory, too."""
    _, recorded = load

    assert recorded == [(SMALL, LARGE, ABREAST), (LARGE, SMALL, ABREAST)]
