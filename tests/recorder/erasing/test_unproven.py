"""Of keys that are not there to be destroyed nothing is claimed; of those that are about to be, nothing is shown."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy.errors import KeyDestroyed
from proxy.journal.slots import SLOTS_OFFSET
from proxy.reading.sealed import open_vault
from proxy.recorder.server import open_reader
from proxy.store.erasing.tombstones import Erasure, Tombstones
from tests.journal.written import living
from tests.recorder.erasing.test_eraser import digests, erase, is_open, query, scene
from tests.recorder.played import Scene, answered, begun, name, reply
from tests.recorder.served import ask, serving

__all__ = ["scene"]


def cut_off(slots: Path) -> None:
    """Behind its header."""
    os.truncate(slots, SLOTS_OFFSET)


@pytest.mark.parametrize("lose", [Path.unlink, cut_off])
async def test_a_key_whose_slots_are_not_here_is_not_said_to_be_destroyed_and_goes_when_it_comes_back(
    scene: Scene, lose: Callable[[Path], None]
) -> None:
    with living(scene.folder) as worker:
        (slots,) = (scene.folder / "keys" / "slots").iterdir()
        async with serving(scene) as recorder:
            sequence = worker.writer.begin()
            worker.commit([*begun(sequence), *answered(sequence)])
            await ask(scene.folder / "run", "POST", "/flush")  # read while its key was there
            whole = slots.read_bytes()
            lose(slots)

            told = await erase(scene, id="v1_1")

            assert (told["unproven"], told["unproven_count"]) == ([name(1)], 1)
            said = [
                json.loads(act.data or "{}") for act in scene.told().acts if act.kind == "erased"
            ]
            assert not any("exchanges" in each for each in said)
            slots.write_bytes(whole)
            assert is_open(scene, 1)  # to who does not ask what was erased
            (raw_ref,) = (each.raw_ref for each in scene.told().exchanges)
            for reader in (
                open_vault(scene.folder),
                open_reader(scene.settings(), Tombstones.open(scene.folder / "keys")),
            ):
                with pytest.raises(KeyDestroyed, match="was erased"):
                    reader.exchange(raw_ref)

            await recorder.erasing.resume()

            assert not is_open(scene, 1)
            (proof,) = (
                json.loads(act.data or "{}")
                for act in scene.told().acts
                if act.kind == "erased" and "exchanges" in (act.data or "")
            )
            assert proof == {"erasure": told["erasure"], "exchanges": [name(1)]}
            await recorder.erasing.resume()
    assert not Tombstones.open(scene.folder / "keys").unproven
    assert digests(scene) == []


async def test_what_an_interrupted_erasure_is_to_destroy_is_shown_to_nobody_meanwhile(
    scene: Scene,
) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            sequence = worker.writer.begin()
            worker.commit([*begun(sequence), *answered(sequence)])
            await query(scene, "erasing_holds")
    told = scene.told().exchanges[0]
    assert open_vault(scene.folder).exchange(told.raw_ref).response.data == reply(1)
    left = Tombstones.open(scene.folder / "keys")
    left.begin(Erasure("0" * 32, 1, ("v1_1",), (name(1),), "they asked", "ann"))

    assert is_open(scene, 1), "its key is there"
    with pytest.raises(KeyDestroyed, match="was erased"):
        open_vault(scene.folder).exchange(told.raw_ref)
