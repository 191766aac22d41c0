from __future__ import annotations

import os
import re
from pathlib import Path

import google_crc32c
import pytest

from proxy.errors import StoreError
from proxy.journal.format import Codec, ExchangeId
from proxy.store import vault
from proxy.store.vault.format import (
    NOBODY,
    RECORD_HEADER,
    RECORD_HEADER_BYTES,
    RecordKind,
    Ref,
    encode_record,
)
from proxy.store.vault.state import Cursors, JournalId, VaultState
from proxy.store.vault.tail import WRITE_BYTES, VaultTail, commit_record

DAY = "20261118"
FIRST = f"{DAY}-000001"
ID = ExchangeId(0, 7, 1)


def opened(folder: Path) -> tuple[VaultTail, VaultState, list[tuple[str, str]]]:
    return VaultTail.open(folder, DAY, 1)


def record(kind: RecordKind = RecordKind.MANIFEST, id_: ExchangeId = ID, size: int = 10) -> bytes:
    return encode_record(kind, Codec.PLAIN, 0, id_, b"x" * size)


def moved_state() -> VaultState:
    state = VaultState()
    state.finish(ID)
    state.move({JournalId(0, 7): Cursors((0, 5), (0, 9))})
    return state


def test_a_vault_begins_with_a_file_of_that_day(tmp_path: Path) -> None:
    tail, state, found = opened(tmp_path)
    tail.close()

    assert [path.name for path in tmp_path.iterdir()] == [FIRST]
    assert (tail.name, found) == (FIRST, [])
    assert state.to_json() == VaultState().to_json()


def test_what_was_committed_is_there_after_opening_again(tmp_path: Path) -> None:
    tail, _, _ = opened(tmp_path)
    ref = tail.append(record())
    open_ref = tail.append(record(RecordKind.OPEN, ExchangeId(0, 7, 2)))
    tail.commit(commit_record(moved_state(), 5))
    tail.close()

    again, state, found = opened(tmp_path)
    again.close()

    assert ref == Ref(FIRST, ref.offset)
    assert state.is_done(ID)
    assert state.carried == {ExchangeId(0, 7, 2): open_ref}
    assert state.cursors == {JournalId(0, 7): Cursors((0, 5), (0, 9))}
    assert state.exchange_count == 1
    assert again.committed_offset == tail.committed_offset
    assert found == []


def of_a_newer_release(one: bytes) -> bytes:
    size, _, kind, codec, version, *rest = RECORD_HEADER.unpack_from(one)
    tail = RECORD_HEADER.pack(size, 0, kind, codec, version + 1, *rest)[8:]
    payload = one[RECORD_HEADER_BYTES:]
    crc: int = google_crc32c.value(tail + payload)
    made: bytes = size.to_bytes(4, "little") + crc.to_bytes(4, "little") + tail + payload
    return made


@pytest.mark.parametrize("is_whole_file", [False, True], ids=["behind ours", "from the start"])
def test_what_a_newer_release_wrote_is_refused_with_advice_and_not_cut_off(
    tmp_path: Path, *, is_whole_file: bool
) -> None:
    tail, state, _ = opened(tmp_path)
    tail.close()
    path = tmp_path / FIRST
    newer = of_a_newer_release(record()) + of_a_newer_release(commit_record(state, 5))
    path.write_bytes(newer if is_whole_file else path.read_bytes() + newer)
    before = path.read_bytes()

    with pytest.raises(StoreError, match=r"newer release \(format 2.*start that release"):
        opened(tmp_path)

    assert path.read_bytes() == before


def test_a_commit_is_written_when_what_it_covers_is_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk writes in any order: else a power loss could leave the commit alone."""
    tail, state, _ = opened(tmp_path)
    commit = commit_record(state, 5)
    synced: list[bytes] = []
    monkeypatch.setattr(os, "fdatasync", lambda _: synced.append((tmp_path / FIRST).read_bytes()))

    tail.append(record())
    tail.commit(commit)
    tail.close()

    assert [content.endswith(commit) for content in synced] == [False, True]
    assert synced[0].endswith(record())


def test_a_commit_that_is_found_is_made_durable_before_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen by the crash-state explorer: a recorder killed before its sync, the journals removed by the next."""
    opened(tmp_path)[0].close()
    synced: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda number: synced.append(str(Path(f"/proc/self/fd/{number}").readlink()))
    )

    opened(tmp_path)[0].close()

    assert synced[-2:] == [str(tmp_path / FIRST), str(tmp_path)]


def test_an_uncommitted_end_is_cut_off_and_told(tmp_path: Path) -> None:
    tail, _, _ = opened(tmp_path)
    committed = tail.committed_offset
    tail.append(record(size=WRITE_BYTES))  # so long that it is written before its commit
    tail.close()

    again, state, found = opened(tmp_path)
    again.close()

    assert not state.is_done(ID)
    assert (tmp_path / FIRST).stat().st_size == committed
    assert [kind for kind, _ in found] == ["recovery"]
    assert "behind the last commit" in found[0][1]


def test_damage_before_a_commit_is_told_and_nothing_behind_it_is_cut_off(tmp_path: Path) -> None:
    tail, _, _ = opened(tmp_path)
    start = tail.committed_offset
    for id_ in (ID, ExchangeId(0, 7, 2)):
        tail.append(record(id_=id_))
        tail.commit(commit_record(moved_state(), 5))
    tail.close()
    path = tmp_path / FIRST
    content = bytearray(path.read_bytes())
    content[start : start + 4] = b"\xff" * 4
    path.write_bytes(content)

    again, state, found = opened(tmp_path)
    again.close()

    assert path.stat().st_size == len(content)
    assert [kind for kind, _ in found] == ["damage"]
    assert state.is_done(ExchangeId(0, 7, 2))


def test_a_new_file_begins_with_all_that_is_known(tmp_path: Path) -> None:
    tail, _, _ = opened(tmp_path)
    tail.begin_file(DAY, moved_state(), 2)
    tail.begin_file("20261119", moved_state(), 3)
    tail.close()

    again, state, _ = opened(tmp_path)
    again.close()

    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [FIRST, f"{DAY}-000002", "20261119-000001"]
    assert state.to_json() == moved_state().to_json()


def test_a_file_that_was_being_made_is_not_there(tmp_path: Path) -> None:
    opened(tmp_path)[0].close()
    (tmp_path / f"{DAY}-000002.unborn").write_bytes(b"half")

    tail, _, found = opened(tmp_path)
    tail.close()

    assert (tail.name, found) == (FIRST, [])


def test_a_file_without_a_whole_beginning_is_refused(tmp_path: Path) -> None:
    (tmp_path / FIRST).write_bytes(encode_record(RecordKind.PART, Codec.PLAIN, 0, NOBODY, b"x"))

    with pytest.raises(StoreError, match="no whole beginning"):
        opened(tmp_path)


def test_a_file_that_was_removed_takes_no_commit(tmp_path: Path) -> None:
    tail, state, _ = opened(tmp_path)
    (tmp_path / FIRST).unlink()

    with pytest.raises(OSError, match="removed"):
        tail.commit(commit_record(state, 5))
    tail.close()


def test_the_commit_drawn_in_the_format_text_is_what_we_write() -> None:
    state = VaultState(exchange_count=1)
    state.move({JournalId(0, 7): Cursors((0, 98), (0, 98))})
    text = Path(vault.__file__).with_name("VAULT.md").read_text("utf-8")
    drawn = "".join(re.findall(r"^[0-9a-f]{4}  ((?:[0-9a-f]{2} ?)+) ", text, re.MULTILINE))

    assert bytes.fromhex(drawn) == commit_record(state, 1_795_003_200_000_000_000)
