from __future__ import annotations

import pytest

from proxy.errors import FormatError, KeyDestroyed, PositionUnknown
from proxy.journal.format import ExchangeId
from proxy.store.position import VAULT_START, VaultPosition
from proxy.store.vault import reader as reader_module
from tests.store.vault.built import CURSORS, VaultFolder, append, finished


def test_following_goes_on_where_it_ended(data: VaultFolder) -> None:
    vault, reader = data.open(), data.reader()
    append(vault, 1)
    vault.commit(CURSORS)
    (first,) = reader.follow(VAULT_START)
    append(vault, 2)
    append(vault, 3)
    vault.commit(CURSORS)

    (second,) = reader.follow(first.position)

    sequences = [one.recording.exchange.sequence for one in second.exchanges]
    assert sequences == [2, 3]
    assert list(reader.follow(second.position)) == []


def test_several_commits_make_one_batch_up_to_its_size(data: VaultFolder) -> None:
    vault = data.open(file_bytes_max=3000)
    for sequence in range(1, 11):
        append(vault, sequence)
        vault.commit(CURSORS)

    batches = list(data.reader().follow(VAULT_START, batch_rows=2))

    assert len(data.files()) > 1
    assert sum(len(batch.exchanges) for batch in batches) == 10
    assert max(len(batch.exchanges) for batch in batches) == 2
    assert [batch.position for batch in batches] == sorted(batch.position for batch in batches)


def test_a_batch_ends_where_its_facts_are_many(
    data: VaultFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "BATCH_FACTS_MAX", 2)
    vault = data.open()
    for sequence in range(1, 5):
        append(vault, sequence)
        vault.commit(CURSORS)

    batches = list(data.reader().follow(VAULT_START))

    assert 2 <= len(batches) <= 4
    assert sum(len(batch.exchanges) for batch in batches) == 4


def test_every_position_told_is_one_to_go_on_from(data: VaultFolder) -> None:
    vault = data.open(file_bytes_max=3000)
    for sequence in range(1, 8):
        append(vault, sequence)
        vault.commit(CURSORS)
    batches = list(data.reader().follow(VAULT_START, batch_rows=1))

    for done, batch in enumerate(batches, 1):
        assert list(data.reader().follow(batch.position, batch_rows=1)) == batches[done:]


def test_what_is_not_committed_is_not_followed(data: VaultFolder) -> None:
    vault = data.open()
    append(vault, 1)
    before = list(data.reader().follow(VAULT_START))
    vault.commit(CURSORS)

    assert sum(len(batch.exchanges) for batch in before) == 0


@pytest.mark.parametrize("offset", [0, 10_000_000])
def test_a_position_of_another_vault_is_refused(data: VaultFolder, offset: int) -> None:
    name = data.open().position.file if offset else "20990101-000001"

    with pytest.raises(PositionUnknown):
        list(data.reader().follow(VaultPosition(name, offset)))


def test_an_exchange_is_opened_whole_or_by_its_start(data: VaultFolder) -> None:
    vault = data.open()
    committed = append(vault, 1)
    vault.commit(CURSORS)
    reader = data.reader()

    assert reader.exchange(committed.raw_ref) == finished(1).exchange
    assert reader.exchange(committed.raw_ref, bytes_max=3).response.data == b"rep"


def test_a_reader_sees_what_was_appended_after_it_opened_the_file(data: VaultFolder) -> None:
    vault, reader = data.open(), data.reader()
    first = append(vault, 1, b"one")
    vault.commit(CURSORS)
    assert reader.content(f"{first.steps_ref}#0") == b"one"

    second = append(vault, 2, b"two")
    vault.commit(CURSORS)

    assert reader.content(f"{second.steps_ref}#0") == b"two"


def test_erased_content_stays_closed_while_facts_and_manifest_open(data: VaultFolder) -> None:
    vault = data.open()
    committed = append(vault, 1, b"step")
    vault.commit(CURSORS)

    data.keystore().destroy([ExchangeId(0, 7, 1)])

    for opening in (
        lambda: data.reader().content(f"{committed.steps_ref}#0"),
        lambda: data.reader().exchange(committed.raw_ref),
    ):
        with pytest.raises(KeyDestroyed):
            opening()
    assert data.reader().manifest(committed.raw_ref)[0] == ExchangeId(0, 7, 1)
    assert data.told().exchanges == (committed,)


def test_references_to_nothing_are_refused(data: VaultFolder) -> None:
    vault = data.open()
    committed = append(vault, 1, b"step")
    vault.commit(CURSORS)
    reader = data.reader()

    for ref in (
        f"{committed.steps_ref}#1",
        f"{committed.steps_ref}",
        f"{committed.steps_ref}#-1",
        committed.raw_ref,
        "20261118-000001:1",
        "20261118-000001:99999999",
        "20261118-000001:" + "9" * 19,
        "20261118-000001:" + "9" * 5000,
        "1" * 300 + "-1:0",
        f"{committed.steps_ref}#" + "9" * 5000,
        f"../vault/{committed.steps_ref}#0",
        "20261118-000001\0:0",
        "20990101-000001:0",
        "nonsense",
    ):
        with pytest.raises(FormatError):
            reader.content(ref)
    with pytest.raises(FormatError):
        reader.exchange(str(committed.steps_ref))


def test_a_record_that_was_swapped_is_refused(data: VaultFolder) -> None:
    """Both records open with the key; only the manifest's digest tells them apart."""
    vault = data.open()
    committed = append(vault, 1)
    vault.commit(CURSORS)
    path = data.folder / "vault" / vault.position.file
    _, manifest = data.reader().manifest(committed.raw_ref)
    (part,) = manifest.parts
    content = bytearray(path.read_bytes())
    start = part.ref.offset
    content[start + 34] ^= 1
    path.write_bytes(content)

    with pytest.raises(FormatError):
        data.reader().exchange(committed.raw_ref)


def test_facts_that_cannot_be_opened_are_told_as_damage(data: VaultFolder) -> None:
    vault = data.open()
    append(vault, 1)
    vault.commit(CURSORS)

    (data.folder / "keys" / "facts" / "20261118.key").unlink()

    (batch,) = data.reader().follow(VAULT_START)
    assert batch.exchanges == ()
    assert [act.kind for act in batch.acts] == ["damage"]
    assert batch.position == vault.position
