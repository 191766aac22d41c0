"""What waits for a hold or a keeping goes as it was asked for, by a clock that is confirmed, and not behind what fails."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pytest

from proxy.audit.erasure.plan import Selection
from proxy.audit.retention.clocks import DAY_NS
from proxy.errors import StoreError
from proxy.journal.format import ExchangeId, Kind
from proxy.journal.slots import Keystore
from proxy.recorder.erasing.eraser import Eraser
from proxy.recorder.erasing.planning import Planned
from proxy.recorder.keeping.keepings import Kept
from proxy.recorder.server import Recorder
from tests.journal.written import BOOT, entry, living, still_ns
from tests.recorder.erasing.prepared import prepared
from tests.recorder.erasing.test_eraser import erase, hold, is_open
from tests.recorder.keeping.test_keepings import KEEP, LOCK, acts, one_told
from tests.recorder.played import Scene, answered, begun
from tests.recorder.served import ask, serving

EARLIER_NS = still_ns() - 100 * DAY_NS
"""2026-10-07; what was made on 2026-01-01 and is kept for 300 days is kept until 2026-10-28."""
DATED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b"Date: Fri, 15 Jan 2027 08:00:00 GMT\r\n\r\n"
)


async def release(scene: Scene, held: str) -> tuple[int, object]:
    wish = {"hold": held, "reason": "the case is closed", "actor": "bob"}
    return await ask(scene.folder / "run", "POST", "/release", wish)


def clock_at(monkeypatch: pytest.MonkeyPatch, now_ns: int) -> None:
    """The next recorder's; it stands still."""
    monkeypatch.setattr("tests.recorder.served.Recorder", partial(Recorder, now_ns=lambda: now_ns))


async def test_a_clock_ahead_ends_no_lock_by_itself_until_an_answer_of_upstream_agrees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it need the file that made the lock."""
    with one_told(tmp_path, LOCK.replace("36500d", "300d")) as scene:
        clock_at(monkeypatch, EARLIER_NS)
        async with serving(scene):
            await erase(scene, id="v1_1")
    clock_at(monkeypatch, still_ns())
    fileless = Scene(tmp_path)
    with living(tmp_path, boot=BOOT + 1) as worker:
        async with serving(fileless) as recorder:
            await recorder.erasing.resume()
            assert is_open(fileless, 1)

            sequence = worker.writer.begin()
            head = entry(sequence, Kind.RESPONSE_HEAD, DATED)
            worker.commit([*begun(sequence), head, *answered(sequence)[1:]])
            await recorder.erasing._prove()

            assert not is_open(fileless, 1)


async def test_a_lock_that_ends_while_the_clock_is_behind_ends_no_earlier_than_what_is_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock_at(monkeypatch, DAY_NS)
    with one_told(tmp_path, LOCK) as scene:
        async with serving(scene):
            await erase(scene, id="v1_1", dry_run=True)
            scene.write("")
            await erase(scene, id="v1_1", dry_run=True)

        assert [act["lock"]["until"] for act in acts(scene, "policy")] == [0, still_ns()]


async def test_what_waited_is_told_as_far_as_it_was_asked_for(tmp_path: Path) -> None:
    """Other proxies of a fleet have turns that this one never saw."""
    scene = prepared(tmp_path)
    with living(tmp_path) as worker:
        async with serving(scene):
            sequence = worker.writer.begin()
            worker.commit([*begun(sequence), *answered(sequence)])
            held = await hold(scene, "v1_1")
            await erase(scene, id="v1_1", reach="thread")

            await release(scene, held)

            assert not is_open(scene, 1)
    (told,) = (each for each in acts(scene, "erased") if "interactions" in each)
    assert (told["interactions"], told["reach"]) == (["v1_1"], "thread")


@pytest.mark.parametrize(("text", "is_left"), [(KEEP, False), (LOCK, True)])
async def test_what_set_keepings_aside_and_waited_for_a_hold_does_so_still_and_no_lock(
    tmp_path: Path, text: str, *, is_left: bool
) -> None:
    with one_told(tmp_path, text) as scene:
        async with serving(scene):
            held = await hold(scene, "v1_1")
            await erase(scene, id="v1_1", bypass=True)

            await release(scene, held)

        assert is_open(scene, 1) is is_left


async def test_what_cannot_be_planned_keeps_no_other_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = Eraser._planned

    async def not_the_first(eraser: Eraser, selection: Selection, kept: Kept) -> Planned:
        if "v1_1" in selection.interactions:
            raise StoreError("too much")
        return await planned(eraser, selection, kept)

    scene = prepared(tmp_path)
    with living(tmp_path) as worker:
        async with serving(scene):
            for _ in range(2):
                sequence = worker.writer.begin()
                worker.commit([*begun(sequence), *answered(sequence)])
            holds = [await hold(scene, each) for each in ("v1_1", "v1_2")]
            for each in ("v1_1", "v1_2"):
                await erase(scene, id=each)
            monkeypatch.setattr(Eraser, "_planned", not_the_first)
            first, _ = await release(scene, holds[0])
            second, _ = await release(scene, holds[1])

            assert (first, second) == (504, 504), "it is said that one is left"
            assert [is_open(scene, each) for each in (1, 2)] == [True, False]


async def test_what_the_disk_refuses_in_the_hourly_look_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    destroy, refusals = Keystore.destroy, [OSError(5, "Input/output error")]

    def refuse_once(keystore: Keystore, exchanges: Iterable[ExchangeId]) -> tuple[ExchangeId, ...]:
        if refusals:
            raise refusals.pop()
        return destroy(keystore, exchanges)

    monkeypatch.setattr("proxy.recorder.erasing.routes.AGAIN_AFTER_S", 0.0)
    with one_told(tmp_path, KEEP) as scene:
        async with serving(scene) as recorder:
            await recorder.erasing.resume()
            await erase(scene, id="v1_1")
            scene.write("")
            monkeypatch.setattr(Keystore, "destroy", refuse_once)

            await recorder.erasing._prove()

            assert recorder.erasing._is_left.is_set()
            await recorder.erasing.resume()
            assert not is_open(scene, 1)
