"""What a policy keeps here nobody erases before its time; a person may set it aside unless it is a lock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from proxy.recorder.server import RecorderSettings
from tests.journal.written import living
from tests.recorder.erasing.prepared import prepared
from tests.recorder.erasing.test_eraser import erase, is_open, query
from tests.recorder.played import Scene, answered, begun, reply
from tests.recorder.served import serving

KEEP = '[[policy]]\nname = "books"\nkeep_local = "36500d"\n'
LOCK = KEEP + 'mode = "compliance"\n'


@dataclass(slots=True)
class Kept(Scene):
    """With a policies' file."""

    def settings(self) -> RecorderSettings:
        return replace(Scene.settings(self), policies_file=self.folder / "policies.toml")

    def write(self, text: str) -> None:
        (self.folder / "policies.toml").write_text(text)


@contextmanager
def one_told(folder: Path, text: str) -> Iterator[Kept]:
    """v1_1, and v1_2 behind it."""
    prepared(folder)
    scene = Kept(folder)
    scene.write(text)
    with living(folder) as worker:
        later = json.dumps({"model": "m", "input": "and?", "previous_interaction_id": "v1_1"})
        for body in (b'{"model":"m","input":"hi"}', later.encode()):
            sequence = worker.writer.begin()
            answer = json.loads(reply(sequence)) | {"created": "2026-01-01T00:00:00Z"}
            told = answered(sequence, json.dumps(answer).encode())
            worker.commit([*begun(sequence, body), *told])
        yield scene


def acts(scene: Scene, kind: str) -> list[Any]:
    return [json.loads(act.data or "{}") for act in scene.told().acts if act.kind == kind]


async def test_what_a_policy_keeps_no_person_erases_and_it_is_deferred(tmp_path: Path) -> None:
    with one_told(tmp_path, KEEP) as scene:
        async with serving(scene):
            told = await erase(scene, id="v1_1")

            assert told["plan"]["kept"] == [{"interaction": "v1_1", "holds": ["policy books"]}]
            assert told["plan"]["is_partial"]
            assert told["deferred"] == ["v1_1"]
        assert is_open(scene, 1)


async def test_a_person_sets_it_aside_on_record(tmp_path: Path) -> None:
    with one_told(tmp_path, KEEP) as scene:
        async with serving(scene):
            told = await erase(scene, id="v1_1", reach="descendants", bypass=True)

            assert told["plan"]["interactions"] == ["v1_2", "v1_1"]
        assert not is_open(scene, 1)
        assert [act["bypassed"] for act in acts(scene, "erasure")] == [2]


@pytest.mark.parametrize("later", ["", KEEP.replace("36500d", "1s")], ids=["gone", "shorter"])
async def test_a_lock_is_set_aside_by_nobody_whatever_the_file_says_later(
    tmp_path: Path, later: str
) -> None:
    with one_told(tmp_path, LOCK) as scene:
        async with serving(scene):
            first = await erase(scene, id="v1_1", bypass=True)
            scene.write(later)
            second = await erase(scene, id="v1_1", bypass=True)
        async with serving(scene):  # by what is on record
            third = await erase(scene, id="v1_1", bypass=True)

        assert [told["plan"]["interactions"] for told in (first, second, third)] == [[]] * 3
        assert is_open(scene, 1)
        locks = [act["lock"] for act in acts(scene, "policy")]
        assert [(lock["name"], lock["until"] > 0) for lock in locks] == [
            ("books", False),
            ("books", True),
        ]


async def test_what_waited_for_a_keeping_is_erased_once_it_has_ended(tmp_path: Path) -> None:
    with one_told(tmp_path, KEEP) as scene:
        async with serving(scene) as recorder:
            await erase(scene, id="v1_1")
            scene.write("")

            await recorder.erasing._prove()

            assert not await query(scene, "erasing_deferred")
        assert not is_open(scene, 1)


async def test_what_is_kept_keeps_the_turns_before_it_and_a_file_that_is_wrong_changes_nothing(
    tmp_path: Path,
) -> None:
    with one_told(tmp_path, KEEP) as scene:
        async with serving(scene):
            kept = (await erase(scene, id="v1_1", dry_run=True))["plan"]["kept"]
            scene.write("[[policy]")
            again = (await erase(scene, id="v1_1", dry_run=True))["plan"]["kept"]

    assert kept == again == [{"interaction": "v1_1", "holds": ["policy books"]}]
