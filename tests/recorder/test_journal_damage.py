"""Journals whose bytes changed: what a recorder makes of them. Nothing wrong, nothing lost without a word.

DAMAGE_CASES says how many places are tried of each kind.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.journal.page import WorkerPage
from proxy.journal.writer import JournalLimits
from proxy.recording.facts import ActFact
from tests.journal.written import BOOT, WORKER, change, living, opened, read_all, segment
from tests.recorder.played import Scene, begun, name, reply, whole

CASES: Final = int(os.environ.get("DAMAGE_CASES", "40"))
COUNT: Final = 24
PAGE_BYTES: Final = 4096
LIMITS: Final = JournalLimits(segment_bytes=64 * 1024, compress_bytes_min=1 << 30)
NAMES: Final = {name(number) for number in range(1, COUNT + 1)}

damaged = settings(
    max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@dataclass(frozen=True, slots=True)
class Original:
    """A dead worker's folder, page and all: COUNT whole exchanges in one segment."""

    folder: Path
    content: bytes
    ends: tuple[int, ...]
    """Where each frame with an exchange ends."""

    def scene(self, folder: Path, content: bytes) -> Scene:
        """A copy with other bytes in its segment."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        segment(folder).write_bytes(content)
        return Scene(folder)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    folder = tmp_path_factory.mktemp("original")
    Scene(folder).settings()
    with living(folder, LIMITS) as worker:
        for _ in range(COUNT):
            worker.commit(whole(worker.writer.begin()))
    with opened(folder) as journal:
        frames = [frame for frame in read_all(journal).frames if frame.id.sequence]
    ends = tuple(frame.end for frame in frames)
    return Original(folder, segment(folder).read_bytes(), ends)


def recorded(scene: Scene) -> tuple[dict[str, str], list[ActFact]]:
    scene.pipeline().catch_up()
    check_contents(scene)
    return scene.outcomes(), [act for act in scene.told().acts if act.kind != "mode"]


def check_contents(scene: Scene) -> None:
    """Whatever is called complete is what was written."""
    reader = scene.reader()
    for committed in scene.told().exchanges:
        if committed.recording.exchange.outcome == "complete":
            exchange = reader.exchange(committed.raw_ref)
            assert exchange.response.data == reply(exchange.id.sequence)


def lost(acts: list[ActFact]) -> int:
    """How many exchanges the acts say are lost."""
    found = (re.search(r"nothing is left of (\d+) exchanges", act.detail) for act in acts)
    return sum(int(one[1]) for one in found if one)


@damaged
@given(data=st.data())
def test_a_journal_cut_anywhere_in_its_last_records_is_recorded_up_to_there(
    original: Original, tmp_path: Path, data: st.DataObject
) -> None:
    place = data.draw(st.integers(original.ends[-4], original.ends[-1]))

    scene = original.scene(tmp_path / "cut", original.content[:place])
    outcomes, acts = recorded(scene)

    whole_count = sum(end <= place for end in original.ends)
    assert outcomes.keys() == NAMES
    assert sum(outcome == "complete" for outcome in outcomes.values()) == whole_count
    assert lost(acts) == COUNT - whole_count


@damaged
@given(data=st.data())
def test_one_changed_byte_costs_one_exchange_at_most_and_is_told(
    original: Original, tmp_path: Path, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, original.ends[-1] - 1))
    flip = data.draw(st.integers(1, 255))
    content = bytearray(original.content)
    content[place] ^= flip

    outcomes, acts = recorded(original.scene(tmp_path / "flip", bytes(content)))

    complete = sum(outcome == "complete" for outcome in outcomes.values())
    assert outcomes.keys() == NAMES
    assert complete >= COUNT - 1
    assert lost(acts) == COUNT - complete
    assert any(act.kind in {"damage", "recovery"} for act in acts)


@damaged
@given(data=st.data())
def test_swapped_and_zeroed_pages_cost_what_stood_in_them_and_are_told(
    original: Original, tmp_path: Path, data: st.DataObject
) -> None:
    pages = range(original.ends[-1] // PAGE_BYTES + 1)
    first, second = data.draw(st.lists(st.sampled_from(pages), min_size=2, max_size=2, unique=True))
    content = bytearray(original.content)
    one, other = (slice(at * PAGE_BYTES, (at + 1) * PAGE_BYTES) for at in (first, second))
    zeros = bytes(PAGE_BYTES)
    is_swap = data.draw(st.booleans())
    content[one], content[other] = (content[other], content[one]) if is_swap else (zeros, zeros)

    outcomes, acts = recorded(original.scene(tmp_path / "pages", bytes(content)))

    complete = sum(outcome == "complete" for outcome in outcomes.values())
    assert outcomes.keys() == NAMES
    assert lost(acts) == COUNT - complete
    assert lost(acts) > 0
    assert any(act.kind == "damage" for act in acts)


def test_damage_in_a_living_journal_is_told_with_its_count_and_the_rest_goes_on(
    scene: Scene,
) -> None:
    with living(scene.folder, LIMITS) as worker:
        pipeline = scene.pipeline()
        worker.commit(whole(worker.writer.begin()))
        pipeline.round()
        start = worker.page.words[8] & ((1 << 40) - 1)
        for _ in range(4):
            worker.commit(whole(worker.writer.begin()))
        change(segment(scene.folder), start + 900, b"\xff" * 300)
        pipeline.round()
        worker.commit(whole(worker.writer.begin()))
        pipeline.round()
        pipeline.round()

        outcomes = scene.outcomes()
        acts = [act for act in scene.told().acts if act.kind == "damage"]
        again = scene.pipeline()
        again.catch_up()

    assert outcomes.keys() == {name(number) for number in range(1, 7)}
    complete = {one for one, outcome in outcomes.items() if outcome == "complete"}
    assert {name(1), name(2), name(5), name(6)} <= complete
    assert lost(acts) == 6 - len(complete)
    assert 1 <= lost(acts) <= 2
    assert scene.outcomes() == outcomes


def test_an_exchange_that_damage_cut_in_two_is_closed_and_not_called_lost(scene: Scene) -> None:
    with living(scene.folder, LIMITS) as worker:
        sequence = worker.writer.begin()
        worker.commit(begun(sequence))
        start = worker.page.words[8] & ((1 << 40) - 1)
        worker.commit(whole(worker.writer.begin()))
        worker.commit(whole(worker.writer.begin()))
        change(segment(scene.folder), start + 50, b"\xff" * 300)

    outcomes, acts = recorded(scene)

    assert outcomes == {name(1): "interrupted", name(2): "interrupted", name(3): "complete"}
    assert lost(acts) == 1


def test_a_page_that_says_nothing_makes_nothing_up(scene: Scene) -> None:
    """A worker that died before its first exchange, or whose page a power loss took back."""
    page = WorkerPage.create(scene.folder / "run", worker=WORKER, boot=BOOT)
    page.close()

    scene.pipeline().catch_up()

    assert scene.outcomes() == {}
