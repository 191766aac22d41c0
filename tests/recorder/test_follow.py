from __future__ import annotations

import os
from pathlib import Path

import pytest

from proxy.journal.page import WorkerPage
from proxy.recorder.follow import Followed, Follower
from proxy.store.vault.state import Cursors, JournalId
from tests.journal.written import BOOT, WORKER, living, write_journal
from tests.recorder.played import Scene, whole

ID = JournalId(WORKER, BOOT)
READ_BYTES = 1 << 20


def followed(scene: Scene, committed: dict[JournalId, Cursors] | None = None) -> list[Followed]:
    follower = Follower(scene.folder, scene.keystore(), committed or {})
    follower.discover()
    return list(follower)


def test_a_living_journal_is_followed_and_never_at_its_end(scene: Scene) -> None:
    with living(scene.folder) as worker:
        worker.commit(whole(worker.writer.begin()))

        (one,) = followed(scene)
        frames = one.read(READ_BYTES).frames
        one.read(READ_BYTES)

        assert one.id == ID
        assert any(frame.id.sequence == 1 for frame in frames)
        assert one.taken == one.durable_end()
        assert not one.is_at_end


def test_a_journal_that_appears_later_is_found(scene: Scene) -> None:
    follower = Follower(scene.folder, scene.keystore(), {})
    follower.discover()
    assert list(follower) == []

    write_journal(scene.folder, [whole(1)])
    follower.discover()
    follower.discover()

    assert [one.id for one in follower] == [ID]


def test_a_dead_journal_ends(scene: Scene) -> None:
    write_journal(scene.folder, [whole(1)])

    (one,) = followed(scene)
    one.read(READ_BYTES)
    one.read(READ_BYTES)

    assert one.is_at_end
    assert one.durable_end() is None


def test_reading_goes_on_where_the_vault_says(scene: Scene) -> None:
    write_journal(scene.folder, [whole(1), whole(2)])
    (first,) = followed(scene)
    third = first.read(READ_BYTES).frames[2]

    place = (third.segment, third.offset)
    (again,) = followed(scene, {ID: Cursors(place, place, lost_count=4)})

    assert again.read(READ_BYTES).frames[0] == third
    assert again.lost_count == 4
    assert again.cursors(None) == Cursors(again.taken, again.taken, 4)


def test_a_worker_that_left_only_a_page_is_followed_to_its_end(scene: Scene) -> None:
    page = WorkerPage.create(scene.folder / "run", worker=WORKER, boot=BOOT)
    assert followed(scene) == []
    page.close()

    (one,) = followed(scene)
    one.read(READ_BYTES)

    assert one.is_at_end
    one.remove()
    assert scene.pages() == []


def test_a_place_that_cannot_be_read_is_passed_over_and_told_once(scene: Scene) -> None:
    write_journal(scene.folder, [whole(number) for number in range(1, 40)], segment_bytes=8192)
    first = scene.folder / "journal" / f"w{WORKER}" / scene.segments()[0]
    content = bytearray(first.read_bytes())
    content[1000:1400] = b"\xff" * 400
    first.write_bytes(content)

    (one,) = followed(scene)
    batches = [one.read(READ_BYTES) for _ in range(20)]

    damage = [found for batch in batches for found in batch.damage]
    assert [found.is_tail for found in damage] == [False]
    assert one.is_at_end
    assert any(frame.segment > 0 for batch in batches for frame in batch.frames)


def test_what_a_crash_left_half_written_is_told_once(scene: Scene) -> None:
    write_journal(scene.folder, [whole(1), whole(2)])
    path = scene.folder / "journal" / f"w{WORKER}" / scene.segments()[0]
    (one,) = followed(scene)
    last = one.read(READ_BYTES).frames[-1]
    content = bytearray(path.read_bytes())
    content[last.end - 5 : last.end] = bytes(5)
    path.write_bytes(content)

    (again,) = followed(scene)
    damage = [found for _ in range(5) for found in again.read(READ_BYTES).damage]

    assert [found.is_tail for found in damage] == [True]
    assert again.is_at_end


def test_dropping_keeps_the_segments_from_that_one_on(scene: Scene) -> None:
    write_journal(scene.folder, [whole(number) for number in range(1, 40)], segment_bytes=8192)
    (one,) = followed(scene)
    names = scene.segments()

    one.drop_before(2)
    one.drop_before(1)

    assert scene.segments() == names[2:]


def test_what_is_left_of_a_closed_journal_is_removed_at_once(scene: Scene) -> None:
    write_journal(scene.folder, [whole(1)])

    found = followed(scene, {ID: Cursors((0, 0), (0, 0), is_closed=True)})

    assert found == []
    assert scene.segments() == []


def test_a_journal_the_vault_knows_and_nobody_has_is_at_its_end(scene: Scene) -> None:
    (one,) = followed(scene, {ID: Cursors((3, 7), (3, 9))})

    one.read(READ_BYTES)

    assert one.is_at_end


def test_the_page_of_a_closed_journal_is_gone_for_good(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen by the crash-state explorer: a page that a power loss brought back, of a journal nobody knew any more."""
    WorkerPage.create(scene.folder / "run", worker=WORKER, boot=BOOT).close()
    synced: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda number: synced.append(str(Path(f"/proc/self/fd/{number}").readlink()))
    )

    followed(scene)[0].remove()

    assert synced == [str(scene.folder / "run")]
