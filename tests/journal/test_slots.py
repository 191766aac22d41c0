"""proxy/journal/slots.py: one key per exchange, durable before use, gone when destroyed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.errors import KeyDestroyed, SlotsMissing
from proxy.journal.format import ExchangeId
from proxy.journal.keys import MasterKey
from proxy.journal.slots import (
    OPEN_FILES_MAX,
    SLOT_BYTES,
    SLOTS_OFFSET,
    SLOTS_PER_BLOCK,
    Keystore,
    SlotFile,
    slot_offset,
    slots_path,
)
from tests.journal.written import BOOT, MASTER, WORKER


@pytest.fixture
def slots(tmp_path: Path) -> Iterator[SlotFile]:
    file = SlotFile.create(tmp_path, MASTER, WORKER, BOOT)
    yield file
    file.close()


@pytest.fixture
def keystore(tmp_path: Path) -> Iterator[Keystore]:
    store = Keystore(tmp_path, MASTER)
    yield store
    store.close()


def exchange(sequence: int) -> ExchangeId:
    return ExchangeId(WORKER, BOOT, sequence)


def test_slots_are_made_in_whole_blocks(slots: SlotFile, tmp_path: Path) -> None:
    slots.ensure(SLOTS_PER_BLOCK + 1)

    size = slots_path(tmp_path, WORKER, BOOT).stat().st_size
    assert slots.durable_last == 2 * SLOTS_PER_BLOCK
    assert size == SLOTS_OFFSET + 2 * SLOTS_PER_BLOCK * SLOT_BYTES


def test_enough_slots_are_enough(slots: SlotFile) -> None:
    slots.ensure(5)
    slots.ensure(SLOTS_PER_BLOCK)

    assert slots.durable_last == SLOTS_PER_BLOCK


@pytest.mark.parametrize("sequence", [1, 2, SLOTS_PER_BLOCK, SLOTS_PER_BLOCK + 1])
def test_both_sides_see_the_same_key(slots: SlotFile, keystore: Keystore, sequence: int) -> None:
    slots.ensure(sequence)

    assert slots.take(sequence) == keystore.key(exchange(sequence))


def test_every_exchange_has_a_key_of_its_own(slots: SlotFile) -> None:
    slots.ensure(2 * SLOTS_PER_BLOCK)

    keys = {slots.take(sequence) for sequence in range(1, 2 * SLOTS_PER_BLOCK + 1)}

    assert len(keys) == 2 * SLOTS_PER_BLOCK


def test_a_key_is_handed_out_once(slots: SlotFile) -> None:
    slots.ensure(1)
    slots.take(1)

    with pytest.raises(AssertionError, match="taken before"):
        slots.take(1)


def test_no_key_stands_in_clear_on_disk(slots: SlotFile, tmp_path: Path) -> None:
    slots.ensure(1)

    assert slots.take(1) not in slots_path(tmp_path, WORKER, BOOT).read_bytes()


def test_a_slot_file_is_never_made_twice(slots: SlotFile, tmp_path: Path) -> None:
    assert slots.durable_last == 0
    with pytest.raises(FileExistsError):
        SlotFile.create(tmp_path, MASTER, WORKER, BOOT)


def test_a_destroyed_key_is_gone_and_its_neighbours_are_not(
    slots: SlotFile, keystore: Keystore, tmp_path: Path
) -> None:
    slots.ensure(3)
    keystore.destroy([exchange(2)])

    with pytest.raises(KeyDestroyed, match="destroyed or never made"):
        keystore.key(exchange(2))

    assert keystore.key(exchange(1)) == slots.take(1)
    assert keystore.key(exchange(3)) == slots.take(3)
    file = slots_path(tmp_path, WORKER, BOOT).read_bytes()
    assert file[slot_offset(2) :][:SLOT_BYTES] == bytes(SLOT_BYTES)


def test_destroying_twice_or_what_was_never_there_changes_nothing(
    slots: SlotFile, keystore: Keystore, tmp_path: Path
) -> None:
    slots.ensure(1)
    keystore.destroy([exchange(1)])
    before = slots_path(tmp_path, WORKER, BOOT).read_bytes()

    keystore.destroy([exchange(1), exchange(99_999), ExchangeId(9, 9, 9)])

    assert slots_path(tmp_path, WORKER, BOOT).read_bytes() == before


def test_only_a_slot_that_is_there_and_overwritten_is_destroyed(
    slots: SlotFile, keystore: Keystore, tmp_path: Path
) -> None:
    slots.ensure(2)
    keystore.destroy([exchange(1)])

    assert keystore.is_destroyed(exchange(1))
    assert not keystore.is_destroyed(exchange(2))
    assert not keystore.is_destroyed(exchange(99_999)), "the file ends before it"
    slots_path(tmp_path, WORKER, BOOT).unlink()
    assert not keystore.is_destroyed(exchange(1)), "it may come back"


def test_a_slot_that_was_never_made_has_no_key(slots: SlotFile, keystore: Keystore) -> None:
    slots.ensure(1)

    with pytest.raises(KeyDestroyed):
        keystore.key(exchange(SLOTS_PER_BLOCK + 1))


def test_an_unknown_boot_has_no_keys(keystore: Keystore) -> None:
    with pytest.raises(KeyDestroyed, match="no slot file"):
        keystore.key(ExchangeId(WORKER, 12, 1))


@pytest.mark.parametrize("place", [0, 8, 10, 30, 80])
def test_a_damaged_header_gives_no_key(
    slots: SlotFile, keystore: Keystore, tmp_path: Path, place: int
) -> None:
    slots.ensure(1)
    path = slots_path(tmp_path, WORKER, BOOT)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)

    # Bytes 10 and on repeat what the name says: they are bound through the name, not read.
    if place == 10:
        assert keystore.key(exchange(1)) == slots.take(1)
    else:
        with pytest.raises(KeyDestroyed):
            keystore.key(exchange(1))


def test_a_header_cut_short_gives_no_key(keystore: Keystore, tmp_path: Path) -> None:
    slots_path(tmp_path, WORKER, BOOT).write_bytes(b"IPXSLOTS")

    with pytest.raises(KeyDestroyed, match="no whole header"):
        keystore.key(exchange(1))


def test_a_slot_moved_to_another_exchange_gives_no_key(
    slots: SlotFile, keystore: Keystore, tmp_path: Path
) -> None:
    slots.ensure(2)
    path = slots_path(tmp_path, WORKER, BOOT)
    data = bytearray(path.read_bytes())
    data[slot_offset(2) : slot_offset(3)] = data[slot_offset(1) : slot_offset(2)]
    path.write_bytes(data)

    with pytest.raises(KeyDestroyed, match="damaged"):
        keystore.key(exchange(2))


def test_another_master_opens_nothing(slots: SlotFile, tmp_path: Path) -> None:
    slots.ensure(1)
    stranger = Keystore(tmp_path, MasterKey(bytes(32)))

    with pytest.raises(KeyDestroyed, match="master key"):
        stranger.key(exchange(1))


def test_a_keystore_keeps_a_bounded_number_of_files_open(tmp_path: Path) -> None:
    boots = range(1, OPEN_FILES_MAX + 4)
    for boot in boots:
        file = SlotFile.create(tmp_path, MASTER, WORKER, boot)
        file.ensure(1)
        file.close()
    store = Keystore(tmp_path, MASTER)
    before = len(list(Path("/proc/self/fd").iterdir()))

    keys = {store.key(ExchangeId(WORKER, boot, 1)) for boot in boots}

    assert len(keys) == len(boots)
    assert len(list(Path("/proc/self/fd").iterdir())) - before <= OPEN_FILES_MAX
    store.close()


def test_the_keys_of_a_restored_file_are_those_that_have_its_name(
    slots: SlotFile, keystore: Keystore, tmp_path: Path
) -> None:
    """A keystore that stayed with the old file would miss new keys, and open erased ones."""
    slots.ensure(2)
    keystore.key(exchange(1))
    path = slots_path(tmp_path, WORKER, BOOT)
    restored = path.read_bytes()
    path.unlink()
    keystore.key(exchange(1))
    with pytest.raises(SlotsMissing):
        Keystore(tmp_path, MASTER).key(exchange(1))
    path.write_bytes(restored)

    keystore.destroy([exchange(1)])

    with pytest.raises(KeyDestroyed):
        keystore.key(exchange(1))
    assert keystore.key(exchange(2)) == slots.take(2)


def test_what_has_no_slot_is_not_said_to_be_destroyed(
    slots: SlotFile, keystore: Keystore, tmp_path: Path
) -> None:
    """A lost file is restored by its writer, and has its keys again."""
    slots.ensure(1)
    beyond = exchange(slots.durable_last + 1)
    nowhere = ExchangeId(WORKER, BOOT + 1, 1)

    assert keystore.destroy([exchange(1), beyond, nowhere]) == (beyond, nowhere)

    path = slots_path(tmp_path, WORKER, BOOT)
    path.unlink()
    assert keystore.destroy([exchange(2)]) == (exchange(2),)
    slots.verify()
    assert keystore.destroy([exchange(2)]) == ()
    with pytest.raises(KeyDestroyed):
        keystore.key(exchange(2))
