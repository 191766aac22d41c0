from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.journal.format import ExchangeId, Outcome
from proxy.journal.keys import vault_key
from proxy.recording.exchange import Cut, Part, Side
from proxy.recording.facts import ActFact, GapFact
from proxy.recording.group import Carried, Finished
from proxy.store.vault.format import RecordKind, Ref
from proxy.store.vault.writer import FACT_ROWS_PER_RECORD, STEPS_INSIDE_BYTES_MAX
from tests.store.samples import fact
from tests.store.vault.built import (
    CURSORS,
    DAY_NS,
    KEEP,
    VaultFolder,
    append,
    finished,
    meant,
)


def kinds(data: VaultFolder, raw_ref: str) -> list[RecordKind]:
    return [part.kind for part in data.reader().manifest(raw_ref)[1].parts]


def test_what_was_committed_is_told_by_the_commit_and_by_the_reader(data: VaultFolder) -> None:
    vault = data.open()
    gap = fact(GapFact, exchange_count=3)
    act = ActFact(1, "mode", 0, "7", "available: asked")

    committed = append(vault, 1, b"step")
    vault.append_gap(gap)
    vault.append_act(act)
    batch = vault.commit(CURSORS)
    vault.close()

    assert batch.exchanges == (committed,)
    assert (batch.gaps, batch.acts) == ((gap,), (act,))
    assert data.told() == batch


def test_without_a_commit_nothing_was_appended(data: VaultFolder) -> None:
    vault = data.open()
    append(vault, 1)
    vault.commit(CURSORS)
    append(vault, 2)
    vault.close()

    again = data.open()

    assert again.state.is_done(ExchangeId(0, 7, 1))
    assert not again.state.is_done(ExchangeId(0, 7, 2))
    assert len(data.told().exchanges) == 1


def test_an_exchange_is_appended_once_also_by_the_next_recorder(data: VaultFolder) -> None:
    vault = data.open()
    append(vault, 1)
    twice = vault.append(finished(1), meant(1))
    vault.commit(CURSORS)
    vault.close()
    again = data.open()

    assert twice is None
    assert again.append(finished(1), meant(1)) is None
    again.commit(CURSORS)
    assert len(data.told().exchanges) == 1


def test_a_small_exchange_and_its_steps_share_one_sealed_record(data: VaultFolder) -> None:
    vault = data.open()

    committed = append(vault, 1, b"first", b"second")
    vault.commit(CURSORS)

    assert kinds(data, committed.raw_ref) == [RecordKind.EXCHANGE]
    assert committed.steps_ref is not None
    assert data.reader().content(f"{committed.steps_ref}#1") == b"second"


def test_large_steps_have_a_record_of_their_own(data: VaultFolder) -> None:
    vault = data.open()
    large = b"s" * (STEPS_INSIDE_BYTES_MAX + 1)

    committed = append(vault, 1, b"small", large)
    vault.commit(CURSORS)

    assert kinds(data, committed.raw_ref) == [RecordKind.STEPS, RecordKind.EXCHANGE]
    assert data.reader().content(f"{committed.steps_ref}#1") == large
    assert data.reader().exchange(committed.raw_ref) == finished(1).exchange


def test_a_media_object_is_opened_by_its_reference(data: VaultFolder) -> None:
    vault = data.open()

    committed = append(vault, 1, media=b"\x89PNG")
    vault.commit(CURSORS)

    (ref,) = committed.media_refs
    assert data.reader().content(ref) == b"\x89PNG"
    assert committed.recording.media == ()


def test_the_manifest_names_digests_and_the_key_it_was_sealed_with(data: VaultFolder) -> None:
    vault = data.open()
    committed = append(vault, 1)
    vault.commit(CURSORS)

    id_, manifest = data.reader().manifest(committed.raw_ref)

    key = vault_key(data.keystore().key(id_))
    (part,) = manifest.parts
    sealed = (data.folder / "vault" / part.ref.file).read_bytes()
    payload = sealed[part.ref.offset + 34 :][: part.payload_bytes]
    assert manifest.key_commitment == hashlib.sha256(b"commit" + key).digest()
    assert part.digest == hashlib.sha256(payload).digest()
    assert manifest.outcome == Outcome.COMPLETE


def test_nothing_of_content_stands_in_the_file(data: VaultFolder) -> None:
    vault = data.open()
    vault.append(finished(1, b"my secret question", b"a secret answer"), meant(1, (b"secret",)))
    vault.commit(CURSORS)

    written = (data.folder / "vault" / vault.position.file).read_bytes()

    assert b"secret" not in written
    assert b"interactions" not in written


def test_without_its_key_only_manifest_and_facts_are_written(data: VaultFolder) -> None:
    data.keystore().destroy([ExchangeId(0, 7, 1)])
    vault = data.open()

    committed = append(vault, 1, b"step", media=b"png")
    vault.commit(CURSORS)

    assert (committed.steps_ref, committed.media_refs) == (None, ())
    assert kinds(data, committed.raw_ref) == []
    assert len(data.told().exchanges) == 1


def test_parts_spilled_before_belong_to_the_exchange(data: VaultFolder) -> None:
    vault = data.open()
    whole = finished(1)
    early = Part(whole.exchange.id, Side.RESPONSE, 0, b"re", (Cut(2, 5, 5),))
    late = Part(whole.exchange.id, Side.RESPONSE, 2, b"ply", (Cut(3, 6, 6),))

    vault.append_part(early)
    vault.commit(CURSORS)
    finished_late = Finished(whole.exchange, (whole.tails[0], late))
    committed = vault.append(finished_late, meant(1))
    vault.commit(CURSORS)

    assert committed is not None
    assert kinds(data, committed.raw_ref) == [RecordKind.PART, RecordKind.EXCHANGE]
    response = data.reader().exchange(committed.raw_ref).response
    assert (response.data, response.cuts) == (b"reply", (Cut(2, 5, 5), Cut(3, 6, 6)))


def test_an_open_exchange_is_carried_to_the_next_recorder(data: VaultFolder) -> None:
    vault = data.open()
    whole = finished(1)
    part = Part(whole.exchange.id, Side.REQUEST, 0, b"question", ())
    vault.append_part(part)
    vault.append_open(Carried(whole.exchange, whole.tails[1:], next_ordinal=4))
    vault.commit(CURSORS)
    vault.close()

    again = data.open()
    ((id_, ref),) = again.state.carried.items()
    stored, exchange = data.reader().open_exchange(ref, KEEP)
    again.resume(id_, stored.parts)
    committed = again.append(Finished(exchange, stored.tails), meant(1))
    again.commit(CURSORS)

    assert stored.next_ordinal == 4
    assert exchange.request.data == b"question"
    assert committed is not None
    assert kinds(data, committed.raw_ref) == [RecordKind.PART, RecordKind.EXCHANGE]
    assert again.state.carried == {}


def test_many_facts_are_sealed_in_several_records_and_told_once(data: VaultFolder) -> None:
    vault = data.open()
    count = FACT_ROWS_PER_RECORD + 3
    one = finished(1)
    for sequence in range(1, count + 1):
        exchange = replace(one.exchange, id=ExchangeId(0, 7, sequence))
        vault.append(Finished(exchange, ()), meant(1))
    vault.commit(CURSORS)

    assert len(data.told().exchanges) == count


def test_a_new_file_begins_when_the_old_one_is_large(data: VaultFolder) -> None:
    vault = data.open(file_bytes_max=2000)
    refs = []
    for sequence in range(1, 8):
        refs.append(append(vault, sequence).raw_ref)
        vault.commit(CURSORS)

    assert len(data.files()) > 1
    assert len(data.told().exchanges) == 7
    assert {Ref.parse(ref).file for ref in refs} <= set(data.files())


def test_a_new_file_begins_with_a_new_day_and_has_a_key_of_its_own(data: VaultFolder) -> None:
    vault = data.open()
    append(vault, 1)
    data.clock_ns += DAY_NS
    vault.commit(CURSORS)
    append(vault, 2)
    vault.commit(CURSORS)
    vault.close()

    assert data.files() == ["20261118-000001", "20261119-000001"]
    assert {path.name for path in (data.folder / "keys" / "facts").iterdir()} == {
        "20261118.key",
        "20261119.key",
    }
    assert len(data.told().exchanges) == 2
    assert data.open().state.is_done(ExchangeId(0, 7, 1))


def test_a_clock_set_back_begins_no_file(data: VaultFolder) -> None:
    vault = data.open()
    data.clock_ns -= DAY_NS
    append(vault, 1)
    vault.commit(CURSORS)

    assert data.files() == ["20261118-000001"]


def test_a_cut_off_end_is_told_as_an_act(data: VaultFolder) -> None:
    vault = data.open()
    vault.close()
    with (data.folder / "vault" / vault.position.file).open("ab") as file:
        file.write(b"half a record")

    again = data.open()
    again.commit({})

    (act,) = data.told().acts
    assert act.kind == "recovery"
    assert "13 bytes" in act.detail


@given(st.floats(0, 1))
@settings(max_examples=20)
def test_a_file_cut_anywhere_is_gone_on_with_and_holds_everything_once(
    tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    data = VaultFolder(tmp_path_factory.mktemp("cut"))
    data.make_keys()
    vault = data.open()
    begun = vault.position.offset
    for sequence in range(1, 5):
        append(vault, sequence, b"step")
        vault.commit(CURSORS)
    vault.close()
    path = data.folder / "vault" / vault.position.file
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(begun + round(share * (size - begun)))

    again = data.open()
    for sequence in range(1, 5):
        again.append(finished(sequence), meant(sequence, (b"step",)))
    again.commit(CURSORS)
    again.close()

    told = data.told().exchanges
    assert [one.recording.exchange.sequence for one in told] == [1, 2, 3, 4]
    assert [data.reader().content(f"{one.steps_ref}#0") for one in told] == [b"step"] * 4


def test_a_batch_reaches_to_where_the_vault_stands_also_when_a_new_file_was_begun(
    data: VaultFolder,
) -> None:
    """Seen: a flush directly after it waited for the tables to reach the new file, until new traffic came."""
    vault = data.open(file_bytes_max=1)
    append(vault, 1)

    batch = vault.commit(CURSORS)

    assert len(data.files()) > 1
    assert batch.position == vault.position
    vault.close()
